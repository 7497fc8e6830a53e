"""Which kind of server a program's databases are, where no URL says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from conn_lint.analyze.packages import Packages
    from conn_lint.model.budget import Claim
    from conn_lint.model.deployment import Deployment
    from conn_lint.model.launcher import Product


def settled(
    claims: Iterable[Claim],
    deployment: Deployment,
    products: Sequence[Product],
    packages: Packages,
) -> list[Claim]:
    """The claims with the one kind of database that the project has, where they could be any: what other claims
    connect to, what its compose files start, what it has drivers for.
    """
    found = list(claims)
    loose = {product.name for product in products if product.any_of}
    if all(claim.product not in loose for claim in found):
        return found
    own = [product for product in products if product.sized and not product.any_of]
    names = {product.name for product in own}
    only = (
        _alone({claim.product for claim in found} & names)
        or _alone(set(deployment.serves) & names)
        or _alone({product.name for product in own if _has_driver(product, packages)})
    )
    return [
        msgspec.structs.replace(claim, product=only) if only and claim.product in loose else claim
        for claim in found
    ]


def _alone(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _has_driver(product: Product, packages: Packages) -> bool:
    modules = (start.removesuffix(".") for start in product.resources if start.endswith("."))
    return any(packages.has(module) for module in modules)
