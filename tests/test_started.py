"""What starts programs by way of something else: scripts with branches, supervisors, tasks, settings of the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write
from test_budget import POOL, budget, one, rows
from test_deploy import LAUNCHERS, PRODUCTS, deployment, processes, shown

from conn_lint.deploy.reading import read_deployment
from conn_lint.engine.documents import format_of, format_within
from conn_lint.syntax.documents import read_document

ENTRYPOINT = """\
#!/bin/sh
PROCESSES=${PROCESSES:-4}
RUN="celery -A shop worker --concurrency=$PROCESSES"
case "$1" in
  web)
    exec gunicorn shop.web:app -w 3
    ;;
  mail|letters) exec $RUN -Q mail ;;
  migrate)
    exec alembic upgrade head
    ;;
  web-dev)
    exec flask --app shop run
    ;;
  *)
    echo "no such program"
    ;;
esac
"""


def test_a_script_starts_what_its_first_word_says() -> None:
    files = {"Dockerfile": 'FROM x\nENTRYPOINT ["./entrypoint.sh"]\n', "entrypoint.sh": ENTRYPOINT}
    found = deployment(files)
    assert [(p.name, p.copies, p.target) for p in found.processes] == [
        ("app web", 3, "shop.web:app"),
        ("app mail", 4, "shop"),
    ]
    assert all("another program for each word" in p.assumed[0] for p in found.processes)
    files["Dockerfile"] += 'CMD ["letters"]\n'
    (mail,) = deployment(files).processes
    assert (mail.copies, mail.target, mail.launcher) == (4, "shop", "celery")
    assert mail.assumed == ("app: 4 workers, the default of PROCESSES, which may say otherwise",)


def test_a_variable_that_branches_set_is_not_told() -> None:
    script = 'if [ "$1" ]; then\n  N=2\nelse\n  N=8\nfi\nexec gunicorn a:b -w $N\n'
    (process,) = deployment({"Dockerfile": "FROM x\nCMD ./run.sh\n", "run.sh": script}).processes
    assert (process.workers.value, process.workers.said) == (1, "assumed")


@pytest.mark.parametrize(
    "script", ["case $1 in\n" * 3000, "case $1 in\n" + "a) b\n" * 3000, "case $1 in a) case $1 in"]
)
def test_a_script_that_never_ends_its_branches(script: str) -> None:
    assert processes({"Dockerfile": "FROM x\nCMD ./run.sh\n", "run.sh": script}) == []


SUPERVISED = """\
[supervisord]
nodaemon = true

[program:web]
command = newrelic-admin run-program gunicorn shop.web:app --workers %(ENV_WEB)s
[program:jobs]
command = celery -A shop worker -c 2
numprocs = 3
process_name = %(program_name)s_%(process_num)02d
[program:nginx]
command = nginx
[program:old]
command = gunicorn old:app
autostart = false
"""


def test_a_supervisor_that_an_image_starts() -> None:
    docker = "FROM x\nENV WEB=5\nCMD /start.sh\n"
    files = {
        "Dockerfile": docker,
        "start.sh": "./migrate\nexec supervisord -n -c /etc/supervisor/supervisord.conf\n",
        "conf/supervisord.conf": SUPERVISED,
        "conf/supervisord-dev.conf": "[program:dev]\ncommand = flask --app shop run\n",
    }
    assert processes(files) == [
        ("app web", 1, 5, "shop.web:app"),
        ("app jobs", 3, 2, "shop"),
    ]
    compose = "services:\n  shop:\n    build: .\n    deploy:\n      replicas: 2\n"
    assert processes({**files, "compose.yml": compose}) == [
        ("shop web", 2, 5, "shop.web:app"),
        ("shop jobs", 6, 2, "shop"),
    ]


def test_a_supervisor_that_nothing_starts() -> None:
    found = processes({"supervisord.conf": SUPERVISED})
    assert [(name, target) for name, _, _, target in found] == [
        ("web", "shop.web:app"),
        ("jobs", "shop"),
    ]


def test_a_supervisor_that_starts_itself_comes_to_an_end() -> None:
    text = "[program:a]\ncommand = supervisord -c supervisord.conf\n"
    assert processes({"supervisord.conf": text, "Procfile": "a: supervisord\n"}) == []


def test_files_of_a_supervisor_are_known_by_what_they_say(tmp_path: Path) -> None:
    write(tmp_path, {"jobs.conf": "[program:a]\ncommand = b\n", "nginx.conf": "server {}\n"})
    assert format_of("etc/jobs.conf") == ""
    assert format_within(tmp_path / "jobs.conf") == "ini"
    assert format_within(tmp_path / "nginx.conf") == ""


TASK = """\
{"family": "shop", "containerDefinitions": [
  {"name": "web", "command": ["gunicorn", "shop.web:app", "-w", "2"]},
  {"name": "jobs", "entryPoint": ["sh", "-c"], "command": ["celery -A shop worker -c $N"],
   "environment": [{"name": "N", "value": "6"}]},
  {"name": "agent", "image": "datadog/agent"}]}
"""
STACK = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: shop
          Command: [uvicorn, "shop.web:app", --workers, "2"]
  Service:
    Type: AWS::ECS::Service
    Properties:
      DesiredCount: 4
      TaskDefinition: !Ref Web
"""


def test_tasks() -> None:
    assert processes({"deploy/task-definition.json": TASK}) == [
        ("web", 1, 2, "shop.web:app"),
        ("jobs", 1, 6, "shop"),
    ]
    assert processes({"deploy/template.yaml": STACK}) == [("shop", 4, 2, "shop.web:app")]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("ecs/task-definition.json", True),
        ("taskdef.json", True),
        ("web-task-definition.prod.json", True),
        ("tasks.json", False),
        (".vscode/tasks.json", False),
    ],
)
def test_which_files_are_tasks(name: str, is_one: bool) -> None:
    assert (format_of(name) == "yaml") == is_one


def test_an_image_that_others_run_programs_in_runs_its_own() -> None:
    compose = (
        "services:\n  api:\n    image: ghcr.io/x/shop:${TAG:-1}\n"
        "  jobs:\n    image: ghcr.io/x/shop:${TAG:-1}\n    command: python -m shop.jobs\n"
        "  ui:\n    image: ghcr.io/x/shop-ui\n  db:\n    image: postgres\n"
    )
    docker = "FROM x\nCMD uvicorn shop.web:app --workers 2\n"
    files = {"compose.yml": compose, "Dockerfile": docker, "ui/Dockerfile": "FROM x\nCMD ls\n"}
    assert processes(files) == [("api", 1, 2, "shop.web:app"), ("jobs", 1, 1, "shop.jobs")]


@pytest.mark.parametrize(
    ("conf", "workers", "said"),
    [
        ("app.conf.worker_concurrency = 3\n", 3, "read"),
        ("app.conf.update(worker_concurrency=3, task_acks_late=True)\n", 3, "read"),
        ("app.conf.update({'worker_concurrency': 3})\n", 3, "read"),
        ("CELERY_WORKER_CONCURRENCY = 3\n", 3, "read"),
        ("# worker_concurrency = 3\n", 4, "assumed"),
        ("app.conf.worker_concurrency = int(os.environ['N'])\n", 1, "assumed"),
        ("app.conf.worker_concurrency = 3\nif big:\n    app.conf.worker_concurrency = 8\n", 1, "assumed"),
    ],
)  # fmt: skip
def test_a_programs_own_settings_say_how_many(
    tmp_path: Path, conf: str, workers: int, said: str
) -> None:
    files = {
        "shop.py": f"import os\nfrom celery import Celery\napp = Celery('shop')\n{conf}{POOL}",
        "Procfile": "jobs: celery -A shop worker\n",
    }
    (process,) = budget(write(tmp_path, files)).processes
    assert (process.workers.value, process.workers.said) == (workers, said)
    if said == "read":
        assert process.workers.line == 4


def test_what_the_command_says_comes_first(tmp_path: Path) -> None:
    files = {
        "shop.py": f"app.conf.worker_concurrency = 3\n{POOL}",
        "Procfile": "jobs: celery -A shop worker -c 7\n",
    }
    (process,) = budget(write(tmp_path, files)).processes
    assert process.workers.value == 7


def test_a_package_has_its_program_in_a_module_of_the_launchers_name(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/celery.py": "from shop import pool\n",
        "shop/pool.py": POOL,
        "Procfile": "jobs: celery -A shop worker -c 2\n",
    }
    assert rows(one(write(tmp_path, files))) == [("jobs", "pool.py", 2, 10)]


@pytest.mark.parametrize(
    ("command", "conf", "is_async"),
    [
        ("gunicorn a:b", "", False),
        ("gunicorn a:b -k uvicorn.workers.UvicornWorker", "", True),
        ("gunicorn a:b --worker-class=gevent", "", True),
        ("gunicorn a:b -k gthread", "", False),
        ("gunicorn a:b", "worker_class = 'uvicorn_worker.UvicornWorker'\n", True),
        ("gunicorn a:b", "worker_class = 'sync'\n", False),
    ],
)
def test_workers_with_a_loop_serve_many_at_once(
    tmp_path: Path, command: str, conf: str, is_async: bool
) -> None:
    connect = "import psycopg2\n\ndef load():\n    return psycopg2.connect(host='db.x')\n"
    files = {"a.py": connect, "gunicorn.conf.py": conf, "Procfile": f"web: {command}\n"}
    found = budget(write(tmp_path, files)).assumed
    assert any("serves requests at once" in line for line in found) == is_async


def test_a_settings_file_names_the_application(tmp_path: Path) -> None:
    files = {
        "shop/web.py": "from shop import pool\n",
        "shop/pool.py": POOL,
        "shop/other.py": POOL.replace("db.x", "other.x"),
        "conf/gunicorn.py": "wsgi_app = 'shop.web:app'\nworkers = 2\n",
        "Procfile": "web: gunicorn -c conf/gunicorn.py\n",
    }
    assert rows(one(write(tmp_path, files))) == [("web", "pool.py", 2, 10)]
    assert shown("python -m gunicorn.app.wsgiapp -w 2 a:b") == [("gunicorn", 2, None, "a:b")]


def test_a_folder_for_deploying_beside_the_project(tmp_path: Path) -> None:
    files = {
        ".git/HEAD": "",
        "docker/docker-compose.yml": "services:\n  api:\n    command: gunicorn pool:app -w 6\n",
        "backend/pyproject.toml": "[project]\nname = 'shop'\n",
        "backend/pool.py": POOL,
        "other/docker-compose.yml": "services:\n  x:\n    command: gunicorn pool:app -w 50\n",
    }
    write(tmp_path, files)
    assert rows(one(tmp_path / "backend")) == [("api", "pool.py", 6, 30)]


def test_all_files_of_a_supervisor_are_one() -> None:
    files = {
        "supervisor/web.conf": "[program:web]\ncommand = gunicorn shop.wsgi -w 2\n",
        "supervisor/jobs.conf": "[program:jobs]\ncommand = python3 -u /app/manage.py run_jobs\n",
        "supervisor/dev.conf": "[program:dev]\ncommand = gunicorn shop.wsgi\n",
    }
    documents = [read_document(t.encode(), "ini", path) for path, t in sorted(files.items())]
    found = read_deployment(documents, LAUNCHERS, PRODUCTS, lambda *_: None).processes
    assert [(p.name, p.launcher, p.target) for p in found] == [
        ("jobs", "django command", ""),
        ("web", "gunicorn", "shop.wsgi"),
    ]


def test_a_line_for_work_on_the_project_starts_nothing() -> None:
    text = "web: gunicorn a:b\ndebug: python manage.py runserver 0.0.0.0:80\n"
    assert [name for name, *_ in processes({"Procfile": text})] == ["web"]
    assert shown("python manage.py runserver 0.0.0.0:80") == [("django", None, None, "")]
