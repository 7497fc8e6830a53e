"""The events of a function that bind a name."""

from __future__ import annotations

from collections.abc import Mapping

from conn_lint.model.flow import AssignEvent, DefineEvent, Event, ImportEvent
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
