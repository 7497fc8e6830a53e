"""What a name or an expression can stand for, as far as it can be told without running anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias


class FunctionId(NamedTuple):
    """A lowered function: the file, the unit in it, the number in the unit's summary."""

    path: str
    unit: int
    number: int


class External(NamedTuple):
    """A module, function, class or method outside the project, by its dotted name."""

    name: str


class Instance(NamedTuple):
    """An object of a type outside the project."""

    type: str


class ModuleRef(NamedTuple):
    """A module or package of the project; `path` is None for a namespace package; `folder` holds its members."""

    path: str | None
    folder: str


class FunctionRef(NamedTuple):
    """A function of the project, by its head. `bound`: taken from an object, so the first parameter is filled."""

    path: str
    head: int
    bound: bool = False


class ClassRef(NamedTuple):
    """A class of the project."""

    path: str
    head: int


class ObjectRef(NamedTuple):
    """An object of a class of the project."""

    path: str
    head: int

    @property
    def cls(self) -> ClassRef:
        """Its class."""
        return ClassRef(self.path, self.head)


class Pair(NamedTuple):
    """A tuple whose items are known, some perhaps not."""

    items: tuple[Value | None, ...]


class Context(NamedTuple):
    """A context manager that gives `value` on entering."""

    value: Value | None


Value: TypeAlias = (
    External | Instance | ModuleRef | FunctionRef | ClassRef | ObjectRef | Pair | Context
)
"""None stands for unknown wherever a Value is optional."""


def agreed(values: Iterable[Value | None]) -> Value | None:
    """The one value that all known ones agree on; a plain `False` beside unknown ones tells nothing."""
    given = tuple(values)
    known = {
        (type(value), value): value for value in given if value is not None
    }  # tuples compare across types
    if len(known) != 1:
        return None
    found = next(iter(known.values()))
    plain = isinstance(found, Instance) and found.type.startswith("builtins.")
    return None if plain and None in given else found
