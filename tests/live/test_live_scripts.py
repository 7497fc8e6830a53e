"""Scripts, as they were written and as conn-lint leaves them, by what the server or the process has open."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from live_apps import Application
from live_postgres import Postgres

ORDERS = 50
LOGGERS = 12
BROKEN_LOGGERS = 8
READINGS = 5  # in each file
PROBE = Path(__file__).parent / "probe_sqlite.py"

Both = Callable[[str], tuple[Application, Application]]
Note = Callable[[str, str, object, object], None]


def test_a_loop_with_psycopg2(
    postgres: Postgres, both: Both, measured: Note, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    with file.open("w", newline="") as target:
        rows = [["id", "item", "amount"], *([1000 + n, f"new {n}", n] for n in range(ORDERS))]
        csv.writer(target).writerows(rows)

    def measure(application: Application) -> tuple[int, str, list[tuple[Any, ...]]]:
        with postgres.database() as database:
            done = application.run("import_orders.py", str(file), DATABASE_URL=database.url)
            assert done.returncode == 0, done.stderr
            stored = database.rows("select * from stored_orders where id >= 1000 order by id")
            return postgres.sessions(database), done.stdout, stored

    before, after = both("loop_script")
    assert "CNX102" in before.codes()
    was, now = measure(before), measure(after)
    measured("script with psycopg2", f"sessions opened for {ORDERS} rows", was[0], now[0])
    assert len(was[2]) == ORDERS
    assert now[1:] == was[1:]
    assert was[0] == ORDERS
    assert now[0] == 1
    assert after.codes() == []


@pytest.mark.skipif(sys.platform != "linux", reason="file descriptors are looked up in /proc")
def test_a_script_with_sqlite(both: Both, measured: Note, tmp_path: Path) -> None:
    def measure(application: Application) -> tuple[dict[str, int], str, list[tuple[Any, ...]]]:
        loggers = tmp_path / "loggers" / application.folder.parent.name
        target = application.folder / "all.db"
        make_loggers(loggers)
        with closing(sqlite3.connect(target)) as connection:
            connection.execute("create table readings (name text, taken_at integer, value real)")
        done = application.run(str(PROBE), "import_readings.py", str(loggers), str(target))
        assert done.returncode == 0, done.stderr
        said, opened = done.stdout.rstrip("\n").rsplit("\n", 1)
        with closing(sqlite3.connect(target)) as connection:
            stored = connection.execute("select * from readings order by 1, 2").fetchall()
        return json.loads(opened), said, stored

    before, after = both("script_sqlite")
    assert set(before.codes()) == {"CNX102", "CNX203"}
    was, now = measure(before), measure(after)
    files = LOGGERS + BROKEN_LOGGERS
    name = "script with sqlite3"
    measured(name, f"connections for {files} files", was[0]["connections"], now[0]["connections"])
    measured(name, "databases open at the most", was[0]["most"], now[0]["most"])
    assert now[1:] == was[1:]
    assert len(now[1].splitlines()) == BROKEN_LOGGERS
    assert len(now[2]) == LOGGERS * READINGS
    assert was[0]["most"] > BROKEN_LOGGERS
    assert now[0]["most"] <= 2
    assert was[0]["connections"] == files + LOGGERS * READINGS
    assert now[0]["connections"] == files + 1
    assert after.codes() == []


def make_loggers(folder: Path) -> None:
    """Files with readings, and some that are older than the table."""
    folder.mkdir(parents=True)
    for number in range(LOGGERS + BROKEN_LOGGERS):
        with closing(sqlite3.connect(folder / f"logger{number:02}.db")) as connection, connection:
            broken = number % 2 and number < 2 * BROKEN_LOGGERS
            table = "old_readings" if broken else "readings"
            connection.execute(f"create table {table} (taken_at integer, value real)")
            readings = [(at, number + at / READINGS) for at in range(READINGS)]
            connection.executemany(f"insert into {table} values (?, ?)", readings)
