"""CNX401."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.option import Option
from conn_lint.model.pool import PoolSettings, Setting, Taking
from conn_lint.rules import pool_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import pool_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_SHOWN = 3
_SECONDS = 5


class PoolWaitsForever(Rule):
    """Who asks a pool for a connection waits without an end when all are in use.

    ## Why it matters
    A pool runs dry sooner or later: a slow query, a leak, a server that hangs. With a limit on the wait the requests
    that come too late fail after seconds, say why, and can be answered with a 503. Without one they pile up behind
    each other, hold memory and sockets, and nothing tells what they are waiting for; health checks that use the pool
    hang with them. Some libraries wait without an end unless they are told otherwise: asyncpg, aiomysql, asyncmy,
    aioodbc, oracledb and others.

    A pool is left alone where every call that takes a connection from it states a timeout, or stands within
    `asyncio.wait_for` or `asyncio.timeout`; methods of the pool that borrow one for their call count as well
    (asyncpg's `pool.fetch()`, whose own timeout is that of the statement). With `strict = true` in the settings
    clients count that have a pool of their own (MongoClient), and so do connections, clients and pools whose
    connecting to the server has no limit but the operating system's, minutes.

    ## Example
    ```python
    import asyncpg

    async def main():
        pool = await asyncpg.create_pool("postgresql://db/shop")
        try:
            async with pool.acquire() as conn:
                print(await conn.fetchval("SELECT count(*) FROM orders"))
        finally:
            await pool.close()
    ```

    ## Use instead
    ```python
    import asyncpg

    async def main():
        pool = await asyncpg.create_pool("postgresql://db/shop")
        try:
            async with pool.acquire(timeout=5) as conn:
                print(await conn.fetchval("SELECT count(*) FROM orders"))
        finally:
            await pool.close()
    ```

    ## Fix safety
    Unsafe: who waited now gets an error after five seconds. Where the library has a keyword for it, it is written into
    the call that makes the pool, or into all calls that take a connection from it; those must be known, and be calls
    with plain arguments; Prisma's `pool_timeout=0` is replaced in the settings files that say the URL. Where it has
    none (aiomysql, asyncmy, aioodbc), the message says what to put around them.
    """

    __slots__ = ()

    code = "CNX401"
    name = "pool-waits-forever"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each pool without a limit; with `strict`, for clients and for connecting too."""
        strict = project.settings.strict
        for pool in project.deployed_pools():
            if pool.embedded:
                continue
            wait = pool.get("wait")
            if wait is not None and wait.value == "forever" and wait.is_known:
                if strict or _is_meant(pool, wait):
                    yield from self._waits(pool, wait, project)
            elif strict:
                yield from self._connects(pool)

    def _waits(self, pool: PoolSettings, wait: Setting, project: Project) -> Iterator[Finding]:
        takings = project.takings(pool)
        endless = [taking for taking in takings if not taking.limited]
        if takings and not endless:
            return
        creation = pool.creation
        largest = pool.largest
        yield Finding(
            code=self.code,
            rule=self.name,
            message=(
                f"{creation.call}() makes a pool that lets callers wait for ever when "
                f"{f'all {largest} connections' if largest else 'all connections'} are in use"
                f"{_by_whom(wait, endless)}: they hang, and no error says why. {_cure(pool, endless)}."
            ),
            location=creation.location,
            severity=self.severity,
            chain=tuple(Step(t.location, t.call, "takes one, and waits") for t in endless[:_SHOWN]),
            direction="beside",
            statement=creation.statement,
            resource=creation.resource.name,
            plan=_plan(project, pool, endless),
        )

    def _connects(self, pool: PoolSettings) -> Iterator[Finding]:
        limit = pool.get("connect-timeout")
        if limit is None or not limit.is_known or limit.value != "none":
            return
        creation = pool.creation
        keyword = f"{limit.parameter}={_SECONDS}" if limit.parameter else "a timeout"
        yield Finding(
            code=self.code,
            rule=self.name,
            message=(
                f"{creation.call}() connects without a limit{_by_whom(limit, [])}: while the server does not answer, "
                f"callers hang for minutes. Give it {keyword}."
            ),
            location=creation.location,
            severity=self.severity,
            statement=creation.statement,
            resource=creation.resource.name,
        )


def _is_meant(pool: PoolSettings, wait: Setting) -> bool:
    """A pool by default; or what is told to wait without an end, where it could be told a limit."""
    if wait.is_given:
        return _wait_option(pool) is not None or _is_of_url(wait)
    return pool.creation.resource.kind == "pool"


def _by_whom(setting: Setting, endless: list[Taking]) -> str:
    """Whose choice it is, and which calls go by it."""
    if setting.is_given:
        return f" ({pool_words.name(setting)} says so)"
    default = f", by default of {setting.library} ({setting.version})"
    if not endless:
        return default
    lines = ", ".join(f"{t.location.path}:{t.location.span.line}" for t in endless[:_SHOWN])
    more = f" and {len(endless) - _SHOWN} more" if len(endless) > _SHOWN else ""
    return f"{default}, as at {lines}{more}"


def _wait_option(pool: PoolSettings) -> Option | None:
    """The option of the pool itself that limits the wait."""
    return next((o for o in pool.creation.resource.options if o.role == "wait" and o.limit), None)


def _is_of_url(wait: Setting) -> bool:
    """The server's URL is the only place for it."""
    return bool(wait.in_url) and not wait.parameter


def _cure(pool: PoolSettings, endless: list[Taking]) -> str:
    option, wait = _wait_option(pool), pool.get("wait")
    if option is not None:
        return f"Give it {pool_words.keywords(option)}"
    if wait is not None and _is_of_url(wait):
        return f"Give it {pool_words.advice(pool, {'wait': _SECONDS})}"
    taking = next((taking for taking in endless if taking.limit), None)
    if taking is not None:
        return f"Pass {taking.limit} to {taking.call.rpartition('.')[2]}()"
    if not pool.creation.resource.is_async:
        return "Take connections with a timeout"
    if not endless:
        return f"Take connections with a timeout, or within asyncio.timeout({_SECONDS})"
    return f"Put asyncio.timeout({_SECONDS}) around {endless[0].call}()"


def _plan(project: Project, pool: PoolSettings, endless: list[Taking]) -> FixPlan | None:
    wait = pool.get("wait")
    if wait is not None and _is_of_url(wait):
        return pool_plan(project, pool, {"wait": _SECONDS}, Applicability.UNSAFE)
    option = _wait_option(pool)
    if option is not None:
        return FixPlan(
            kind="set-keyword",
            title=f"wait for {_SECONDS} seconds at most",
            applicability=Applicability.UNSAFE,
            spans=(pool.creation.location,),
            details=(("set", option.limit), ("import", option.limit_name)),
        )
    limits = {taking.limit for taking in endless}
    if not endless or len(limits) > 1 or limits == {""}:
        return None
    return FixPlan(
        kind="set-keyword",
        title=f"wait for {_SECONDS} seconds at most",
        applicability=Applicability.UNSAFE,
        spans=(pool.creation.location, *(taking.location for taking in endless)),
        details=(("set", limits.pop()),),
    )
