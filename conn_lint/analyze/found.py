"""Values of settings as far as they are known, and what becomes of them when they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from conn_lint.link.values import External
from conn_lint.model.location import Location
from conn_lint.model.option import Scalar
from conn_lint.model.pool import Source

HOLE = "\0"
_MAX_TEXT = 4000
_LARGEST = 10**15
_RANKS: tuple[Source, ...] = (
    "argument", "constant", "environment", "document", "example", "unknown"
)  # fmt: skip
_READ = ("document", "example")
_MAIN = "default"


class Table(NamedTuple):
    """A dict as far as it is known; `whole`: nothing else is in it."""

    items: Mapping[str, Found]
    whole: bool = True


Content: TypeAlias = "Scalar | Table | External"


class Found(NamedTuple):
    """A value, where it comes from and where it is written; `variable` is that of the environment that decides it.

    A class or function outside the project is a value too (`poolclass=NullPool`).
    """

    value: Content
    source: Source
    variable: str = ""
    location: Location | None = None

    @property
    def is_known(self) -> bool:
        """Something can be told of it: of a text, perhaps not all."""
        return self.source != "unknown"

    @property
    def text(self) -> str | None:
        """The value as text, with holes; None for what is no text."""
        return self.value if self.is_known and isinstance(self.value, str) else None


UNKNOWN = Found(None, "unknown")


def unpacked(found: Found) -> Table:
    """What a dict holds; where that has a name, its items are written there."""
    if not isinstance(found.value, Table):
        return Table({}, whole=False)
    if found.location is None:
        return found.value
    items = {
        key: item._replace(source="constant", location=item.location or found.location)
        if item.source == "argument"
        else item
        for key, item in found.value.items.items()
    }
    return found.value._replace(items=items)


def inside(table: Table, path: str) -> Table:
    """The dict at the end of a path of keys with dots: empty where there is none, open where that cannot be told.

    `*` in the path is the only item, or the one called "default".
    """
    for key in path.split(".") if path else ():
        found = item(table, key)
        if found is None:
            return Table({}, whole=table.whole)
        if found.is_known and (found.value is None or found.text is not None):
            return Table({})
        table = unpacked(found)
    return table


def item(table: Table, key: str) -> Found | None:
    """What a dict has for a key of such a path; None where it is not known to have one."""
    if key != "*":
        return table.items.get(key)
    if len(table.items) == 1 and table.whole:
        return next(iter(table.items.values()))
    return table.items.get(_MAIN, UNKNOWN if table.items else None)


def joined(parts: list[Found]) -> Found:
    """Texts put together, with holes for what is not known."""
    texts: list[str] = []
    for part in parts:
        value = part.value
        plain = part.is_known and value is not None and not isinstance(value, (Table, External))
        texts.append(str(value) if plain else HOLE)
    if all(text == HOLE for text in texts):
        return UNKNOWN._replace(variable=parts[0].variable if len(parts) == 1 else "")
    text = "".join(texts)
    known = [part for part in parts if part.is_known]
    read = [part for part in known if part.source in _READ]
    where = next((part.location for part in (*read, *known) if part.location), None)
    source = max((part.source for part in known), key=_RANKS.index)
    return Found(text, source, "", where) if len(text) <= _MAX_TEXT else UNKNOWN


def same(found: list[Found]) -> Found:
    """The value that all agree on."""
    if not found or any(part.value != found[0].value for part in found):
        return UNKNOWN
    worst = max(found, key=lambda part: _RANKS.index(part.source))
    variables = {part.variable for part in found}
    return worst._replace(variable=variables.pop() if len(variables) == 1 else "")


def either(parts: list[Found]) -> Found:
    """`read() or default`: the first that is known to be something, unless the environment has it."""
    for part in parts:
        if part.is_known and (part.value or part is parts[-1]):
            variable = next((p.variable for p in parts if p.variable), "")
            if not variable or part.source in _READ:
                return part
            return part._replace(source="environment", variable=variable)
        if not part.is_known and not part.variable:
            return UNKNOWN
    return parts[0] if parts else UNKNOWN


def calculated(op: str, parts: list[Found]) -> Found:
    """Sums and products of known numbers."""
    if op not in ("+", "-", "*", "//") or not parts:
        return UNKNOWN
    numbers: list[int | float] = []
    for part in parts:
        value = part.value
        if not part.is_known or isinstance(value, bool) or not isinstance(value, int | float):
            return UNKNOWN
        numbers.append(value)
    total, *rest = numbers
    for number in rest:
        if abs(total) > _LARGEST:
            return UNKNOWN
        if op == "//" and not number:
            return UNKNOWN
        if op == "//":
            total //= number
        elif op == "*":
            total *= number
        else:
            total = total + number if op == "+" else total - number
    if not rest and op == "-":
        total = -total
    worst = max(parts, key=lambda part: _RANKS.index(part.source))
    return worst._replace(value=total)
