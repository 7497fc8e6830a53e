"""From a unit's tree to its summary: every function, lambda and class body in it."""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

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
from conn_lint.syntax.fields import parameters_of
from conn_lint.syntax.names import Scope, Scopes
from conn_lint.syntax.positions import Places, Positions
from conn_lint.syntax.quick import NotQuickError, read_quickly
from conn_lint.syntax.units import parse_unit

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
        quick = read_quickly(text)
        return lower_unit(quick.module, quick.extra_lines, rest, quick.places)
    except (NotQuickError, RecursionError):
        return lower_unit(*parse_unit(text), rest)


def lower_unit(
    module: cst.Module, extra_lines: int = 0, rest: bool = False, places: Places | None = None
) -> UnitSummary:
    """The summary of one unit: of the function in the module, or with `rest` of the file without
    its functions.

    `extra_lines` is the number of lines above the unit's text: an indented one is parsed below an
    `if 1:`. `places` tells where nodes stand, if the tree itself cannot.
    """
    root = None if rest else _only_function(module, extra_lines)
    unit = _Unit(module, places or Positions(module, extra_lines), rest=rest)
    return unit.lower(module if root is None else root)


def lower_module(module: cst.Module) -> UnitSummary:
    """The summary of a whole file as one unit, all functions in it included."""
    return _Unit(module, Positions(module), rest=False).lower(module)


def _only_function(module: cst.Module, extra_lines: int) -> cst.FunctionDef | None:
    """The function that a unit consists of."""
    if len(module.body) != 1:
        return None
    statement: cst.CSTNode = module.body[0]
    if extra_lines and isinstance(statement, cst.If):
        statement = statement.body.body[0]
    return statement if isinstance(statement, cst.FunctionDef) else None


class _Job(NamedTuple):
    """A function that is to be lowered, and where it is written."""

    node: cst.Module | cst.FunctionDef | cst.ClassDef | cst.Lambda
    parent: int
    qualname: str


class _Unit:
    """The functions of a unit in the order in which they were met; each is lowered once."""

    def __init__(self, module: cst.Module, places: Places, *, rest: bool) -> None:
        self.positions = places
        self._scopes = Scopes(module)
        self._rest = rest
        self._jobs: list[_Job] = []
        self._numbers: dict[int, int] = {}

    def scope_of(self, node: cst.CSTNode) -> Scope:
        return self._scopes.of(node)

    def define(self, node: cst.CSTNode, parent: int) -> int:
        number = self._numbers.get(id(node))
        if number is not None:
            return number
        if not isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            return -1
        if self._rest and isinstance(node, cst.FunctionDef):
            return -1
        name = "<lambda>" if isinstance(node, cst.Lambda) else node.name.value
        outer = self._jobs[parent].qualname
        return self._add(_Job(node, parent, f"{outer}.{name}" if outer else name))

    def lower(self, root: cst.Module | cst.FunctionDef) -> UnitSummary:
        name = root.name.value if isinstance(root, cst.FunctionDef) else ""
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
            if isinstance(node, cst.ClassDef)
            else (),
            is_async=isinstance(node, cst.FunctionDef) and node.asynchronous is not None,
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


def _head(node: cst.Module | cst.FunctionDef | cst.ClassDef | cst.Lambda) -> _Head:
    """What is written above the body."""
    match node:
        case cst.FunctionDef(name=name, params=parameters, returns=returns):
            kind = None if returns is None else outside.whole(returns.annotation)
            return _Head(name.value, _parameters(parameters), _decorators(node), kind)
        case cst.ClassDef(name=name):
            return _Head(name.value, (), _decorators(node), None)
        case cst.Lambda(params=parameters):
            return _Head("", _parameters(parameters), (), None)
        case _:
            return _Head("", (), (), None)


def _decorators(node: cst.FunctionDef | cst.ClassDef) -> tuple[Expr, ...]:
    return tuple(outside.whole(decorator.decorator) for decorator in node.decorators)


def _parameters(node: cst.Parameters) -> tuple[Parameter, ...]:
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
    state: Lowering, node: cst.Module | cst.FunctionDef | cst.ClassDef | cst.Lambda
) -> FlowGraph:
    """Lower the body; one that outgrows the limit has no graph."""
    try:
        if isinstance(node, cst.Lambda):
            statements.return_value(state, node.body, state.value(node.body))
        else:
            state.run(node if isinstance(node, cst.Module) else node.body)
        return state.graph.finish()
    except TooLargeError:
        return _TOO_LARGE
