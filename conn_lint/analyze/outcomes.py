"""What a function answers once an event in it has happened, and which ways its caller then takes.

`while not connected(): ...` ends with the first connection that `connected` makes and answers True for. Under
`if first: connect(); first = False` there is one connection, however often the loop goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conn_lint.flow.guarding import reachable
from conn_lint.model.expression import Expr, Literal, Name, Temp
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    Edge,
    FlowGraph,
    Guard,
    Raised,
    ReturnEvent,
)
from conn_lint.model.summary import Function, Loop


def answer_after(
    function: Function, edges: Mapping[int, Sequence[Edge]], nodes: Sequence[int]
) -> bool | None:
    """Whether all that is returned after the events, if nothing raises, is true (or false); None: either."""
    after = [
        edge.target
        for node in nodes
        for edge in edges.get(node, ())
        if not isinstance(edge.kind, Raised)
    ]
    events = function.graph.events
    returned = [
        event.value
        for node in reachable(edges, after, normal=True)
        if isinstance(event := events[node], ReturnEvent)
    ]
    answers = {bool(v.value) if isinstance(v, Literal) else None for v in returned}
    return answers.pop() if len(answers) == 1 else None


def taken(
    function: Function, edges: Mapping[int, Sequence[Edge]], node: int, answer: bool
) -> Mapping[int, Sequence[Edge]]:
    """The edges without those that a caller does not take which got this answer from the call."""
    call = function.graph.events[node]
    if not isinstance(call, CallEvent):
        return edges
    same: set[Expr] = {Temp(call.result), *_names_of(Temp(call.result), function)}
    return {
        source: [
            edge
            for edge in out
            if not (
                isinstance(edge.kind, Guard)
                and edge.kind.test in same
                and edge.kind.outcome is not answer
            )
        ]
        for source, out in edges.items()
    }


def turned_off(
    function: Function, edges: Mapping[int, Sequence[Edge]], nodes: Sequence[int], loop: Loop
) -> set[int]:
    """The assignments within the loop to a flag that all ways to the nodes test, after which it leads past them."""
    events = function.graph.events
    tests = {
        (kind.test.id, kind.outcome)
        for out in edges.values()
        for edge in out
        if isinstance(kind := edge.kind, Guard) and isinstance(kind.test, Name)
    }
    found: set[int] = set()
    for name, outcome in tests:
        given = [
            (node, event.value)
            for node, event in enumerate(events)
            if isinstance(event, AssignEvent)
            and event.target == name
            and loop.span.contains(event.span)
        ]
        if not given or not all(
            isinstance(value, Literal) and bool(value.value) is not outcome for _, value in given
        ):
            continue
        test = Guard(Name(name), outcome)
        around = {node: [e for e in out if e.kind != test] for node, out in edges.items()}
        if reachable(around, [FlowGraph.ENTRY]).isdisjoint(nodes):
            found.update(node for node, _ in given)
    return found


def _names_of(value: Temp, function: Function) -> list[Name]:
    """The names that never have another value."""
    values: dict[str, set[Expr | None]] = {}
    for event in function.graph.events:
        if isinstance(event, AssignEvent):
            values.setdefault(event.target, set()).add(event.value)
    return [Name(name) for name, given in values.items() if given == {value}]
