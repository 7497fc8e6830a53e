"""The words of ownership: situations, changes, roles, worlds, and what must be known to tell them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeAlias

from conn_lint.model.expression import Expr
from conn_lint.model.flow import Handler, Unmatched


class Situation(enum.IntEnum):
    """Where a resource stands."""

    ABSENT = 0  # not acquired yet, or the acquisition raised
    IDLE = 1  # a lazy one that holds nothing
    BUSY = 2  # held
    RELEASED = 3
    ESCAPED = 4  # somebody else has the duty
    RETURNED = 5  # handed to the caller


class Change(enum.Enum):
    """What an event does to the resource."""

    NONE = "none"
    OPEN = "open"  # a lazy one becomes busy, unless the event raises
    BEGIN = "begin"  # ... even if it raises
    END = "end"  # ... and idle again
    RELEASE = "release"
    GIVE = "give"  # to somebody unknown, who may take the duty over
    ESCAPE = "escape"
    RETURN = "return"


class Effect(NamedTuple):
    """A change, and the role of the event's result towards the resource ("" for none)."""

    change: Change
    role: str = ""


UNTOUCHED = Effect(Change.NONE)

OWN = "own"  # the value is the resource
PENDING = "pending"  # an awaitable or context manager that will give it
PART = "part"  # an attribute or item of it, through which it is kept alive
BOX = "box:"  # a tuple with the resource at the index that follows


class Meaning(Protocol):
    """What events mean for the resource that is followed. Nodes index the graph's events."""

    sites: Mapping[int, str]
    """The nodes of the acquisition, with the role of their result."""

    has_parts: bool
    """Whether an attribute or item of the resource takes it along: `MongoClient(...)["shop"]`."""

    reopens: bool
    """Whether a released one may be opened again: an object that owns what it opens."""

    def acquired(self, node: int) -> tuple[Situation, str] | None:
        """The situation and the result's role if this event is the acquisition itself."""

    def method(self, node: int, role: str, name: str) -> Effect:
        """The call `x.name(...)`, x having the role."""

    def attribute(self, node: int, role: str, name: str) -> Effect:
        """`x.name` is read."""

    def argument(self, node: int, role: str, index: int) -> Effect:
        """X is the call's argument number `index`."""

    def called(self, node: int, role: str) -> Effect:
        """X itself is called."""

    def awaited(self, node: int, role: str) -> Effect: ...

    def entered(self, node: int, role: str) -> Effect: ...

    def left(self, node: int, role: str) -> Effect: ...

    def returned(self, node: int, role: str) -> Effect: ...

    def yielded(self, node: int, role: str) -> Effect: ...

    def assigned(self, node: int, role: str, target: str) -> Effect: ...

    def stored(self, node: int, role: str) -> Effect: ...

    def is_release(self, name: str) -> bool: ...

    def inner(self, node: int, function: int, name: str) -> Effect:
        """The function of that number in the unit is called; it uses the resource as `name`."""

    def captured(self, node: int, role: str) -> Effect: ...

    def may_raise(self, node: int, base: bool) -> bool: ...

    def ends_process(self, node: int) -> bool: ...

    def swallows(self, node: int) -> bool:
        """The with-item left at this node suppresses exceptions."""

    def catches(self, handler: Handler) -> bool: ...

    def lets_through(self, unmatched: Unmatched) -> bool: ...

    def check(self, test: Expr, role: str, name: str) -> bool | None:
        """The truth of `x.name` or `x.name()` while the resource is open."""


class World(NamedTuple):
    """One way things can stand: roles are (key, role) pairs, facts (condition, truth) pairs."""

    situation: Situation
    roles: frozenset[tuple[str, str]]
    facts: frozenset[tuple[str, str]]


Worlds: TypeAlias = frozenset[World]

START: Worlds = frozenset({World(Situation.ABSENT, frozenset(), frozenset())})
