"""How a function goes on with what it acquired: what a fix of its release must know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from conn_lint.analyze.places import Places
from conn_lint.analyze.sites import Solved
from conn_lint.link.values import FunctionId, ObjectRef
from conn_lint.model.expression import (
    Attribute,
    Conditional,
    Container,
    Expr,
    Name,
    Operator,
    Subscript,
    Temp,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    Event,
    ReturnEvent,
    StoreEvent,
    WithEnterEvent,
    WithExitEvent,
    expressions,
    result_of,
)
from conn_lint.model.site import Use
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_KEEPING = frozenset({"append", "appendleft", "add", "insert", "put", "put_nowait", "setdefault"})
_DEEPEST = 50  # links of a chain of calls


def use_of(
    solved: Solved,
    function: Function,
    places: Places,
    is_detached: Callable[[str], bool],
) -> Use:
    """The names, releases and last use of one acquisition, as places in its file.

    `is_detached` tells of a method's name whether what it gives needs its receiver no more.
    """
    statement = function.statements[solved.event.statement] if solved.event.statement >= 0 else None
    spans = {
        event.span
        for node in solved.released_at
        if (event := function.graph.events[node]) is not None
    }
    # Where it is released already, the author saw to it that nothing needs it afterwards.
    start = result_of(solved.event)
    names = solved.names if spans else with_derived(solved.names, function, is_detached, start)
    return Use(
        statement=statement.kind if statement is not None else "",
        end_line=(
            places.location(solved.at, statement.span).span.end_line if statement is not None else 0
        ),
        awaited=solved.event.awaited,
        names=tuple(sorted(names)),
        last_line=last_line(solved.at, names, function, places),
        releases=tuple(places.location(solved.at, span) for span in sorted(spans)),
        given=solved.gave,
        returned=_is_returned(solved.names, function, is_detached, start),
        started=_is_started(solved, function),
    )


def _is_started(solved: Solved, function: Function) -> bool:
    """A method is called that opens what its constructor did not."""
    resource = solved.resource
    return resource.opens == "explicit" and any(
        isinstance(event, CallEvent)
        and isinstance(event.func, Attribute)
        and event.func.attr in resource.begins
        and isinstance(event.func.value, Name)
        and event.func.value.id in solved.names
        for event in function.graph.events
    )


def use_at(solved: Solved, function: Function, places: Places, analysis: Analysis) -> Use:
    """The same with what only the program tells: who else may have opened it, and whether it is still there."""
    return msgspec.structs.replace(
        use_of(solved, function, places, analysis.knowledge.is_detached),
        passed_on=analysis.effects.passes_on(solved.acquired.via, solved.resource),
        replaced=_is_replaced(solved, function, analysis),
    )


def _is_replaced(solved: Solved, function: Function, analysis: Analysis) -> bool:
    """The function puts something else on the object where its class keeps what it opens."""
    for event in function.graph.events:
        match event:
            case StoreEvent(target=Attribute(value=Name(id=name) as value, attr=attr)):
                if name not in solved.names:
                    continue
                owner = analysis.types.infer(value, solved.at)
                if isinstance(owner, ObjectRef) and any(
                    owned.attr == attr for owned in analysis.owners.owned(owner.cls)
                ):
                    return True
            case _:
                pass
    return False


def _is_returned(
    names: frozenset[str],
    function: Function,
    is_detached: Callable[[str], bool],
    start: int | None,
) -> bool:
    """What the function returns or keeps needs the resource: to release it first would leave them with nothing."""
    derived = set(with_derived(names, function, is_detached, start, of_parts=False))
    makers = _makers(function)
    return any(
        _reads(value, derived, makers, is_detached, start, of_parts=False)
        for event in function.graph.events
        for value in _kept(event)
    )


def _kept(event: Event | None) -> Iterator[Expr]:
    match event:
        case ReturnEvent(value=value) if value is not None:
            yield from _parts(value)
        case StoreEvent(value=value):
            yield value
        case CallEvent(func=Attribute(attr=name), arguments=arguments) if name in _KEEPING:
            yield from (argument.value for argument in arguments)
        case _:
            pass


def _parts(value: Expr) -> Iterator[Expr]:
    """What is in a container, and what a ternary or `and` and `or` may come to."""
    match value:
        case Container(items=items):
            for item in items:
                yield from _parts(item)
        case _:
            yield from _choices(value)


def _choices(value: Expr) -> Iterator[Expr]:
    match value:
        case Conditional(body=body, orelse=orelse):
            yield from _choices(body)
            yield from _choices(orelse)
        case Operator(op="and" | "or", operands=operands):
            for operand in operands:
                yield from _choices(operand)
        case _:
            yield value


def with_derived(
    names: frozenset[str],
    function: Function,
    is_detached: Callable[[str], bool],
    start: int | None = None,
    *,
    of_parts: bool = True,
) -> frozenset[str]:
    """With the names of what its methods give, unless that stands for itself.

    `start` is the result that is the resource, where it has no name. `of_parts`: with its attributes and items.
    """
    makers = _makers(function)
    bound = [event for event in function.graph.events if isinstance(event, AssignEvent)]
    found = set(names)
    while True:
        more = {
            event.target
            for event in bound
            if event.target not in found
            and any(
                _reads(value, found, makers, is_detached, start, of_parts=of_parts)
                for value in _parts(event.value)
            )
        }
        if not more:
            return frozenset(found)
        found |= more


def _makers(function: Function) -> dict[int, Event]:
    return {
        result: event
        for event in function.graph.events
        if event is not None and (result := result_of(event)) is not None
    }


def _reads(
    value: Expr,
    names: set[str],
    makers: Mapping[int, Event],
    is_detached: Callable[[str], bool],
    start: int | None,
    *,
    of_parts: bool,
) -> bool:
    """The value was got from one of the names by methods whose results depend on it."""
    for _ in range(_DEEPEST):
        match value:
            case Temp(index=index) if index == start:
                return True
            case Temp(index=index):
                maker = makers.get(index)
                match maker:
                    case CallEvent(func=Attribute(value=inner, attr=attr)) if not is_detached(attr):
                        value = inner
                    case AwaitEvent(value=inner) | WithEnterEvent(value=inner):
                        value = inner
                    case _:
                        return False
            case Attribute(value=inner) | Subscript(value=inner) if of_parts:
                value = inner
            case Name(id=name):
                return name in names
            case _:
                return False
    return True


def last_line(
    at: FunctionId,
    names: frozenset[str],
    function: Function,
    places: Places,
    released_at: frozenset[int] = frozenset(),
) -> int:
    """The line of the last event that reads one of the names, 0 if none does; releases do not count."""
    spans = [
        event.span
        for node, event in enumerate(function.graph.events)
        if event is not None and node not in released_at and not isinstance(event, WithExitEvent)
        for expression in expressions(event)
        if any(isinstance(part, Name) and part.id in names for part in walk(expression))
    ]
    return places.line(at, max(spans)) if spans else 0
