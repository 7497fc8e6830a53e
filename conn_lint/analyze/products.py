"""Which kind of server a program's databases are, where no URL says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from conn_lint.syntax.requirements_document import normal, requirement

if TYPE_CHECKING:
    from conn_lint.model.budget import Claim
    from conn_lint.model.deployment import Deployment
    from conn_lint.model.launcher import Product
    from conn_lint.model.summary import DocumentSummary


def settled(
    claims: Iterable[Claim],
    deployment: Deployment,
    products: Sequence[Product],
    documents: Iterable[DocumentSummary],
) -> list[Claim]:
    """The claims with the one kind of database that the project has, where they could be any."""
    found = list(claims)
    loose = {product.name for product in products if product.any_of}
    if all(claim.product not in loose for claim in found):
        return found
    own = [product for product in products if product.sized and not product.any_of]
    names = {product.name for product in own}
    only = (
        _alone({c.product for c in found} & names)
        or _alone(set(deployment.serves) & names)
        or _alone(set(_of_packages(own, documents)))
    )
    return [
        msgspec.structs.replace(claim, product=only) if only and claim.product in loose else claim
        for claim in found
    ]


def _alone(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _of_packages(
    products: Iterable[Product], documents: Iterable[DocumentSummary]
) -> Iterator[str]:
    """Products whose drivers the project asks for."""
    asked = set(_distributions(documents))
    for product in products:
        if any(normal(package) in asked for package in product.packages):
            yield product.name


def _distributions(documents: Iterable[DocumentSummary]) -> Iterator[str]:
    for document in documents:
        if document.format in ("lock", "requirements"):
            yield from (normal(str(entry.keys[0])) for entry in document.entries)
        elif document.path.endswith("pyproject.toml"):
            for entry in document.entries:
                if entry.keys[:2] == ("project", "dependencies") and isinstance(entry.value, str):
                    stated = requirement(entry.value)
                    name = stated[0] if stated else re.split(r"[^\w.-]", entry.value)[0]
                    yield normal(name)
                elif entry.keys[:3] == ("tool", "poetry", "dependencies") and len(entry.keys) > 3:
                    yield normal(str(entry.keys[3]))
