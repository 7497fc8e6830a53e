"""From a unit's tree to its summary: every function, lambda and class body in it."""

from __future__ import annotations

from typing import NamedTuple

from conn_lint.lower import (
    bindings,
    blocks,
    conditions,
    definitions,
    expressions,
    loops,
    outside,
    statements,
)
from conn_lint.lower.graph import TooLargeError
from conn_lint.lower.state import Handlers, Lowering
from conn_lint.model.expression import Expr
from conn_lint.model.flow import FlowGraph
from conn_lint.model.summary import Function, Parameter, UnitSummary
from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.fields import parameters_of
from conn_lint.syntax.names import Scope, Scopes
from conn_lint.syntax.nodes import Places, Tree
from conn_lint.syntax.quick import NotQuickError, read_quickly

_HANDLERS = Handlers(
    {
        **expressions.VALUES,
        **conditions.VALUES,
        **bindings.VALUES,
        **loops.VALUES,
        **definitions.VALUES,
    },
    {
        **statements.STATEMENTS,
        **bindings.STATEMENTS,
        **loops.STATEMENTS,
        **blocks.STATEMENTS,
        **definitions.STATEMENTS,
    },
)
_TOO_LARGE = FlowGraph((), (), True)


def read_unit(text: str, rest: bool = False) -> UnitSummary:
    """The summary of a unit from its text. Raises UnitError where it cannot be parsed."""
    try:
        return lower_unit(read_quickly(text), rest)
    except (NotQuickError, RecursionError):
        from conn_lint.syntax.convert import read_slowly  # noqa: PLC0415 - brings LibCST

        return lower_unit(read_slowly(text), rest)


def lower_unit(tree: Tree, rest: bool = False) -> UnitSummary:
    """The summary of one unit: of the function in the tree, or with `rest` of the file without
    its functions.
    """
    root = None if rest else _only_function(tree.module, tree.extra_lines)
    unit = _Unit(tree.module, tree.places, rest=rest)
    return unit.lower(tree.module if root is None else root)


def lower_module(tree: Tree) -> UnitSummary:
    """The summary of a whole file as one unit, all functions in it included."""
    return _Unit(tree.module, tree.places, rest=False).lower(tree.module)


def _only_function(module: nodes.Module, extra_lines: int) -> statement_nodes.FunctionDef | None:
    """The function that a unit consists of."""
    if len(module.body) != 1:
        return None
    statement: nodes.Node = module.body[0]
    if extra_lines and isinstance(statement, statement_nodes.If):
        statement = statement.body.body[0]
    return statement if isinstance(statement, statement_nodes.FunctionDef) else None


class _Job(NamedTuple):
    """A function that is to be lowered, and where it is written."""

    node: nodes.Module | statement_nodes.FunctionDef | statement_nodes.ClassDef | nodes.Lambda
    parent: int
    qualname: str


class _Unit:
    """The functions of a unit in the order in which they were met; each is lowered once."""

    def __init__(self, module: nodes.Module, places: Places, *, rest: bool) -> None:
        self.positions = places
        self._scopes = Scopes(module)
        self._rest = rest
        self._jobs: list[_Job] = []
        self._numbers: dict[int, int] = {}

    def scope_of(self, node: nodes.Node) -> Scope:
        return self._scopes.of(node)

    def define(self, node: nodes.Node, parent: int) -> int:
        number = self._numbers.get(id(node))
        if number is not None:
            return number
        if not isinstance(
            node, statement_nodes.FunctionDef | statement_nodes.ClassDef | nodes.Lambda
        ):
            return -1
        if self._rest and isinstance(node, statement_nodes.FunctionDef):
            return -1
        name = "<lambda>" if isinstance(node, nodes.Lambda) else node.name.value
        outer = self._jobs[parent].qualname
        return self._add(_Job(node, parent, f"{outer}.{name}" if outer else name))

    def lower(self, root: nodes.Module | statement_nodes.FunctionDef) -> UnitSummary:
        name = root.name.value if isinstance(root, statement_nodes.FunctionDef) else ""
        self._add(_Job(root, -1, name))
        functions: list[Function] = []
        while len(functions) < len(self._jobs):
            functions.append(self._function(len(functions)))
        return UnitSummary(tuple(functions))

    def _add(self, job: _Job) -> int:
        number = len(self._jobs)
        self._jobs.append(job)
        self._numbers[id(job.node)] = number
        return number

    def _function(self, number: int) -> Function:
        node, parent, qualname = self._jobs[number]
        scope = self._scopes.of(node)
        state = Lowering(self, _HANDLERS, scope, number)
        head = _head(node)
        return Function(
            kind=scope.kind,
            name=head.name,
            qualname=qualname,
            span=self.positions.span(node),
            parent=parent,
            parameters=head.parameters,
            decorators=head.decorators,
            returns=head.returns,
            bases=outside.arguments([*node.bases, *node.keywords])
            if isinstance(node, statement_nodes.ClassDef)
            else (),
            is_async=isinstance(node, statement_nodes.FunctionDef) and node.asynchronous,
            is_generator=scope.is_generator,
            locals=tuple(sorted(scope.bound)),
            global_names=tuple(sorted(scope.global_names)),
            nonlocal_names=tuple(sorted(scope.nonlocal_names)),
            captures=tuple(sorted(scope.free)),
            graph=_graph(state, node),
            blocks=tuple(state.blocks),
            statements=tuple(state.statements),
            loops=tuple(state.loops),
        )


class _Head(NamedTuple):
    name: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None


def _head(
    node: nodes.Module | statement_nodes.FunctionDef | statement_nodes.ClassDef | nodes.Lambda,
) -> _Head:
    """What is written above the body."""
    match node:
        case statement_nodes.FunctionDef(name=name, params=parameters, returns=returns):
            kind = None if returns is None else outside.whole(returns.annotation)
            return _Head(name.value, _parameters(parameters), _decorators(node), kind)
        case statement_nodes.ClassDef(name=name):
            return _Head(name.value, (), _decorators(node), None)
        case nodes.Lambda(params=parameters):
            return _Head("", _parameters(parameters), (), None)
        case _:
            return _Head("", (), (), None)


def _decorators(node: statement_nodes.FunctionDef | statement_nodes.ClassDef) -> tuple[Expr, ...]:
    return tuple(outside.whole(decorator.decorator) for decorator in node.decorators)


def _parameters(node: nodes.Parameters) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            parameter.name.value,
            kind,
            None
            if parameter.annotation is None
            else outside.whole(parameter.annotation.annotation),
            None if parameter.default is None else outside.whole(parameter.default),
        )
        for parameter, kind in parameters_of(node)
    )


def _graph(
    state: Lowering,
    node: nodes.Module | statement_nodes.FunctionDef | statement_nodes.ClassDef | nodes.Lambda,
) -> FlowGraph:
    """Lower the body; one that outgrows the limit has no graph."""
    try:
        if isinstance(node, nodes.Lambda):
            statements.return_value(state, node.body, state.value(node.body))
        else:
            state.run(node if isinstance(node, nodes.Module) else node.body)
        return state.graph.finish()
    except TooLargeError:
        return _TOO_LARGE
