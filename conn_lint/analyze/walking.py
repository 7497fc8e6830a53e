"""What a walk up through callers is made of: places, links, what it found, and when it has found enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.origins import Origin
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef

_LASTING = frozenset({"stranger", "row"})  # origins that no caller decides
_MAX_PLACES = 20_000
_MORE = 60  # places that are looked at once an entry point is certain: further ones say nothing new
_MORE_UNSURE = 300  # the same once there is one, by a chain that is not sure
_ALIKE = 60  # entry points for which the connection differs: after so many it does for the others


class Link(NamedTuple):
    """One step of a chain, from the caller's side: `caller` leads to the next function."""

    caller: Caller
    to: FunctionId | ClassRef


class Reached(NamedTuple):
    """The nearest entry point that leads to a place, the chain from it down."""

    entered: Entered
    links: tuple[Link, ...]
    differs: bool  # what decides the connection comes from the request
    sure: bool


class Place(NamedTuple):
    """A function, or (`at` a class) the making of its objects, with what decides the connection there.

    `nodes` are those of the event in the function that leads on; `needs` the methods that its own object must have.
    """

    at: FunctionId | ClassRef
    origins: frozenset[Origin]
    nodes: tuple[int, ...] = ()
    needs: frozenset[FunctionRef] = frozenset()

    @property
    def is_settled(self) -> bool:
        """Whoever leads there, the connection differs: one entry point above is as good as all of them."""
        return any(origin.kind in _LASTING for origin in self.origins)


class Seen:
    """Places that were walked to. One adds nothing where the same is decided by less."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[Place]] = {}

    def covers(self, place: Place) -> bool:
        return any(
            other.origins <= place.origins and other.needs <= place.needs
            for other in self._known.get((place.at, place.nodes), ())
        )

    def add(self, place: Place) -> None:
        self._known.setdefault((place.at, place.nodes), []).append(place)


class Budget:
    """How many places a walk may take: the more is known the fewer."""

    def __init__(self) -> None:
        self._most = _MAX_PLACES
        self._found = 0

    def is_spent(self, found: Mapping[object, Reached], places: int) -> bool:
        if len(found) != self._found:
            self._found = len(found)
            shared = [reached.sure for reached in found.values() if not reached.differs]
            if shared:
                more = _MORE if any(shared) else _MORE_UNSURE
                self._most = min(self._most, places + more)
            elif len(found) >= _ALIKE:
                return True
        return places >= self._most
