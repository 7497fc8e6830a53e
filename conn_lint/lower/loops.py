"""Loops: for, while, and comprehensions, which are loops inside an expression."""

from __future__ import annotations

from conn_lint.lower.bindings import bind
from conn_lint.lower.conditions import branch
from conn_lint.lower.exits import run_framed
from conn_lint.lower.graph import Ends
from conn_lint.lower.outside import whole
from conn_lint.lower.state import Frame, Lowering, StatementHandler, ValueHandler
from conn_lint.model.expression import Expr, Temp, Unknown
from conn_lint.model.flow import Guard, IterateEvent
from conn_lint.model.location import Span
from conn_lint.model.summary import Loop
from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.fields import target_names


def _while(state: Lowering, node: statement_nodes.While) -> None:
    graph = state.graph
    outer = state.loop
    header = graph.emit(None)
    state.loop = state.open_loop(
        node,
        lambda parent: Loop("while", (), None, whole(node.test), False, parent, state.span(node)),
    )
    yes, no = branch(state, node.test)
    _loop_body(state, node.body, header, yes, no, node.orelse, outer)


def _for(state: Lowering, node: statement_nodes.For) -> None:
    is_async = node.asynchronous
    iterable = state.value(node.iter)
    outer = state.loop
    state.loop = state.open_loop(
        node,
        lambda parent: Loop(
            "for",
            tuple(target_names(node.target)),
            iterable,
            None,
            is_async,
            parent,
            state.span(node),
        ),
    )
    header, item = _iterate(state, node.iter, iterable, is_async=is_async)
    state.graph.ends = [(header, Guard(item, True))]
    bind(state, node.target, item)
    no: Ends = [(header, Guard(item, False))]
    _loop_body(state, node.body, header, state.graph.ends, no, node.orelse, outer)


def _iterate(
    state: Lowering, node: nodes.Node, iterable: Expr, *, is_async: bool
) -> tuple[int, Temp]:
    """Add the point where the next item is asked for: its node, and the item."""
    result = state.graph.result()
    span = state.span(node)
    event = IterateEvent(span, state.statement, state.loop, iterable, result, is_async)
    return state.graph.emit(event, raises=True), Temp(result)


def _loop_body(
    state: Lowering,
    body: nodes.Suite,
    header: int,
    yes: Ends,
    no: Ends,
    orelse: statement_nodes.Else | None,
    outer: int,
) -> None:
    """Run the body and lead it back to the header; then the `else`, which belongs to the loop
    around.
    """
    graph = state.graph
    frame: Frame = {"break": [], "continue": []}
    graph.ends = yes
    if yes:
        run_framed(state, frame, lambda: state.run(body))
    graph.connect(graph.ends, header)
    graph.connect(frame["continue"], header)
    state.loop = outer
    graph.ends = no
    if no and orelse is not None:
        state.run(orelse.body, "orelse")
    graph.ends = graph.ends + frame["break"]


def _comprehension(state: Lowering, node: nodes.Comprehension) -> Expr:
    """Lower a comprehension in place; its variables get their loop's number behind them."""
    graph = state.graph
    outer_loop, outer_renames = state.loop, state.renames
    iterable = state.value(node.for_in.iter)
    clause: nodes.CompFor | None = node.for_in
    back: list[int] = []
    done: Ends = []
    while clause is not None:
        if clause is not node.for_in:
            iterable = state.value(clause.iter)
        header, ends = _clause(state, clause, iterable)
        if back:
            graph.connect([ends], back[-1])
        else:
            done = [ends]
        back.append(header)
        for condition in clause.ifs:
            yes, no = branch(state, condition.test)
            graph.connect(no, header)
            graph.ends = yes
        clause = clause.inner_for_in
    fields = (getattr(node, field, None) for field in ("elt", "key", "value"))
    parts = tuple(state.value(part) for part in fields if part is not None)
    graph.connect(graph.ends, back[-1])
    graph.ends = done
    state.loop, state.renames = outer_loop, outer_renames
    return Unknown(parts)


def _clause(
    state: Lowering, clause: nodes.CompFor, iterable: Expr
) -> tuple[int, tuple[int, Guard]]:
    """Open the loop of one `for` and bind its target: the loop's header, and the end for when it is
    exhausted.
    """
    is_async = clause.asynchronous
    names = tuple(target_names(clause.target))
    number = state.open_loop(
        clause,
        lambda parent: Loop(
            "comprehension",
            tuple(f"{name}@{len(state.loops)}" for name in names),
            iterable,
            None,
            is_async,
            parent,
            _clause_span(state, clause),
        ),
    )
    state.loop = number
    header, item = _iterate(state, clause.iter, iterable, is_async=is_async)
    state.renames = {**state.renames, **{name: f"{name}@{number}" for name in names}}
    state.graph.ends = [(header, Guard(item, True))]
    bind(state, clause.target, item)
    return header, (header, Guard(item, False))


def _clause_span(state: Lowering, clause: nodes.CompFor) -> Span:
    """From the target to the end of the iterable."""
    start, end = state.span(clause.target), state.span(clause.iter)
    return Span(start.line, start.column, end.end_line, end.end_column)


VALUES: dict[type[nodes.Node], ValueHandler] = {
    nodes.DictComp: _comprehension,
    nodes.GeneratorExp: _comprehension,
    nodes.ListComp: _comprehension,
    nodes.SetComp: _comprehension,
    nodes.StarredDictComp: _comprehension,
    nodes.StarredDictComp: _comprehension,
}
STATEMENTS: dict[type[nodes.Node], StatementHandler] = {
    statement_nodes.For: _for,
    statement_nodes.While: _while,
}
