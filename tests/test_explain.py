"""From an error in a log to its causes: what is recognised, and what is ranked first."""

from __future__ import annotations

import json
import re
import time
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from projects import write

from conn_lint.cli import main
from conn_lint.engine.explain import frames_of, nearest_errors, rank, recognise
from conn_lint.knowledge.errors import load_errors
from conn_lint.knowledge.load import load_builtin
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.known_error import KnownError
from conn_lint.model.location import Location, Span
from conn_lint.rules import ALL_RULES

ROOT = Path(__file__).parent.parent
KNOWN = load_errors()
RESOURCES = {resource.name for family in load_builtin() for resource in family.resource}
TOO_MANY = "FATAL:  sorry, too many clients already"

each_error = pytest.mark.parametrize("error", KNOWN.error, ids=lambda error: error.id)


def ids(text: str) -> list[str]:
    return [error.id for error in recognise(text, KNOWN)]


# The data


@each_error
def test_an_error_is_recognised_by_its_own_message(error: KnownError) -> None:
    assert ids(f"2026-11-21 10:00:00 worker[7] {error.message}\n")[:1] == [error.id]


@each_error
def test_an_error_names_what_there_is(error: KnownError) -> None:
    assert set(error.rules) <= {rule.name for rule in ALL_RULES}
    assert {*error.at, *error.perhaps} <= {"", *KNOWN.groups}
    assert error.rules or error.besides
    assert error.evidence.source
    assert error.evidence.version
    assert error.docs.startswith("https://")
    for text in (error.means, error.cure, error.besides):
        assert text == text.strip()


def test_ids_are_unique_and_groups_are_used() -> None:
    names = [error.id for error in KNOWN.error]
    assert len(names) == len(set(names)) >= 40
    used = {group for error in KNOWN.error for group in (*error.at, *error.perhaps)}
    assert set(KNOWN.groups) == used - {""}


@pytest.mark.parametrize("group", KNOWN.groups)
def test_a_group_has_resources(group: str) -> None:
    for pattern in KNOWN.groups[group]:
        assert any(fnmatchcase(name, pattern) for name in RESOURCES), pattern


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "asyncpg.exceptions.TooManyConnectionsError: remaining connection slots are reserved for "
            "non-replication superuser connections",
            "postgresql.slots-reserved",
        ),
        ("asyncpg.exceptions.TooManyConnectionsError: sorry, too many clients already", "postgresql.too-many-clients"),
        ('psycopg2.OperationalError: FATAL:  too many connections for role "app"', "postgresql.too-many-for-role"),
        ("pymysql.err.OperationalError: (1040, 'Too many connections')", "mysql.too-many-connections"),
        ("ERROR 1040 (HY000): Too many connections", "mysql.too-many-connections"),
        ("(2006, 'MySQL server has gone away')", "mysql.gone-away"),
        (
            "sqlalchemy.exc.TimeoutError: QueuePool limit of size 20 overflow 0 reached, connection timed out, "
            "timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)",
            "sqlalchemy.queue-pool-limit",
        ),
        ("psycopg_pool.PoolTimeout: couldn't get a connection after 5.00 sec", "psycopg-pool.timeout"),
        ("httpcore.PoolTimeout\n", "httpx.pool-timeout"),
        ("redis.exceptions.ConnectionError: max number of clients reached", "redis.max-clients"),
        ("redis.exceptions.ConnectionError: Too many connections", "redis.pool"),
        (
            "Error querying the database: FATAL: MaxClientsInSessionMode: max clients reached - in Session mode",
            "supavisor.session-mode",
        ),
        ("sqlite3.OperationalError: database is locked", "sqlite.locked"),
        ("FATAL:  terminating connection due to idle-in-transaction timeout", "postgresql.idle-in-transaction"),
        ("Unclosed client session\nclient_session: <aiohttp.client.ClientSession>", "aiohttp.unclosed-session"),
    ],
)  # fmt: skip
def test_what_is_met_in_logs(text: str, expected: str) -> None:
    assert ids(text)[0] == expected


def test_what_was_raised_last_comes_first() -> None:
    text = (
        f"asyncpg: {TOO_MANY}\n\nDuring handling of the above...\nQueuePool limit of size 5 reached"
    )
    assert ids(text) == ["sqlalchemy.queue-pool-limit", "postgresql.too-many-clients"]


def test_unknown_errors_have_nearest_ones() -> None:
    assert ids("KeyError: 'name'") == []
    nearest = nearest_errors("sorry: there are so many clients already", KNOWN)
    assert nearest[0].id == "postgresql.too-many-clients"
    assert len(nearest) == 3


@pytest.mark.parametrize(
    "part", ["a", " ", "the pool ", "redis", 'File "', "1040 ", "prepared statement ", "\n"]
)
def test_a_long_text_takes_no_longer_than_its_length(part: str) -> None:
    start = time.process_time()
    recognise(part * (1_000_000 // len(part)), KNOWN)
    frames_of(part * (1_000_000 // len(part)))
    assert time.process_time() - start < 20


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    assert recognise(text, KNOWN) or len(nearest_errors(text, KNOWN)) == 3
    frames_of(text)


# The ranking


def found(
    rule: str,
    resource: str = "psycopg2.connect",
    severity: Severity = Severity.ERROR,
    path: str = "shop/db.py",
    function: str = "load",
    chain: tuple[Step, ...] = (),
) -> Finding:
    place = Location(path, Span(3, 4, 3, 9))
    return Finding(
        "CNX000", rule, "m", place, severity, chain, resource=resource, function=function
    )


def ranked(*findings: Finding, text: str = TOO_MANY) -> list[Finding]:
    return [
        cause.finding for cause in rank(findings, recognise(text, KNOWN), KNOWN, frames_of(text))
    ]


def test_the_order_of_the_rules_is_that_of_the_causes() -> None:
    leak, request = found("never-released"), found("client-per-request")
    assert ranked(leak, request) == [request, leak]
    assert ranked(leak, request, text="QueuePool limit of size 5") == []


def test_another_server_is_no_cause_and_an_unknown_one_less_likely() -> None:
    redis, engine = (
        found("client-per-request", "redis.Redis"),
        found("client-per-request", "sqlalchemy.create_engine"),
    )
    leak = found("never-released")
    assert ranked(redis, engine, leak) == [leak, engine]
    assert ranked(redis, engine, text="max number of clients reached") == [redis]


def test_errors_of_the_event_loop_are_of_async_resources_alone() -> None:
    blocking, awaited = found("never-released"), found("never-released", "asyncpg.connect")
    assert ranked(blocking, awaited, text="RuntimeError: Event loop is closed") == [awaited]


def test_many_of_one_rule_do_not_hide_the_others() -> None:
    many = [found("client-per-request", path=f"shop/{number}.py") for number in range(9)]
    leak = found("not-released-on-error")
    assert ranked(leak, *many).index(leak) in range(1, 9)


def test_notes_come_later() -> None:
    note = found("client-per-request", severity=Severity.NOTE)
    leak = found("not-released-on-error", severity=Severity.WARNING)
    assert ranked(note, leak) == [leak, note]


def test_what_the_traceback_passes_through_comes_first() -> None:
    request = found("client-per-request")
    step = Step(Location("shop/api.py", Span(9, 0, 9, 1)), "orders", "")
    leak = found(
        "not-released-on-error", path="shop/other.py", function="Store.find", chain=(step,)
    )
    trace = '  File "/srv/app/shop/{}.py", line 9, in {}\n    x()\n'
    assert ranked(leak, request) == [request, leak]
    for path, function in (("other", "find"), ("api", "orders")):
        text = trace.format(path, function) + TOO_MANY
        assert ranked(leak, request, text=text) == [leak, request]
        (first, second) = rank([leak, request], recognise(text, KNOWN), KNOWN, frames_of(text))
        assert (first.traced, second.traced) == (True, False)
    elsewhere = '  File "/usr/lib/python3/asyncpg/other.py", line 9, in find\n' + TOO_MANY
    assert ranked(leak, request, text=elsewhere) == [request, leak]


def test_a_file_on_windows_is_the_same_file() -> None:
    leak = found("never-released", path="shop/db.py")
    text = '  File "C:\\app\\shop\\db.py", line 3, in load\n' + TOO_MANY
    (cause,) = rank([leak], recognise(text, KNOWN), KNOWN, frames_of(text))
    assert cause.traced


# The command


def run(monkeypatch: pytest.MonkeyPatch, *args: str, stdin: str = "") -> tuple[int, str]:
    monkeypatch.chdir(ROOT / "docs" / "example")
    result = CliRunner().invoke(main, ["explain", *args, "--no-cache"], input=stdin)
    return result.exit_code, result.output


def test_causes_of_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run(monkeypatch, "sorry,", "too", "many", "clients", "already")
    assert code == 0
    assert "3 likely causes in this project" in text
    places = [line for line in text.split("\n") if line.startswith("src/")]
    assert [line.partition(" ")[0] for line in places] == [
        "src/shop/orders.py:9:14:",
        "src/shop/orders.py:23:10:",
        "src/shop/orders.py:15:12:",
    ]


def test_a_traceback_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/srv/src/shop/orders.py", line 28, in is_alive\n    conn = pool.getconn()\n'
        "psycopg2.pool.PoolError: connection pool exhausted\n"
    )
    code, text = run(monkeypatch, "-", "--format", "json", stdin=trace)
    answer = json.loads(text)
    assert code == 0
    assert [error["id"] for error in answer["errors"]] == ["psycopg2.pool-exhausted"]
    (cause,) = answer["causes"]
    assert cause["in_traceback"] is True
    assert cause["finding"]["code"] == "CNX204"


def test_where_nothing_was_found_the_places_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("import redis\n\nclient = redis.Redis()\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["explain", "max number of clients reached", "--no-cache"])
    assert result.exit_code == 0
    assert "Nothing was found in this project" in result.output
    assert "app.py:3 redis.Redis()" in result.output


def test_settings_and_sums_are_causes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What they are about is no library's name, and rules nothing out."""
    database = '{"ENGINE": "django.db.backends.postgresql", "HOST": "db"}'
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.conn-lint.deployment]\nworkers = 40\nmax-connections = 100\n",
            "settings.py": f'INSTALLED_APPS = ["x"]\nDATABASES = {{"default": {database}}}\n',
            "db.py": 'import psycopg2.pool\n\npool = psycopg2.pool.ThreadedConnectionPool(1, 9, "host=db")\n',
        },
    )
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["explain", "--no-cache", "too many clients already"])
    assert {"CNX405", "CNX409"} <= set(re.findall(r"CNX\d+", done.output)), done.output


def test_a_baseline_hides_no_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import psycopg2\n\n\ndef load():\n    psycopg2.connect('').cursor().execute('SELECT 1')\n"
    )
    (tmp_path / "pyproject.toml").write_text("[tool.conn-lint]\nbaseline = 'known.txt'\n")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["check", "--write-baseline", "--no-cache"]).exit_code == 0
    assert CliRunner().invoke(main, ["check", "--no-cache"]).exit_code == 0
    assert "CNX201" in CliRunner().invoke(main, ["explain", TOO_MANY, "--no-cache"]).output


def test_rules_that_are_off_are_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import sqlalchemy\n\nengine = sqlalchemy.create_engine('postgresql+psycopg2://db/shop')\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ["explain", "server closed the connection unexpectedly", "--no-cache"]
    assert "CNX408" in CliRunner().invoke(main, words).output
    assert "CNX408" not in CliRunner().invoke(main, ["check", "--no-cache", "--show-notes"]).output


def test_an_unknown_error_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run(monkeypatch, "KeyError: 'name'")
    assert code == 1
    assert text.startswith("This is no error that conn-lint knows.")
    code, text = run(monkeypatch, "KeyError", "--format", "json")
    assert (code, len(json.loads(text)["nearest"])) == (1, 3)


def test_without_a_text_all_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run(monkeypatch)
    assert code == 0
    assert text.count("\n") == len(KNOWN.error)


def test_hostile_text_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run(monkeypatch, "-", stdin="\x1b[31m postgres://u:hunter2@h/d \x00 " + TOO_MANY)
    assert code == 0
    assert "\x1b" not in text
    assert "hunter2" not in text
