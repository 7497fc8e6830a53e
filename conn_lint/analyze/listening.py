"""Loops that wait for what comes over a connection: one around them connects again once it has broken."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from conn_lint.flow.guarding import reachable
from conn_lint.flow.solve import successors
from conn_lint.link.values import FunctionId, Instance
from conn_lint.model.expression import Attribute, Literal, dotted
from conn_lint.model.flow import CallEvent, Event
from conn_lint.model.summary import Function, Loop

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_ASKS = frozenset({"add_listener", "listen", "psubscribe", "subscribe"})


def listening(function: Function, loop: Loop, pauses: set[int]) -> set[int]:
    """The nodes of inner loops that wait for what comes: that such a one may make no pass means little."""
    events = function.graph.events
    waits = [
        event.span
        for node, event in enumerate(events)
        if event is not None and (node in pauses or _receives(event))
    ]
    inner = [
        other.span
        for other in function.loops
        if other.kind != "comprehension"
        and other.span != loop.span
        and loop.span.contains(other.span)
        and (other.is_async or any(other.span.contains(span) for span in waits))
    ]
    return {
        node
        for node, event in enumerate(events)
        if event is not None and any(span.contains(event.span) for span in inner)
    }


def listens_on(analysis: Analysis, at: FunctionId, nodes: tuple[int, ...]) -> bool:
    """The function takes what comes over that which it opens at the nodes, until nothing more does.

    A `while` that calls it opens nothing anew as long as the connection holds.
    """
    function = analysis.program.function(at)
    if function is None or min(nodes, default=-1) < 0:
        return False
    values = {
        solved.resource.value
        for solved in analysis.sites.solved(at)
        if not set(nodes).isdisjoint(solved.nodes)
    }
    after = reachable(successors(function.graph), nodes, normal=True)
    events = [event for node in after if (event := function.graph.events[node]) is not None]
    for loop in function.loops:
        inside = [event for event in events if loop.span.contains(event.span)]
        if loop.kind == "while" and any(_receives(event) for event in inside):
            return True
        if loop.kind == "for" and inside and loop.iterable is not None:
            items = analysis.types.infer(loop.iterable, at)
            if isinstance(items, Instance) and items.type in values:
                return True
    return False


def is_told(function: Function, names: AbstractSet[str]) -> bool:
    """The function asks to be told over one of the names what happens: it waits with the connection on purpose."""
    for event in function.graph.events:
        if not isinstance(event, CallEvent) or not isinstance(event.func, Attribute):
            continue
        if dotted(event.func.value) not in names:
            continue
        first = event.arguments[0].value if event.arguments else None
        text = str(first.value) if isinstance(first, Literal) else ""
        if event.func.attr in _ASKS or text.lstrip().upper().startswith("LISTEN "):
            return True
    return False


def _receives(event: Event) -> bool:
    return (
        isinstance(event, CallEvent)
        and isinstance(event.func, Attribute)
        and event.func.attr.startswith(("recv", "receive"))
    )
