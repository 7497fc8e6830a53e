"""Generators that lend what they yield: context managers, fixtures, dependencies, lifespans."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.flow import YieldEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MANAGERS = frozenset({"contextmanager", "asynccontextmanager"})
_FIXTURES = frozenset({"fixture", "yield_fixture"})


class Lends(enum.Enum):
    """How a generator lends; NO for one that only produces values."""

    NO = "no"
    MANAGER = "manager"
    FIXTURE = "fixture"  # is resumed whatever happens
    LIFESPAN = "lifespan"  # lives as long as the process

    def __bool__(self) -> bool:
        return self is not Lends.NO


def lends(analysis: Analysis, at: FunctionId, function: Function) -> Lends:
    """Whether whoever drives the generator comes back to it when done, and throws its exceptions into it."""
    if not function.is_generator:
        return Lends.NO
    if "lifespan" in function.name:
        return Lends.LIFESPAN
    ref = analysis.program.ref_of(at)
    if isinstance(ref, FunctionRef):
        decorators = analysis.program.decorators(ref)
        if decorators & _MANAGERS:
            return Lends.MANAGER
        if decorators & _FIXTURES:
            return Lends.FIXTURE
    yields = [event for event in function.graph.events if isinstance(event, YieldEvent)]
    spans = {event.span for event in yields}
    # One yield of a value, in no loop: a dependency, as injection frameworks drive it.
    if len(spans) == 1 and all(event.loop < 0 and not event.delegated for event in yields):
        # With nothing to hand out it frames the life of an application.
        return Lends.LIFESPAN if all(event.value is None for event in yields) else Lends.MANAGER
    return Lends.NO
