"""What must hold of every flow graph, whatever it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from conn_lint.model.expression import Expr, Literal, Operator, Star, Subscript, Temp, walk
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    DeleteEvent,
    Edge,
    EdgeKind,
    FlowGraph,
    Guard,
    Handler,
    ImportEvent,
    IterateEvent,
    Raised,
    RaiseEvent,
    ReturnEvent,
    StoreEvent,
    Unmatched,
    UseEvent,
    WithEnterEvent,
    WithExitEvent,
    YieldEvent,
    expressions,
    result_of,
)
from conn_lint.model.summary import Function, UnitSummary

RAISING = (
    CallEvent,
    AwaitEvent,
    YieldEvent,
    RaiseEvent,
    WithEnterEvent,
    WithExitEvent,
    IterateEvent,
    ImportEvent,
)
ReadingEvent: TypeAlias = UseEvent | AssignEvent | StoreEvent | DeleteEvent | ReturnEvent
READING = (UseEvent, AssignEvent, StoreEvent, DeleteEvent, ReturnEvent)


def problems_of_unit(unit: UnitSummary) -> Iterator[str]:
    for number, function in enumerate(unit.functions):
        if function.parent >= number:
            yield f"{function.qualname}: its parent comes after it"
        for problem in problems(function):
            yield f"{function.qualname}: {problem}"


def problems(function: Function) -> Iterator[str]:
    graph = function.graph
    if graph.too_large:
        return
    out: dict[int, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        if not (0 <= edge.source < len(graph.events) and 0 <= edge.target < len(graph.events)):
            yield f"{edge} leads nowhere"
            return
        out[edge.source].append(edge)
    if any(graph.events[node] is not None for node in (0, 1, 2)):
        yield "entry, exit and raised must have no event"
    yield from _unreachable(graph, out)
    for node in range(len(graph.events)):
        yield from _node_problems(graph, node, out[node])
    yield from _table_problems(function)
    yield from _temp_problems(graph, out)


def _unreachable(graph: FlowGraph, out: dict[int, list[Edge]]) -> Iterator[str]:
    seen = {0}
    todo = [0]
    while todo:
        for edge in out[todo.pop()]:
            if edge.target not in seen:
                seen.add(edge.target)
                todo.append(edge.target)
    for node in range(3, len(graph.events)):
        if node not in seen:
            yield f"node {node} cannot be reached"


def _node_problems(graph: FlowGraph, node: int, edges: list[Edge]) -> Iterator[str]:
    if node in (1, 2):
        if edges:
            yield f"node {node} is an end, but goes on"
        return
    if not edges:
        yield f"node {node} goes nowhere"
    kinds = [edge.kind for edge in edges]
    normal = [kind for kind in kinds if not isinstance(kind, Raised)]
    raised = [kind for kind in kinds if isinstance(kind, Raised)]
    yield from _raise_problems(graph, node, raised)
    yield from _guard_problems(node, [kind for kind in normal if isinstance(kind, Guard)], normal)
    event = graph.events[node]
    if isinstance(event, RaiseEvent):
        if normal:
            yield f"node {node} raises, but goes on"
    elif event is not None:
        if not normal:
            yield f"node {node} has no normal end"
        if any(isinstance(kind, Handler | Unmatched) for kind in kinds):
            yield f"node {node} has an event and is a point of dispatch"


def _raise_problems(graph: FlowGraph, node: int, raised: list[Raised]) -> Iterator[str]:
    event = graph.events[node]
    ordinary = [kind for kind in raised if not kind.base]
    passes_on = isinstance(event, WithExitEvent) and event.raising and raised
    if isinstance(event, RAISING) and not ordinary and not passes_on:
        yield f"node {node} can raise, but has no such edge"
    if len(ordinary) > 1:
        yield f"node {node} raises to several places"
    if isinstance(event, YieldEvent) and len(raised) == len(ordinary):
        yield f"node {node} is a yield without a base edge"
    if isinstance(event, READING) and not raised and _reads_subscript(event):
        yield f"node {node} reads a subscript, but cannot raise"


def _guard_problems(
    node: int, guards: Sequence[Guard], normal: Sequence[EdgeKind]
) -> Iterator[str]:
    if not guards:
        return
    if len(guards) != len(normal) or {guard.outcome for guard in guards} != {True, False}:
        yield f"node {node} has guards for one outcome only"
    if len({str(guard.test) for guard in guards}) != 1:
        yield f"node {node} has guards on several tests"
    if any(_is_compound(guard.test) for guard in guards):
        yield f"node {node} has a compound guard"


def _reads_subscript(event: ReadingEvent) -> bool:
    if isinstance(event, AssignEvent):
        value = event.value
        # Parts of an unpacked value: the first binding stands for all.
        if isinstance(value, Star) or (
            isinstance(value, Subscript) and isinstance(value.index, Literal)
        ):
            return False
    if isinstance(event, StoreEvent) and isinstance(event.target, Subscript):
        return True
    return any(isinstance(part, Subscript) for expr in expressions(event) for part in walk(expr))


def _is_compound(test: Expr) -> bool:
    return isinstance(test, Literal) or (
        isinstance(test, Operator) and test.op in {"and", "or", "not"}
    )


def _table_problems(function: Function) -> Iterator[str]:
    for node, event in enumerate(function.graph.events):
        if event is None:
            continue
        if not -1 <= event.statement < len(function.statements):
            yield f"node {node} has no statement {event.statement}"
        elif event.statement == -1 and function.kind != "lambda":
            yield f"node {node} has no statement"
        if not -1 <= event.loop < len(function.loops):
            yield f"node {node} has no loop {event.loop}"
    for number, statement in enumerate(function.statements):
        if not 0 <= statement.block < len(function.blocks):
            yield f"statement {number} has no block {statement.block}"
    for number, block in enumerate(function.blocks):
        if not (block.owner == -1 and number == 0) and not 0 <= block.owner < len(
            function.statements
        ):
            yield f"block {number} has no owner"
    for number, loop in enumerate(function.loops):
        if loop.parent >= number:
            yield f"loop {number} lies in loop {loop.parent}"


def _temp_problems(graph: FlowGraph, out: dict[int, list[Edge]]) -> Iterator[str]:
    """A result that is read must have been made on some way there."""
    makers = [result_of(event) for event in graph.events]
    made = [result for result in makers if result is not None]
    if len(made) != len(set(made)):
        yield "a result has two makers"
    before = [0] * len(graph.events)
    todo = [0]
    seen = {0}
    while todo:
        node = todo.pop()
        result = makers[node]
        after = before[node] | (0 if result is None else 1 << result)
        for edge in out[node]:
            joined = before[edge.target] | after
            if joined != before[edge.target] or edge.target not in seen:
                seen.add(edge.target)
                before[edge.target] = joined
                todo.append(edge.target)
    for node, event in enumerate(graph.events):
        exprs = () if event is None else expressions(event)
        for expr in exprs:
            for part in walk(expr):
                if isinstance(part, Temp) and not before[node] >> part.index & 1:
                    yield f"node {node} reads t{part.index}, which nothing has made"
