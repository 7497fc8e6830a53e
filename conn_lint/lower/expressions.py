"""Expressions without branches: names, calls, reads, operators, containers, awaits, yields."""

from __future__ import annotations

from conn_lint.lower import literals
from conn_lint.lower.state import Lowering, ValueHandler
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Container,
    Expr,
    FString,
    Operator,
    Star,
    Subscript,
    Temp,
    Unknown,
)
from conn_lint.model.flow import AwaitEvent, CallEvent, YieldEvent
from conn_lint.syntax import nodes

NO_PARTS = Unknown(())


def _name(state: Lowering, node: nodes.Name) -> Expr:
    return literals.name_or_constant(state.rename(node.value))


def _read(state: Lowering, node: nodes.Attribute | nodes.Subscript) -> Expr:
    return state.use(node, chain(state, node))


def _call(state: Lowering, node: nodes.Call) -> Expr:
    return chain(state, node)


def _await(state: Lowering, node: nodes.Await) -> Expr:
    if isinstance(node.expression, nodes.Call):
        return chain(state, node)
    value = state.value(node.expression)
    result = state.graph.result()
    event = AwaitEvent(state.span(node), state.statement, state.loop, value, result)
    state.graph.emit(event, raises=True)
    return Temp(result)


def chain(state: Lowering, node: nodes.Expression) -> Expr:
    """Evaluate a chain of attributes, subscripts and calls, but leave the reading of its end to the
    caller.

    It goes down first and then up without recursion, since a fluent interface can make chains of
    any length.
    """
    links: list[tuple[nodes.Expression, bool]] = []
    while True:
        if isinstance(node, nodes.Attribute | nodes.Subscript):
            links.append((node, False))
            node = node.value
        elif isinstance(node, nodes.Call):
            links.append((node, False))
            node = node.func
        elif isinstance(node, nodes.Await) and isinstance(node.expression, nodes.Call):
            links.append((node.expression, True))
            node = node.expression.func
        else:
            break
    value = state.value(node)
    while links:
        link, awaited = links.pop()
        if isinstance(link, nodes.Attribute):
            value = Attribute(value, link.attr.value)
        elif isinstance(link, nodes.Subscript):
            value = Subscript(value, _index(state, link))
        elif isinstance(link, nodes.Call):
            value = _call_event(state, link, value, awaited=awaited)
    return value


def _call_event(state: Lowering, node: nodes.Call, func: Expr, *, awaited: bool) -> Temp:
    arguments = tuple(
        Argument(
            state.value(argument.value),
            argument.keyword.value if argument.keyword is not None else argument.star or None,
        )
        for argument in node.args
    )
    result = state.graph.result()
    span = state.span(node)
    event = CallEvent(span, state.statement, state.loop, func, arguments, result, awaited)
    state.graph.emit(event, raises=True)
    return Temp(result)


def _index(state: Lowering, node: nodes.Subscript) -> Expr:
    parts = [_slice(state, element.slice) for element in node.slice]
    # A comma makes a tuple even of one part.
    if len(parts) == 1 and not node.slice[0].comma:
        return parts[0]
    return Container("tuple", tuple(parts))


def _slice(state: Lowering, node: nodes.Slice | nodes.Index) -> Expr:
    match node:
        case nodes.Index(value=value, star=star):
            expr = state.value(value)
            return Star(expr) if star else expr
        case nodes.Slice(lower=lower, upper=upper, step=step):
            parts = [state.value(part) for part in (lower, upper, step) if part is not None]
            return Unknown(tuple(parts))


def _binary(state: Lowering, node: nodes.BinaryOperation) -> Expr:
    """`a + b + c` is one operator with three operands; no recursion follows the left side."""
    links: list[tuple[str, nodes.Expression]] = []
    left: nodes.Expression = node
    while isinstance(left, nodes.BinaryOperation):
        links.append((left.operator, left.right))
        left = left.left
    value = state.value(left)
    run: list[Expr] = [value]
    running = links[-1][0]
    while links:
        text, right = links.pop()
        # Power is left alone: read as a row it would seem to bind to the right.
        if text != running or text == "**":
            run = [_folded(running, run)]
            running = text
        run.append(state.value(right))
    return _folded(running, run)


def _folded(text: str, operands: list[Expr]) -> Expr:
    return operands[0] if len(operands) == 1 else Operator(text, tuple(operands))


def _unary(state: Lowering, node: nodes.UnaryOperation) -> Expr:
    value = state.value(node.expression)
    text = node.operator
    return (literals.negated(value) if text == "-" else None) or Operator(text, (value,))


def _elements(state: Lowering, node: nodes.Tuple | nodes.List | nodes.Set) -> Expr:
    kind = type(node).__name__.lower()
    items = tuple(
        Star(state.value(element.value))
        if isinstance(element, nodes.StarredElement)
        else state.value(element.value)
        for element in node.elements
    )
    return Container(kind, items)


def _dict(state: Lowering, node: nodes.Dict) -> Expr:
    keys: list[Expr | None] = []
    items: list[Expr] = []
    for element in node.elements:
        if isinstance(element, nodes.DictElement):
            keys.append(state.value(element.key))
        else:
            keys.append(None)
        items.append(state.value(element.value))
    return Container("dict", tuple(items), tuple(keys))


def _starred(state: Lowering, node: nodes.StarredElement) -> Expr:
    return Star(state.value(node.value))


def _formatted(state: Lowering, node: nodes.FormattedString | nodes.TemplatedString) -> Expr:
    parts: list[Expr] = []
    for part in node.parts:
        _formatted_part(state, part, parts)
    return FString(tuple(parts))


def _formatted_part(state: Lowering, part: nodes.Node, parts: list[Expr]) -> None:
    match part:
        case nodes.FormattedStringText(value=text) | nodes.TemplatedStringText(value=text):
            parts.append(literals.formatted_text(text))
        case (
            nodes.FormattedStringExpression(expression=expression, format_spec=spec)
            | nodes.TemplatedStringExpression(expression=expression, format_spec=spec)
        ):
            parts.append(state.value(expression))
            for inner in spec or ():
                _formatted_part(state, inner, parts)
        case _:
            pass


def _concatenated(state: Lowering, node: nodes.ConcatenatedString) -> Expr:
    parts: list[Expr] = []
    rest: nodes.Expression = node
    while isinstance(rest, nodes.ConcatenatedString):
        parts.append(state.value(rest.left))
        rest = rest.right
    parts.append(state.value(rest))
    return literals.concatenated(parts)


def _yield(state: Lowering, node: nodes.Yield) -> Expr:
    delegated = isinstance(node.value, nodes.From)
    inner = node.value.item if isinstance(node.value, nodes.From) else node.value
    value = None if inner is None else state.value(inner)
    result = state.graph.result()
    span = state.span(node)
    event = YieldEvent(span, state.statement, state.loop, value, result, delegated)
    state.graph.emit(event, raises=True, base=True)
    return Temp(result)


VALUES: dict[type[nodes.Node], ValueHandler] = {
    nodes.Attribute: _read,
    nodes.Await: _await,
    nodes.BinaryOperation: _binary,
    nodes.Call: _call,
    nodes.ConcatenatedString: _concatenated,
    nodes.Dict: _dict,
    nodes.Ellipsis: lambda state, node: literals.ellipsis(node),
    nodes.Float: lambda state, node: literals.floating(node),
    nodes.FormattedString: _formatted,
    nodes.Imaginary: lambda state, node: literals.imaginary(node),
    nodes.Integer: lambda state, node: literals.integer(node),
    nodes.List: _elements,
    nodes.Name: _name,
    nodes.Set: _elements,
    nodes.SimpleString: lambda state, node: literals.string(node),
    nodes.StarredElement: _starred,
    nodes.Subscript: _read,
    nodes.TemplatedString: _formatted,
    nodes.Tuple: _elements,
    nodes.UnaryOperation: _unary,
    nodes.Yield: _yield,
}
