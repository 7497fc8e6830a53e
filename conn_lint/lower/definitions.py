"""Functions, classes and lambdas where they are written, and what they capture there."""

from __future__ import annotations

from conn_lint.lower.state import Lowering, StatementHandler, ValueHandler
from conn_lint.model.expression import Expr, Lambda
from conn_lint.model.flow import DefineEvent
from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.fields import is_eventful, parameters_of
from conn_lint.syntax.names import Scope


def _function(state: Lowering, node: statement_nodes.FunctionDef) -> None:
    """Decorators, defaults and annotations are evaluated here; decorating itself is not shown."""
    for decorator in node.decorators:
        state.value(decorator.decorator)
    _defaults(state, node.params)
    annotations = [p.annotation for p, _ in parameters_of(node.params)]
    for annotation in (*annotations, node.returns):
        # Most are plain types, whose reading means nothing.
        if annotation is not None and _holds_call(annotation.annotation):
            state.value(annotation.annotation)
    _define(state, node, "function")


def _holds_call(node: nodes.Expression) -> bool:
    return not isinstance(node, nodes.Name) and is_eventful(node, calls_only=True)


def _defaults(state: Lowering, parameters: nodes.Parameters) -> None:
    for parameter, _ in parameters_of(parameters):
        if parameter.default is not None:
            state.value(parameter.default)


def _class(state: Lowering, node: statement_nodes.ClassDef) -> None:
    for decorator in node.decorators:
        state.value(decorator.decorator)
    for argument in (*node.bases, *node.keywords):
        state.value(argument.value)
    _define(state, node, "class")


def _define(
    state: Lowering, node: statement_nodes.FunctionDef | statement_nodes.ClassDef, kind: str
) -> None:
    index = state.unit.define(node, state.function)
    captures = tuple(sorted(_captured(state, state.unit.scope_of(node))))
    span = state.span(node.name)
    name = node.name.value
    event = DefineEvent(span, state.statement, state.loop, name, kind, index, captures)
    state.graph.emit(event)


def _lambda(state: Lowering, node: nodes.Lambda) -> Expr:
    _defaults(state, node.params)
    scope = state.unit.scope_of(node)
    index = state.unit.define(node, state.function) if scope.eventful else -1
    names = _captured(state, scope)
    names |= {state.renames[name] for name in scope.free if name in state.renames}
    return Lambda(index, tuple(sorted(names)))


def _captured(state: Lowering, inner: Scope) -> set[str]:
    """The names of this function that the inner one uses, or that its defaults keep alive."""
    own = state.scope.bound - state.renames.keys()
    # A class body's names are not seen from inside, but its defaults are evaluated in it.
    seen = set() if state.scope.kind == "class" else inner.free - inner.free_globals
    return (seen | inner.held) & own


VALUES: dict[type[nodes.Node], ValueHandler] = {nodes.Lambda: _lambda}
STATEMENTS: dict[type[nodes.Node], StatementHandler] = {
    statement_nodes.ClassDef: _class,
    statement_nodes.FunctionDef: _function,
}
