"""CNX403."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.option import Role
from conn_lint.model.pool import PoolSettings
from conn_lint.rules import pool_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import pool_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_INSTANCES = 100  # for an example
_ONE: dict[Role, int] = {"size": 1, "overflow": 0, "min-size": 1, "max-size": 1}


class ServerlessPool(Rule):
    """Every instance of a serverless function keeps a pool of its own, of more than one connection.

    ## Why it matters
    A cloud runs a function in as many instances as there are events at a time, and most of them handle one event after
    the other. A pool inside of an instance serves nobody else: with 100 instances and the default of 5 connections the
    server may be asked for 500, and PostgreSQL takes 100. Idle connections stay until the instance is taken away.

    What counts are pools and engines of databases that are made where the function's code is loaded, at module level or
    once by a function, and that keep more than one connection, by their library's default too. Engines without a pool
    (`NullPool`) and pools of one are right, best with a pooler or proxy in front of the server. A pool that a server
    of the same project runs as well is left alone, and one that is made anew for each event is CNX101.

    ## Example
    ```python
    import os

    from sqlalchemy import create_engine, text

    engine = create_engine(os.environ["DATABASE_URL"])

    def lambda_handler(event, context):
        with engine.connect() as conn:
            return conn.execute(text("SELECT count(*) FROM orders")).scalar()
    ```

    ## Use instead
    ```python
    import os

    from sqlalchemy import create_engine, text

    engine = create_engine(os.environ["DATABASE_URL"], pool_size=1, max_overflow=0)

    def lambda_handler(event, context):
        with engine.connect() as conn:
            return conn.execute(text("SELECT count(*) FROM orders")).scalar()
    ```

    ## Fix safety
    Only shown, in the call or in the settings file that says the size: a function that asks for several connections
    at a time would wait for itself with a pool of one.
    """

    __slots__ = ()

    code = "CNX403"
    name = "serverless-pool"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each such pool that a serverless function runs."""
        pools = project.deployed_pools()
        for pool in pools:
            kept = _kept(pool)
            if kept is None or kept <= 1 or any(_is_alternative(p, pool) for p in pools):
                continue
            handler = project.serverless(pool)
            if handler is None:
                continue
            creation = pool.creation
            sizes = pool_words.stated(pool_words.sizes(pool), creation.location.path)
            where = pool_words.place(handler.location, creation.location.path)
            most = pool.largest or kept
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{creation.call}() makes a pool in each instance of the serverless function "
                    f"{handler.function} ({where}): up to {most} connections each ({sizes}), {most * _INSTANCES} "
                    f"with {_INSTANCES} instances, and the server refuses those beyond its limit. {_cure(pool)}."
                ),
                location=creation.location,
                severity=self.severity,
                chain=(handler,),
                direction="beside",
                statement=creation.statement,
                resource=creation.resource.name,
                plan=_plan(project, pool),
            )


def _kept(pool: PoolSettings) -> int | None:
    """How many connections stay open; None where it is no such pool, or cannot be told."""
    creation = pool.creation
    if not creation.resource.slots or creation.entry is not None or pool.embedded:
        return None
    if pool.open or pool.keeps != "pool" or pool.for_script:
        return None
    size = pool.get("size")
    if size is not None:
        return None if size.number is None else int(size.number)
    return pool.largest


def _is_alternative(other: PoolSettings, pool: PoolSettings) -> bool:
    """The same function or module makes one for serverless functions as well: `if ON_LAMBDA: ... else: ...`."""
    one, two = other.creation, pool.creation
    if (one.location.path, one.function, one.call) != (two.location.path, two.function, two.call):
        return False
    kept = _kept(other)
    return other.keeps == "none" or (kept is not None and kept <= 1)


def _cure(pool: PoolSettings) -> str:
    changes = pool_words.advice(pool, _ONE)
    if any(option.role == "pool-class" for option in pool.creation.resource.options):
        return f"Use {changes}, or no pool at all behind a pooler (poolclass=NullPool)"
    return f"Use {changes}, and a pooler in front of the server"


def _plan(project: Project, pool: PoolSettings) -> FixPlan | None:
    if (written := pool_plan(project, pool, _ONE)) is not None:
        return written
    changes = pool_words.changes(pool, _ONE)
    if not changes or pool_words.is_elsewhere(pool, _ONE):
        return None
    return FixPlan(
        kind="set-keyword",
        title="a pool of one connection",
        applicability=Applicability.DISPLAY_ONLY,
        spans=(pool.creation.location,),
        details=(("set", "\n".join(changes)),),
    )
