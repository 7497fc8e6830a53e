"""How a function goes on with what it acquired: what a fix of its release must know."""

from __future__ import annotations

from conn_lint.analyze.places import Places
from conn_lint.analyze.sites import Solved
from conn_lint.model.expression import Name, walk
from conn_lint.model.flow import WithExitEvent, expressions
from conn_lint.model.site import Use
from conn_lint.model.summary import Function


def use_of(solved: Solved, function: Function, places: Places) -> Use:
    """The names, releases and last use of one acquisition, as places in its file."""
    statement = function.statements[solved.event.statement] if solved.event.statement >= 0 else None
    spans = {
        event.span
        for node in solved.released_at
        if (event := function.graph.events[node]) is not None
    }
    return Use(
        statement=statement.kind if statement is not None else "",
        end_line=places.location(solved.at, statement.span).span.end_line
        if statement is not None
        else 0,
        awaited=solved.event.awaited,
        names=tuple(sorted(solved.names)),
        last_line=_last_line(solved, function, places),
        releases=tuple(places.location(solved.at, span) for span in sorted(spans)),
        given=solved.gave,
    )


def _last_line(solved: Solved, function: Function, places: Places) -> int:
    lines = [
        event.span.line
        for event in function.graph.events
        if event is not None and not isinstance(event, WithExitEvent)
        for expression in expressions(event)
        if any(isinstance(part, Name) and part.id in solved.names for part in walk(expression))
    ]
    return (
        max(lines, default=0) + places.line(solved.at, solved.event.span) - solved.event.span.line
    )
