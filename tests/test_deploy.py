"""How a program is run, read from the files that start it."""

from __future__ import annotations

import time

import pytest

from conn_lint.deploy.commands import Launched, launched
from conn_lint.deploy.reading import read_deployment
from conn_lint.engine.documents import format_of, format_within
from conn_lint.knowledge.load import load_builtin
from conn_lint.model.deployment import Deployment, Figure
from conn_lint.syntax.documents import read_document

LAUNCHERS = tuple(one for family in load_builtin() for one in family.launcher)
PRODUCTS = tuple(one for family in load_builtin() for one in family.product)


def started(
    command: str, scripts: dict[str, list[str]] | None = None, **env: str
) -> list[Launched]:
    known = scripts or {}
    return list(launched(command, LAUNCHERS, env, lambda name: known.get(name, ())))


def shown(command: str, **env: str) -> list[tuple[str, int | None, int | None, str]]:
    """Launcher, workers, threads, target of each program."""
    return [
        (
            one.launcher.name,
            one.workers.value if one.workers else None,
            one.threads.value if one.threads else None,
            one.target,
        )
        for one in started(command, **env)
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("gunicorn shop.wsgi -w 4 --threads 2", ("gunicorn", 4, 2, "shop.wsgi")),
        ("gunicorn -w4 -b 0.0.0.0:80 shop.wsgi:app", ("gunicorn", 4, None, "shop.wsgi:app")),
        ("gunicorn --preload --workers=3 'shop:make()'", ("gunicorn", 3, None, "shop:make()")),
        ("python -m gunicorn shop.wsgi --workers 2", ("gunicorn", 2, None, "shop.wsgi")),
        ("uvicorn --factory shop:make --workers 2", ("uvicorn", 2, None, "shop:make")),
        ("poetry run uvicorn shop:app", ("uvicorn", None, None, "shop:app")),
        ("celery -A shop worker -l info -c 8", ("celery", 8, None, "shop")),
        ("celery --app=shop worker --concurrency=8", ("celery", 8, None, "shop")),
        ("celery -A shop beat", ("celery beat", None, None, "shop")),
        ("alembic upgrade head && uvicorn shop:app", ("uvicorn", None, None, "shop:app")),
        ("sh -c 'python manage.py migrate; gunicorn a:b -w 2'", ("gunicorn", 2, None, "a:b")),
        ("bash -ec \"exec gunicorn a:b -w 2\"", ("gunicorn", 2, None, "a:b")),
        ("./wait-for-it.sh db:5432 -- gunicorn a:b", ("gunicorn", None, None, "a:b")),
        ("python -u -m shop.worker", ("python", None, None, "shop.worker")),
        ("python worker.py --once", ("python", None, None, "worker.py")),
        ("dramatiq shop.tasks -p 2 -t 4", ("dramatiq", 2, 4, "shop.tasks")),
        ("fastapi run app/main.py --workers 4", ("fastapi", 4, None, "app/main.py")),
        ("flask --app shop run", ("flask", None, None, "shop")),
    ],
)  # fmt: skip
def test_a_command(command: str, expected: tuple[str, int | None, int | None, str]) -> None:
    assert shown(command) == [expected]


@pytest.mark.parametrize(
    "command",
    ["", "postgres -c max_connections=200", "python manage.py migrate", "alembic upgrade head",
     "celery -A shop inspect active", "redis-server",
     "cp -r /var/task/python /tmp/", "echo gunicorn a:b", "gunic 'orn", "$(((", "flask db upgrade"],
)  # fmt: skip
def test_a_command_that_starts_nothing_that_stays(command: str) -> None:
    assert shown(command) == []


def test_two_programs_of_one_command() -> None:
    assert [one[0] for one in shown("celery -A shop worker -c 2 & gunicorn shop:app")] == [
        "celery",
        "gunicorn",
    ]


def test_variables_and_their_defaults() -> None:
    (one,) = started("gunicorn a:b -w ${WORKERS:-4}")
    assert one.workers is not None
    assert (one.workers.value, one.workers.variable, one.workers.given) == (4, "WORKERS", False)
    (one,) = started("gunicorn a:b -w $WORKERS", WORKERS="3")
    assert one.workers is not None
    assert (one.workers.value, one.workers.given) == (3, True)
    (one,) = started("gunicorn a:b", WEB_CONCURRENCY="5")
    assert one.workers is not None
    assert one.workers.value == 5
    (one,) = started("gunicorn a:b -w $WORKERS")
    assert one.workers is not None
    assert one.workers.value is None


def test_a_pool_of_threads_is_one_process() -> None:
    (one,) = started("celery -A shop worker -P threads -c 10")
    assert one.threaded


def test_scripts_are_read_and_handed_on_to() -> None:
    (one,) = started("./start.sh", {"./start.sh": ["set -e", "exec gunicorn a:b -w 3"]})
    assert one.target == "a:b"
    (one,) = started("/entry.sh gunicorn c:d", {"/entry.sh": ["migrate", 'exec "$@"']})
    assert one.target == "c:d"
    (one,) = started("/wait.sh db:5432 -- /x/go.sh", {"/x/go.sh": ["exec gunicorn e:f"]})
    assert one.target == "e:f"


CHOOSING = """\
if [[ ! -z $1 ]]; then
if [[ "$1" == "web" ]]; then
if [ -n "$SLOW" ]; then sleep 1; fi
exec gunicorn a:web -w 3
elif [ "$1" = work ]
then
if [ -n "$MANY" ]; then
exec celery -A a.work worker -c 8
fi
exec celery -A a.work worker -c 2
else
exec python -m a.other
fi
fi
echo "which one?"
"""


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("/x/run.sh web", ["a:web"]),
        ("/x/run.sh work", ["a.work"]),
        ("/x/run.sh more", ["a.other"]),
        ("/x/run.sh", ["a:web", "a.work"]),
    ],
)
def test_a_script_chooses_by_its_first_word(command: str, targets: list[str]) -> None:
    found = started(command, {"/x/run.sh": CHOOSING.splitlines()})
    assert [one.target for one in found] == targets


DEV = ['if [ "$1" = dev ]; then', "exec gunicorn c:d", "fi", "exec gunicorn a:b"]


@pytest.mark.parametrize(
    ("lines", "word", "target"),
    [
        (DEV, "", "a:b"),
        (DEV, " dev", "c:d"),
        (DEV, " run", "a:b"),
        ([line.replace("exec ", "") for line in DEV], " dev", "a:b"),
        ([line.replace(" ];", ' ] || [ -n "$X" ];') for line in DEV], " dev", "a:b"),
        (DEV[:2], " dev", "c:d"),
    ],
)
def test_what_follows_a_choice(lines: list[str], word: str, target: str) -> None:
    assert [one.target for one in started(f"./run.sh{word}", {"./run.sh": lines})] == [target]


def test_the_script_is_that_with_most_of_its_path() -> None:
    files = {
        "run.sh": "exec gunicorn a:b\n",
        "mock/run.sh": "exec gunicorn c:d\n",
        "compose.yml": "services:\n  web:\n    build: .\n    command: /srv/run.sh\n"
        "  mock:\n    build: .\n    command: /mock/run.sh\n",
    }
    found = deployment(files).processes
    assert [(process.name, process.target) for process in found] == [
        ("web", "a:b"),
        ("mock", "c:d"),
    ]


def test_a_script_that_calls_itself_ends() -> None:
    assert started("./a.sh", {"./a.sh": ["./a.sh", "./a.sh"]}) == []


def deployment(files: dict[str, str]) -> Deployment:
    documents = [
        read_document(text.encode(), _format(path), path) for path, text in sorted(files.items())
    ]
    return read_deployment(documents, LAUNCHERS, PRODUCTS, lambda *_: None)


def _format(path: str) -> str:
    return format_of(path) or "yaml"


def processes(files: dict[str, str]) -> list[tuple[str, int, int, str]]:
    found = deployment(files).processes
    return [(p.name, p.instances.value, p.workers.value, p.target) for p in found]


COMPOSE = """\
services:
  web:
    build: .
    command: gunicorn shop.wsgi -w ${WORKERS:-2}
    env_file: web.env
    deploy:
      replicas: 3
  worker:
    build: .
  db:
    image: postgres:16
    command: postgres -c max_connections=200 -c shared_buffers=1GB
"""
DOCKERFILE = """\
FROM python:3.12 AS base
ENV WORKERS=7
ENTRYPOINT ["celery"]
FROM base
CMD ["-A", "shop", \\
     "worker", "-c", "4"]
"""


def test_a_compose_file() -> None:
    files = {"compose.yml": COMPOSE, "Dockerfile": DOCKERFILE}
    assert processes(files) == [("web", 3, 7, "shop.wsgi"), ("worker", 1, 4, "shop")]
    found = deployment({**files, "web.env": "WORKERS=5\n"})
    web = found.processes[0]
    assert web.workers == Figure(5, "read", "compose.yml", 4)
    assert web.instances == Figure(3, "read", "compose.yml", 7)
    (limit,) = found.limits
    assert (limit.product, limit.limit.value, limit.host) == ("postgresql", 200, "db")


def test_of_two_compose_files_that_for_production_counts() -> None:
    live = "services:\n  web:\n    command: gunicorn a:b -w 9\n"
    files = {"docker-compose.prod.yml": live, "docker-compose.yml": COMPOSE}
    assert processes(files) == [("web", 1, 9, "a:b")]
    assert deployment(files).others == ("docker-compose.yml",)


def test_a_procfile() -> None:
    procfile = "release: python manage.py migrate\nweb: gunicorn shop:app -w 3\nwork: rq worker\n"
    assert processes({"Procfile": procfile}) == [("web", 1, 3, "shop:app"), ("work", 1, 1, "")]


def test_a_dockerfile_alone() -> None:
    assert processes({"Dockerfile": DOCKERFILE}) == [("app", 1, 4, "shop")]


KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: api
          command: ["uvicorn", "shop:app", "--workers", "$(WORKERS)"]
          args: []
          env:
            - name: WEB_CONCURRENCY
              value: "3"
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: api
spec:
  maxReplicas: 12
  scaleTargetRef:
    name: api
"""


def test_a_cluster() -> None:
    plain = KUBERNETES.replace(', "--workers", "$(WORKERS)"', "")
    assert processes({"k8s/api.yaml": plain}) == [("api", 12, 3, "shop:app")]
    assert processes({"k8s/api.yaml": plain.partition("---")[0]}) == [("api", 2, 3, "shop:app")]


def test_manifests_are_documents(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("k8s") / "api.yaml"
    path.write_text(KUBERNETES)
    assert format_within(path) == "yaml"
    path.write_text("kind: nothing\n")
    assert format_within(path) == ""


def test_serverless_functions() -> None:
    serverless = (
        "functions:\n  a:\n    handler: src/orders.main\n    reservedConcurrency: 10\n"
        "  b:\n    handler: src/users.main\n"
    )
    assert processes({"serverless.yml": serverless}) == [
        ("a", 10, 1, "src/orders.main"),
        ("b", 1000, 1, "src/users.main"),
    ]
    other = "provider:\n  runtime: nodejs20.x\n" + serverless
    own = other.replace("src/users.main\n", "src/users.main\n    runtime: python3.12\n")
    assert processes({"serverless.yml": other}) == []
    assert [name for name, *_ in processes({"serverless.yml": own})] == ["b"]
    template = (
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      Handler: app.main\n      ReservedConcurrentExecutions: 5\n"
        "  G:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: nodejs20.x\n"
    )
    assert processes({"template.yaml": template}) == [("F", 5, 1, "app.main")]


def test_limits_of_a_servers_own_file() -> None:
    text = "# max_connections = 50\nmax_connections = 250\t\t# (change requires restart)\n"
    (limit,) = deployment({"db/postgresql.conf": text}).limits
    assert limit.limit == Figure(250, "read", "db/postgresql.conf", 2)


PGBOUNCER = """\
[databases]
shop = host=10.0.0.1 dbname=shop
logs = host=10.0.0.1 pool_size=5 user=logs
[pgbouncer]
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
"""


def test_pgbouncer() -> None:
    (pooler,) = deployment({"pgbouncer.ini": PGBOUNCER}).poolers
    assert (pooler.mode, pooler.clients.value, pooler.opens, pooler.port) == (
        "transaction", 500, 25, 6432,
    )  # fmt: skip
    assert pooler.problems == ()
    with_users = PGBOUNCER + "max_db_connections = 30\n[users]\na =\nb =\n"
    (pooler,) = deployment({"pgbouncer.ini": with_users}).poolers
    assert pooler.opens == 30 + 5


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("pool_mode = session", "pool_mode is session"),
        ("pool_mode = statement", "statement"),
        ("max_db_connections = 10", "max_db_connections"),
        ("max_client_conn = 8", "max_client_conn is 8"),
        ("min_pool_size = 40", "min_pool_size is 40"),
    ],
)
def test_settings_of_a_pooler_that_contradict_each_other(line: str, word: str) -> None:
    key = line.partition(" ")[0]
    kept = "".join(part + "\n" for part in PGBOUNCER.splitlines() if not part.startswith(key))
    (pooler,) = deployment({"pgbouncer.ini": kept + line + "\n"}).poolers
    assert [word in message for _, message in pooler.problems] == [True]


def test_pgcat() -> None:
    text = (
        "[general]\nport = 6433\n[pools.shop]\npool_mode = 'session'\n"
        "[pools.shop.users.0]\nusername = 'a'\npool_size = 9\nmin_pool_size = 10\n"
        "[pools.shop.users.1]\nusername = 'b'\npool_size = 4\n"
        "[pools.shop.shards.0]\ndatabase = 'shop'\n"
        "servers = [['10.0.0.1', 5432, 'primary'], ['10.0.0.2', 5432, 'replica']]\n"
    )
    (pooler,) = deployment({"pgcat.toml": text}).poolers
    assert (pooler.mode, pooler.port, pooler.opens) == ("session", 6433, 26)
    assert [d.host for d in pooler.databases] == ["10.0.0.1", "10.0.0.2"]
    assert "min_pool_size is 10" in pooler.problems[0][1]


LONG = 100_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("postgresql.conf", "a x" + " " * LONG + "y"),
        ("postgresql.conf", "a" * LONG),
        ("Dockerfile", "FROM x\nENV " + "a" * LONG + "\n"),
        ("Dockerfile", "FROM x\nCMD gunicorn a:b -w ${" + "a" * LONG + "\n"),
        ("Dockerfile", "FROM x\nCMD " + "[" * LONG + "\n"),
        ("Procfile", "web: gunicorn a:b -w " + "${a" * (LONG // 3) + "\n"),
        ("Procfile", "web: " + "sh -c '" * 1000 + "\n"),
        ("pgbouncer.ini", "[pgbouncer]\na=1\n[databases]\nx = " + "a" * LONG + "\n"),
        ("start.sh", "gunicorn a:b " + "-w " * LONG + "\n"),
    ],
)
def test_odd_files_take_no_longer_than_they_are_long(path: str, text: str) -> None:
    begin = time.process_time()
    deployment({path: text})
    assert time.process_time() - begin < 5


def test_scripts_that_run_each_other_come_to_an_end() -> None:
    many = "".join(f"./{name}.sh\n" for name in ("a", "b", "c", "start") for _ in range(200))
    files = {f"{name}/start.sh": many for name in ("x", "y")}
    files |= {"start.sh": many + "exec gunicorn a:b\n", "Dockerfile": "FROM x\nCMD ./start.sh\n"}
    begin = time.process_time()
    assert processes(files) == [("app", 1, 1, "a:b")]
    assert time.process_time() - begin < 5
