"""Databases that a table of settings names: a framework opens one connection of each for every thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.claims import host_of, product_of_name
from conn_lint.analyze.found import Found, Table
from conn_lint.analyze.places import Places
from conn_lint.link.values import FunctionId
from conn_lint.model.budget import Claim
from conn_lint.model.expression import Container, Literal
from conn_lint.model.flow import AssignEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.model.launcher import Product
    from conn_lint.model.location import Location

_NAME = "DATABASES"
_FOR_WORK = frozenset(
    ("test", "tests", "testing", "dev", "local", "development", "ci", "docs", "example")
)
_POOL_SIZE = 4  # of psycopg's pool, where a size is not given
_FILES = ("sqlite", "dummy")


class Tables:
    """Reads them from the modules of a program that have such a table."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)

    def claims(self) -> Iterator[Claim]:
        """One for each database of the settings that are nearest to real use."""
        found = [path for path in sorted(self._program.files) if self._may_have(path)]
        found.sort(key=lambda path: (_is_for_work(path), path.count("/"), path))
        for path in found:
            claims = {claim.call: claim for claim in reversed(list(self._of(path)))}
            if claims:  # the first of those that conditions choose between
                yield from reversed(claims.values())
                return

    def _may_have(self, path: str) -> bool:
        file = self._program.files[path]
        return not file.is_test and _NAME in file.skeleton.bound

    def _of(self, path: str) -> Iterator[Claim]:
        at = FunctionId(path, 0, 0)
        function = self._program.function(at)
        for event in function.graph.events if function is not None else ():
            if not isinstance(event, AssignEvent) or event.target != _NAME:
                continue
            if not isinstance(event.value, Container) or event.value.kind != "dict":
                continue
            location = self._places.location(at, event.span)
            for key, item in zip(event.value.keys, event.value.items, strict=False):
                if isinstance(key, Literal) and isinstance(key.value, str):
                    made = self._claim(key.value, self._analysis.values.of(item, at), location)
                    if made is not None:
                        yield made

    def _claim(self, alias: str, found: Found, location: Location) -> Claim | None:
        table = found.value if isinstance(found.value, Table) else Table({}, whole=False)
        engine = _text(table, "ENGINE")
        if any(word in engine for word in _FILES):
            return None
        products = self._analysis.knowledge.products
        product = product_of_name(engine, products) if engine else None
        name = product.name if product is not None else _loose(products)
        if not name:
            return None
        size, per, how = _size(table)
        host, port = _text(table, "HOST"), _text(table, "PORT")
        return Claim(
            location=location,
            call=f"{_NAME}[{alias!r}]",
            resource=engine or _NAME,
            product=name,
            host=host_of(host),
            port=int(port) if port.isdecimal() and len(port) < 6 else 0,
            source=found.variable,
            size=size,
            per="thread" if per == "thread" else "process",
            how=how,
            parameter="max_size" if per == "process" else "",
            by_settings=True,
        )


def _loose(products: Sequence[Product]) -> str:
    return next((product.name for product in products if product.any_of), "")


def _size(table: Table) -> tuple[int | None, str, str]:
    options = table.items.get("OPTIONS")
    inner = options.value if options is not None and isinstance(options.value, Table) else None
    pool = inner.items.get("pool") if inner is not None else None
    if pool is None or pool.value is False or pool.value is None:
        return 1, "thread", "one for each thread"
    sizes = pool.value if isinstance(pool.value, Table) else Table({})
    for key in ("max_size", "min_size"):
        given = sizes.items.get(key)
        if given is not None:
            value = given.value
            if isinstance(value, int) and not isinstance(value, bool) and given.is_known:
                return value, "process", f"pool of {key} {value}"
            return None, "process", f"its size cannot be told ({key})"
    return _POOL_SIZE, "process", f"pool of {_POOL_SIZE} by default"


def _text(table: Table, key: str) -> str:
    found = table.items.get(key)
    if found is None or not found.is_known or found.value is None:
        return ""
    return str(found.value) if isinstance(found.value, str | int) else ""


def _is_for_work(path: str) -> bool:
    words = path.removesuffix(".py").replace("_", "/").replace("-", "/").split("/")
    return not _FOR_WORK.isdisjoint(words)
