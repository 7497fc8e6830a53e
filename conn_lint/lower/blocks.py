"""Compound statements that pass exceptions and exits on: try and with."""

from __future__ import annotations

from collections.abc import Sequence

from conn_lint.lower.bindings import bind
from conn_lint.lower.exits import protect, reraise, run_between, run_with_sink
from conn_lint.lower.expressions import NO_PARTS
from conn_lint.lower.graph import NEXT, RAISED, RAISED_BASE, SWALLOWED, Ends, Sink
from conn_lint.lower.outside import whole
from conn_lint.lower.state import Lowering, StatementHandler
from conn_lint.model.expression import Container, Expr, Name, Temp
from conn_lint.model.flow import DeleteEvent, Handler, Unmatched, WithEnterEvent, WithExitEvent
from conn_lint.syntax import nodes, statement_nodes


def _try(state: Lowering, node: statement_nodes.Tried) -> None:
    final = node.finalbody
    if final is None:
        _try_except(state, node)
        return
    suite = final.body

    def leaving() -> None:
        state.run(suite, "finally")

    def raising(base: bool) -> Ends:
        passed = state.graph.ends
        state.run(suite, "finally")
        reraise(state, passed, base=base)
        return []

    protect(state, lambda: _try_except(state, node), leaving, raising)


def _try_except(state: Lowering, node: statement_nodes.Tried) -> None:
    graph = state.graph
    if not node.handlers:
        state.run(node.body)
        return
    sink = Sink()
    run_with_sink(state, sink, lambda: state.run(node.body))
    if node.orelse is not None and graph.ends:
        state.run(node.orelse.body, "orelse")
    after = graph.ends
    clauses = [() if handler.type is None else _types(handler.type) for handler in node.handlers]
    group = isinstance(node, statement_nodes.TryStar)
    entries: list[Ends] = [[] for _ in clauses]
    for base in (False, True):
        if sink.of(base):
            graph.ends = sink.of(base)
            _dispatch(state, clauses, entries, base=base, group=group)
    for number, handler in enumerate(node.handlers):
        if entries[number]:
            graph.ends = entries[number]
            _handler(state, handler)
            if group and graph.ends:
                # What is left of the group goes to the clauses below, or is raised again.
                node_number = _dispatch(
                    state, clauses, entries, base=False, group=True, start=number + 1
                )
                graph.ends = [(node_number, NEXT)]
            after = after + graph.ends
    graph.ends = after


def _types(node: nodes.Expression) -> tuple[Expr, ...]:
    """The types of an except clause, those of a tuple one by one."""
    expr = whole(node)
    return expr.items if isinstance(expr, Container) and expr.kind == "tuple" else (expr,)


def _dispatch(
    state: Lowering,
    clauses: Sequence[tuple[Expr, ...]],
    entries: list[Ends],
    *,
    base: bool,
    group: bool,
    start: int = 0,
) -> int:
    """Add the point where the exceptions at the loose ends are given to the clauses from `start`
    on.
    """
    graph = state.graph
    node = graph.emit(None)
    graph.ends = []
    before: tuple[Expr, ...] = ()
    for number, types in enumerate(clauses):
        if number >= start:
            entries[number].append((node, Handler(types, before, base, group)))
        if not types:
            return node
        before += types
    graph.sink.of(base).append((node, Unmatched(before, base=base)))
    return node


def _handler(state: Lowering, handler: statement_nodes.Handler) -> None:
    if handler.name is None or not isinstance(handler.name.name, nodes.Name):
        state.run(handler.body, "handler")
        return
    target = handler.name.name
    state.assign(target, target.value, NO_PARTS)

    def forget() -> None:
        span = state.span(target)
        event = DeleteEvent(span, state.statement, state.loop, Name(target.value))
        state.graph.emit(event)

    run_between(state, lambda: state.run(handler.body, "handler"), forget)


def _with(state: Lowering, node: statement_nodes.With) -> None:
    _with_item(state, node, 0)


def _with_item(state: Lowering, node: statement_nodes.With, number: int) -> None:
    """Enter one item; the items after it and the body are what it protects."""
    if number == len(node.items):
        state.run(node.body)
        return
    graph = state.graph
    item = node.items[number]
    is_async = node.asynchronous
    value = state.value(item.item)
    span = state.span(item)
    pair = state.items
    state.items += 1
    result = graph.result()
    enter = WithEnterEvent(span, state.statement, state.loop, value, result, is_async, pair)
    graph.emit(enter, raises=True)

    def body() -> None:
        if item.asname is not None:
            bind(state, item.asname.name, Temp(result))
        _with_item(state, node, number + 1)

    def leaving() -> None:
        event = WithExitEvent(span, state.statement, state.loop, value, is_async, pair, False)
        graph.emit(event, raises=True)

    def raising(base: bool) -> Ends:
        event = WithExitEvent(span, state.statement, state.loop, value, is_async, pair, True)
        exit_node = graph.emit(event)
        graph.ends = []
        graph.sink.of(base).append((exit_node, RAISED_BASE if base else RAISED))
        return [(exit_node, SWALLOWED)]

    protect(state, body, leaving, raising)


STATEMENTS: dict[type[nodes.Node], StatementHandler] = {
    statement_nodes.Try: _try,
    statement_nodes.TryStar: _try,
    statement_nodes.With: _with,
}
