"""How many connections the servers take that a project sets up itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from conn_lint.deploy.compose import Service
from conn_lint.deploy.tree import Tree
from conn_lint.model.deployment import Figure, Limit
from conn_lint.model.launcher import Product
from conn_lint.model.summary import DocumentSummary


def product_of_image(image: str, products: Iterable[Product]) -> Product | None:
    """What a container's image serves, by the name that it has without registry and tag."""
    name = re.split(r"[@:](?!.*/)", image)[0]
    last = name.rpartition("/")[2]
    for product in products:
        for known in product.images:
            if known in {last, name} or name.endswith("/" + known):
                return product
    return next(
        (p for p in products if any("/" not in i and f"/{i}/" in f"/{name}/" for i in p.images)),
        None,
    )


def limits_of_services(services: Iterable[Service], products: Sequence[Product]) -> Iterator[Limit]:
    """What the commands of a compose file's servers say."""
    for service in services:
        product = product_of_image(service.image, products)
        if product is None:
            continue
        setting = re.escape(product.limit).replace("_", "[_-]").replace("\\ ", " ")
        match = re.search(rf"\b{setting}(?:\s*=\s*|\s+)(\d{{1,8}})\b", service.command)
        if match is not None:
            place = service.described
            figure = Figure(int(match[1]), "read", place.path, place.line)
            yield Limit(product.name, figure, service.name)


def limits_of_files(
    documents: Iterable[tuple[DocumentSummary, Tree]], products: Sequence[Product]
) -> Iterator[Limit]:
    """What servers' own settings files say."""
    for document, tree in documents:
        name = document.path.rpartition("/")[2]
        for product in products:
            if not any(name == file or _is_like(name, file) for file in product.files):
                continue
            for entry in reversed(document.entries):
                if entry.keys and str(entry.keys[-1]).replace("-", "_") == product.limit:
                    number = Tree(document.path)
                    number.entry = entry
                    value = number.number()
                    if value:
                        figure = Figure(value, "read", tree.path, entry.span.line)
                        yield Limit(product.name, figure)
                        break


def _is_like(name: str, file: str) -> bool:
    """`postgresql.prod.conf` is a `postgresql.conf`."""
    stem, _, suffix = file.rpartition(".")
    return name.startswith(stem) and name.endswith("." + suffix)
