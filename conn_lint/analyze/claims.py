"""What each creation of a program may open on a server: the claims of a budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from conn_lint.analyze.found import HOLE
from conn_lint.model.budget import Claim, Per

if TYPE_CHECKING:
    from conn_lint.model.creation import Creation
    from conn_lint.model.launcher import Product
    from conn_lint.model.pool import PoolSettings, Setting

# Where something runs while it is worked on: it says nothing of what it connects to when it is deployed.
_HERE = frozenset({"localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "host.docker.internal"})
_KINDS = frozenset({"connection", "client", "pool"})


def claims_of(pools: Iterable[PoolSettings], products: Sequence[Product]) -> Iterator[Claim]:
    """One for each creation that connects to a server of a known kind."""
    for pool in pools:
        if pool.creation.resource.kind not in _KINDS or _is_counted(pool):
            continue
        product = product_of(pool, products)
        if product is not None:
            yield _claim(pool, product)
        for name, other in pool.others:
            beside = None if other.embedded else product_of(other, products)
            if beside is not None:
                claim = _claim(other, beside)
                yield msgspec.structs.replace(claim, call=f"{claim.call} {name or '(others)'}")


def product_of(pool: PoolSettings, products: Sequence[Product]) -> Product | None:
    """What it connects to: by the scheme of its URL, else by its library, else what such a library mostly talks to."""
    scheme = (pool.server.scheme or "").lower()
    plain = scheme.partition("+")[0]
    for product in products:
        if scheme in product.schemes or plain in product.schemes:
            return product
    if plain and HOLE not in plain:
        return None
    name = pool.creation.resource.name
    found = next((p for p in products if any(map(name.startswith, p.resources))), None)
    if found is not None and found.any_of:
        call = pool.creation.call.rpartition(".")[2].lower()
        return next((p for p in products if any(word in call for word in p.calls)), found)
    return found


def _is_counted(pool: PoolSettings) -> bool:
    """It is no server's, or a pool counts: the one that makes it, or that it is a client around."""
    if pool.embedded or pool.within:
        return True
    return pool.creation.call.rpartition(".")[2] in pool.creation.resource.around


def host_of(host: str) -> str:
    """A host that tells one server from another, else ""."""
    return "" if HOLE in host or "/" in host or host.lower() in _HERE else host


def _claim(pool: PoolSettings, product: Product) -> Claim:
    creation, server = pool.creation, pool.server
    size, per, how, parameter = _size(pool)
    if creation.lifetime == "thread":
        per = "thread"
    return Claim(
        location=creation.location,
        statement=creation.statement,
        call=creation.call,
        resource=creation.resource.name,
        product=product.name,
        host=host_of(server.host or ""),
        port=server.port or 0,
        source=server.variable,
        size=size,
        per=per,
        times=max(len(creation.makers), 1) if creation.resource.kind != "connection" else 1,
        how=how,
        parameter=parameter,
        in_turn=per == "thread"
        and creation.resource.kind == "connection"
        and creation.lifetime != "thread",
    )


def _size(pool: PoolSettings) -> tuple[int | None, Per, str, str]:
    """How many at most, in each what, why, and the setting that says it."""
    creation = pool.creation
    if creation.resource.kind == "connection":
        return (1, *_of_connection(creation), "")
    if pool.keeps == "none":
        return 1, "thread", "no pool: one for each use at a time", ""
    if pool.keeps == "one":
        return 1, "process", "one connection", ""
    if pool.keeps == "per-thread":
        return 1, "thread", "one for each thread", ""
    whole, size, more = (pool.get(role) for role in ("max-size", "size", "overflow"))
    parameter = next((s.parameter for s in (whole, size) if s is not None and s.parameter), "")
    largest = pool.largest
    if largest is not None:
        said = [s for s in ((whole,) if size is None else (size, more)) if s is not None]
        return largest, "process", _words(said), parameter
    if pool.unbounded:
        return None, "process", "as many as are asked for at a time", parameter
    unknown = next((s for s in (whole, size, more) if s is not None and not s.is_known), None)
    if unknown is not None:
        name = unknown.variable or unknown.parameter or next(iter(unknown.in_url), unknown.role)
        return None, "process", f"its size cannot be told ({name})", parameter
    return None, "process", "its size cannot be told", parameter


def _of_connection(creation: Creation) -> tuple[Per, str]:
    if creation.at_import or creation.lifetime == "process":
        return "process", "one connection"
    return "thread", "one connection at a time"


def _words(settings: Iterable[Setting]) -> str:
    """`pool_size 5 + max_overflow 10 (defaults)`."""
    parts, defaults = [], 0
    listed = list(settings)
    for setting in listed:
        name = f"{setting.parameter} " if setting.parameter else ""
        parts.append(f"{name}{setting.value}")
        defaults += not setting.is_given
        if setting.source == "environment":
            parts[-1] += f" (the default of {setting.variable})"
    told = ""
    if defaults:
        told = " by default" if defaults == len(listed) else " (in part by default)"
    return " + ".join(parts) + told
