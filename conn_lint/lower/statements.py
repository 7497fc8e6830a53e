"""Simple statements, and the compound ones that only choose: if and match."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.lower.bindings import bind
from conn_lint.lower.conditions import branch
from conn_lint.lower.exits import leave
from conn_lint.lower.expressions import NO_PARTS
from conn_lint.lower.graph import Ends
from conn_lint.lower.literals import name_or_constant
from conn_lint.lower.outside import whole
from conn_lint.lower.state import Lowering, StatementHandler, may_fail
from conn_lint.model.expression import (
    Attribute,
    Expr,
    Literal,
    Name,
    Operator,
    Subscript,
    Temp,
    Unknown,
)
from conn_lint.model.flow import RaiseEvent, ReturnEvent
from conn_lint.syntax import nodes, statement_nodes


def _expression(state: Lowering, node: statement_nodes.Expr) -> None:
    value = state.value(node.value)
    # Calls and reads are events already; a constant that stands alone is a docstring or `...`.
    if not isinstance(value, Temp | Literal | Attribute | Subscript):
        state.use(node.value, value)


def _return(state: Lowering, node: statement_nodes.Return) -> None:
    value = None if node.value is None else state.value(node.value)
    return_value(state, node, value)


def return_value(state: Lowering, node: nodes.Node, value: Expr | None) -> None:
    """Add the event of a return and go out."""
    event = ReturnEvent(state.span(node), state.statement, state.loop, value)
    state.graph.emit(event, raises=value is not None and may_fail(value))
    leave(state, "return")


def _raise(state: Lowering, node: statement_nodes.Raise) -> None:
    value = None if node.exc is None else state.value(node.exc)
    if node.cause is not None:
        state.value(node.cause.item)
    _raised(state, node, value)


def _raised(state: Lowering, node: nodes.Node, value: Expr | None) -> None:
    event = RaiseEvent(state.span(node), state.statement, state.loop, value)
    state.graph.emit(event, raises=True)
    state.graph.ends = []


def _assert(state: Lowering, node: statement_nodes.Assert) -> None:
    holds, fails = branch(state, node.test)
    if fails:
        state.graph.ends = fails
        if node.msg is not None:
            state.value(node.msg)
        _raised(state, node, Name("AssertionError"))
    state.graph.ends = holds


def _nothing(state: Lowering, node: nodes.Node) -> None:
    """Pass, global, nonlocal: nothing happens."""


def _if(state: Lowering, node: statement_nodes.If) -> None:
    """An `elif` is an `if` in the other's `orelse`; long rows of them are walked, not descended."""
    graph = state.graph
    outer_statement, outer_block = state.statement, state.block
    after: Ends = []
    current: statement_nodes.If | statement_nodes.Else | None = node
    while isinstance(current, statement_nodes.If):
        if current is not node:
            state.block = state.open_block(current, "orelse")
            state.statement = state.register(current)
        yes, no = branch(state, current.test)
        graph.ends = yes
        if yes:
            state.run(current.body)
        after = after + graph.ends
        graph.ends = no
        current = current.orelse if no else None
    if current is not None:
        state.run(current.body, "orelse")
    graph.ends = after + graph.ends
    state.statement, state.block = outer_statement, outer_block


def _match(state: Lowering, node: statement_nodes.Match) -> None:
    graph = state.graph
    subject = state.value(node.subject)
    after: Ends = []
    for case in node.cases:
        if not graph.ends:
            break
        test = _pattern_test(case.pattern, subject)
        yes, no = (graph.ends, []) if test is None else graph.split(test)
        graph.ends = yes
        _capture(state, case.pattern, subject)
        if case.guard is not None:
            yes, refused = branch(state, case.guard)
            graph.ends = yes
            no = no + refused
        if graph.ends:
            state.run(case.body, "case")
        after = after + graph.ends
        graph.ends = no
    graph.ends = after + graph.ends


def _pattern_test(pattern: statement_nodes.MatchPattern, subject: Expr) -> Expr | None:
    """The test a pattern makes; None if it matches anything."""
    match pattern:
        case statement_nodes.MatchAs(pattern=None):
            return None
        case statement_nodes.MatchAs(pattern=inner) if inner is not None:
            return _pattern_test(inner, subject)
        case statement_nodes.MatchOr(patterns=patterns):
            tests = [_pattern_test(part.pattern, subject) for part in patterns]
            known = tuple(test for test in tests if test is not None)
            return None if len(known) < len(tests) else Operator("or", known)
        case statement_nodes.MatchSingleton(value=value):
            return Operator("is", (subject, name_or_constant(value.value)))
        case statement_nodes.MatchValue(value=value):
            return Operator("==", (subject, whole(value)))
        case _:
            return Unknown((subject,))


def _capture(state: Lowering, pattern: nodes.Node, subject: Expr) -> None:
    """Bind the names of a pattern: to the subject where a name stands for all of it, else to
    something unknown.
    """
    match pattern:
        case statement_nodes.MatchAs(pattern=inner, name=name):
            if inner is not None:
                _capture(state, inner, subject)
            if name is not None:
                bind(state, name, subject)
        case statement_nodes.MatchStar(name=name):
            if name is not None:
                bind(state, name, NO_PARTS)
        case statement_nodes.MatchOr(patterns=patterns):
            # Every alternative binds the same names.
            _capture(state, patterns[0].pattern, subject)
        case _:
            for part in _parts(pattern):
                _capture(state, part, NO_PARTS)


def _parts(pattern: nodes.Node) -> Iterator[nodes.Node]:
    """The patterns in a pattern for a part of the subject each; a bare name stands for the rest."""
    match pattern:
        case (
            statement_nodes.MatchList(patterns=elements)
            | statement_nodes.MatchTuple(patterns=elements)
        ):
            for element in elements:
                yield element if isinstance(element, statement_nodes.MatchStar) else element.value
        case statement_nodes.MatchMapping(elements=pairs, rest=rest):
            yield from (pair.pattern for pair in pairs)
            if rest is not None:
                yield statement_nodes.MatchStar(rest)
        case statement_nodes.MatchClass(patterns=positional, kwds=keywords):
            yield from (part.value for part in positional)
            yield from (keyword.pattern for keyword in keywords)
        case _:
            pass


STATEMENTS: dict[type[nodes.Node], StatementHandler] = {
    statement_nodes.Assert: _assert,
    statement_nodes.Break: lambda state, node: leave(state, "break"),
    statement_nodes.Continue: lambda state, node: leave(state, "continue"),
    statement_nodes.Expr: _expression,
    statement_nodes.Global: _nothing,
    statement_nodes.If: _if,
    statement_nodes.Match: _match,
    statement_nodes.Nonlocal: _nothing,
    statement_nodes.Pass: _nothing,
    statement_nodes.Raise: _raise,
    statement_nodes.Return: _return,
}
