"""What lowering knows while it is inside one function: the graph so far, the tables, and where it
stands.

The functions that lower each kind of node come in as tables, so that no module needs to import
those above it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from conn_lint.lower.graph import Ends, GraphBuilder
from conn_lint.model.expression import Attribute, Expr, Literal, Name, Subscript, Temp, walk
from conn_lint.model.flow import AssignEvent, UseEvent
from conn_lint.model.summary import Block, Loop, Statement
from conn_lint.syntax import nodes
from conn_lint.syntax.names import Scope
from conn_lint.syntax.nodes import Places

ValueHandler: TypeAlias = Callable[["Lowering", Any], Expr]
StatementHandler: TypeAlias = Callable[["Lowering", Any], None]
Frame: TypeAlias = dict[str, Ends]
"""The ways out that a statement takes up (return, break, continue), with their loose ends."""


class Handlers(NamedTuple):
    """How each kind of expression and statement is lowered."""

    values: Mapping[type[nodes.Node], ValueHandler]
    statements: Mapping[type[nodes.Node], StatementHandler]


class Surroundings(Protocol):
    """The unit around a function, as far as its lowering needs it."""

    @property
    def positions(self) -> Places: ...

    def scope_of(self, node: nodes.Node) -> Scope: ...

    def define(self, node: nodes.Node, parent: int) -> int:
        """The index of an inner function, class or lambda, which is lowered later; -1 if it is a
        unit of its own.
        """


class Lowering:
    """One function on its way into a graph."""

    def __init__(self, unit: Surroundings, handlers: Handlers, scope: Scope, function: int) -> None:
        self.unit = unit
        self.span = unit.positions.span
        self.scope = scope
        self.function = function
        self.graph = GraphBuilder()
        self.statement = -1
        self.loop = -1
        self.block = 0
        self.frames: list[Frame] = []
        self.renames: dict[str, str] = {}
        self.statements: list[Statement] = []
        self.blocks: list[Block] = []
        self.loops: list[Loop] = []
        self.items = 0
        self._values = handlers.values
        self._execute = handlers.statements
        self._numbers: dict[tuple[int, str], int] = {}

    def value(self, node: nodes.Node) -> Expr:
        """Evaluate an expression: its events are added, and what it comes to is returned."""
        return self._values[type(node)](self, node)

    def execute(self, node: nodes.Node) -> None:
        """Lower a statement, of a line or compound."""
        if isinstance(node, nodes.SimpleStatementLine):
            for part in node.body:
                self.execute(part)
            return
        outer = self.statement
        self.statement = self.register(node)
        self._execute[type(node)](self, node)
        self.statement = outer

    def run(self, suite: nodes.Suite | nodes.Module, kind: str = "body") -> None:
        """Lower a suite of the current statement, up to where nothing gets any further."""
        outer = self.block
        self.block = self.open_block(suite, kind)
        for statement in suite.body:
            if not self.graph.ends:
                break
            self.execute(statement)
        self.block = outer

    def assign(self, node: nodes.Node, target: str, value: Expr) -> None:
        """A name is bound to a value; `node` is where it is written."""
        event = AssignEvent(self.span(node), self.statement, self.loop, target, value)
        self.graph.emit(event, raises=may_fail(value))

    def use(self, node: nodes.Node, value: Expr) -> Expr:
        """An attribute or a subscript is read."""
        event = UseEvent(self.span(node), self.statement, self.loop, value)
        self.graph.emit(event, raises=may_fail(value))
        return value

    def rename(self, name: str) -> str:
        """The name as the graph has it: a comprehension's own variable has a number behind it."""
        return self.renames.get(name, name)

    def register(self, node: nodes.Node) -> int:
        """The number of a statement; the copies of a `finally` share one."""
        key = (id(node), "statement")
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.statements)
            kind = _kind(type(node))
            self.statements.append(Statement(kind, self.span(node), self.block))
        return number

    def open_loop(self, node: nodes.Node, make: Callable[[int], Loop]) -> int:
        """The number of a loop; it is made from the number of the loop around it."""
        key = (id(node), "loop")
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.loops)
            self.loops.append(make(self.loop))
        return number

    def open_block(self, suite: nodes.Node, kind: str) -> int:
        key = (id(suite), "block")
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.blocks)
            self.blocks.append(Block(kind, self.statement))
        return number


@functools.cache
def _kind(node: type[nodes.Node]) -> str:
    return node.__name__.lower()


def may_fail(expr: Expr) -> bool:
    """Reading the value can raise by itself: there is a subscript in it."""
    while isinstance(expr, Attribute):
        expr = expr.value
    if isinstance(expr, Temp | Name | Literal):
        return False
    return any(type(part) is Subscript for part in walk(expr))
