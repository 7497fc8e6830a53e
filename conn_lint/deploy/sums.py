"""Adds up what all processes of a deployment may open to each server, and proposes sizes that fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from conn_lint.deploy.stating import assumptions, processes_stated
from conn_lint.model.budget import VARIABLE, Budget, Claim, ProcessKind, Row, ServerBudget
from conn_lint.model.deployment import (
    Deployment,
    Figure,
    Pooler,
    Process,
    Stated,
    StatedServer,
)
from conn_lint.model.launcher import Product
from conn_lint.model.location import Location, Span

RESERVED = 20  # percent of a server's connections: for administration, migrations and monitoring
_PRODUCT_OF_POOLERS = "postgresql"


class _Where(NamedTuple):
    """What claims are grouped by: a stated server, an address, or a product alone."""

    product: str
    stated: str = ""
    host: str = ""
    port: int = 0
    pooler: str = ""


def budget_of(
    claims: Sequence[Claim],
    deployment: Deployment,
    stated: Stated | None,
    products: Mapping[str, Product],
    loads: Mapping[str, Collection[str]],
    supposed: Sequence[str] = (),
) -> Budget:
    """The whole account. `loads` has the files that each process loads, `supposed` what of it is a guess."""
    said = stated or Stated()
    processes = processes_stated(said, deployment.processes)
    used = {path for process in processes for path in loads.get(process.name, ())}
    run = [claim for claim in claims if claim.location.path in used]
    groups = _grouped(run, said, deployment)
    poolers = {pooler.path: pooler for pooler in deployment.poolers}
    servers = [
        _server(where, found, processes, said, deployment, products, loads, _share(groups, where))
        for where, found in groups.items()
        if where.pooler == ""
    ]
    servers = _behind_poolers(
        servers, groups, poolers, processes, said, deployment, products, loads
    )
    counted = {(row.location, row.call) for server in servers for row in server.rows}
    return Budget(
        servers=tuple(sorted(filter(_counts, servers), key=by_gravity)),
        processes=tuple(_kind(process) for process in processes),
        poolers=deployment.poolers,
        assumed=tuple(
            dict.fromkeys(
                (
                    *assumptions(deployment, processes),
                    *_of_loops(run, processes, loads),
                    *(supposed if run else ()),
                )
            )
        ),
        skipped=tuple(
            (claim.call, claim.location)
            for claim in claims
            if (claim.location, claim.call) not in counted
        ),
        is_stated=stated is not None,
    )


def _counts(server: ServerBudget) -> bool:
    return bool(server.rows)


def by_gravity(server: ServerBudget) -> tuple[bool, bool, float, str]:
    """Without a bound first, then over, then the fullest."""
    share = server.total / server.available if server.available else float(server.total)
    return (not server.unbounded, not server.is_over, -share, server.name)


def _kind(process: Process) -> ProcessKind:
    return ProcessKind(
        process.name, process.instances, process.workers, process.threads,
        process.launcher, process.target, process.path, process.line,
    )  # fmt: skip


def _of_loops(
    claims: Sequence[Claim], processes: Iterable[Process], loads: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Where a loop serves many requests at a time, a thread for each is more than the command says."""
    for process in processes:
        files = loads.get(process.name, ())
        if process.is_async and any(
            claim.per == "thread" and claim.location.path in files for claim in claims
        ):
            yield (
                f"{process.name}: {process.launcher} serves requests at once, each with a connection of its own "
                f"where one is opened for each thread or use; so many as {process.threads.value} are counted"
            )


# Which server


def _grouped(
    claims: Iterable[Claim], stated: Stated, deployment: Deployment
) -> dict[_Where, list[Claim]]:
    """Claims by server. Where no address is known, those of a product go to the only server of it that is; unless the
    project starts one, and that is far away.
    """
    found: dict[_Where, list[Claim]] = defaultdict(list)
    for claim in claims:
        found[_where(claim, stated, deployment.poolers)].append(claim)
    for where in [w for w in found if not w.host and not w.stated and not w.pooler]:
        known = [
            w
            for w in found
            if w.product == where.product and w != where and not w.host.startswith(VARIABLE)
        ]
        far = "." in known[0].host and where.product in deployment.serves if known else True
        if len(known) == 1 and not far:
            found[known[0]].extend(found.pop(where))
    return dict(sorted(found.items()))


def _where(claim: Claim, stated: Stated, poolers: Sequence[Pooler]) -> _Where:
    for server in stated.server:
        if _fits(claim, server):
            return _Where(claim.product, stated=server.name)
    if len(stated.server) == 1 and not stated.server[0].match:
        return _Where(claim.product, stated=stated.server[0].name)
    if claim.product == _PRODUCT_OF_POOLERS:
        for pooler in poolers:
            if _goes_through(claim, pooler):
                return _Where(claim.product, pooler=pooler.path)
    host = claim.host if claim.host.startswith(VARIABLE) else claim.host.lower()
    return _Where(claim.product, host=host, port=claim.port if claim.host else 0)


def _fits(claim: Claim, server: StatedServer) -> bool:
    own = {claim.host.lower(), claim.source.lower(), claim.product}
    if claim.host and claim.port:
        own.add(f"{claim.host}:{claim.port}".lower())
    words = server.match or (server.name,)
    return any(word.lower() in own for word in words if word)


def _goes_through(claim: Claim, pooler: Pooler) -> bool:
    name = pooler.product.lower()
    return claim.port == pooler.port or name in claim.host.lower()


def _share(groups: Mapping[_Where, list[Claim]], where: _Where) -> int:
    """How many servers of its product there are."""
    return sum(1 for other in groups if other.product == where.product and not other.pooler)


# What it comes to


def _server(
    where: _Where,
    claims: Iterable[Claim],
    processes: Sequence[Process],
    stated: Stated,
    deployment: Deployment,
    products: Mapping[str, Product],
    loads: Mapping[str, Collection[str]],
    alike: int,
) -> ServerBudget:
    product = products[where.product]
    own = next((server for server in stated.server if server.name == where.stated), None)
    limit = _limit(where, own, stated, deployment, product, alike)
    rows = tuple(_rows(claims, processes, loads))
    server = ServerBudget(
        name=where.stated or _named(where, product),
        product=product.name,
        title=product.title,
        address=f"{where.host}:{where.port}" if where.port and where.host else where.host,
        limit=limit,
        reserve=_reserve(own, stated, limit, product),
        cores=_cores(own, stated),
        rows=rows,
        remarks=tuple(_remarks(where, claims, rows, product)),
        is_stated=limit.said == "stated",
        sized=product.sized,
    )
    return proposed(server)


def _named(where: _Where, product: Product) -> str:
    return f"{product.title} at {where.host}" if where.host else product.title


def _limit(
    where: _Where,
    own: StatedServer | None,
    stated: Stated,
    deployment: Deployment,
    product: Product,
    alike: int,
) -> Figure:
    if own is not None and own.max_connections is not None:
        return Figure(own.max_connections, "stated")
    if own is None and stated.max_connections is not None and product.sized:
        return Figure(stated.max_connections, "stated")
    read = [limit for limit in deployment.limits if limit.product == product.name]
    of_host = [limit for limit in read if limit.host and limit.host.lower() == where.host]
    if of_host:
        return of_host[0].limit
    if read and alike == 1:
        return read[0].limit
    if own is not None and stated.max_connections is not None and product.sized:
        return Figure(stated.max_connections, "stated")
    return Figure(product.default, "assumed", note=f"{product.title}'s default")


def _reserve(own: StatedServer | None, stated: Stated, limit: Figure, product: Product) -> Figure:
    if own is not None and own.reserve is not None:
        return Figure(own.reserve, "stated")
    if stated.reserve is not None and product.sized:
        return Figure(stated.reserve, "stated")
    return Figure(limit.value * RESERVED // 100, "assumed", note=f"{RESERVED} %")


def _cores(own: StatedServer | None, stated: Stated) -> Figure | None:
    cores = own.cores if own is not None and own.cores is not None else stated.cores
    return None if cores is None else Figure(cores, "stated")


def _rows(
    claims: Iterable[Claim],
    processes: Sequence[Process],
    loads: Mapping[str, Collection[str]],
) -> Iterator[Row]:
    for process in processes:
        files = loads.get(process.name, ())
        in_turn = False
        for claim in claims:
            if claim.location.path not in files:
                continue
            copies = process.copies * (process.threads.value if claim.per == "thread" else 1)
            total = None if claim.size is None else claim.size * claim.times * copies
            how = claim.how
            if claim.in_turn:  # a thread has one of them open at a time, wherever it opens it
                total, how = (0, "in turn with the one above") if in_turn else (total, how)
                in_turn = True
            yield Row(
                process=process.name,
                location=claim.location,
                statement=claim.statement,
                call=claim.call,
                resource=claim.resource,
                size=claim.size,
                times=claim.times,
                copies=copies,
                per=claim.per,
                total=total,
                how=how,
                parameter=claim.parameter,
            )


def _remarks(
    where: _Where, claims: Iterable[Claim], rows: Sequence[Row], product: Product
) -> Iterator[str]:
    sources = sorted({claim.source for claim in claims if claim.source})
    if not where.host and not where.stated and len(rows) > 1:
        told = f" ({', '.join(sources)})" if sources else ""
        yield f"no address is known: one {product.title} server is assumed for all{told}"
    elif where.host and any(not claim.host for claim in claims):
        yield f"some have no known address: they are taken to go to {where.host} too"


# Sizes that fit


def proposed(server: ServerBudget) -> ServerBudget:
    """The server with a size for each row, if what there is does not fit.

    (max_connections - reserve) / processes, bounded by (cores x 2) + 1; what is left by rows whose size is fixed.
    """
    free = [row for row in server.rows if row.parameter and not row.codes and row.per == "process"]
    if not (free and server.sized and server.is_limited) or server.total <= server.available:
        return server
    fixed = sum(row.total or 0 for row in server.rows if row not in free)
    slots = sum(row.copies * row.times for row in free)
    room = max(server.available - fixed, 0)
    fits = room // slots if slots else 0
    if server.cores is not None:
        fits = min(fits, server.cores.value * 2 + 1)
    if fits < 1:
        return server
    rows = tuple(
        msgspec.structs.replace(row, fits=min(fits, row.size) if row.size is not None else fits)
        if row in free
        else row
        for row in server.rows
    )
    return msgspec.structs.replace(server, rows=rows)


# Poolers


def _behind_poolers(
    servers: list[ServerBudget],
    groups: Mapping[_Where, list[Claim]],
    poolers: Mapping[str, Pooler],
    processes: Sequence[Process],
    stated: Stated,
    deployment: Deployment,
    products: Mapping[str, Product],
    loads: Mapping[str, Collection[str]],
) -> list[ServerBudget]:
    """Each pooler takes the connections of its clients, and opens its own to the server behind it."""
    made = list(servers)
    product = products.get(_PRODUCT_OF_POOLERS)
    if product is None:
        return made
    for pooler in poolers.values():
        where = next((w for w in groups if w.pooler == pooler.path), None)
        if where is not None and pooler.clients.value:
            rows = tuple(_rows(groups[where], processes, loads))
            made.append(
                ServerBudget(
                    name=f"{pooler.product} ({pooler.path})",
                    product=pooler.product.lower(),
                    title=pooler.product,
                    limit=pooler.clients,
                    reserve=Figure(0, "default"),
                    rows=rows,
                )
            )
        own = _pooler_rows(pooler)
        at = next((n for n, s in enumerate(made) if s.product == product.name), None)
        if at is None:
            lone = _Where(product.name)
            made.append(_server(lone, (), processes, stated, deployment, products, loads, 1))
            at = len(made) - 1
        rows = (*made[at].rows, *own)
        made[at] = msgspec.structs.replace(made[at], rows=rows)
    return made


def _pooler_rows(pooler: Pooler) -> Iterator[Row]:
    for database in pooler.databases:
        line = database.size.line or 1
        asked = database.size.value * database.users.value
        most = database.most
        total = asked if most is None else min(asked, most.value)
        yield Row(
            process=pooler.product,
            location=Location(pooler.path, Span(line, 0, line, 0)),
            call=database.name,
            resource=pooler.product,
            size=database.size.value,
            times=database.users.value,
            copies=1,
            per="process",
            total=total,
            how=_pooler_words(database.users, database.size, most),
        )


def _pooler_words(users: Figure, size: Figure, most: Figure | None) -> str:
    words = f"{size.value} for each of {users.value} users" if users.value > 1 else "its pool"
    if size.note and size.said == "default":
        words += f" ({size.note})"
    return words if most is None else f"{words}, at most {most.value} together"
