"""A Celery worker with threads, as it was written and as conn-lint leaves it, by the servers' own counters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from live_apps import Application
from live_postgres import Postgres
from live_redis import Redis

BILLS = 100  # as many as there are orders
MISSING = 5  # jobs for orders that are not there
VISITS = 60
THREADS = 8  # of the worker
FEW = 5
DRIVER = str(Path(__file__).parent / "drive_worker.py")

Both = Callable[[str], tuple[Application, Application]]
Note = Callable[[str, str, object, object], None]


def results(application: Application, task: str, times: int, **environment: str) -> list[object]:
    done = application.run(DRIVER, task, str(times), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[object] = json.loads(done.stdout.rstrip("\n").rpartition("\n")[2])
    return found


def test_celery_with_psycopg2_and_redis(
    postgres: Postgres, redis: Redis, both: Both, measured: Note
) -> None:
    jobs = BILLS + MISSING

    def measure(application: Application) -> tuple[list[object], int, list[object], int]:
        received = redis.connections_received()
        with postgres.database() as database:
            where = {"DATABASE_URL": database.url, "REDIS_URL": redis.url}
            bills = results(application, "bill", jobs, **where)
            sessions = postgres.sessions(database)
        with postgres.database() as database:
            where["DATABASE_URL"] = database.url
            visits = results(application, "count_visit", VISITS, **where)
        return bills, sessions, visits, redis.connections_received() - received

    before, after = both("worker")
    assert set(before.codes()) == {"CNX101", "CNX202"}
    was, now = measure(before), measure(after)
    measured("Celery worker", f"PostgreSQL sessions opened for {jobs} jobs", was[1], now[1])
    measured("Celery worker", f"Redis connections opened for {VISITS} jobs", was[3], now[3])
    assert was[0][:BILLS] == [number * 10 for number in range(1, BILLS + 1)]
    assert now[0] == was[0]  # the errors too
    assert was[1] == jobs
    assert was[2] == [1] * VISITS  # each page is visited for the first time
    assert now[2] == [2] * VISITS
    assert was[3] == VISITS
    assert now[1] <= FEW
    assert now[3] <= 2 * THREADS  # those that come first may each find that there is no client yet
    assert after.codes() == []
