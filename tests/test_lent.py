"""Connections opened one by one are borrowed from the pool that the project has, in whatever file it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Repaired
from conn_lint.model.finding import Finding
from conn_lint.model.fix import Applicability

DB = """\
import functools
import os

import pymysql
from dbutils.pooled_db import PooledDB
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

DSN = os.environ["DATABASE_URL"]
pool = ConnectionPool(DSN, min_size=1, max_size=4, name="shop", kwargs={"row_factory": dict_row})


@functools.cache
def get_orders():
    return PooledDB(pymysql, maxconnections=4, blocking=True, host="orders", user="shop")
"""
USER = "from shop.db import pool\n\n\ndef names():\n    return [conn for conn in pool._pool]\n"
PAGE = """\
import contextlib

import psycopg
import pymysql
from flask import Blueprint
from psycopg.rows import dict_row
from shop.db import DSN

bp = Blueprint("page", __name__)


@bp.get("/")
def page():
"""
BLOCK = """\
    with psycopg.connect(DSN, row_factory=dict_row) as conn:
        return conn.execute("SELECT 1").fetchone()
"""
CLOSED = """\
    conn = psycopg.connect(DSN, row_factory=dict_row)
    try:
        return conn.execute("SELECT 1").fetchone()
    finally:
        conn.close()
"""
ORDERS = """\
    with contextlib.closing(pymysql.connect(host="orders", user="shop")) as conn:
        with conn.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()
"""
PSYCOPG2 = """\
import psycopg2.pool

DSN = "dbname=shop"
old = psycopg2.pool.ThreadedConnectionPool(1, 10, DSN)
"""
OLD = """\
    conn = psycopg2.connect(DSN)
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()
    finally:
        conn.close()
"""


def fix(folder: Path, body: str, **files: str) -> Repaired:
    """What a project of a few files becomes, of which the page has a handler with this body."""
    named = {f"shop/{name}.py": text for name, text in files.items()}
    given = {"shop/__init__.py": "", "shop/db.py": DB, "shop/user.py": USER}
    write(folder, {"pyproject.toml": "", **given, "shop/page.py": PAGE + body, **named})
    repairs = Repairs(Applicability.UNSAFE)
    run = check_projects(Job(paths=(str(folder),)), Flags(use_cache=False), cure=repairs)
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    return repairs.done[0]


def page_of(done: Repaired) -> str:
    """The page after its fixes, "" where it has none."""
    return done.after.get("shop/page.py", b"").decode()


def found(done: Repaired) -> Finding:
    """What is left of the page's connection."""
    (one,) = (f for f in done.outcome.findings if f.code == "CNX101")
    assert one.plan is not None
    assert one.plan.applicability is Applicability.DISPLAY_ONLY
    return one


@pytest.mark.parametrize(
    ("body", "imported", "expected"),
    [
        (
            BLOCK,
            "from shop.db import pool\n",
            "    with pool.connection() as conn:\n        return",
        ),
        (  # what nobody committed is lost as before
            CLOSED,
            "from shop.db import pool\n",
            "    with pool.connection() as conn:\n        yield conn\n        conn.rollback()",
        ),
        (
            ORDERS,
            "from shop.db import DSN, get_orders\n",
            "    with contextlib.closing(get_orders().connection()) as conn:\n        with",
        ),
    ],
)
def test_it_is_imported_and_borrowed_from(
    body: str, imported: str, expected: str, tmp_path: Path
) -> None:
    done = fix(tmp_path, body)
    after = page_of(done)
    assert imported in after
    assert expected in after
    assert "connect(" not in after.replace("_borrow", "")
    assert "CNX101" not in {finding.code for finding in done.outcome.findings}


HELD = "\n\ndef held():\n    with pool.connection() as conn:\n        return conn, page.page()\n"


@pytest.mark.parametrize(
    ("body", "files"),
    [
        # given less, given more, given something else
        (BLOCK.replace(", row_factory=dict_row", ""), {}),
        (BLOCK.replace("dict_row)", "dict_row, autocommit=True)"), {}),
        (BLOCK.replace("row_factory=dict_row", "row_factory=print"), {}),
        (ORDERS.replace('"orders"', '"archive"'), {}),
        # a pool that sets up what it opens, that keeps nothing, or whose table is filled elsewhere
        (BLOCK, {"db": DB.replace('name="shop"', "configure=print")}),
        (BLOCK, {"db": DB.replace("ConnectionPool", "NullConnectionPool")}),
        (BLOCK, {"db": DB.replace('kwargs={"row_factory": dict_row}', "kwargs=dict(os.environ)")}),
        # made per call, or kept to itself by its file
        (BLOCK, {"db": DB.replace("pool = C", "_pool = C"), "user": "import shop.db\n"}),
        # who has one calls who would borrow another
        (BLOCK, {"user": "from shop import page\nfrom shop.db import pool\n" + HELD}),
    ],
)
def test_another_pool_lends_nothing(body: str, files: dict[str, str], tmp_path: Path) -> None:
    done = fix(tmp_path, body, **files)
    assert page_of(done) == ""
    found(done)


def test_the_one_in_between_may_hold_one(tmp_path: Path) -> None:
    lender = (
        "import contextlib\n\nfrom shop.db import pool\n\n\n@contextlib.contextmanager\ndef lent():\n"
        "    with pool.connection() as conn:\n        yield conn\n"
    )
    holder = (
        "from shop import page\nfrom shop.lender import lent\n\n\ndef held():\n    with lent():\n"
    )
    again = holder + "        return page.page()\n"
    done = fix(tmp_path, BLOCK, lender=lender, user=again)
    assert page_of(done) == ""
    found(done)


TWICE = CLOSED.replace("    finally", "        conn.close()\n    finally").replace(
    "return", "row ="
)


def test_what_is_closed_twice_is_given_back_once(tmp_path: Path) -> None:
    opened = "psycopg.connect(DSN, row_factory=dict_row)"
    orders = TWICE.replace(opened, 'pymysql.connect(host="orders", user="shop")')
    after = page_of(fix(tmp_path, orders.replace('conn.execute("SELECT 1")', "conn.cursor()")))
    assert "    conn = get_orders().connection()\n    try:\n        yield conn\n" in after
    assert after.endswith(
        "    with _borrow_connection() as conn:\n        row = conn.cursor().fetchone()\n"
    )


JOB = PAGE.replace("flask import Blueprint", "celery import shared_task").replace(
    'bp = Blueprint("page", __name__)\n\n\n@bp.get("/")', "@shared_task"
)


def test_jobs_may_fork_behind_a_pool_that_is_made_at_import(tmp_path: Path) -> None:
    done = fix(tmp_path, "", page=JOB + BLOCK)
    assert page_of(done) == ""
    plan = found(done).plan
    assert plan is not None
    assert plan.detail("held") == "pool"
    (tmp_path / "made").mkdir()
    assert "get_orders().connection()" in page_of(fix(tmp_path / "made", "", page=JOB + ORDERS))


def test_a_pool_that_raises_is_only_shown(tmp_path: Path) -> None:
    page = PAGE.replace("import pymysql", "import psycopg2") + OLD
    done = fix(tmp_path, "", db=PSYCOPG2, page=page, user=USER.replace("pool", "old"))
    assert page_of(done) == ""
    plan = found(done).plan
    assert plan is not None
    assert plan.title.endswith("(shop/db.py:4), which raises when all are lent")


@pytest.mark.parametrize(
    ("imports", "is_fixed"),
    [("import shop.page\n", False), ("import shop.user, shop.page\n", True)],
)
def test_a_test_that_did_without_the_pool_still_does(
    imports: str, is_fixed: bool, tmp_path: Path
) -> None:
    write(tmp_path, {"tests/test_page.py": imports + "\n\ndef test_it():\n    assert shop.page\n"})
    page = PAGE.replace("from shop.db import DSN\n", 'DSN = "dbname=shop"\n') + BLOCK
    db = DB.replace('os.environ["DATABASE_URL"]', '"dbname=shop"')
    done = fix(tmp_path, "", page=page, db=db)
    assert bool(page_of(done)) == is_fixed
    if not is_fixed:
        found(done)
