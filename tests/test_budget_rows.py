"""What counts in a budget, whom it goes to, and what is proposed in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write
from test_budget import POOL, budget, one, rows, stated

from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Renderings
from conn_lint.config.resolve import Flags
from conn_lint.fixes.apply import apply_edits


def test_a_client_around_a_pool_counts_once(tmp_path: Path) -> None:
    text = (
        "import redis\n\npool = redis.BlockingConnectionPool(host='cache.x', max_connections=7)\n"
        "one = redis.Redis.from_pool(pool)\ntwo = redis.Redis(connection_pool=pool)\n"
        "own = redis.Redis(host='cache.x', max_connections=3)\n"
    )
    server = one(write(tmp_path, {"cache.py": text}))
    assert [(row.location.span.line, row.total) for row in server.rows] == [(3, 7), (6, 3)]


FLASK = "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n"


@pytest.mark.parametrize(
    ("conf", "total"),
    [
        ("SQLALCHEMY_DATABASE_URI = 'postgresql://db.x/shop'\n", 15),
        (
            "SQLALCHEMY_DATABASE_URI = 'postgresql://db.x/shop'\n"
            "SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 3, 'max_overflow': 1}\n",
            4,
        ),
    ],
)
def test_the_engine_of_an_extension_counts(tmp_path: Path, conf: str, total: int) -> None:
    server = one(write(tmp_path, {"db.py": FLASK, "config.py": conf}))
    assert (server.name, server.total) == ("PostgreSQL at db.x", total)


def test_an_extension_with_a_file_for_a_database_has_no_server(tmp_path: Path) -> None:
    conf = "SQLALCHEMY_DATABASE_URI = 'sqlite:///shop.db'\n"
    assert budget(write(tmp_path, {"db.py": FLASK, "config.py": conf})).servers == ()


@pytest.mark.parametrize(
    ("make", "title"),
    [
        ("from playhouse.pool import PooledMySQLDatabase as make", "MySQL"),
        ("from peewee import MySQLDatabase as make", "MySQL"),
        ("from playhouse.pool import PooledPostgresqlDatabase as make", "PostgreSQL"),
    ],
)
def test_a_class_says_what_it_connects_to(tmp_path: Path, make: str, title: str) -> None:
    name = make.split()[3]
    text = f"{make.partition(' as ')[0]}\n\ndb = {name}('shop', host='db.x')\n"
    assert one(write(tmp_path, {"db.py": text})).title == title


def route(name: str) -> str:
    return f"@app.get('/{name}')\ndef {name}():\n    return ''\n"


def test_a_script_beside_the_packages_is_not_loaded_by_name(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "import importlib\n\nimportlib.import_module('shop.plugins.a')\n",
        "shop/plugins/__init__.py": "",
        "shop/plugins/a.py": POOL,
        "shop/web.py": f"import shop\nfrom flask import Flask\napp = Flask('x')\n{route('f')}",
        "shop/plugins/web.py": f"import shop.plugins.a\nfrom shop.web import app\n{route('g')}",
        "ping.py": f"import shop.web\n{POOL}",
        "Procfile": "web: gunicorn shop.web:app\n",
    }
    assert rows(one(write(tmp_path, files))) == [("web", "a.py", 1, 5)]


def test_what_has_no_bound_takes_no_turns(tmp_path: Path) -> None:
    opened = (
        "@app.get('/{0}')\ndef {0}():\n    conn = psycopg2.connect(host='db.x')\n"
        "    conn.close()\n    return ''\n"
    )
    app = "import flask\nimport psycopg2\napp = flask.Flask(__name__)\n"
    server = one(write(tmp_path, {"app.py": app + opened.format("a") + opened.format("b")}))
    assert [row.codes for row in server.rows] == [("CNX101",), ("CNX101",)]
    assert not any("turn" in row.how for row in server.rows)


FLAGS = Flags(options=parse_options({"select": ["CNX409"]}, "test"), use_cache=False)
STATED = stated(workers="12", **{"max-connections": "100", "reserve": "20"})


@pytest.mark.parametrize(
    ("made", "after"),
    [
        ("create_engine(URL)", "create_engine(URL, pool_size=6, max_overflow=0)"),
        (
            "create_engine(URL, max_overflow=9, pool_size=4)",
            "create_engine(URL, max_overflow=0, pool_size=6)",
        ),
        (
            "psycopg_pool.ConnectionPool(URL, min_size=10, max_size=50)",
            "psycopg_pool.ConnectionPool(URL, min_size=6, max_size=6)",
        ),
        ("create_engine(URL, pool_size=SIZE)", None),
        ("create_engine(URL, **options())", None),
        ("ThreadedConnectionPool(2, 40, URL)", None),
    ],
)
def test_the_size_that_fits_is_shown(tmp_path: Path, made: str, after: str | None) -> None:
    text = (
        "import psycopg_pool\nfrom psycopg2.pool import ThreadedConnectionPool\n"
        "from sqlalchemy import create_engine\n\nURL = 'postgresql://db.x/shop'\nSIZE = 40\n\npool = {}\n"
    )
    before = text.format(made)
    write(tmp_path, {"db.py": before, "pyproject.toml": STATED})
    renderings = Renderings()
    check_projects(Job(paths=(str(tmp_path),)), FLAGS, cure=renderings)
    [found] = [r for _, r in renderings.found] or [None]
    if after is None:
        assert found is None or found.fix is None
        return
    assert found is not None
    assert found.fix is not None
    assert found.finding.plan is not None
    assert found.finding.plan.applicability.word == "display-only"
    assert apply_edits(before.encode(), found.fix.edits).decode() == text.format(after)


MARKS = "SECRET_KEY = 'x'\nINSTALLED_APPS = []\n"
OWN_ENGINE = (
    "from django.db.backends.postgresql import base\n\n\n"
    "class DatabaseWrapper(base.DatabaseWrapper):\n    pass\n"
)
CONN_POOL = "'ENGINE': 'dj_db_conn_pool.backends.{}', 'HOST': 'db.x'"
GEVENT_POOL = "'ENGINE': 'django_db_geventpool.backends.postgresql_psycopg3', 'HOST': 'db.x'"


@pytest.mark.parametrize(
    ("entry", "title", "each"),
    [
        ("'ENGINE': 'clickhouse_backend.backend', 'HOST': 'db.x'", None, None),
        ("'ENGINE': 'shop.backend', 'HOST': 'db.x'", "PostgreSQL", 1),
        (CONN_POOL.format("mysql"), "MySQL", 20),
        (
            CONN_POOL.format("postgresql")
            + ", 'POOL_OPTIONS': {'POOL_SIZE': 4, 'MAX_OVERFLOW': 1}",
            "PostgreSQL",
            5,
        ),
        (
            CONN_POOL.format("mysql") + ", 'POOL_OPTIONS': {'POOL_SIZE': int(os.environ['N'])}",
            "MySQL",
            None,
        ),
        (
            "'ENGINE': os.environ['E'], 'HOST': 'db.x', 'POOL_OPTIONS': {'POOL_SIZE': 4}",
            "SQL database",
            14,
        ),
        (GEVENT_POOL, "PostgreSQL", 4),
        (GEVENT_POOL + ", 'OPTIONS': {'MAX_CONNS': 9}", "PostgreSQL", 9),
    ],
)
def test_engines_of_databases(
    tmp_path: Path, entry: str, title: str | None, each: int | None
) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/settings.py": f"import os\n{MARKS}DATABASES = {{'default': {{{entry}}}}}\n",
        "shop/backend/__init__.py": "",
        "shop/backend/base.py": OWN_ENGINE,
        "Procfile": "web: gunicorn -w 1\n",
    }
    servers = budget(write(tmp_path, files)).servers
    assert [server.title for server in servers] == ([title] if title else [])
    assert [row.size for server in servers for row in server.rows] == ([each] if title else [])


def test_a_mapper_without_a_pool_has_one_for_each_thread(tmp_path: Path) -> None:
    make = "from peewee import PostgresqlDatabase\n\ndb = PostgresqlDatabase('shop', host='db.x')\n"
    files = {"db.py": make, "Procfile": "web: gunicorn db:app -w 2 --threads 3\n"}
    (row,) = one(write(tmp_path, files)).rows
    assert (row.per, row.total) == ("thread", 6)


def test_a_server_far_away_is_not_the_one_that_the_project_starts(tmp_path: Path) -> None:
    make = "import os\nimport asyncpg\n\npool = asyncpg.create_pool({}, max_size={})\n"
    files = {
        "own.py": make.format("os.environ['DB']", 4),
        "far.py": make.format("'postgresql://far.example.org/x'", 3),
    }
    assert one(write(tmp_path, files)).total == 7
    write(tmp_path, {"compose.yml": "services:\n  db:\n    image: postgres:16\n"})
    found = {server.address: server.total for server in budget(tmp_path).servers}
    assert found == {"": 4, "far.example.org": 3}


def test_main_programs_are_not_loaded_by_a_framework(tmp_path: Path) -> None:
    entry = "{'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db.x'}"
    files = {
        "shop/settings.py": f"{MARKS}DATABASES = {{'default': {entry}}}\n",
        "shop/wsgi.py": "import django\n",
        "tools/move.py": f"{POOL}\nif __name__ == '__main__':\n    pool.getconn()\n",
        "Procfile": "web: gunicorn shop.wsgi -w 2\n",
    }
    assert rows(one(write(tmp_path, files))) == [("web", "settings.py", 2, 2)]


@pytest.mark.parametrize(
    ("start", "counted"),
    [
        ("import importlib\n\nimportlib.import_module('shop.serve')\n", ["serve.py"]),
        (
            "from importlib import import_module\n\nNAME = 'shop.serve'\n\n\n"
            "def main():\n    import_module(NAME).app.run()\n\n\nmain()\n",
            ["serve.py"],
        ),
        ("from importlib import import_module\n\nimport_module('.serve', __package__)\n", ["serve.py"]),
        ("from x import Celery\n\napp = Celery('shop', include=['shop.serve'])\n", ["serve.py"]),
        ("from x import config\n\nconfig.include('.serve')\nconfig.include(config.other)\n", ["serve.py"]),
        ("from x import import_string\n\nimport_string('shop.serve:app')\n", ["serve.py"]),
        ("import runpy\n\nrunpy.run_module('json.tool')\n", []),
        ("import sys\nimport importlib\n\nimportlib.import_module(sys.argv[1])\n", ["serve.py", "web.py"]),
        ("import importlib\n\nlist(map(importlib.import_module, NAMES))\n", ["serve.py", "web.py"]),
        ("import pkgutil\n\nlist(pkgutil.walk_packages())\n", ["serve.py", "web.py"]),
    ],
)  # fmt: skip
def test_modules_that_are_loaded_by_name(tmp_path: Path, start: str, counted: list[str]) -> None:
    entry = f"from flask import Flask\napp = Flask('x')\n{route('f')}"
    files = {
        "shop/__init__.py": "",
        "shop/__main__.py": start,
        "shop/serve.py": f"{POOL}{entry}",
        "shop/web.py": f"{POOL}{entry}",
        "Procfile": "web: python -m shop\n",
    }
    found = budget(write(tmp_path, files))
    assert sorted(name for server in found.servers for _, name, _, _ in rows(server)) == counted
    guessed = [line for line in found.assumed if "all files that serve are counted" in line]
    expected = "web: shop/__main__.py loads modules by names that cannot be told: "
    assert [line.startswith(expected) for line in guessed] == [True] * (len(counted) == 2)


def test_what_is_counted_without_a_command_is_said(tmp_path: Path) -> None:
    files = {"web.py": f"from flask import Flask\n{POOL}app = Flask('x')\n{route('f')}"}
    write(tmp_path, {**files, "pyproject.toml": stated(workers="2")})
    (line,) = [a for a in budget(tmp_path).assumed if "all files" in a]
    assert line.endswith("no command names a file that it runs: all files that serve are counted")


def test_hosts_that_variables_decide_are_several_servers(tmp_path: Path) -> None:
    entry = "{{'ENGINE': 'django.db.backends.postgresql', 'HOST': {}}}"
    own, replica = (f"os.environ[{name!r}]" for name in ("DB_HOST", "REPLICA_HOST"))
    conf = "import os\nDATABASES = {{'default': {}, 'replica': {}}}\n" + MARKS
    apart = conf.format(entry.format(own), entry.format(replica))
    found = budget(write(tmp_path, {"settings.py": apart})).servers
    assert [(server.name, server.total) for server in found] == [
        ("PostgreSQL at $DB_HOST", 1),
        ("PostgreSQL at $REPLICA_HOST", 1),
    ]
    same = conf.format(entry.format(own), entry.format(own))
    assert one(write(tmp_path, {"settings.py": same})).total == 2
    unknown = conf.format(entry.format(own), entry.format("find()"))
    assert one(write(tmp_path, {"settings.py": unknown})).total == 2


BINDS = (
    "SQLALCHEMY_DATABASE_URI = 'postgresql://db.x/shop'\n"
    "SQLALCHEMY_ENGINE_OPTIONS = {{'pool_size': 3, 'max_overflow': 1}}\n"
    "SQLALCHEMY_BINDS = {}\n"
)


@pytest.mark.parametrize(
    ("made", "binds", "version", "totals"),
    [
        ("()", "{'old': 'postgresql://db.x/old'}", "3.1.1", {"SQLAlchemy": 4, "SQLAlchemy old": 15}),
        ("()", "{'old': 'postgresql://db.x/old'}", "2.5.1", {"SQLAlchemy": 4, "SQLAlchemy old": 4}),
        (
            "(engine_options={'max_overflow': 2})",
            "{'old': {'url': 'postgresql://db.x/old', 'pool_size': 6}}",
            "3.1.1",
            {"SQLAlchemy": 4, "SQLAlchemy old": 8},
        ),
        ("()", "{'meta': 'sqlite:///meta.db'}", "3.1.1", {"SQLAlchemy": 4}),
        ("()", "{}", "3.1.1", {"SQLAlchemy": 4}),
        ("()", "find()", "3.1.1", {"SQLAlchemy": 4, "SQLAlchemy (others)": None}),
    ],
)  # fmt: skip
def test_engines_beside_the_first_count(
    tmp_path: Path, made: str, binds: str, version: str, totals: dict[str, int | None]
) -> None:
    files = {
        "db.py": FLASK.replace("()", made),
        "config.py": BINDS.format(binds),
        "requirements.txt": f"flask-sqlalchemy=={version}\n",
    }
    found = budget(write(tmp_path, files)).servers
    assert {row.call: row.total for server in found for row in server.rows} == totals


def test_an_engine_around_a_pool_counts_once(tmp_path: Path) -> None:
    text = (
        "from sqlalchemy import create_engine\nfrom sqlalchemy.pool import QueuePool\n\n"
        "pool = QueuePool(connect, max_overflow=5, pool_size=10)\n"
        "engine = create_engine('postgresql+psycopg://', pool=pool)\n"
        "own = create_engine('postgresql+psycopg://', pool=None, pool_size=2, max_overflow=0)\n"
    )
    server = one(write(tmp_path, {"db.py": text}))
    assert [(row.location.span.line, row.total) for row in server.rows] == [(4, 15), (6, 2)]


@pytest.mark.parametrize(
    ("made", "counted"),
    [
        ("pool = QueuePool(connect, pool_size=7, max_overflow=0)", [7]),
        ("pool = QueuePool(creator=connect, pool_size=7, max_overflow=0)", [7]),
        (
            "pool = QueuePool(lambda: psycopg2.connect('host=db.x'), pool_size=7, max_overflow=0)",
            [1, 7],
        ),
        (
            "pool = create_engine('postgresql://', creator=connect, pool_size=7, max_overflow=0)",
            [7],
        ),
        ("pool = QueuePool(connect, pool_size=7, max_overflow=0)\nown = connect()", [1, 7]),
        ("own = connect()", [1]),
    ],
)
def test_what_a_pool_makes_counts_with_it(tmp_path: Path, made: str, counted: list[int]) -> None:
    text = (
        "import psycopg2\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.pool import QueuePool\n\n\n"
        f"def connect():\n    return psycopg2.connect('host=db.x dbname=shop')\n\n\n{made}\n"
    )
    server = one(write(tmp_path, {"db.py": text}))
    assert sorted(row.total or 0 for row in server.rows) == counted
