"""Who may open how many connections to which server, and how many it takes."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.deployment import Figure, Pooler
from conn_lint.model.location import Location

Per: TypeAlias = Literal["process", "thread"]


VARIABLE = "$"  # begins what stands for a host that a variable of the environment decides


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One creation of connections to a server, whoever runs it.

    `size` is how many it opens at most in each process (or thread); None: it cannot be told, or has no bound, as
    `how` says. `host`, `port` and `source` (the setting that its URL comes from) tell where it connects to, as far
    as it is known; a host may be a variable (`$REPLICA_HOST`). `parameter` is the setting of its size. `times`: so
    many of them are made in one process.
    """

    location: Location
    statement: tuple[int, int] = (0, 0)
    call: str
    resource: str
    product: str
    host: str = ""
    port: int = 0
    source: str = ""
    size: int | None
    per: Per = "process"
    times: int = 1
    how: str = ""
    parameter: str = ""
    in_turn: bool = False  # a thread opens one such at a time, and closes it again
    by_settings: bool = False  # a framework makes it, of settings that all its processes load


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A claim in the processes of one program. `total` is None where it cannot be told.

    `codes` are findings by which it has no bound at all.
    """

    process: str
    location: Location
    statement: tuple[int, int] = (0, 0)
    call: str
    resource: str
    size: int | None
    times: int
    copies: int
    per: Per
    total: int | None
    how: str = ""
    parameter: str = ""
    fits: int | None = None  # the size that is proposed
    codes: tuple[str, ...] = ()


class ServerBudget(msgspec.Struct, frozen=True, kw_only=True):
    """One server with all that may connect to it. `address` is host and port, "" where they are not known."""

    name: str
    product: str
    title: str
    address: str = ""
    limit: Figure
    reserve: Figure
    cores: Figure | None = None
    rows: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()
    is_stated: bool = False  # the user says how many it takes
    sized: bool = True  # more than its processors can serve make it slower

    @property
    def available(self) -> int:
        """What is left after the reserve."""
        return max(self.limit.value - self.reserve.value, 0)

    @property
    def total(self) -> int:
        """All that can be told and has a bound, added up."""
        return sum(row.total or 0 for row in self.rows if not row.codes)

    @property
    def unbounded(self) -> tuple[Row, ...]:
        """What a defect lets grow without a bound."""
        return tuple(row for row in self.rows if row.codes)

    @property
    def unknown(self) -> tuple[Row, ...]:
        """What is not in the sum."""
        return tuple(row for row in self.rows if row.total is None and not row.codes)

    @property
    def is_over(self) -> bool:
        """More may be opened than there is room for."""
        return bool(self.unbounded) or (self.is_limited and self.total > self.available)

    @property
    def is_limited(self) -> bool:
        """It is known how many it takes."""
        return self.limit.value > 0


class ProcessKind(msgspec.Struct, frozen=True):
    """A program of the deployment, as a report shows it."""

    name: str
    instances: Figure
    workers: Figure
    threads: Figure
    launcher: str = ""
    target: str = ""
    path: str = ""
    line: int = 0


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Of one project, or of several that share servers. `skipped` are creations that no program of it runs."""

    servers: tuple[ServerBudget, ...] = ()
    processes: tuple[ProcessKind, ...] = ()
    poolers: tuple[Pooler, ...] = ()
    assumed: tuple[str, ...] = ()
    skipped: tuple[tuple[str, Location], ...] = ()
    is_stated: bool = False  # the project says how it is deployed

    @property
    def is_over(self) -> bool:
        """Some server may be asked for more than it has."""
        return any(server.is_over for server in self.servers)
