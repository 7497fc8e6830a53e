"""What prepared statements do behind a real pooler: each thing that CNX404 says of a client, run for real."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import live_pooler
import psycopg2
import pytest
from live_apps import Application
from live_postgres import DEADLINE, Database, Postgres
from packaging.version import Version

from conn_lint.knowledge.load import load_builtin
from conn_lint.model.passage import Prepared

pytest.importorskip("psycopg_pool")
# What a client leaves in its session, and a question to which another client's answer is "no" as long as it is alone.
LEFT = {
    "LISTEN": ("listen orders", "select count(*) > 0 from pg_listening_channels()"),
    "SET": ("set search_path to tenant", "select current_setting('search_path') = 'tenant'"),
    "an advisory lock": (
        "select pg_advisory_lock(7)",
        "select count(*) > 0 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    ),
    "a temporary table": (
        "create temporary table work (id integer)",
        "select to_regclass('pg_temp.work') is not null",
    ),
    "a cursor WITH HOLD": (
        "declare orders cursor with hold for select 1",
        "select count(*) > 0 from pg_cursors where is_holdable",
    ),
    "PREPARE": ("prepare one as select 1", "select count(*) > 0 from pg_prepared_statements"),
}
DRIVER = Path(__file__).parent / "drive_pooler.py"
STATEMENTS = 480  # of a process
PROCESSES = {"asyncpg": 2}  # its names differ within a process, and are the same in all processes
TRACKS = (1, 21)
PACKAGES = {"databases", "tortoise"}  # that not every machine has where these tests run
SCHEMES = {
    "": "postgresql",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "postgresql+psycopg": "postgresql+psycopg",
}
RECORDS = [record for family in load_builtin() for record in family.prepared]

Both = Callable[[str], tuple[Application, Application]]
Note = Callable[[str, str, object, object], None]


@pytest.fixture
def pooler(postgres: Postgres) -> Iterator[int]:
    program = live_pooler.installed()
    if program is None:
        pytest.skip("pgbouncer is not installed")
    with live_pooler.running(program, postgres.port, **tracking(program, 0)) as port:
        yield port


def tracking(program: str, statements: int) -> dict[str, int]:
    """Whether it keeps track of prepared statements, for those that can: newer ones do unless they are told not to."""
    can = live_pooler.version(program) >= TRACKS
    return {"max_prepared_statements": statements} if can else {}


def behind(port: int, database: Database, scheme: str = "postgresql") -> str:
    name = database.url.rpartition("/")[2]
    return f"{scheme}://postgres@127.0.0.1:{port}/{name}"


def ways() -> Iterator[tuple[str, str, str, tuple[str, ...], bool]]:
    """A client, the call that makes it, its scheme, terms, and whether they keep statements from failing."""
    for record in RECORDS:
        for maker in record.of:
            if is_run(record, maker):
                scheme = record.schemes[0] if record.schemes else "postgresql"
                yield record.client, maker, scheme, (), False
                for term in record.not_enough:
                    yield record.client, maker, scheme, (term,), False
                for cure in record.cures:
                    yield record.client, maker, scheme, cure, True


def is_run(record: Prepared, maker: str) -> bool:
    """Blocking calls share what their asynchronous sisters do; Prisma needs its own engine, later versions theirs."""
    package = maker.partition(".")[0]
    if record.since and not is_installed(package, record.since):
        return False
    blocking = ("psycopg.connect", "psycopg_pool.ConnectionPool", "sqlalchemy.create_engine")
    wrapping = ("flask_sqlalchemy.SQLAlchemy", "tortoise.contrib.fastapi.register_tortoise")
    return maker not in (*blocking, *wrapping) and record.client != "Prisma"


def is_installed(package: str, since: str) -> bool:
    try:
        return Version(metadata.version(package)) >= Version(since)
    except metadata.PackageNotFoundError:
        return False


def ids(way: object) -> str:
    return str(way) if isinstance(way, str) else "+".join(way) if isinstance(way, tuple) else ""


@pytest.mark.parametrize(("client", "maker", "scheme", "terms", "cures"), list(ways()), ids=ids)
def test_what_is_said_of_a_client_is_so(
    postgres: Postgres,
    pooler: int,
    client: str,
    maker: str,
    scheme: str,
    terms: tuple[str, ...],
    cures: bool,
) -> None:
    package = maker.partition(".")[0]
    if package in PACKAGES:
        pytest.importorskip(package)
    with postgres.database() as database:
        url = behind(pooler, database, scheme)
        processes = next((n for name, n in PROCESSES.items() if name in client), 1)
        errors, answers = driven(processes, url, maker, *terms)
    assert errors + answers == processes * STATEMENTS
    assert (errors == 0) is cures, (errors, answers)


CLIENTS = sorted(
    {(client, maker, scheme) for client, maker, scheme, terms, _ in ways() if not terms}
)


@pytest.mark.parametrize(("client", "maker", "scheme"), CLIENTS)
def test_no_statement_fails_behind_a_pooler_that_keeps_track(
    postgres: Postgres, client: str, maker: str, scheme: str
) -> None:
    program = live_pooler.installed()
    if program is None or live_pooler.version(program) < TRACKS:
        pytest.skip("no pgbouncer that keeps track of prepared statements is installed")
    if maker.partition(".")[0] in PACKAGES:
        pytest.importorskip(maker.partition(".")[0])
    with (
        postgres.database() as database,
        live_pooler.running(program, postgres.port, **tracking(program, 1000)) as port,
    ):
        processes = next((n for name, n in PROCESSES.items() if name in client), 1)
        assert driven(processes, behind(port, database, scheme), maker) == (
            0,
            processes * STATEMENTS,
        )


def driven(count: int, *words: str) -> tuple[int, int]:
    """What failed and what was answered in all processes, which run at the same time."""
    command = [sys.executable, str(DRIVER), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(count)]  # type: ignore[call-overload]
    said = [process.communicate(timeout=2 * DEADLINE) for process in processes]
    assert [process.returncode for process in processes] == [0] * count, said
    counts = [out.split()[:2] for out, _ in said]
    return sum(int(errors) for errors, _ in counts), sum(int(answers) for _, answers in counts)


@pytest.mark.parametrize(
    "name",
    ["asyncpg", "one_connection", "sqlalchemy", "sqlalchemy_psycopg", "psycopg", "psycopg_pool"],
)
def test_a_client_fails_before_the_fix_and_works_after(
    postgres: Postgres, pooler: int, both: Both, measured: Note, name: str
) -> None:
    def measure(application: Application) -> tuple[int, int]:
        with postgres.database() as database:
            url = behind(pooler, database)
            done = application.run(f"with_{name}.py", DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        errors, answers, *_ = done.stdout.split()
        return int(errors), int(answers)

    before, after = both("behind_pooler")
    assert before.codes().count("CNX404") == 6
    assert "CNX404" not in after.codes()
    was, now = measure(before), measure(after)
    measured(f"{name} behind a pooler", f"errors of {STATEMENTS} statements", was[0], now[0])
    assert was[0] > 0
    assert now == (0, STATEMENTS)


def test_every_state_of_a_session_is_run() -> None:
    states = {state.name for family in load_builtin() for state in family.session_state}
    assert set(LEFT) == states


@pytest.mark.parametrize("state", sorted(LEFT))
def test_another_client_meets_what_one_leaves_in_a_session(postgres: Postgres, state: str) -> None:
    program = live_pooler.installed()
    if program is None:
        pytest.skip("pgbouncer is not installed")
    statement, question = LEFT[state]
    found = next(s for f in load_builtin() for s in f.session_state if s.name == state)
    assert re.search(found.pattern, statement, re.IGNORECASE), "CNX406 knows the statement"
    with (
        postgres.database() as database,
        live_pooler.running(program, postgres.port, default_pool_size=1) as port,
    ):
        assert not met(database.url, statement, question)
        assert met(behind(port, database), statement, question)


def met(url: str, statement: str, question: str) -> bool:
    """One client runs the statement and stays; another one asks."""
    with closing(psycopg2.connect(url)) as one, closing(psycopg2.connect(url)) as other:
        one.autocommit = other.autocommit = True
        with one.cursor() as cursor:
            cursor.execute(statement)
        with other.cursor() as cursor:
            cursor.execute(question)
            return bool(cursor.fetchone()[0])
