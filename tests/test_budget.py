"""The budget of connections: sums, what they rest on, and how they are shown."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pytest
from projects import command, run_check, write

from conn_lint.config.budgets import budgets_of
from conn_lint.config.options import ConfigError
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.model.budget import Budget, ServerBudget

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "fixtures" / "budget" / "shop"
POOL = 'import psycopg2.pool\n\npool = psycopg2.pool.ThreadedConnectionPool(1, 5, host="db.x")\n'


def budget(root: Path) -> Budget:
    run = check_projects(Job(paths=(str(root),), adds_up=True), Flags(use_cache=False))
    assert run.problems == ()
    assert not [trouble for _, outcome in run.checked for trouble in outcome.troubles]
    ((_, found),) = budgets_of(run)
    return found


def one(root: Path) -> ServerBudget:
    (server,) = budget(root).servers
    return server


def rows(server: ServerBudget) -> list[tuple[str, str, int, int | None]]:
    return [(r.process, Path(r.location.path).name, r.copies, r.total) for r in server.rows]


def stated(**tables: str) -> str:
    return "[tool.conn-lint.deployment]\n" + "".join(f"{k} = {v}\n" for k, v in tables.items())


def test_the_shop() -> None:
    server = one(SHOP)
    assert rows(server) == [("web", "db.py", 12, 180), ("worker", "tasks.py", 4, 8)]
    assert (server.total, server.available, server.is_over) == (188, 80, True)
    assert [row.fits for row in server.rows] == [5, 2]
    (skipped,) = budget(SHOP).skipped
    assert Path(skipped[1].path).name == "report.py"


def test_what_is_stated_wins(tmp_path: Path) -> None:
    files = {
        "pool.py": POOL,
        "Procfile": "web: gunicorn pool:app -w 9\n",
        "pyproject.toml": stated(instances="2", workers="3", **{"max-connections": "50"}),
    }
    server = one(write(tmp_path, files))
    assert rows(server) == [("app", "pool.py", 6, 30)]
    assert (server.limit.value, server.reserve.value, server.is_over) == (50, 10, False)


def test_a_stated_process_is_filled_in_with_what_was_read(tmp_path: Path) -> None:
    files = {
        "pool.py": POOL,
        "Procfile": "web: gunicorn pool:app -w 9\njobs: python pool.py\n",
        "pyproject.toml": '[[tool.conn-lint.deployment.process]]\nname = "web"\ninstances = 2\n',
    }
    assert rows(one(write(tmp_path, files))) == [("web", "pool.py", 18, 90)]


def test_servers_are_matched_by_words(tmp_path: Path) -> None:
    files = {
        "pool.py": POOL + POOL.replace("db.x", "logs.x").replace("pool =", "logs ="),
        "pyproject.toml": (
            '[[tool.conn-lint.deployment.server]]\nname = "main"\nmatch = ["db.x"]\nmax-connections = 7\n'
            "reserve = 1\n"
        ),
    }
    main, logs = sorted(budget(write(tmp_path, files)).servers, key=lambda s: s.name != "main")
    assert (main.name, main.limit.value, main.available, main.is_over) == ("main", 7, 6, False)
    assert (logs.name, logs.limit.said) == ("PostgreSQL at logs.x", "assumed")


def test_a_process_counts_what_it_imports(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/pool.py": POOL,
        "shop/web.py": "from shop import pool\n",
        "shop/work.py": "print(1)\n",
        "Procfile": "web: gunicorn shop.web:app\nwork: python -m shop.work\nx: gunicorn other.app:y\n",
    }
    assert rows(one(write(tmp_path, files))) == [("web", "pool.py", 1, 5)]


def test_gunicorn_reads_its_own_file(tmp_path: Path) -> None:
    conf = "import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\nthreads = 3\n"
    files = {"pool.py": POOL, "gunicorn.conf.py": conf, "Procfile": "web: gunicorn pool:app\n"}
    found = budget(write(tmp_path, files))
    (process,) = found.processes
    assert (process.workers.value, process.workers.said, process.threads.value) == (9, "assumed", 3)
    assert any("4 processors" in line for line in found.assumed)


def test_threads_count_where_each_has_its_own(tmp_path: Path) -> None:
    connect = "    return psycopg2.connect(host='db.x')\n"
    files = {
        "app.py": f"import psycopg2\n\ndef a():\n{connect}\ndef b():\n{connect}",
        "pyproject.toml": stated(workers="2", threads="4"),
    }
    assert [row.total for row in one(write(tmp_path, files)).rows] == [8, 0]


def test_what_a_defect_opens_has_no_bound(tmp_path: Path) -> None:
    app = (
        "import flask\nimport psycopg2\napp = flask.Flask(__name__)\n\n@app.get('/')\ndef get():\n"
        "    conn = psycopg2.connect(host='db.x'){noqa}\n    conn.close()\n    return ''\n"
    )
    server = one(write(tmp_path, {"app.py": app.replace("{noqa}", "")}))
    assert [row.codes for row in server.rows] == [("CNX101",)]
    assert server.is_over
    quiet = one(write(tmp_path, {"app.py": app.replace("{noqa}", "  # noqa: CNX101")}))
    assert not quiet.is_over


def test_what_cannot_be_told_is_not_in_the_sum(tmp_path: Path) -> None:
    text = POOL.replace("1, 5", "1, int(os.environ['N'])").replace("import", "import os, ", 1)
    server = one(write(tmp_path, {"pool.py": text}))
    assert [row.total for row in server.unknown] == [None]
    assert (server.total, server.is_over) == (0, False)


def test_a_pooler_between(tmp_path: Path) -> None:
    files = {
        "pool.py": POOL.replace('host="db.x"', 'host="bouncer", port=6432'),
        "pgbouncer.ini": "[databases]\nshop = host=db.x\n[pgbouncer]\ndefault_pool_size = 90\n"
        "pool_mode = transaction\nmax_client_conn = 200\n",
        "pyproject.toml": stated(workers="30", **{"max-connections": "100"}),
    }
    found = {server.title: server for server in budget(write(tmp_path, files)).servers}
    assert (found["PgBouncer"].total, found["PgBouncer"].available) == (150, 200)
    assert (found["PostgreSQL"].total, found["PostgreSQL"].available) == (90, 80)
    assert rows(found["PostgreSQL"]) == [("PgBouncer", "pgbouncer.ini", 1, 90)]


def test_cores_bound_what_is_proposed(tmp_path: Path) -> None:
    table = stated(workers="4", cores="1", **{"max-connections": "20"})
    server = one(write(tmp_path, {"pool.py": POOL, "pyproject.toml": table}))
    assert [row.fits for row in server.rows] == [3]
    server = one(write(tmp_path, {"pool.py": POOL, "pyproject.toml": stated(workers="40")}))
    assert [row.fits for row in server.rows] == [2]
    server = one(write(tmp_path, {"pool.py": POOL, "pyproject.toml": stated(workers="400")}))
    assert [row.fits for row in server.rows] == [None]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"instanses": 3}, "did you mean 'instances'"),
        ({"workers": 0}, "workers: must be at least 1"),
        ({"reserve": -1}, "reserve: must be at least 0"),
        ({"workers": 10**30}, "workers: must be at most"),
        ({"server": [{"name": "a", "max_connections": 3}]}, "did you mean 'max-connections'"),
        ({"server": [{"name": "a"}, {"name": "a"}]}, "there is a server 'a' already"),
        ({"process": [{"workers": 3}]}, "missing required field 'name'"),
        ({"workers": "four"}, "deployment"),
        (3, "deployment"),
    ],
)
def test_mistakes_in_the_table(tmp_path: Path, table: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        run_check(write(tmp_path, {"a.py": ""}), deployment=table)


# As it is shown


def run(*args: str | Path, cwd: Path) -> tuple[int, str]:
    done = command("budget", *args, cwd=cwd)
    return done.returncode, done.stdout


def blocks() -> dict[str, str]:
    text = (ROOT / "docs" / "budget.md").read_text(encoding="utf-8")
    found = re.findall(r"<!-- begin (\w+) -->\n```\w+\n(.*?)```\n<!-- end", text, re.DOTALL)
    return dict(found)


def test_the_page_shows_what_comes_of_the_shop() -> None:
    shown = blocks()
    assert shown["compose"] == (SHOP / "compose.yml").read_text(encoding="utf-8")
    assert shown["stated"] in (SHOP / "pyproject.toml").read_text(encoding="utf-8")
    assert run("--no-cache", ".", cwd=SHOP) == (1, shown["text"])


def test_the_page_states_what_can_be_stated(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "budget.md").read_text(encoding="utf-8")
    tables = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    write(tmp_path, {"pyproject.toml": tables[-1], "pool.py": POOL})
    assert {process.name for process in budget(tmp_path).processes} == {"web", "worker"}


def test_exit_codes(tmp_path: Path) -> None:
    write(tmp_path, {"pool.py": POOL})
    assert run(".", cwd=tmp_path)[0] == 0
    assert run("--exit-zero", ".", cwd=SHOP)[0] == 0
    assert run("nowhere", cwd=tmp_path)[0] == 2
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint.deployment]\nx = 1\n"})
    assert run(".", cwd=tmp_path)[0] == 2


def test_a_project_without_servers(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    code, text = run(".", cwd=tmp_path)
    assert code == 0
    assert text.startswith("No pool")


def test_json_says_all_of_it() -> None:
    code, text = run("--no-cache", "--format", "json", ".", cwd=SHOP)
    table = json.loads(text)
    assert (code, table["over"]) == (1, True)
    (project,) = table["projects"]
    (server,) = project["servers"]
    assert (server["total"], server["available"], server["over"]) == (188, 80, True)
    assert server["max_connections"]["said"] == "stated"
    assert [(row["path"], row["line"], row["total"]) for row in server["rows"]] == [
        ("shop/db.py", 3, 180),
        ("shop/tasks.py", 6, 8),
    ]


def test_repositories_are_merged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        root = write(tmp_path / name, {"pool.py": POOL, "pyproject.toml": stated(workers="9")})
        assert run("--format", "json", "-o", tmp_path / f"{name}.json", ".", cwd=root)[0] == 0
    code, text = run("--merge", "a.json", "b.json", "--format", "json", cwd=tmp_path)
    ((server,),) = [project["servers"] for project in json.loads(text)["projects"]]
    assert (code, server["total"], server["available"]) == (1, 90, 80)
    assert [row["process"] for row in server["rows"]] == ["a: app", "b: app"]
    assert [row["fits"] for row in server["rows"]] == [4, 4]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 9, "projects": []}', b"\xff{"])
def test_what_is_no_budget_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    done = command("budget", "--merge", "a.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a.json" in done.stderr
    assert "Traceback" not in done.stderr


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links.extend(value or "" for name, value in attrs if name in ("src", "href"))


HOSTILE = "<script>alert(1)</script>"


def test_the_page_is_safe_and_alone(tmp_path: Path) -> None:
    files = {
        "<img src=x>.py": POOL.replace("db.x", HOSTILE),
        "compose.yml": f"services:\n  '{HOSTILE}':\n    command: gunicorn '<b>:app'\n",
        "pyproject.toml": f"[[tool.conn-lint.deployment.process]]\nname = '{HOSTILE}'\n",
    }
    write(tmp_path, files)
    _, text = run("--format", "html", ".", cwd=tmp_path)
    page = Page()
    page.feed(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert page.links == []
    assert "&lt;script&gt;" in text


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    name = "web\\u001b[31m"
    table = f'[[tool.conn-lint.deployment.process]]\nname = "{name}"\n'
    write(tmp_path, {"pool.py": POOL, "pyproject.toml": table})
    _, text = run(".", cwd=tmp_path)
    assert "\x1b" not in text
    assert "web\\x1b[31m" in text


def test_passwords_are_shown_nowhere(tmp_path: Path) -> None:
    url = '"postgresql://u:hunter2-Zq9@db.x/shop"'
    text = f"from sqlalchemy import create_engine\nengine = create_engine({url})\n"
    write(tmp_path, {"a.py": text, "Procfile": "web: PGPASSWORD=hunter2-Zq9 gunicorn a:app\n"})
    for output_format in ("text", "json", "html"):
        shown = run("--format", output_format, ".", cwd=tmp_path)[1]
        assert "db.x" in shown
        assert "hunter2" not in shown


def test_the_readme_shows_the_same() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    head = blocks()["text"].partition("  What fits")[0]
    assert f"```text\n{head}```\n" in readme


# Databases of settings, and which kind of server it is

SETTINGS = """\
import os

INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}
if os.environ.get("PG"):
    DATABASES = {
        "default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db.x"},
        "logs": {"ENGINE": "django.db.backends.postgresql", "HOST": "logs.x", "OPTIONS": {"pool": {"max_size": 7}}},
    }
if os.environ.get("MYSQL"):
    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}
"""


def test_a_table_of_databases(tmp_path: Path) -> None:
    files = {
        "shop/settings.py": SETTINGS,
        "shop/settings_dev.py": SETTINGS.replace("db.x", "dev.x"),
        "shop/wsgi.py": "import django\n",
        "Procfile": "web: gunicorn shop.wsgi -w 2 --threads 3\n",
    }
    found = {server.address: server for server in budget(write(tmp_path, files)).servers}
    assert {host: [row.total for row in server.rows] for host, server in found.items()} == {
        "db.x": [6],
        "logs.x": [14],
    }


ENGINE = "from sqlalchemy import create_engine\nfrom conf import URL\nengine = create_engine(URL)\n"


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({}, "SQL database"),
        ({"requirements.txt": "PyMySQL==1.1\nredis\n"}, "MySQL"),
        ({"requirements.txt": "pymysql\npsycopg2\n"}, "SQL database"),
        ({"compose.yml": "services:\n  db:\n    image: docker.io/library/postgres:16\n"}, "PostgreSQL"),
        ({"compose.yml": "services:\n  db:\n    image: postgis/postgis:16-3\n"}, "PostgreSQL"),
        ({"pyproject.toml": '[project]\ndependencies = ["asyncpg"]\n'}, "PostgreSQL"),
    ],
)  # fmt: skip
def test_the_kind_of_a_database_that_no_url_tells(
    tmp_path: Path, files: dict[str, str], title: str
) -> None:
    server = one(write(tmp_path, {"a.py": ENGINE, "conf.py": "", **files}))
    assert (server.title, server.total) == (title, 15)
    assert not server.is_over


def test_alternatives_and_what_only_others_start_with_do_not_count(tmp_path: Path) -> None:
    files = {
        "web.py": POOL
        + "from flask import Flask\napp = Flask('x')\n@app.get('/')\ndef f():\n    return ''\n",
        "work.py": "import importlib\n\nimportlib.import_module('tasks')\n",
        "Procfile": "web: gunicorn web:app\nwork: python work.py\n",
    }
    assert rows(one(write(tmp_path, files))) == [("web", "web.py", 1, 5)]


def test_a_project_within_a_repository_is_run_from_above(tmp_path: Path) -> None:
    compose = (
        "services:\n"
        "  api:\n    build: ./api\n    deploy:\n      replicas: 2\n"
        "  jobs:\n    build:\n      context: .\n      dockerfile: api/Dockerfile\n    command: python -m pool\n"
        "  other:\n    build: ./other\n    command: gunicorn pool:app -w 9\n"
    )
    repository = tmp_path / "repository"
    files = {
        ".git/HEAD": "",
        "compose.yml": compose,
        "api/pyproject.toml": "[project]\nname = 'api'\n",
        "api/Dockerfile": "FROM python\nCMD gunicorn pool:app -w 3\n",
        "api/pool.py": POOL,
        "other/pyproject.toml": "[project]\nname = 'other'\n",
        "other/pool.py": "x = 1\n",
    }
    write(repository, files)
    write(tmp_path, {"compose.yml": "services:\n  x:\n    command: gunicorn pool:app -w 50\n"})
    found = budget(repository / "api")
    (server,) = found.servers
    assert rows(server) == [("api", "pool.py", 6, 30), ("jobs", "pool.py", 1, 5)]
    api, jobs = found.processes
    places = [Path(path).resolve() for path in (api.path, api.instances.path, jobs.path)]
    assert places == [
        repository / "api" / "Dockerfile",
        repository / "compose.yml",
        repository / "compose.yml",
    ]


def test_what_lies_above_changes_the_result(tmp_path: Path) -> None:
    files = {
        ".git/HEAD": "",
        "Procfile": "web: gunicorn pool:app -w 2\n",
        "api/pyproject.toml": "[project]\nname = 'api'\n",
        "api/pool.py": POOL,
    }
    write(tmp_path, files)
    first = run("api", "--format", "json", cwd=tmp_path)[1]
    write(tmp_path, {"Procfile": "web: gunicorn pool:app -w 4\n"})
    again = run("api", "--format", "json", cwd=tmp_path)[1]
    totals = [json.loads(text)["projects"][0]["servers"][0]["total"] for text in (first, again)]
    assert totals == [10, 20]


def test_numbers_on_the_page_say_what_they_are(tmp_path: Path) -> None:
    """In a narrow window, which has no heads of columns."""
    write(tmp_path, {"db.py": POOL})
    _, text = run("--format", "html", ".", cwd=tmp_path)
    assert '<td class="n" title="at most">' in text
    assert 'content: attr(title) ": "' in text
