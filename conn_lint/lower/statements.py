"""Simple statements, and the compound ones that only choose: if and match."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

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


def _expression(state: Lowering, node: cst.Expr) -> None:
    value = state.value(node.value)
    # Calls and reads are events already; a constant that stands alone is a docstring or `...`.
    if not isinstance(value, Temp | Literal | Attribute | Subscript):
        state.use(node.value, value)


def _return(state: Lowering, node: cst.Return) -> None:
    value = None if node.value is None else state.value(node.value)
    return_value(state, node, value)


def return_value(state: Lowering, node: cst.CSTNode, value: Expr | None) -> None:
    """Add the event of a return and go out."""
    event = ReturnEvent(state.span(node), state.statement, state.loop, value)
    state.graph.emit(event, raises=value is not None and may_fail(value))
    leave(state, "return")


def _raise(state: Lowering, node: cst.Raise) -> None:
    value = None if node.exc is None else state.value(node.exc)
    if node.cause is not None:
        state.value(node.cause.item)
    _raised(state, node, value)


def _raised(state: Lowering, node: cst.CSTNode, value: Expr | None) -> None:
    event = RaiseEvent(state.span(node), state.statement, state.loop, value)
    state.graph.emit(event, raises=True)
    state.graph.ends = []


def _assert(state: Lowering, node: cst.Assert) -> None:
    holds, fails = branch(state, node.test)
    if fails:
        state.graph.ends = fails
        if node.msg is not None:
            state.value(node.msg)
        _raised(state, node, Name("AssertionError"))
    state.graph.ends = holds


def _nothing(state: Lowering, node: cst.CSTNode) -> None:
    """Pass, global, nonlocal: nothing happens."""


def _if(state: Lowering, node: cst.If) -> None:
    """An `elif` is an `if` in the other's `orelse`; long rows of them are walked, not descended."""
    graph = state.graph
    outer_statement, outer_block = state.statement, state.block
    after: Ends = []
    current: cst.If | cst.Else | None = node
    while isinstance(current, cst.If):
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


def _match(state: Lowering, node: cst.Match) -> None:
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


def _pattern_test(pattern: cst.MatchPattern, subject: Expr) -> Expr | None:
    """The test a pattern makes; None if it matches anything."""
    match pattern:
        case cst.MatchAs(pattern=None):
            return None
        case cst.MatchAs(pattern=inner) if inner is not None:
            return _pattern_test(inner, subject)
        case cst.MatchOr(patterns=patterns):
            tests = [_pattern_test(part.pattern, subject) for part in patterns]
            known = tuple(test for test in tests if test is not None)
            return None if len(known) < len(tests) else Operator("or", known)
        case cst.MatchSingleton(value=value):
            return Operator("is", (subject, name_or_constant(value.value)))
        case cst.MatchValue(value=value):
            return Operator("==", (subject, whole(value)))
        case _:
            return Unknown((subject,))


def _capture(state: Lowering, pattern: cst.CSTNode, subject: Expr) -> None:
    """Bind the names of a pattern: to the subject where a name stands for all of it, else to
    something unknown.
    """
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if inner is not None:
                _capture(state, inner, subject)
            if name is not None:
                bind(state, name, subject)
        case cst.MatchStar(name=name):
            if name is not None:
                bind(state, name, NO_PARTS)
        case cst.MatchOr(patterns=patterns):
            # Every alternative binds the same names.
            _capture(state, patterns[0].pattern, subject)
        case _:
            for part in _parts(pattern):
                _capture(state, part, NO_PARTS)


def _parts(pattern: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The patterns in a pattern for a part of the subject each; a bare name stands for the rest."""
    match pattern:
        case cst.MatchList(patterns=elements) | cst.MatchTuple(patterns=elements):
            for element in elements:
                yield element if isinstance(element, cst.MatchStar) else element.value
        case cst.MatchMapping(elements=pairs, rest=rest):
            yield from (pair.pattern for pair in pairs)
            if rest is not None:
                yield cst.MatchStar(rest)
        case cst.MatchClass(patterns=positional, kwds=keywords):
            yield from (part.value for part in positional)
            yield from (keyword.pattern for keyword in keywords)
        case _:
            pass


STATEMENTS: dict[type[cst.CSTNode], StatementHandler] = {
    cst.Assert: _assert,
    cst.Break: lambda state, node: leave(state, "break"),
    cst.Continue: lambda state, node: leave(state, "continue"),
    cst.Expr: _expression,
    cst.Global: _nothing,
    cst.If: _if,
    cst.Match: _match,
    cst.Nonlocal: _nothing,
    cst.Pass: _nothing,
    cst.Raise: _raise,
    cst.Return: _return,
}
