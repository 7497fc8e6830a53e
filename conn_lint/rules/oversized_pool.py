"""CNX402."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.database import Database
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location
from conn_lint.model.option import Role
from conn_lint.model.pool import PoolSettings
from conn_lint.rules import pool_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import pool_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_TITLE = "a pool of at most 20: how many are enough is to be measured"
_SIZE = 10  # connections of a pool that is shown, with as many beyond it where it may overflow


class OversizedPool(Rule):
    """A pool may open more connections to a database than help it.

    ## Why it matters
    A database works on few statements at a time: about two for each core, `(cores x 2) + 1` for cores and one disk.
    More connections than that wait inside the server instead of in the pool, and make each other slower by switches,
    locks and caches. And each process has a pool of its own: 4 workers with 60 connections each ask for 240 of a
    PostgreSQL server that gives 100 by default.

    What counts is a maximum that the program states, with what the pool may open beyond its size, above
    `max-pool-size` (20), or no maximum at all: followed to the constant, the field of a settings class, the
    environment variable that gives it (what `.env` and compose files say, if they agree, else its default), to the
    parameter of a URL (`connection_limit=50`, in `.env` too), to the
    key of an INI file (`sqlalchemy.pool_size = 50` of Pyramid's `production.ini`), or to Django's `DATABASES`
    (`OPTIONS = {"pool": {"max_size": 50}}`, and engines with a pool of their own). Sizes that nobody has stated are the
    library's, and not reported.

    ## Example
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg://db/shop", pool_size=50, max_overflow=50)
    ```

    ## Use instead
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("postgresql+psycopg://db/shop", pool_size=5, max_overflow=10)
    ```

    ## Fix safety
    Only shown, in the call or in the settings file that says the size. How many connections a pool needs is to be
    measured: how many are in use at a time, and how long.
    """

    __slots__ = ()

    code = "CNX402"
    name = "oversized-pool"
    severity = Severity.NOTE

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each pool of a database whose stated maximum is above the limit."""
        yield from self._made(project)
        yield from self._of_settings(project)

    def _made(self, project: Project) -> Iterator[Finding]:
        limit = project.settings.max_pool_size
        told: set[tuple[Location | None, ...]] = set()
        for pool in project.deployed_pools():
            creation = pool.creation
            if not creation.resource.slots or pool.embedded or pool.keeps != "pool":
                continue
            sizes = pool_words.sizes(pool)
            largest = pool.largest
            endless = any(s.is_given and s.value == "unlimited" for s in sizes)
            above = largest is not None and largest > limit and any(s.is_given for s in sizes)
            if not endless and not above:
                continue
            if any(size.source == "document" for size in sizes):
                written = tuple(size.location for size in sizes)
                if written in told:
                    continue  # what a file of settings says once is one finding, whoever reads it
                told.add(written)
            many = "any number of connections" if endless else f"{largest} connections"
            yield Finding(
                code=self.code,
                rule=self.name,
                message=_message(
                    f"{creation.call}()",
                    many,
                    pool_words.stated(sizes, creation.location.path),
                    limit,
                ),
                location=creation.location,
                severity=self.severity,
                statement=creation.statement,
                resource=creation.resource.name,
                plan=_plan(project, pool),
            )

    def _of_settings(self, project: Project) -> Iterator[Finding]:
        """The pools that Django, or an engine for it, keeps for the databases of its settings."""
        limit = project.settings.max_pool_size
        for database in project.databases():
            engine, largest = database.engine, database.pool_size
            if engine is None or engine.product == "embedded" or largest is None:
                continue
            if not (engine.sizes or (engine.option_pool and database.pool)):
                continue
            if largest <= limit or not any(size.is_given for size in database.sizes):
                continue
            location = database.call or database.location
            stated = pool_words.stated(database.sizes, location.path)
            yield Finding(
                code=self.code,
                rule=self.name,
                message=_message(
                    f"DATABASES {database.alias!r}: its pool",
                    f"{largest} connections",
                    stated,
                    limit,
                ),
                location=location,
                severity=self.severity,
                statement=database.statement,
                about=f"{database.alias}: size of its pool",
                plan=_plan_of(database, limit),
            )


def _message(whose: str, many: str, stated: str, limit: int) -> str:
    return (
        f"{whose} may open {many} in each process ({stated}): "
        f"a database is fastest with about (cores x 2) + 1 at work, and refuses those beyond its limit. "
        f"Keep it at {limit} or less, and let the others wait in the pool."
    )


def _plan_of(database: Database, limit: int) -> FixPlan | None:
    """Smaller numbers in the dict of settings, where they stand in the entry itself."""
    given = [part for part in database.sizes if part.is_given]
    if database.call is not None or any(part.source != "argument" for part in given):
        return None
    parts = database.engine.sizes if database.engine is not None else ()
    size = limit if len(parts) < 2 else min(_SIZE, limit // len(parts))
    return FixPlan(
        kind="set-key",
        title=_TITLE,
        applicability=Applicability.DISPLAY_ONLY,
        spans=(database.location,),
        details=(
            ("entry", database.alias),
            ("set", "\n".join(f"{part.inside}.{part.parameter}={size}" for part in given)),
        ),
    )


def _plan(project: Project, pool: PoolSettings) -> FixPlan | None:
    """Smaller numbers in their place, where they stand in the call or in settings files."""
    given = [setting for setting in pool_words.sizes(pool) if setting.is_given]
    small: dict[Role, int] = {
        setting.role: _SIZE for setting in given if setting.number is None or setting.number > _SIZE
    }
    if (written := pool_plan(project, pool, small)) is not None:
        return written
    changes = pool_words.changes(pool, small)
    if not changes or any(s.source != "argument" for s in given):
        return None
    if pool_words.is_elsewhere(pool, small):
        return None
    return FixPlan(
        kind="set-keyword",
        title=_TITLE,
        applicability=Applicability.DISPLAY_ONLY,
        spans=(pool.creation.location,),
        details=(("set", "\n".join(changes)),),
    )
