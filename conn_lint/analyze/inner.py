"""Who leads to a function that is written in another one: not who defines it, but who calls what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Expr, Lambda, Name, Temp, walk
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    DefineEvent,
    Event,
    ReturnEvent,
    expressions,
)
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Inner:
    """Looks for uses of inner functions and lambdas; `callers` answers for the functions around them."""

    def __init__(
        self, analysis: Analysis, callers: Callable[[FunctionId], tuple[Caller, ...]]
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._callers = callers

    def of(self, at: FunctionId, function: Function) -> Iterator[Caller]:
        """Calls of the function where it is written, calls it is given to, and who is given it in turn."""
        around = FunctionId(at.path, at.unit, max(function.parent, 0))
        outer = self._program.function(around)
        if outer is None or around == at:
            return
        used = tuple(self._named(at, function)) if function.name else ()
        yield from used
        if not used:
            yield from self._unused(at, function, around, outer)
        if outer.kind == "function":
            yield from self._wrapped(around)

    def _named(self, at: FunctionId, function: Function) -> Iterator[Caller]:
        for place, other in self._functions(at.path, at.unit):
            if place != at:
                yield from _uses(place, other, {Name(function.name)})

    def _unused(
        self, at: FunctionId, function: Function, around: FunctionId, outer: Function
    ) -> Iterator[Caller]:
        """Nothing here runs it: it is given back, kept somewhere, or left to a decorator."""
        mentioning = [e for e in outer.graph.events if e is not None and _has(e, at, function)]
        if mentioning and all(isinstance(e, ReturnEvent) and _is(e, at) for e in mentioning):
            yield from self._given_back(at, around)
        elif mentioning or function.decorators or not function.name:
            defines = (
                node
                for node, event in enumerate(outer.graph.events)
                if isinstance(event, DefineEvent) and event.function == at.number
            )
            yield Caller(around, next(defines, -1), "inside")

    def _given_back(self, at: FunctionId, around: FunctionId) -> Iterator[Caller]:
        callers = self._callers(around)
        for caller in callers:
            if caller.how in ("call", "maybe"):
                yield from self._used(at, caller)
            elif caller.how not in ("decorate", "wrap"):
                yield caller
        if not callers:  # whoever calls that one, a framework, may run what it is given
            yield Caller(around, -1, "inside")

    def _used(self, at: FunctionId, maker: Caller) -> Iterator[Caller]:
        """What becomes of the function where it was asked for."""
        function = self._program.function(maker.at)
        event = function.graph.events[maker.node] if function is not None else None
        if function is None or not isinstance(event, CallEvent):
            return
        result = Temp(event.result)
        names = {
            Name(other.target)
            for other in function.graph.events
            if isinstance(other, AssignEvent) and other.value == result
        }
        found = list(_uses(maker.at, function, {result, *names}))
        for place, other in self._functions(maker.at.path, maker.at.unit):
            if place != maker.at and other.parent >= 0:
                found += _uses(place, other, names)
        if function.kind == "module":
            found += self._elsewhere(at, names)
        else:
            found = found or [maker._replace(how="made")]
        for caller in found:
            yield caller._replace(maker=(maker.at, maker.node), sure=caller.sure and maker.sure)

    def _elsewhere(self, at: FunctionId, names: set[Name]) -> Iterator[Caller]:
        """Calls of a module's variable that has the function."""
        meant = self._program.ref_of(at)
        for name in names:
            for spelling in self._analysis.mentions.names_of(name.id):
                for path, number in self._analysis.mentioning(spelling):
                    if number == 0 or self._program.files[path].is_test:
                        continue
                    for place, other in self._functions(path, number):
                        for node, event in enumerate(other.graph.events):
                            if isinstance(event, CallEvent) and meant is not None:
                                callee = self._analysis.calls.callee(event, place)
                                if isinstance(callee, FunctionRef) and callee == meant:
                                    yield Caller(place, node, "call")

    def _wrapped(self, around: FunctionId) -> Iterator[Caller]:
        """The function around it is a decorator: what it decorates runs the inner one."""
        for caller in self._callers(around):
            if caller.how in ("decorate", "wrap"):
                made_first = caller.how == "decorate" and caller.argument == FACTORY
                yield caller._replace(how="decorate" if made_first else "wrap", argument=-1)

    def _functions(self, path: str, number: int) -> Iterator[tuple[FunctionId, Function]]:
        summary = self._program.unit(path, number)
        for index, function in enumerate(summary.functions if summary is not None else ()):
            yield FunctionId(path, number, index), function


FACTORY = 0  # in place of an argument: the decorator is what the function gives


def _uses(at: FunctionId, function: Function, things: Set[Expr]) -> Iterator[Caller]:
    """The function's calls of one of the things, and calls that are given one."""
    for node, event in enumerate(function.graph.events):
        if not isinstance(event, CallEvent):
            continue
        if event.func in things:
            yield Caller(at, node, "call")
            continue
        for index, argument in enumerate(event.arguments):
            if any(part in things for part in walk(argument.value)):
                yield Caller(at, node, "pass", index)


def _has(event: Event, at: FunctionId, function: Function) -> bool:
    """The event mentions the inner function."""
    return any(
        (isinstance(part, Name) and bool(function.name) and part.id == function.name)
        or (isinstance(part, Lambda) and part.function == at.number)
        for expr in expressions(event)
        for part in walk(expr)
    )


def _is(event: ReturnEvent, at: FunctionId) -> bool:
    """The function itself is returned, and not something that has it inside."""
    return isinstance(event.value, Name) or (
        isinstance(event.value, Lambda) and event.value.function == at.number
    )
