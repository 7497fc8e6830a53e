"""What must hold of every flow graph, whatever it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from conn_lint.model.expression import Expr, Literal, Operator, Star, Subscript, Temp, walk
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    DeleteEvent,
    Edge,
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
    event = graph.events[node]
    if node in (1, 2):
        if edges:
            yield f"node {node} is an end, but goes on"
        return
    if not edges:
        yield f"node {node} goes nowhere"
    kinds = [edge.kind for edge in edges]
    raised = [kind for kind in kinds if isinstance(kind, Raised)]
    normal = [kind for kind in kinds if not isinstance(kind, Raised)]
    ordinary = [kind for kind in raised if not kind.base]
    raising_exit = isinstance(event, WithExitEvent) and event.raising
    if isinstance(event, RAISING) and not ordinary and not (raising_exit and raised):
        yield f"node {node} can raise, but has no such edge"
    if len(ordinary) > 1:
        yield f"node {node} raises to several places"
    if isinstance(event, YieldEvent) and not any(kind.base for kind in raised):
        yield f"node {node} is a yield without a base edge"
    if isinstance(event, READING) and not raised and _reads_subscript(event):
        yield f"node {node} reads a subscript, but cannot raise"
    if event is None and any(isinstance(kind, Handler | Unmatched) for kind in kinds):
        if not all(isinstance(kind, Handler | Unmatched) for kind in kinds) and not any(
            isinstance(kind, Handler) and kind.group for kind in kinds
        ):
            yield f"node {node} is a point of dispatch with other edges"
    elif isinstance(event, RaiseEvent):
        if normal:
            yield f"node {node} raises, but goes on"
    elif event is not None and not normal:
        yield f"node {node} has no normal end"
    guards = [kind for kind in normal if isinstance(kind, Guard)]
    if guards:
        if len(guards) != len(normal) or {g.outcome for g in guards} != {True, False}:
            yield f"node {node} has guards for one outcome only"
        if len({str(g.test) for g in guards}) != 1:
            yield f"node {node} has guards on several tests"
        if any(_is_compound(g.test) for g in guards):
            yield f"node {node} has a compound guard"


def _reads_subscript(event: READING_EVENT) -> bool:
    if isinstance(event, AssignEvent):
        value = event.value
        # Parts of an unpacked value: the first binding stands for all.
        if isinstance(value, Star) or (
            isinstance(value, Subscript) and isinstance(value.index, Literal)
        ):
            return False
    exprs: tuple[Expr, ...] = expressions(event)
    if isinstance(event, StoreEvent) and isinstance(event.target, Subscript):
        return True
    return any(isinstance(part, Subscript) for expr in exprs for part in walk(expr))


READING_EVENT = UseEvent | AssignEvent | StoreEvent | DeleteEvent | ReturnEvent


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
