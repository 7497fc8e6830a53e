"""Whether a function that a loop calls can be handed what it opens: loops alone call it, or the one that calls it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.borrowing import Borrowings
from conn_lint.analyze.makings import is_caught, is_tried, loop_lines
from conn_lint.analyze.places import Places
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.creation import Handing
from conn_lint.model.expression import Attribute, Expr, walk
from conn_lint.model.flow import Event, expressions
from conn_lint.model.location import Location
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MOST_LINKS = 1  # functions between the loop's call and the one that opens it
_OBJECT = "self"


class _Call(NamedTuple):
    at: FunctionId
    function: Function
    event: Event
    location: Location


class Handings:
    """Answers for a creation and the loops that lead to it."""

    def __init__(self, analysis: Analysis, borrowings: Borrowings) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._borrowings = borrowings
        self._places = Places(analysis.program)

    def of(self, location: Location, loops: Collection[Location]) -> Handing | None:
        """What is to be known of the calls at `loops`, if they are all that lead to what is opened at `location`, by
        plain functions or methods of the same file, and give it nothing of what decides it.
        """
        solved = self._borrowings.opened_at(location)
        if solved is None or any(loop.path != location.path for loop in loops):
            return None
        function = self._program.function(solved.at)
        if function is None or not self._borrowings.given(solved, function) <= {_OBJECT}:
            return None
        links: list[_Call] = []
        at = solved.at
        while True:
            calls = self._calls(at)
            if calls and {call.location for call in calls} == set(loops):
                return _handing(links, calls)
            if len(calls) != 1 or len(links) == _MOST_LINKS:
                return None
            links += calls
            at = calls[0].at

    def _calls(self, at: FunctionId) -> tuple[_Call, ...]:
        """The calls of a function, if nobody else can mean it."""
        function, ref = self._program.function(at), self._program.ref_of(at)
        if (
            at.number
            or function is None
            or not isinstance(ref, FunctionRef)
            or function.is_generator
            or function.decorators
            or function.kind != "function"
            or self._analysis.demand.in_tests(function.name)
        ):
            return ()
        cls = self._program.class_of(at)
        if cls is None and self._program.head(ref).parent >= 0:
            return ()
        if cls is not None and not self._is_alone(cls, function.name):
            return ()
        found = [self._call(place, node) for place, node in self._borrowings.references(ref)]
        calls = [call for call in found if call is not None]
        if len(calls) < len(found) or any(call.location.path != at.path for call in calls):
            return ()
        if cls is not None and self._mentions(function.name) != len(calls):
            return ()
        return tuple(sorted(calls, key=lambda call: call.location))

    def _call(self, at: FunctionId, node: int) -> _Call | None:
        function = self._program.function(at)
        event = function.graph.events[node] if function is not None and node >= 0 else None
        if function is None or event is None:
            return None
        return _Call(at, function, event, self._places.location(at, event.span))

    def _is_alone(self, cls: ClassRef, name: str) -> bool:
        """No other class has a method of the name, nor a base from elsewhere, which might call it."""
        ancestry = self._analysis.types.attributes.ancestry(cls)
        heads = sum(
            head.name == name
            for file in self._program.files.values()
            for head in file.skeleton.heads
        )
        return heads == 1 and all(isinstance(base, ClassRef) for base in ancestry)

    def _mentions(self, name: str) -> int:
        """How often something's method of the name is read, whatever that is."""
        keys = set(self._program.words.mentioning(name))
        self._program.load(keys)
        found = {
            (path, number, event.span)
            for path, number in keys
            if (summary := self._program.unit(path, number)) is not None
            for function in summary.functions
            for event in function.graph.events
            if event is not None and any(_reads(expr, name) for expr in expressions(event))
        }
        return len(found)


def _reads(expr: Expr, name: str) -> bool:
    return any(isinstance(part, Attribute) and part.attr == name for part in walk(expr))


def _handing(links: list[_Call], calls: tuple[_Call, ...]) -> Handing:
    every = (*links, *calls)
    return Handing(
        links=tuple(link.location for link in links),
        calls=tuple(call.location for call in calls),
        is_async=all(call.function.is_async for call in calls),
        tried=any(is_tried(call.function, call.event.statement) for call in every),
        caught=any(is_caught(call.function, call.event.statement) for call in every),
        loop_lines=max(loop_lines(call.function, call.event.loop) for call in calls),
    )
