"""Expressions outside any flow graph: decorators, defaults, annotations, bases.

Calls stay whole in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from conn_lint.lower import literals
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Conditional,
    Container,
    Expr,
    FString,
    Lambda,
    Operator,
    Star,
    Subscript,
    Unknown,
)
from conn_lint.syntax.fields import names_read


def whole(node: cst.CSTNode) -> Expr:
    """The expression as it is written."""
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        return handler(node)
    return Unknown(tuple(literals.name_or_constant(name) for name in names_read(node)))


def arguments(nodes: tuple[cst.Arg, ...] | list[cst.Arg]) -> tuple[Argument, ...]:
    """The arguments of a call, or the bases of a class."""
    return tuple(
        Argument(whole(n.value), n.keyword.value if n.keyword is not None else n.star or None)
        for n in nodes
    )


def _chain(node: cst.BaseExpression) -> Expr:
    links: list[cst.BaseExpression] = []
    while isinstance(node, cst.Attribute | cst.Subscript | cst.Call):
        links.append(node)
        node = node.func if isinstance(node, cst.Call) else node.value
    value = whole(node)
    while links:
        link = links.pop()
        if isinstance(link, cst.Attribute):
            value = Attribute(value, link.attr.value)
        elif isinstance(link, cst.Subscript):
            value = Subscript(value, _index(link))
        elif isinstance(link, cst.Call):
            value = Call(value, arguments(list(link.args)))
    return value


def _index(node: cst.Subscript) -> Expr:
    parts = tuple(_slice(element.slice) for element in node.slice)
    if len(parts) == 1 and not isinstance(node.slice[0].comma, cst.Comma):
        return parts[0]
    return Container("tuple", parts)


def _slice(node: cst.BaseSlice) -> Expr:
    if isinstance(node, cst.Index):
        return Star(whole(node.value)) if node.star else whole(node.value)
    if isinstance(node, cst.Slice):
        parts = (node.lower, node.upper, node.step)
        return Unknown(tuple(whole(part) for part in parts if part is not None))
    return Unknown(())


def _binary(node: cst.BinaryOperation | cst.BooleanOperation) -> Expr:
    text = literals.operator_text(node.operator)
    operands: list[Expr] = []
    left: cst.BaseExpression = node
    while (
        isinstance(left, cst.BinaryOperation | cst.BooleanOperation)
        and literals.operator_text(left.operator) == text
        and (text != "**" or left is node)
    ):
        operands.append(whole(left.right))
        left = left.left
    operands.append(whole(left))
    return Operator(text, tuple(reversed(operands)))


def _unary(node: cst.UnaryOperation) -> Expr:
    value = whole(node.expression)
    text = literals.operator_text(node.operator)
    return (literals.negated(value) if text == "-" else None) or Operator(text, (value,))


def _comparison(node: cst.Comparison) -> Expr:
    parts: list[Expr] = []
    left = whole(node.left)
    for part in node.comparisons:
        right = whole(part.comparator)
        parts.append(Operator(literals.operator_text(part.operator), (left, right)))
        left = right
    return parts[0] if len(parts) == 1 else Operator("and", tuple(parts))


def _elements(node: cst.Tuple | cst.List | cst.Set) -> Expr:
    items = tuple(
        Star(whole(e.value)) if isinstance(e, cst.StarredElement) else whole(e.value)
        for e in node.elements
    )
    return Container(type(node).__name__.lower(), items)


def _dict(node: cst.Dict) -> Expr:
    keys = tuple(whole(e.key) if isinstance(e, cst.DictElement) else None for e in node.elements)
    return Container("dict", tuple(whole(e.value) for e in node.elements), keys)


def _formatted(node: cst.FormattedString | cst.TemplatedString) -> Expr:
    parts: list[Expr] = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText | cst.TemplatedStringText):
            parts.append(literals.formatted_text(part.value))
        elif isinstance(part, cst.FormattedStringExpression | cst.TemplatedStringExpression):
            parts.append(whole(part.expression))
    return FString(tuple(parts))


def _concatenated(node: cst.ConcatenatedString) -> Expr:
    parts: list[Expr] = []
    rest: cst.BaseExpression = node
    while isinstance(rest, cst.ConcatenatedString):
        parts.append(whole(rest.left))
        rest = rest.right
    parts.append(whole(rest))
    return literals.concatenated(parts)


def _lambda(node: cst.Lambda) -> Expr:
    return Lambda(-1, tuple(names_read(node)))


_HANDLERS: dict[type[cst.CSTNode], Callable[[Any], Expr]] = {
    cst.Attribute: _chain,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _binary,
    cst.Call: _chain,
    cst.Comparison: _comparison,
    cst.ConcatenatedString: _concatenated,
    cst.Dict: _dict,
    cst.Ellipsis: literals.ellipsis,
    cst.Float: literals.floating,
    cst.FormattedString: _formatted,
    cst.IfExp: lambda node: Conditional(whole(node.test), whole(node.body), whole(node.orelse)),
    cst.Imaginary: literals.imaginary,
    cst.Integer: literals.integer,
    cst.Lambda: _lambda,
    cst.List: _elements,
    cst.Name: lambda node: literals.name_or_constant(node.value),
    cst.Set: _elements,
    cst.SimpleString: literals.string,
    cst.StarredElement: lambda node: Star(whole(node.value)),
    cst.Subscript: _chain,
    cst.TemplatedString: _formatted,
    cst.Tuple: _elements,
    cst.UnaryOperation: _unary,
}
