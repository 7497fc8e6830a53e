"""Loops of a page that runs again as a whole: what its user must press first happens once a run at the most."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from conn_lint.flow.guarding import reachable
from conn_lint.flow.solve import successors
from conn_lint.link.values import FunctionId
from conn_lint.model.expression import Attribute, Expr, Name, walk
from conn_lint.model.flow import AssignEvent, CallEvent, Guard, IterateEvent
from conn_lint.model.summary import Loop

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_DEPTH = 4  # from the test to the call of the page that it goes back to


def is_pressed(analysis: Analysis, at: FunctionId, loop: Loop, nodes: tuple[int, ...]) -> bool:
    """Within the loop, no way leads to the nodes but past a test of what the page's framework gave."""
    function = analysis.program.function(at)
    entered = analysis.entries.script(at.path)
    libraries = entered.entry.names if entered is not None else ()
    if function is None or not libraries:
        return False
    events = function.graph.events
    pressed = {
        edge.source
        for edge in function.graph.edges
        if isinstance(edge.kind, Guard)
        and _is_of_page(analysis, edge.kind.test, at, libraries, _MAX_DEPTH)
    }
    heads = [
        (event.span, node)
        for node, event in enumerate(events)
        if isinstance(event, IterateEvent) and loop.span.contains(event.span)
    ]
    inside = any((event := events[n]) and loop.span.contains(event.span) for n in nodes)
    if not inside or not pressed or not heads:
        return False
    found = reachable(successors(function.graph), [min(heads)[1]], without=pressed)
    return found.isdisjoint(nodes)


def _is_of_page(
    analysis: Analysis, test: Expr, at: FunctionId, names: tuple[str, ...], depth: int
) -> bool:
    """The test reads what a call of the page's framework gave, or a call of what that gave."""
    if not depth:
        return False
    for part in walk(test):
        maker = analysis.types.maker(part, at)
        if isinstance(maker, CallEvent):
            name = analysis.calls.external_name(maker, at) or ""
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in names):
                return True
            asked = [maker.func.value] if isinstance(maker.func, Attribute) else []
        else:
            asked = _values(analysis, part.id, at) if isinstance(part, Name) else []
        if any(_is_of_page(analysis, value, at, names, depth - 1) for value in asked):
            return True
    return False


def _values(analysis: Analysis, name: str, at: FunctionId) -> list[Expr]:
    """All that the name is bound to in the function."""
    function = analysis.program.function(at)
    events = function.graph.events if function is not None else ()
    return [e.value for e in events if isinstance(e, AssignEvent) and e.target == name]
