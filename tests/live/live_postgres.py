"""A PostgreSQL server of one's own for a run of the tests, and what its counters say of an application.

The server is that of the wheel `pgserver`. Its package is not imported: all that is wanted is its binaries,
started with a limit on connections that is soon reached. PostgreSQL refuses to run as root, so root starts it
as `nobody`, from a copy that `nobody` may read.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

MAX_CONNECTIONS = 30
DEADLINE = 60.0  # seconds; for what takes a fraction of one on an idle machine
_TEMPLATE = "shop"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "superuser_reserved_connections": "0",  # so that everybody is refused with the same words
    "max_wal_senders": "0",
    "autovacuum": "off",
    "fsync": "off",
    "shared_buffers": "16MB",
}
# What applications read is a view that waits at a gate: a database that stalls for a moment, when told to.
_SCHEMA = """
create table stored_orders (id integer primary key, item text not null, amount integer not null);
insert into stored_orders select n, 'item ' || n, n * 10 from generate_series(1, 100) n;
create table notes (order_id integer not null, text text not null);
create function pass_gate() returns boolean language plpgsql volatile as
  'begin perform pg_advisory_xact_lock_shared(1); return true; end';
create view orders as select id, item, amount from stored_orders where (select pass_gate());
"""


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for it, and fail after a minute."""
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE:.0f} seconds: {what}")
        time.sleep(0.02)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def installed() -> Path | None:
    """The folder of the wheel, if there is one for this interpreter."""
    spec = importlib.util.find_spec("pgserver")
    places = (spec.submodule_search_locations or []) if spec else []
    folders = [Path(place) for place in places if (Path(place) / "pginstall" / "bin").is_dir()]
    return folders[0] if folders else None


@contextmanager
def running(wheel: Path, max_connections: int = MAX_CONNECTIONS) -> Iterator[Postgres]:
    """A new server, which is gone with all its files at the end."""
    folder = Path(tempfile.mkdtemp(prefix="conn-lint-live-"))
    try:
        yield from _run(wheel, folder, max_connections)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(wheel: Path, folder: Path, max_connections: int) -> Iterator[Postgres]:
    who: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        wheel = _copied(wheel, folder)
        who |= {"user": "nobody", "group": _group_of("nobody"), "extra_groups": []}
        folder.chmod(0o777)
    binaries, data, log = wheel / "pginstall" / "bin", folder / "data", folder / "log"
    init = ["-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(
        [binaries / "initdb", "-D", data, *init],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=DEADLINE,
        **who,
    )
    port = free_port()
    given = {**_SETTINGS, "max_connections": str(max_connections)}
    settings = [part for key, value in given.items() for part in ("-c", f"{key}={value}")]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-p", str(port), *settings],
            stdout=output,
            stderr=output,
            **who,
        )
    try:
        with closing(_first_connection(port, server, log)) as admin:
            postgres = Postgres(port, admin)
            postgres.make_template()
            yield postgres
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing of it is kept
        try:
            server.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _copied(wheel: Path, folder: Path) -> Path:
    """The wheel where anybody may read it: environments of root lie in folders of root."""
    target = folder / "wheel"
    for name in ("pgserver", "pgserver.libs"):
        source = wheel.parent / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("include"))
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755)
    return target / "pgserver"


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - not on Windows

    return pwd.getpwnam(user).pw_gid


def _first_connection(port: int, server: subprocess.Popen[bytes], log: Path) -> Any:
    def ready() -> bool:
        return server.poll() is not None or "ready to accept connections" in log.read_text()

    until(ready, "PostgreSQL has started")
    assert server.poll() is None, log.read_text()
    return _connect(port, "postgres")


def _connect(port: int, database: str) -> Any:
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", dbname=database, connect_timeout=10
    )
    connection.autocommit = True
    return connection


def _row(connection: Any, query: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()


class Postgres:
    """The server, seen by its administrator."""

    def __init__(self, port: int, admin: Any) -> None:
        self.port = port
        self._admin = admin
        self._made = 0

    def make_template(self) -> None:
        self._execute(f"create database {_TEMPLATE}")
        with closing(_connect(self.port, _TEMPLATE)) as connection, connection.cursor() as cursor:
            cursor.execute(_SCHEMA)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """A fresh database with a few orders, whose counters begin at nought."""
        self._made += 1
        name = f"shop_{self._made}"
        until(lambda: self._connected(_TEMPLATE) == 0, "nobody uses the template")
        self._execute(f"create database {name} template {_TEMPLATE}")
        with closing(_connect(self.port, name)) as watcher:
            yield Database(f"postgresql://postgres@127.0.0.1:{self.port}/{name}", watcher)

    def sessions(self, database: Database) -> int:
        """How many sessions applications have ever had there. Asked when they have ended, and ends the watching."""
        database.watcher.close()  # a session of its own, which is not counted
        name = database.url.rpartition("/")[2]
        until(lambda: self._connected(name) == 0, f"the sessions of {name} have ended")
        sessions: int = _row(
            self._admin, "select sessions from pg_stat_database where datname = %s", name
        )[0]
        return sessions - 1

    def _connected(self, database: str) -> int:
        count: int = _row(
            self._admin, "select count(*) from pg_stat_activity where datname = %s", database
        )[0]
        return count

    def _execute(self, statement: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)


class Database:
    """One database, seen from a connection to it that is none of the application's."""

    def __init__(self, url: str, watcher: Any) -> None:
        self.url = url
        self.watcher = watcher

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """No query on orders comes back within the block."""
        _row(self.watcher, "select pg_advisory_lock(1)")
        try:
            yield
        finally:
            _row(self.watcher, "select pg_advisory_unlock(1)")

    def connections(self, like: str = "%") -> int:
        """How many connections applications have open now, in such a state."""
        count: int = _row(
            self.watcher,
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and coalesce(state, '') like %s",
            like,
        )[0]
        return count

    def waiting(self) -> int:
        """How many of them are held up by `stalled`."""
        count: int = _row(
            self.watcher,
            "select count(*) from pg_locks where locktype = 'advisory' and not granted and database ="
            " (select oid from pg_database where datname = current_database())",
        )[0]
        return count

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.watcher.cursor() as cursor:
            cursor.execute(query)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found
