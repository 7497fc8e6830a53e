"""A unit's tree from LibCST's: for what Python's own parser does not cover, and for what is wrong."""

from __future__ import annotations

from typing import Any

import libcst as cst

from conn_lint.model.location import Span
from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.nodes import Tree
from conn_lint.syntax.positions import Positions
from conn_lint.syntax.units import parse_unit

_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+",
    cst.AddAssign: "+",
    cst.And: "and",
    cst.BitAnd: "&",
    cst.BitAndAssign: "&",
    cst.BitInvert: "~",
    cst.BitOr: "|",
    cst.BitOrAssign: "|",
    cst.BitXor: "^",
    cst.BitXorAssign: "^",
    cst.Divide: "/",
    cst.DivideAssign: "/",
    cst.Equal: "==",
    cst.FloorDivide: "//",
    cst.FloorDivideAssign: "//",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.LeftShift: "<<",
    cst.LeftShiftAssign: "<<",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.MatrixMultiply: "@",
    cst.MatrixMultiplyAssign: "@",
    cst.Minus: "-",
    cst.Modulo: "%",
    cst.ModuloAssign: "%",
    cst.Multiply: "*",
    cst.MultiplyAssign: "*",
    cst.Not: "not",
    cst.NotEqual: "!=",
    cst.NotIn: "not in",
    cst.Or: "or",
    cst.Plus: "+",
    cst.Power: "**",
    cst.PowerAssign: "**",
    cst.RightShift: ">>",
    cst.RightShiftAssign: ">>",
    cst.Subtract: "-",
    cst.SubtractAssign: "-",
}
# Kinds that only newer versions of LibCST have, and that mean what others do.
_LIKE = {"LazyImport": "Import", "LazyImportFrom": "ImportFrom"}
_ABSENT = (cst.MaybeSentinel, cst.ParamStar)


class ConvertedPlaces:
    """The spans of nodes by those of LibCST's tree that they were made from."""

    __slots__ = ("_positions", "origins")

    def __init__(self, positions: Positions, origins: dict[int, cst.CSTNode]) -> None:
        self._positions = positions
        self.origins = origins

    def span(self, node: nodes.Node) -> Span:
        return self._positions.span(self.origins[id(node)])

    def line(self, node: nodes.Node) -> int:
        return self._positions.line(self.origins[id(node)])


def read_slowly(unit_text: str) -> Tree:
    """Parse a unit's text with LibCST. Raises UnitError."""
    return convert(*parse_unit(unit_text))


def convert(module: cst.Module, extra_lines: int = 0) -> Tree:
    """The tree of a module in nodes of our own; see `Tree` for `extra_lines`."""
    origins: dict[int, cst.CSTNode] = {}
    tree: nodes.Module = _converted(module, origins)
    return Tree(tree, ConvertedPlaces(Positions(module, extra_lines), origins), extra_lines)


def _converted(node: cst.CSTNode, origins: dict[int, cst.CSTNode]) -> Any:
    """The node and all below it; `origins` are noted by the ids of what is made."""
    name = type(node).__name__
    name = _LIKE.get(name, name)
    kind = getattr(nodes, name, None) or getattr(statement_nodes, name)
    made = kind(*(_field(field, getattr(node, field), origins) for field in kind.__struct_fields__))
    origins[id(made)] = node
    return made


def _field(name: str, value: Any, origins: dict[int, cst.CSTNode]) -> Any:
    if name == "asynchronous":
        return value is not None
    if name == "comma":
        return isinstance(value, cst.Comma)
    if name == "relative":
        return len(value)
    if name == "operator":
        return _OPERATORS[type(value)]
    if isinstance(value, list | tuple):
        return [_converted(part, origins) for part in value]
    if isinstance(value, cst.CSTNode) and not isinstance(value, _ABSENT):
        return _converted(value, origins)
    return value if isinstance(value, str) else None
