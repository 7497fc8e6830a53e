"""Injected sessions that several functions of one request share: who of them was the first to query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.contexts import Context, Holder, Lent, Place
from conn_lint.analyze.roles import OWN
from conn_lint.flow.world import Situation
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Call, Container
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.holds import Holds

_MAX_DEPTH = 5


class Dependencies:
    """`lent` tells what a dependency lends."""

    def __init__(
        self, analysis: Analysis, holds: Holds, lent: Callable[[FunctionRef], Lent | None]
    ) -> None:
        self._program = analysis.program
        self._types = analysis.types
        self._holds = holds
        self._lent = lent

    def begun(
        self,
        at: FunctionId,
        function: Function,
        place: int,
        given: FunctionRef | ClassRef,
        resource: Resource,
    ) -> Place | None:
        """Where the session of parameter number `place` is first queried before the function begins."""
        source = self._source(given, 0)
        if source is None:
            return None
        for other in self._others(at, function, place):
            begun = self._begun_in(other, source, resource, 0)
            if begun is not None:
                return begun
        return None

    def _others(
        self, at: FunctionId, function: Function, place: int
    ) -> Iterator[FunctionRef | ClassRef]:
        """What else is injected: by other parameters, by decorators."""
        for number, parameter in enumerate(function.parameters):
            found = self._types.injection.dependency(parameter, at, function)
            if number != place and found is not None:
                yield found
        around = self._types.around(at, function)
        for decorator in function.decorators:
            for argument in decorator.arguments if isinstance(decorator, Call) else ():
                if isinstance(argument.value, Container):
                    for item in argument.value.items:
                        found = self._types.injection.marked(item, None, around)
                        if found is not None:
                            yield found

    def _source(self, given: FunctionRef | ClassRef, depth: int) -> FunctionRef | None:
        """The generator at the bottom that lends the session."""
        if isinstance(given, FunctionRef) and self._lent(given) is not None:
            return given._replace(bound=False)
        if depth > _MAX_DEPTH:
            return None
        for _, _, inner in self._injected(given):
            found = self._source(inner, depth + 1)
            if found is not None:
                return found
        return None

    def _begun_in(
        self, given: FunctionRef | ClassRef, source: FunctionRef, resource: Resource, depth: int
    ) -> Place | None:
        """Where the dependency, or one of its own, queries the session of that source."""
        if depth > _MAX_DEPTH or given._replace() == source:
            return None
        for at, name, inner in self._injected(given):
            if inner == source or (
                isinstance(inner, FunctionRef) and inner._replace(bound=False) == source
            ):
                context = Context(at, name, OWN, resource.name, Situation.IDLE)
                outcome = self._holds.outcome(context, resource, Holder(name, resource, at), None)
                if outcome.situation is Situation.BUSY and outcome.begun is not None:
                    return outcome.begun
            else:
                found = self._begun_in(inner, source, resource, depth + 1)
                if found is not None:
                    return found
        return None

    def _injected(
        self, given: FunctionRef | ClassRef
    ) -> Iterator[tuple[FunctionId, str, FunctionRef | ClassRef]]:
        """The parameters of a dependency that are injected in turn."""
        ref: FunctionRef | None = given if isinstance(given, FunctionRef) else None
        if isinstance(given, ClassRef):
            ref = self._types.attributes.method(given, "__init__")
        at = self._program.function_id(ref) if ref is not None else None
        function = self._program.function(at) if at is not None else None
        for parameter in function.parameters if function is not None else ():
            found = (
                self._types.injection.dependency(parameter, at, function)
                if at and function
                else None
            )
            if at is not None and found is not None:
                yield at, parameter.name, found
