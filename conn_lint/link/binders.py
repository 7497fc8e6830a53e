"""The events of a function that bind a name, and those behind its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conn_lint.model.flow import AssignEvent, DefineEvent, Event, ImportEvent, result_of
from conn_lint.model.summary import Function


def binders(function: Function) -> Mapping[str, list[Event]]:
    """The events that bind each name, in order: to look for one name at a time would be to look at all each time."""
    found: dict[str, list[Event]] = {}
    for event in function.graph.events:
        match event:
            case AssignEvent(target=name) | DefineEvent(name=name):
                found.setdefault(name, []).append(event)
            case ImportEvent(imports=imports):
                for name in {item.bound for item in imports}:
                    found.setdefault(name, []).append(event)
            case _:
                pass
    return found


def makers(function: Function | None) -> dict[int, Event]:
    """The event behind each result of the graph."""
    return {
        result: event
        for event in (function.graph.events if function is not None else ())
        if event is not None and (result := result_of(event)) is not None
    }


def in_force(bound: Sequence[Event], function: Function) -> Sequence[Event]:
    """Those of the events that bind a name which may still hold at the function's end.

    What is imported first and then assigned in the function's own block, outside any branch, is the assigned.
    """
    if not any(isinstance(event, ImportEvent) for event in bound):
        return bound
    block = min(event.span.column for event in function.graph.events if event is not None)
    last = max(
        (
            number
            for number, event in enumerate(bound)
            if isinstance(event, AssignEvent) and event.span.column == block
        ),
        default=-1,
    )
    return [
        event
        for number, event in enumerate(bound)
        if number >= last or not isinstance(event, ImportEvent)
    ]
