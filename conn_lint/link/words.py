"""What units mention, call and store, as their skeletons have it: asked before anything is parsed.

Each question leaves a trace (`model.trace`). So nobody else looks at these parts of a skeleton.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import Literal, TypeAlias

from conn_lint.model.summary import Skeleton, Unit

UnitKey: TypeAlias = tuple[str, int]
"""A file's path within the project and the number of the unit in its skeleton."""

Bits: TypeAlias = dict[str, int]
"""Units, by the path of their file: a bit for each number. Large programs are asked of so many that keys weigh."""

Kind: TypeAlias = Literal["names", "calls", "stores"]


class Words:
    """Answers for the units of all files."""

    def __init__(self, skeletons: Mapping[str, Skeleton]) -> None:
        self._skeletons = skeletons
        self._by_name: dict[str, tuple[UnitKey, ...]] = {}
        self.seen: Bits = {}
        self.sought: dict[Kind, set[str]] = {"names": set(), "calls": set(), "stores": set()}
        self.asked: defaultdict[tuple[Kind, frozenset[str]], Bits] = defaultdict(dict)
        self.bound: set[str] = set()

    # One unit

    def of(self, path: str, number: int) -> tuple[str, ...]:
        """All names that the unit mentions."""
        _note(self.seen, path, number)
        return self._unit(path, number).names

    def mentions(self, path: str, number: int, names: Set[str]) -> bool:
        """The unit mentions one of the names."""
        _note(self.asked["names", frozenset(names)], path, number)
        return not names.isdisjoint(self._unit(path, number).names)

    def calls(self, path: str, number: int, names: Set[str]) -> bool:
        """The unit calls something by one of the names."""
        _note(self.asked["calls", frozenset(names)], path, number)
        return not names.isdisjoint(self._unit(path, number).calls)

    def stores(self, path: str, number: int, attr: str) -> bool:
        """The unit may assign an attribute of this name."""
        _note(self.asked["stores", frozenset((attr,))], path, number)
        return attr in self._unit(path, number).stores

    def stores_any(self, path: str, number: int) -> bool:
        """The unit may assign some attribute."""
        _note(self.seen, path, number)
        return bool(self._unit(path, number).stores)

    # All units

    def watch(self, names: Iterable[str]) -> None:
        """Of these names `mentions_watched` and `calls_watched` may be asked; they only ever become more."""
        new = frozenset(names)
        self.sought["names"] |= new
        self.sought["calls"] |= new

    def mentions_watched(self, path: str, number: int, names: Set[str]) -> bool:
        """The same as `mentions`, for many names that are watched."""
        return not names.isdisjoint(self._unit(path, number).names)

    def calls_watched(self, path: str, number: int, names: Set[str]) -> bool:
        """The same as `calls`, for many names that are watched."""
        return not names.isdisjoint(self._unit(path, number).calls)

    def mentioning(self, name: str) -> tuple[UnitKey, ...]:
        """The units that mention the name."""
        if name not in self._by_name:
            self._by_name[name] = tuple(
                (path, number)
                for path in self.files_with(name)
                for number in self._units_with(name, path)
            )
        return self._by_name[name]

    def _units_with(self, name: str, path: str) -> Iterator[int]:
        """Names are sorted: to search them takes less than an index of all names would."""
        for number, unit in enumerate(self._skeletons[path].units):
            at = bisect_left(unit.names, name)
            if at < len(unit.names) and unit.names[at] == name:
                yield number

    def files_with(self, name: str) -> list[str]:
        """The files that mention the name."""
        self.sought["names"].add(name)
        return self._files.get(name, [])

    def calling(self, name: str) -> list[UnitKey]:
        """The units that call something by the name."""
        self.sought["calls"].add(name)
        return self._callers.get(name, [])

    def storing(self, attr: str) -> list[UnitKey]:
        """The units that may assign an attribute of this name."""
        self.sought["stores"].add(attr)
        return self._storing.get(attr, [])

    def binds(self, path: str, name: str) -> bool:
        """A statement of the module, or of a class body in it, may bind the name; heads and imports apart."""
        self.bound.add(name)
        return name in self._skeletons[path].bound

    def _unit(self, path: str, number: int) -> Unit:
        return self._skeletons[path].units[number]

    @cached_property
    def _files(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path, skeleton in self._skeletons.items():
            for mentioned in set().union(*(unit.names for unit in skeleton.units)):
                found[mentioned].append(path)
        return found

    @cached_property
    def _callers(self) -> Mapping[str, list[UnitKey]]:
        return self._indexed("calls")

    @cached_property
    def _storing(self) -> Mapping[str, list[UnitKey]]:
        return self._indexed("stores")

    def _indexed(self, kind: Kind) -> Mapping[str, list[UnitKey]]:
        found: dict[str, list[UnitKey]] = defaultdict(list)
        for path, skeleton in self._skeletons.items():
            for number, unit in enumerate(skeleton.units):
                key = (path, number)
                for name in getattr(unit, kind):
                    found[name].append(key)
        return found


def noted(units: Iterable[UnitKey]) -> Bits:
    """Units as bits."""
    found: Bits = {}
    for path, number in units:
        _note(found, path, number)
    return found


def _note(units: Bits, path: str, number: int) -> None:
    units[path] = units.get(path, 0) | 1 << number
