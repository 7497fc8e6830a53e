"""What databases of settings may open: a framework has one connection of each for every thread, or a pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.claims import host_of
from conn_lint.model.budget import VARIABLE, Claim, Per

if TYPE_CHECKING:
    from conn_lint.model.database import Database
    from conn_lint.model.launcher import Product

_POOL_SIZE = 4  # of the pool that the framework makes, where its size is not given


def claims_of_databases(
    databases: Iterable[Database], products: Sequence[Product]
) -> Iterator[Claim]:
    """One for each alias: several modules of settings are alternatives, and so are the branches of one.

    Where hosts are not known, but several variables of the environment decide them (`DB_HOST`, `REPLICA_HOST`), there
    are as many servers.
    """
    found = dict(_counted(databases, products))
    for database, product in found.items():
        others = {d.host_from for d, p in found.items() if p == product}
        yield _claim(database, product, apart=len(others) > 1 and "" not in others)


def _counted(
    databases: Iterable[Database], products: Sequence[Product]
) -> Iterator[tuple[Database, Product]]:
    seen: set[str] = set()
    for database in sorted(databases, key=lambda d: (d.is_example, d.module.count("/"))):
        if database.alias in seen or (
            database.engine is not None and database.engine.product == "embedded"
        ):
            continue
        product = _product(database, products)
        if product is not None:
            seen.add(database.alias)
            yield database, product


def _product(database: Database, products: Sequence[Product]) -> Product | None:
    engine = database.engine
    exact = next((p for p in products if database.engine_name in p.engines), None)
    if exact is not None:
        return exact
    if engine is not None:
        for product in products:
            if product.name == engine.product or not set(engine.names).isdisjoint(product.engines):
                return product
    elif database.engine_name:
        return None  # a server of another kind
    return next((product for product in products if product.any_of), None)


def _claim(database: Database, product: Product, *, apart: bool) -> Claim:
    hosts = {
        (server.host or "", server.port or 0, server.variable) for server, _ in database.servers
    }
    host, port, variable = hosts.pop() if len(hosts) == 1 else ("", 0, "")
    size, per, how = _size(database)
    return Claim(
        location=database.location,
        statement=database.statement,
        call=f"DATABASES[{database.alias!r}]",
        resource=database.engine.names[0] if database.engine is not None else "DATABASES",
        product=product.name,
        host=host_of(host) or (f"{VARIABLE}{database.host_from}" if apart else ""),
        port=port,
        source=variable,
        size=size,
        per=per,
        how=how,
        parameter="max_size" if database.pool is True else "",
        by_settings=True,
    )


def _size(database: Database) -> tuple[int | None, Per, str]:
    engine = database.engine
    if engine is not None and engine.sizes:
        names = " + ".join(part.key for part in engine.sizes)
        if database.pool_size is None:
            return None, "process", f"its size cannot be told ({names})"
        return database.pool_size, "process", f"pool of {database.pool_size}: {names}"
    if database.pool is not True:
        return 1, "thread", "one for each thread"
    if database.pool_size is None:
        return _POOL_SIZE, "process", f"pool of {_POOL_SIZE} by default"
    return database.pool_size, "process", f"pool of {database.pool_size}"
