"""Connections that come from a function of the project, and what a fix may make of all who use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.fixes.unused import without_unused
from conn_lint.model.fix import Applicability

DB = '''\
"""The database."""
import os

import psycopg2


def connect():
    """One connection more."""
    return psycopg2.connect(os.environ["DATABASE_URL"])
'''
APP = """\
from flask import Flask

import db

app = Flask(__name__)


@app.get("/orders")
def orders():
    conn = db.connect()
    cur = conn.cursor()
    cur.execute("SELECT id FROM orders")
    rows = cur.fetchall()
    conn.close()
    return rows
"""
LENDING = '''\
@contextmanager
def connect():
    """One connection more."""
    with _opening:
        pool = _get_pool()
    with _slots:
        conn = pool.getconn()
        try:
            yield conn
        finally:
            pool.putconn(conn)
'''


def fixed(files: dict[str, str], folder: Path) -> dict[str, str]:
    """The files that change, afterwards."""
    write(folder, {"pyproject.toml": "", **files})
    repairs = Repairs(Applicability.UNSAFE)
    run = check_projects(Job(paths=(str(folder),)), Flags(use_cache=False), cure=repairs)
    assert run.problems == ()
    return {path: data.decode() for path, data in repairs.done[0].after.items()}


def test_a_function_that_opened_connections_lends_them(tmp_path: Path) -> None:
    after = fixed({"db.py": DB, "app.py": APP}, tmp_path)
    assert after["db.py"].endswith(LENDING)
    assert "import psycopg2\n" not in after["db.py"]
    assert "    with db.connect() as conn:\n" in after["app.py"]
    assert "closing" not in after["app.py"]


@pytest.mark.parametrize(("callers", "lent"), [(20, True), (600, False)])
def test_too_many_callers_to_tell_who_waits_for_whom(
    callers: int, lent: bool, tmp_path: Path
) -> None:
    chain = "".join(f"\n\ndef f{n}():\n    return f{n - 1}()\n" for n in range(1, callers))
    app = f"{APP}\n\ndef f0():\n    return orders()\n{chain}"
    assert ("getconn" in fixed({"db.py": DB, "app.py": app}, tmp_path).get("db.py", "")) is lent


def test_one_pool_is_enough_for_a_project(tmp_path: Path) -> None:
    own = APP.replace("db.connect()", 'psycopg2.connect("dbname=shop")').replace(
        "db", "psycopg2", 1
    )
    pool = 'from psycopg2.pool import ThreadedConnectionPool\npool = ThreadedConnectionPool(1, 5, "dbname=shop")\n'
    assert "_borrow_connection" in fixed({"a.py": own}, tmp_path / "one")["a.py"]
    for more in ({"b.py": own}, {"db.py": DB, "b.py": APP}, {"b.py": pool}):
        after = fixed({"a.py": own, **more}, tmp_path / "-".join(more) / str(len(more["b.py"])))
        assert "_borrow_connection" not in after["a.py"]
        assert ("_get_pool" in after.get("db.py", "")) == ("db.py" in more)


def test_an_annotation_says_what_is_lent(tmp_path: Path) -> None:
    annotated = DB.replace("connect():", "connect() -> psycopg2.extensions.connection:")
    after = fixed({"db.py": annotated, "app.py": APP}, tmp_path)
    assert "def connect() -> Iterator[psycopg2.extensions.connection]:" in after["db.py"]
    assert "from collections.abc import Iterator\n" in after["db.py"]
    assert "import psycopg2\n" in after["db.py"]


@pytest.mark.parametrize(
    "files",
    [
        {"test_db.py": "import db\n\ndef test_it():\n    assert db.connect()\n"},
        {"other.py": "import db\n\nclass Keeps:\n    def __init__(self):\n        self.conn = db.connect()\n"},
        {"other.py": "import db\n\nfactories = [db.connect]\n"},
        {"other.py": "import db\n\ndef more():\n    return db.connect()\n"},
        {"app.py": APP.replace("def orders", "async def orders")},
        {"app.py": APP.replace("    cur = conn", "    conn.autocommit = True\n    cur = conn", 1)},
        {"db.py": DB.replace("connect():", "connect(name='shop'):")},
        {"db.py": DB.replace("    return", '    print("connecting")\n    return')},
    ],
    ids=[
        "a test calls it", "an object keeps it", "it stands in a list", "another one hands it on",
        "an async handler", "its user sets it up", "it has a parameter", "it does more",
    ],
)  # fmt: skip
def test_it_stays_as_it_is_where_somebody_needs_it_so(
    files: dict[str, str], tmp_path: Path
) -> None:
    after = fixed({"db.py": DB, "app.py": APP, **files}, tmp_path)
    assert "db.py" not in after
    assert "closing(db.connect())" in after["app.py"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("import a\n\na.b()\n", "import a\n\nc()\n", "c()\n"),
        ("from a import b, c\nb(c)\n", "from a import b, c\nb()\n", "from a import b\nb()\n"),
        ("from a import b as c\nc()\n", "from a import b as c\nd()\n", "d()\n"),
        ('"a"\nimport os\n\nimport b\nos(b)\n', '"a"\nimport os\n\nimport b\nb()\n', '"a"\nimport b\nb()\n'),
        ("import a\n", "import a\nb()\n", "import a\nb()\n"),  # it was not used before
        ("import a\na()\n", "import a\n# a is gone\n", "import a\n# a is gone\n"),
        ("import a  # for b\na()\n", "import a  # for b\nb()\n", "import a  # for b\nb()\n"),
        ("import a.b\na.b()\n", "import a.b\nc()\n", "import a.b\nc()\n"),
        ("from a import *\nb()\n", "from a import *\nc()\n", "from a import *\nc()\n"),
        ("from a import (\n    b,\n)\nb()\n", "from a import (\n    b,\n)\nc()\n", "from a import (\n    b,\n)\nc()\n"),
    ],
)  # fmt: skip
def test_imports_go_that_fixes_left_unused(before: str, after: str, expected: str) -> None:
    assert without_unused("x.py", before.encode(), after.encode()).decode() == expected
    assert without_unused("__init__.py", before.encode(), after.encode()).decode() == after
