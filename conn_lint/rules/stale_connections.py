"""CNX408."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.option import Option
from conn_lint.model.pool import PoolSettings
from conn_lint.rules import pool_words
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_OFF = ("off", "0")
_ELSEWHERE = "Its library has no switch for it: test what is borrowed, or use a pool that does"


class StaleConnections(Rule):
    """A pool lends connections that the server may have ended meanwhile: nothing tests or replaces them.

    ## Why it matters
    Servers, proxies and firewalls end connections that are idle for long: MySQL after 8 hours, cloud load balancers
    after some minutes, and every restart ends all of them. A pool that neither tests a connection before it lends it
    nor replaces it after a while hands out dead ones, and the next requests fail with "server closed the connection
    unexpectedly" or "MySQL server has gone away".

    Off unless it is selected: whether a short test for each borrowing, or a few failed requests after a restart, is
    the better price, depends on the application. What counts are pools and engines of databases that live as long as
    the process, by their library's defaults too; of libraries that test or replace connections by themselves (asyncpg,
    psycopg_pool, asyncmy, DBUtils) only those that are told not to. A pool is left alone where the functions of its
    file that lend its connections test each of them first (`SELECT 1`, `ping()`).

    ## Example
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("mysql+pymysql://db/shop")
    ```

    ## Use instead
    ```python
    from sqlalchemy import create_engine

    engine = create_engine("mysql+pymysql://db/shop", pool_pre_ping=True)
    ```

    ## Fix safety
    Unsafe: each time a connection is lent it is tested, which takes a round trip to the server. Where the library can
    only replace connections after a while, that is what is written.
    """

    __slots__ = ()

    code = "CNX408"
    name = "stale-connections"
    severity = Severity.NOTE
    default = False

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each long-lived pool of a database without test and replacement."""
        for pool in project.deployed_pools():
            creation = pool.creation
            if not creation.resource.slots or pool.embedded or pool.open or pool.keeps != "pool":
                continue
            if creation.resource.kind == "connection" or creation.entry is not None:
                continue
            if pool.for_script:
                continue
            if not _never(pool) or _is_tested(pool, project):
                continue
            cure = _cure(pool)
            advice = f"Give it {pool_words.keywords(cure)}" if cure else _ELSEWHERE
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{creation.call}() makes a pool that neither tests nor replaces its connections{_by_whom(pool)}: "
                    f"once the server, a proxy or a firewall has ended one, the next to borrow it gets an error. "
                    f"{advice}."
                ),
                location=creation.location,
                severity=self.severity,
                statement=creation.statement,
                resource=creation.resource.name,
                plan=_plan(pool, cure),
            )


def _never(pool: PoolSettings) -> bool:
    """Neither a test nor an age is known of it, and both could be."""
    check, recycle = pool.get("stale-check"), pool.get("recycle")
    if check is None or not check.is_known or (recycle is not None and not recycle.is_known):
        return False
    return check.value == "off" and (recycle is None or str(recycle.value) in _OFF)


def _is_tested(pool: PoolSettings, project: Project) -> bool:
    """A pool of the project's own around it, in the same file, tests each connection before it lends it."""
    here = pool.creation.location.path
    takings = [taking for taking in project.takings(pool) if taking.location.path == here]
    return bool(takings) and all(taking.tested for taking in takings)


def _by_whom(pool: PoolSettings) -> str:
    check = pool.get("stale-check")
    if check is None or check.is_given:
        return ""
    return f", by default of {check.library} ({check.version})"


def _cure(pool: PoolSettings) -> Option | None:
    """The option that turns a test on, else the one that replaces connections."""
    options = [o for o in pool.creation.resource.options if o.limit]
    found = {option.role: option for option in options}
    return found.get("stale-check") or found.get("recycle")


def _plan(pool: PoolSettings, cure: Option | None) -> FixPlan | None:
    if cure is None:
        return None
    return FixPlan(
        kind="set-keyword",
        title="test connections before they are lent"
        if cure.role == "stale-check"
        else "replace connections after a while",
        applicability=Applicability.UNSAFE,
        spans=(pool.creation.location,),
        details=(("set", cure.limit), ("import", cure.limit_name)),
    )
