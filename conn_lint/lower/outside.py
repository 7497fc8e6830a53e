"""Expressions outside any flow graph: decorators, defaults, annotations, bases.

Calls stay whole in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from conn_lint.syntax import nodes
from conn_lint.syntax.fields import names_read


def whole(node: nodes.Node) -> Expr:
    """The expression as it is written."""
    handler = _HANDLERS.get(type(node))
    if handler is not None:
        return handler(node)
    return Unknown(tuple(literals.name_or_constant(name) for name in names_read(node)))


def arguments(nodes: tuple[nodes.Arg, ...] | list[nodes.Arg]) -> tuple[Argument, ...]:
    """The arguments of a call, or the bases of a class."""
    return tuple(
        Argument(whole(n.value), n.keyword.value if n.keyword is not None else n.star or None)
        for n in nodes
    )


def _chain(node: nodes.Expression) -> Expr:
    links: list[nodes.Expression] = []
    while isinstance(node, nodes.Attribute | nodes.Subscript | nodes.Call):
        links.append(node)
        node = node.func if isinstance(node, nodes.Call) else node.value
    value = whole(node)
    while links:
        link = links.pop()
        if isinstance(link, nodes.Attribute):
            value = Attribute(value, link.attr.value)
        elif isinstance(link, nodes.Subscript):
            value = Subscript(value, _index(link))
        elif isinstance(link, nodes.Call):
            value = Call(value, arguments(list(link.args)))
    return value


def _index(node: nodes.Subscript) -> Expr:
    parts = tuple(_slice(element.slice) for element in node.slice)
    if len(parts) == 1 and not node.slice[0].comma:
        return parts[0]
    return Container("tuple", parts)


def _slice(node: nodes.Slice | nodes.Index) -> Expr:
    if isinstance(node, nodes.Index):
        return Star(whole(node.value)) if node.star else whole(node.value)
    parts = (node.lower, node.upper, node.step)
    return Unknown(tuple(whole(part) for part in parts if part is not None))


def _binary(node: nodes.BinaryOperation | nodes.BooleanOperation) -> Expr:
    text = node.operator
    operands: list[Expr] = []
    left: nodes.Expression = node
    while (
        isinstance(left, nodes.BinaryOperation | nodes.BooleanOperation)
        and left.operator == text
        and (text != "**" or left is node)
    ):
        operands.append(whole(left.right))
        left = left.left
    operands.append(whole(left))
    return Operator(text, tuple(reversed(operands)))


def _unary(node: nodes.UnaryOperation) -> Expr:
    value = whole(node.expression)
    text = node.operator
    return (literals.negated(value) if text == "-" else None) or Operator(text, (value,))


def _comparison(node: nodes.Comparison) -> Expr:
    parts: list[Expr] = []
    left = whole(node.left)
    for part in node.comparisons:
        right = whole(part.comparator)
        parts.append(Operator(part.operator, (left, right)))
        left = right
    return parts[0] if len(parts) == 1 else Operator("and", tuple(parts))


def _elements(node: nodes.Tuple | nodes.List | nodes.Set) -> Expr:
    items = tuple(
        Star(whole(e.value)) if isinstance(e, nodes.StarredElement) else whole(e.value)
        for e in node.elements
    )
    return Container(type(node).__name__.lower(), items)


def _dict(node: nodes.Dict) -> Expr:
    keys = tuple(whole(e.key) if isinstance(e, nodes.DictElement) else None for e in node.elements)
    return Container("dict", tuple(whole(e.value) for e in node.elements), keys)


def _formatted(node: nodes.FormattedString | nodes.TemplatedString) -> Expr:
    parts: list[Expr] = []
    for part in node.parts:
        if isinstance(part, nodes.FormattedStringText | nodes.TemplatedStringText):
            parts.append(literals.formatted_text(part.value))
        elif isinstance(part, nodes.FormattedStringExpression | nodes.TemplatedStringExpression):
            parts.append(whole(part.expression))
    return FString(tuple(parts))


def _concatenated(node: nodes.ConcatenatedString) -> Expr:
    parts: list[Expr] = []
    rest: nodes.Expression = node
    while isinstance(rest, nodes.ConcatenatedString):
        parts.append(whole(rest.left))
        rest = rest.right
    parts.append(whole(rest))
    return literals.concatenated(parts)


def _lambda(node: nodes.Lambda) -> Expr:
    return Lambda(-1, tuple(names_read(node)))


_HANDLERS: dict[type[nodes.Node], Callable[[Any], Expr]] = {
    nodes.Attribute: _chain,
    nodes.BinaryOperation: _binary,
    nodes.BooleanOperation: _binary,
    nodes.Call: _chain,
    nodes.Comparison: _comparison,
    nodes.ConcatenatedString: _concatenated,
    nodes.Dict: _dict,
    nodes.Ellipsis: literals.ellipsis,
    nodes.Float: literals.floating,
    nodes.FormattedString: _formatted,
    nodes.IfExp: lambda node: Conditional(whole(node.test), whole(node.body), whole(node.orelse)),
    nodes.Imaginary: literals.imaginary,
    nodes.Integer: literals.integer,
    nodes.Lambda: _lambda,
    nodes.List: _elements,
    nodes.Name: lambda node: literals.name_or_constant(node.value),
    nodes.Set: _elements,
    nodes.SimpleString: literals.string,
    nodes.StarredElement: lambda node: Star(whole(node.value)),
    nodes.Subscript: _chain,
    nodes.TemplatedString: _formatted,
    nodes.Tuple: _elements,
    nodes.UnaryOperation: _unary,
}
