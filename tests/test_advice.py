"""Which pool of the project a message names as the one to borrow from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from conn_lint.api import check_paths

POOL = """import psycopg2.pool

pool = psycopg2.pool.ThreadedConnectionPool(1, 5, "dbname=shop")
"""
API = """import psycopg2
from flask import Flask

app = Flask(__name__)


@app.get("/orders")
def orders():
    conn = psycopg2.connect("dbname=shop")
    try:
        return {"status": conn.status}
    finally:
        conn.close()
"""


def advice(tmp_path: Path, files: Mapping[str, str]) -> str:
    for name, text in {"pyproject.toml": "[tool.conn-lint]\n", **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (finding,) = check_paths([tmp_path], use_cache=False)
    assert finding.code == "CNX101"
    return finding.message


@pytest.mark.parametrize(
    "user",
    ["from db import pool\n", "import db\n", "from . import db\n"],
)
def test_a_pool_that_files_import_is_borrowed_from(tmp_path: Path, user: str) -> None:
    files = {"api.py": API, "db.py": POOL, "jobs.py": user}
    assert "Borrow from the pool that the project has" in advice(tmp_path, files)


def test_a_pool_of_another_program_is_not(tmp_path: Path) -> None:
    files = {"web/api.py": API, "worker/main.py": POOL}
    assert "Make a psycopg2.pool.ThreadedConnectionPool once" in advice(tmp_path, files)


def test_an_import_by_a_test_says_nothing(tmp_path: Path) -> None:
    files = {
        "web/api.py": API,
        "worker/main.py": POOL,
        "tests/test_worker.py": "from worker.main import pool\n",
    }
    assert "Make a psycopg2.pool.ThreadedConnectionPool once" in advice(tmp_path, files)
