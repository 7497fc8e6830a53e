"""CNX409."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.model.budget import Row, ServerBudget
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.option import Role
from conn_lint.model.pool import PoolSettings
from conn_lint.rules import pool_words
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_SHOWN = 3


class ConnectionBudget(Rule):
    """All processes together may open more connections than the server has for them.

    ## Why it matters
    A pool's size counts once for each process. Three instances with four workers each and a pool of 15 are 180
    connections; a PostgreSQL server takes 100, and some of them belong to administration, migrations and monitoring.
    The one too many is refused, not queued: `FATAL: sorry, too many clients already`, and it comes when load is
    highest. More connections than its processors can serve make a server slower besides.

    The rule speaks only where the project states how it is deployed, and where it is known how many connections the
    server takes:

    ```toml
    [tool.conn-lint.deployment]
    instances = 3
    workers = 4
    max-connections = 100
    reserve = 20
    ```

    It adds up every pool and client in each process that loads it. What cannot be told (a size that is read from the
    environment and has no default) is not in the sum. `conn-lint budget` shows the whole account, with a size that
    fits: (max-connections - reserve) / processes, and no more than (cores x 2) + 1 where the cores are stated.

    ## Example
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("postgresql://db.internal/shop")  # 5 connections, and 10 more at need
    ```

    ## Use instead
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("postgresql://db.internal/shop", pool_size=5, max_overflow=1)
    ```

    ## Fix safety
    Only shown: the size that fits, in the call. Whether the pool should be smaller, the processes fewer, the server
    larger or a pooler stand between them is yours to decide.
    """

    __slots__ = ()

    code = "CNX409"
    name = "connection-budget"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each server that more may be asked of than it has, at what opens most of it."""
        if project.settings.deployment is None:
            return
        for server in project.budget().servers:
            if server.limit.said == "assumed" or server.total <= server.available:
                continue
            rows = sorted((r for r in server.rows if r.total), key=lambda r: -(r.total or 0))
            yield Finding(
                code=self.code,
                rule=self.name,
                message=_message(server, rows),
                location=rows[0].location,
                severity=self.severity,
                chain=tuple(
                    Step(row.location, row.process, f"{row.call}: {_sum(row)}") for row in rows[1:]
                ),
                direction="beside",
                statement=rows[0].statement,
                resource=rows[0].resource,
                about=server.name,
                plan=_plan(rows[0], project.deployed_pools()),
            )


def _message(server: ServerBudget, rows: list[Row]) -> str:
    shown = "; ".join(f"{row.process}: {_sum(row)}" for row in rows[:_SHOWN])
    more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    reserve = (
        f" are left after the reserve of {server.reserve.value}" if server.reserve.value else ""
    )
    assumed = f" ({server.reserve.note}, assumed)" if server.reserve.said == "assumed" else ""
    return (
        f"{server.name} may be asked for {server.total} connections ({shown}{more}), and {server.available} of its "
        f'{server.limit.value}{reserve}{assumed}: the one too many is refused ("too many clients already"). '
        f"{_advice(server)}."
    )


def _sum(row: Row) -> str:
    """`15 in each of 12 processes (pool_size 5 + max_overflow 10 by default)`."""
    size = (row.size or 0) * row.times
    where = (
        ""
        if row.copies == 1
        else f" in each of {row.copies} {'threads' if row.per == 'thread' else 'processes'}"
    )
    return f"{size}{where} ({row.how})" if row.how else f"{size}{where}"


def _advice(server: ServerBudget) -> str:
    fits = next((row for row in server.rows if row.fits is not None), None)
    if fits is None:
        return "Run fewer processes, or put a pooler in transaction mode before the server"
    overflow = ", what it may overflow by included" if "overflow" in fits.how else ""
    return f"A pool of {fits.fits} fits ({fits.parameter}{overflow}); `conn-lint budget` shows the account"


def _plan(row: Row, pools: Iterable[PoolSettings]) -> FixPlan | None:
    """The size that fits in the place of the present one, where the call itself says it, or could."""
    pool = next((one for one in pools if one.creation.location == row.location), None)
    if pool is None or pool.open or row.fits is None or row.fits == row.size:
        return None
    if any(setting.source not in ("argument", "default") for setting in pool_words.sizes(pool)):
        return None
    sizes: dict[Role, int] = {"size": row.fits, "overflow": 0}
    if pool.get("size") is None:
        sizes = {"max-size": row.fits}
    least = pool.get("min-size")
    if least is not None and (least.number is None or least.number > row.fits):
        sizes["min-size"] = row.fits  # a pool refuses a smallest size above its largest
    changes = pool_words.changes(pool, sizes)
    if not changes or pool_words.is_elsewhere(pool, sizes):
        return None
    return FixPlan(
        kind="set-keyword",
        title=f"a pool of {row.fits}: what fits, if no other takes more",
        applicability=Applicability.DISPLAY_ONLY,
        spans=(row.location,),
        details=(("set", "\n".join(changes)),),
    )
