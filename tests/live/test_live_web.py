"""Web applications under load, as they were written and as conn-lint leaves them, by the servers' own counters."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from live_apps import Application, Server
from live_http import OtherService, other_service
from live_load import Answer, Burst, ask
from live_postgres import Database, Postgres, until

AT_ONCE = 200
BAD_REQUESTS = 10
SLOW_CALLS = 5
CONVERSIONS = 50
LARGEST_POOL = 20  # what conn-lint takes for the most that a pool should have
SHARING = 4  # so many requests at least have a session together, once there is a pool
SETTLED = 1.0  # seconds in which nothing more happens at a server that stalls

REFUSAL = "too many clients already"
FLASK = ("flask", "--app", "app", "run")
FASTAPI = ("uvicorn", "main:app", "--log-level", "warning")

Requests = Sequence[tuple[str, dict[str, str] | None]]
Both = Callable[[str], tuple[Application, Application]]
Note = Callable[[str, str, object, object], None]


class Load(NamedTuple):
    """What became of many requests at once."""

    answered: int
    refused: int


class Left(NamedTuple):
    """What the database still has after requests that failed."""

    connections: int
    in_transaction: int


class Measured(NamedTuple):
    """One run of an application."""

    answers: list[Answer]
    left: Left
    load: Load
    sessions: int
    output: str
    special: int  # what this application alone is asked


class Web(NamedTuple):
    """How an application is started and what it is asked."""

    name: str
    command: Sequence[str]
    requests: Requests
    failing: str  # a path whose query fails
    environment: Callable[[Database], dict[str, str]]
    special: Callable[[Server, Database], int]
    asked: int  # how many requests of all these need a session

    def measure(self, postgres: Postgres, application: Application) -> Measured:
        with postgres.database() as database:
            with application.served(*self.command, **self.environment(database)) as server:
                answers = [ask(server, path, form) for path, form in self.requests]
                special = self.special(server, database)
                left = left_after_errors(server, database, self.failing)
                load = crowd(server, database)
            sessions = postgres.sessions(database)
        return Measured(answers, left, load, sessions, server.output(), special)


def order(number: int) -> dict[str, object]:
    return {"id": number, "item": f"item {number}", "amount": number * 10}


def crowd(server: Server, database: Database) -> Load:
    """Many requests at once, at a database that answers nobody until they have piled up."""
    paths = [f"/orders/{1 + at % 100}" for at in range(AT_ONCE)]
    with database.stalled():
        requests = Burst(server, paths)
        until(lambda: requests.bad() > 0 or database.waiting() > 0, "requests reach the database")
        wait_until_settled(requests, database)
    requests.join()
    for path, answer in requests.answers:
        if answer.status == 200:
            assert answer.body == order(int(path.rpartition("/")[2]))
    return Load(requests.good(), requests.bad())


def wait_until_settled(requests: Burst, database: Database) -> None:
    """Until nobody else is turned away and no more connections are asked for: the others wait their turn."""
    seen, since = (-1, -1), time.monotonic()
    while time.monotonic() < since + SETTLED:
        if (now := (requests.bad(), database.waiting())) != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.02)


def left_after_errors(server: Server, database: Database, path: str) -> Left:
    """Requests whose query fails, and what stays of their connections."""
    requests = Burst(server, [path] * BAD_REQUESTS).join()
    assert {answer.status for _, answer in requests.answers} == {500}
    until(lambda: database.connections("active") == 0, "all queries have ended")
    return Left(database.connections(), database.connections("idle in transaction%"))


def note_figures(note: Note, web: Web, before: Measured, after: Measured) -> None:
    note(web.name, f"answered of {AT_ONCE} at once", before.load.answered, after.load.answered)
    refused = f"{before.sessions} ({before.load.refused} refused)"
    note(web.name, f"sessions opened for {web.asked} requests", refused, after.sessions)
    if before.left.in_transaction:
        what = f"left in a transaction by {BAD_REQUESTS} failed queries"
        note(web.name, what, before.left.in_transaction, after.left.in_transaction)


def assert_cured(web: Web, before: Measured, after: Measured) -> None:
    """The same answers, nothing left behind, sessions shared, nobody refused."""
    assert after.answers == before.answers
    assert after.left.in_transaction == 0
    assert after.left.connections <= LARGEST_POOL
    assert before.sessions == web.asked - before.load.refused
    assert before.load.refused > 0
    assert REFUSAL in before.output
    assert after.load == Load(AT_ONCE, 0), after.output
    assert REFUSAL not in after.output
    assert after.sessions * SHARING <= web.asked


def held_during_slow_calls(other: OtherService, page: str) -> Callable[[Server, Database], int]:
    """How many transactions are open while as many requests wait for somebody else's service."""

    def measure(server: Server, database: Database) -> int:
        paths = [f"/orders/{number}/{page}" for number in range(1, SLOW_CALLS + 1)]
        with other.slow():
            calls = Burst(server, paths)
            until(lambda: other.waiting == SLOW_CALLS, "all wait for the other service")
            held = database.connections("idle in transaction%")
        assert calls.join().good() == SLOW_CALLS
        return held

    return measure


def test_flask_with_psycopg2(postgres: Postgres, both: Both, measured: Note) -> None:
    with other_service({"sent": True}) as mail:
        web = Web(
            "Flask, psycopg2",
            FLASK,
            [
                ("/orders/7", None),
                ("/orders/777", None),
                ("/orders/7/notes", {"text": "leave at the door"}),
                ("/orders/7/notes", {"text": "ring twice"}),
                ("/orders/7/notes", None),
                ("/orders/7/receipt", None),
            ],
            "/orders/seven",
            lambda database: {"DATABASE_URL": database.url, "MAIL_URL": mail.url},
            held_during_slow_calls(mail, "receipt"),
            asked=6 + SLOW_CALLS + BAD_REQUESTS + AT_ONCE,
        )
        before, after = both("flask_psycopg2")
        assert set(before.codes()) == {"CNX101", "CNX202", "CNX301"}
        was, now = web.measure(postgres, before), web.measure(postgres, after)
    note_figures(measured, web, was, now)
    what = f"in a transaction during {SLOW_CALLS} slow HTTP calls"
    measured(web.name, what, was.special, now.special)
    assert was.special == SLOW_CALLS
    assert now.special == 0
    assert_cured(web, was, now)
    assert after.codes() == []


def test_fastapi_with_sqlalchemy(postgres: Postgres, both: Both, measured: Note) -> None:
    """That the transaction spans the call to the carrier is shown, not mended: only the author knows."""
    with other_service({"state": "on its way"}) as carrier:
        web = Web(
            "FastAPI, SQLAlchemy",
            FASTAPI,
            [("/orders/7", None), ("/orders/777", None), ("/orders/7/parcel", None)],
            "/orders/99999999999",
            lambda database: {"DATABASE_URL": asyncpg_url(database), "CARRIER_URL": carrier.url},
            held_during_slow_calls(carrier, "parcel"),
            asked=3 + SLOW_CALLS + BAD_REQUESTS + AT_ONCE,
        )
        before, after = both("fastapi_sqlalchemy")
        assert set(before.codes()) == {"CNX101", "CNX201", "CNX301"}
        was, now = web.measure(postgres, before), web.measure(postgres, after)
    note_figures(measured, web, was, now)
    what = f"open after {BAD_REQUESTS} failed queries"
    measured(web.name, what, was.left.connections, now.left.connections)
    what = f"in a transaction during {SLOW_CALLS} slow HTTP calls (shown, not applied)"
    measured(web.name, what, was.special, now.special)
    assert was.special == SLOW_CALLS
    assert_cured(web, was, now)
    assert after.codes() == ["CNX301"]


def asyncpg_url(database: Database) -> str:
    return database.url.replace("postgresql://", "postgresql+asyncpg://")


def test_fastapi_with_psycopg(postgres: Postgres, both: Both, measured: Note) -> None:
    """Two pools: one for what runs on the loop, one for what runs in threads, and commits at the end of its block."""
    web = Web(
        "FastAPI, psycopg",
        FASTAPI,
        [
            ("/orders/7", None),
            ("/orders/777", None),
            ("/orders/7/notes?text=leave+at+the+door", {}),
            ("/orders/7/notes", None),
        ],
        "/orders/seven",
        lambda database: {"DATABASE_URL": database.url},
        lambda _server, database: database.connections("idle in transaction%"),
        asked=4 + BAD_REQUESTS + AT_ONCE,
    )
    before, after = both("fastapi_psycopg")
    assert set(before.codes()) == {"CNX101", "CNX202"}
    was, now = web.measure(postgres, before), web.measure(postgres, after)
    note_figures(measured, web, was, now)
    assert was.answers[-1].body == ["leave at the door"]
    assert_cured(web, was, now)
    assert was.special == now.special == 0
    assert after.codes() == []


def test_fastapi_with_asyncpg(postgres: Postgres, both: Both, measured: Note) -> None:
    with other_service({"rate": 3}) as rates:

        def sockets_for_conversions(server: Server, _database: Database) -> int:
            before = rates.sockets
            for amount in range(CONVERSIONS):
                assert ask(server, f"/prices/{amount}").body["amount"] == 3 * amount
            return rates.sockets - before

        web = Web(
            "FastAPI, asyncpg, httpx",
            FASTAPI,
            [("/orders/7", None), ("/orders/777", None)],
            "/orders/99999999999",
            lambda database: {"DATABASE_URL": database.url, "RATES_URL": rates.url},
            sockets_for_conversions,
            asked=2 + BAD_REQUESTS + AT_ONCE,
        )
        before, after = both("fastapi_asyncpg")
        assert set(before.codes()) == {"CNX101", "CNX202"}
        was, now = web.measure(postgres, before), web.measure(postgres, after)
    note_figures(measured, web, was, now)
    measured(web.name, f"sockets for {CONVERSIONS} HTTP calls", was.special, now.special)
    assert was.special == CONVERSIONS
    assert_cured(web, was, now)
    assert now.special == 1
    assert after.codes() == []
