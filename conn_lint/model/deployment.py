"""How a program is run, and on what servers: what the user states, and what lies in the project."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Said: TypeAlias = Literal["stated", "read", "default", "assumed"]


class StatedServer(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A `[[tool.conn-lint.deployment.server]]` table.

    `match` are words by which a pool is known to go there: a host, the setting that its URL comes from, an alias of
    Django's, a server's product.
    """

    name: str
    match: tuple[str, ...] = ()
    max_connections: int | None = None
    reserve: int | None = None
    cores: int | None = None


class StatedProcess(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A `[[tool.conn-lint.deployment.process]]` table: one of several programs; `paths` are the files it runs."""

    name: str
    paths: tuple[str, ...] = ()
    instances: int | None = None
    workers: int | None = None
    threads: int | None = None
    concurrency: int | None = None


class Stated(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """`[tool.conn-lint.deployment]`. `concurrency` is that of serverless functions: so many instances at a time."""

    instances: int | None = None
    workers: int | None = None
    threads: int | None = None
    concurrency: int | None = None
    max_connections: int | None = None
    reserve: int | None = None
    cores: int | None = None
    server: tuple[StatedServer, ...] = ()
    process: tuple[StatedProcess, ...] = ()


class Figure(msgspec.Struct, frozen=True):
    """A number with where it comes from: a line of a file that was read, or in words (`note`)."""

    value: int
    said: Said
    path: str = ""
    line: int = 0
    note: str = ""


class Process(msgspec.Struct, frozen=True):
    """One program of a deployment: so many instances, each with so many worker processes of so many threads.

    `target` is what its command names ("shop.main:app", "worker.py"), `launcher` what starts it; `patterns` are the
    files that it is stated to run. `path` and `line` are where it is described.
    """

    name: str
    instances: Figure
    workers: Figure
    threads: Figure
    target: str = ""
    launcher: str = ""
    patterns: tuple[str, ...] = ()
    path: str = ""
    line: int = 0
    is_async: bool = False
    assumed: tuple[str, ...] = ()

    @property
    def copies(self) -> int:
        """How many processes there are of it."""
        return self.instances.value * self.workers.value


class Limit(msgspec.Struct, frozen=True):
    """How many connections a server in the project's own files takes: `product` names what it is."""

    product: str
    limit: Figure
    host: str = ""


class PoolerDatabase(msgspec.Struct, frozen=True):
    """A database behind a pooler, as its file names it; `size` is the pool of each user that has one."""

    name: str
    host: str
    size: Figure
    users: Figure
    most: Figure | None = None  # of all users together


class Pooler(msgspec.Struct, frozen=True):
    """A pooler's configuration: what it takes from clients, and opens on the server."""

    product: str
    path: str
    mode: str
    clients: Figure
    databases: tuple[PoolerDatabase, ...]
    port: int = 6432
    problems: tuple[tuple[int, str], ...] = ()  # line, what is wrong

    @property
    def opens(self) -> int:
        """Connections to servers, at most."""
        return sum(opened_by(database) for database in self.databases)


def opened_by(database: PoolerDatabase) -> int:
    """Connections that a pooler opens to one database, at most."""
    asked = database.size.value * database.users.value
    return asked if database.most is None else min(asked, database.most.value)


class Deployment(msgspec.Struct, frozen=True):
    """All that was read. `others` are files that describe the same processes, and do not count."""

    processes: tuple[Process, ...] = ()
    limits: tuple[Limit, ...] = ()
    poolers: tuple[Pooler, ...] = ()
    serves: tuple[str, ...] = ()  # products of servers that compose files start
    others: tuple[str, ...] = ()
