"""The words of holding: who holds what, in which function, and what is found out about it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from conn_lint.analyze.waits import Waiting
from conn_lint.flow.world import Situation
from conn_lint.link.values import ClassRef, FunctionId
from conn_lint.model.flow import Event
from conn_lint.model.resource import Resource

Place: TypeAlias = tuple[FunctionId, Event]
"""An event in its function."""


class Holder(NamedTuple):
    """Who holds: the words for it, and where it began to (in which function, at which event)."""

    text: str
    resource: Resource
    at: FunctionId
    event: Event | None = None


class Context(NamedTuple):
    """A function that has the resource as `name`, in a role and a situation.

    `mine` is the class of the object whose method it is, where that is another than the method's own.
    """

    at: FunctionId
    name: str
    role: str
    resource: str
    situation: Situation
    mine: ClassRef | None = None


class Outcome(NamedTuple):
    """How the function leaves the resource, and in which role it gives it back ("" if not).

    `begun` is the event that made an idle one busy.
    """

    situation: Situation
    returned: str
    begun: Place | None


class Held(NamedTuple):
    """A wait while something is held: `event` at `node`. `since` is the event that began the holding, in its function.

    `names` are what the function calls it: `session`, `self.session`.
    """

    at: FunctionId
    node: int
    event: Event
    waiting: Waiting
    holder: Holder
    since: Place | None
    names: frozenset[str] = frozenset()


class Lent(NamedTuple):
    """What a generator lends whoever drives it; `busy`: it is in use already."""

    resource: Resource
    busy: bool
