"""A client of PostgreSQL, as CNX404's records tell how to make it, asking for orders from several callers at once.

Called with a URL, the call that makes it, and terms as in `[[prepared]]` of the knowledge base. Prints how many of
the statements failed, and how many were answered.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures" / "live" / "behind_pooler"))

from callers import CALLERS, caller, run_all  # type: ignore[import-not-found]

Ask = Callable[[int], Awaitable[Any]]
ONE = "select amount from stored_orders where id = "


def arguments(terms: list[str]) -> dict[str, Any]:
    """The keyword arguments that the terms stand for."""
    found: dict[str, Any] = {}
    for term in terms:
        path, _, value = term.partition("=")
        *outer, last = path.split(".")
        inner = found
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = _value(value)
    return found


def _value(text: str) -> Any:
    if text == "NullPool":
        from sqlalchemy.pool import NullPool  # noqa: PLC0415

        return NullPool
    if text == "*":
        return lambda: f"_{uuid.uuid4().hex}"
    return None if text == "None" else int(text)


async def asyncpg_pool(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    import asyncpg  # noqa: PLC0415

    pool = await asyncpg.create_pool(url, min_size=CALLERS, max_size=CALLERS, **given)
    stack.callback(pool.terminate)

    async def ask(number: int) -> Any:
        async with pool.acquire() as connection:
            return await connection.fetchval(f"{ONE}$1", number)

    return ask


async def asyncpg_connections(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    import asyncpg  # noqa: PLC0415

    connections: dict[int, Any] = {}
    stack.callback(lambda: [connection.terminate() for connection in connections.values()])

    async def ask(number: int) -> Any:
        name = caller.get()
        if name not in connections:
            connections[name] = await asyncpg.connect(url, **given)
        return await connections[name].fetchval(f"{ONE}$1", number)

    return ask


async def engine(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    size = {} if "poolclass" in given else {"pool_size": CALLERS}
    made = create_async_engine(url, **size, **given)
    stack.push_async_callback(made.dispose)

    async def ask(number: int) -> Any:
        async with made.connect() as connection:
            found = await connection.execute(text(f"{ONE}:id"), {"id": number})
            await connection.commit()
            return found.scalar_one()

    return ask


async def psycopg_connections(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    import psycopg  # noqa: PLC0415

    connections: dict[int, Any] = {}

    async def ask(number: int) -> Any:
        name = caller.get()
        if name not in connections:
            made = await psycopg.AsyncConnection.connect(url, autocommit=True, **given)
            connections[name] = made
            stack.push_async_callback(made.close)
        cursor = await connections[name].execute(f"{ONE}%s", (number,))
        row = await cursor.fetchone()
        return row[0] if row else None

    return ask


async def psycopg_pool(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415

    pool: Any = AsyncConnectionPool(url, min_size=CALLERS, max_size=CALLERS, open=False, **given)
    await stack.enter_async_context(pool)

    async def ask(number: int) -> Any:
        async with pool.connection() as connection:
            cursor = await connection.execute(f"{ONE}%s", (number,))
            row = await cursor.fetchone()
            return row[0] if row else None

    return ask


async def databases(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    made = import_module("databases").Database(url, min_size=CALLERS, max_size=CALLERS, **given)
    await stack.enter_async_context(made)

    async def ask(number: int) -> Any:
        return await made.fetch_val(f"{ONE}:id", {"id": number})

    return ask


async def tortoise(url: str, given: dict[str, Any], stack: AsyncExitStack) -> Ask:
    generator = import_module("tortoise.backends.base.config_generator")
    connection = generator.expand_db_url(url)
    stated = given.get("config", {"connections": {"*": {}}})["connections"]["*"]
    sizes = {"minsize": CALLERS, "maxsize": CALLERS}
    connection["credentials"] |= {**sizes, **stated.get("credentials", {})}
    config = {"connections": {"default": connection}, "apps": {"shop": {"models": ["callers"]}}}
    context = await import_module("tortoise").Tortoise.init(config=config)
    await stack.enter_async_context(context)

    async def ask(number: int) -> Any:
        found = await context.connections.get("default").execute_query_dict(f"{ONE}$1", [number])
        return found[0]["amount"]

    return ask


MAKERS = {
    "databases.Database": databases,
    "tortoise.Tortoise.init": tortoise,
    "asyncpg.create_pool": asyncpg_pool,
    "asyncpg.connect": asyncpg_connections,
    "sqlalchemy.ext.asyncio.create_async_engine": engine,
    "psycopg.AsyncConnection.connect": psycopg_connections,
    "psycopg_pool.AsyncConnectionPool": psycopg_pool,
}


async def main(url: str, maker: str, *terms: str) -> None:
    parameters = [term.removeprefix("?") for term in terms if term.startswith("?")]
    whole = "?".join([url, "&".join(parameters)]) if parameters else url
    keywords = arguments([term for term in terms if not term.startswith("?")])
    async with AsyncExitStack() as stack:
        await run_all(await MAKERS[maker](whole, keywords, stack))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
