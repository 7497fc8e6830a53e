"""Expressions of Python's own tree as nodes of ours."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from conn_lint.syntax import nodes
from conn_lint.syntax.quick_places import NotQuickError, QuickPlaces
from conn_lint.syntax.quick_strings import Field, Part, pieces

_numbers: dict[type, Callable[..., nodes.Number]] = {
    int: nodes.Integer,
    float: nodes.Float,
    complex: nodes.Imaginary,
}
_sequences = {
    ast.List: nodes.List,
    ast.Set: nodes.Set,
    ast.Tuple: nodes.Tuple,
}
_comprehensions = {
    ast.GeneratorExp: nodes.GeneratorExp,
    ast.ListComp: nodes.ListComp,
    ast.SetComp: nodes.SetComp,
}

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.And: "and",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Div: "/",
    ast.Eq: "==",
    ast.FloorDiv: "//",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.Invert: "~",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.LShift: "<<",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.MatMult: "@",
    ast.Mod: "%",
    ast.Mult: "*",
    ast.Not: "not",
    ast.NotEq: "!=",
    ast.NotIn: "not in",
    ast.Or: "or",
    ast.Pow: "**",
    ast.RShift: ">>",
    ast.Sub: "-",
    ast.UAdd: "+",
    ast.USub: "-",
}


class Values:
    """Makes expressions and notes where they stand."""

    def __init__(self, places: QuickPlaces) -> None:
        self.places = places
        self._put = places.put

    def value(self, origin: Any) -> Any:
        """An expression, with its place."""
        handler = _VALUES.get(type(origin))
        if handler is None:
            raise NotQuickError
        node = handler(self, origin)
        self._put(node, origin)
        return node

    def optional(self, origin: Any) -> Any:
        return None if origin is None else self.value(origin)

    def dotted(self, name: str) -> nodes.Name | nodes.Attribute:
        """The name of a module."""
        first, *rest = name.split(".")
        node: nodes.Name | nodes.Attribute = nodes.Name(first)
        for part in rest:
            node = nodes.Attribute(node, nodes.Name(part))
        return node

    def element(self, origin: Any) -> Any:
        if type(origin) is ast.Starred:
            return nodes.StarredElement(self.value(origin.value))
        return nodes.Element(self.value(origin))

    def elements(self, origins: list[Any]) -> nodes.Tuple:
        """A tuple that is written without brackets, and that nobody asks the place of."""
        return _sequences[ast.Tuple]([self.element(part) for part in origins])  # type: ignore[return-value]

    def cause(self, origin: Any) -> Any:
        return None if origin is None else nodes.From(self.value(origin))

    def arguments(self, positional: list[Any], keywords: list[Any]) -> list[nodes.Arg]:
        found = [
            nodes.Arg(self.value(part.value), None, "*")
            if type(part) is ast.Starred
            else nodes.Arg(self.value(part), None, "")
            for part in positional
        ]
        if not keywords:
            return found
        named = [
            nodes.Arg(self.value(part.value), nodes.Name(part.arg), "")
            if part.arg is not None
            else nodes.Arg(self.value(part.value), None, "**")
            for part in keywords
        ]
        if not any(type(part) is ast.Starred for part in positional):
            return found + named
        # `f(a=1, *b)`: in the order in which they are written.
        written = sorted(
            zip([*positional, *keywords], found + named, strict=True),
            key=lambda pair: (pair[0].lineno, pair[0].col_offset),
        )
        return [argument for _, argument in written]

    def parameters(self, origin: ast.arguments) -> nodes.Parameters:
        normal = [*origin.posonlyargs, *origin.args]
        missing: list[Any] = [None] * (len(normal) - len(origin.defaults))
        made = list(map(self._parameter, normal, [*missing, *origin.defaults]))
        count = len(origin.posonlyargs)
        return nodes.Parameters(
            made[count:],
            None if origin.vararg is None else self._parameter(origin.vararg, None),
            list(map(self._parameter, origin.kwonlyargs, origin.kw_defaults)),
            None if origin.kwarg is None else self._parameter(origin.kwarg, None),
            made[:count],
        )

    def _parameter(self, origin: ast.arg, default: Any) -> nodes.Param:
        annotation = origin.annotation
        if type(annotation) is ast.Starred:
            raise NotQuickError
        note = None if annotation is None else nodes.Annotation(self.value(annotation))
        return nodes.Param(nodes.Name(origin.arg), note, self.optional(default))

    def clauses(self, origins: list[ast.comprehension]) -> nodes.CompFor:
        inner = None
        for clause in reversed(origins):
            ifs = [nodes.CompIf(self.value(test)) for test in clause.ifs]
            is_async = bool(clause.is_async)
            inner = nodes.CompFor(
                self.value(clause.target), self.value(clause.iter), ifs, inner, is_async
            )
        assert inner is not None
        return inner

    def string(self, origin: Any) -> Any:
        """A literal or several side by side, of which some may have fields."""
        places = self.places
        found = pieces(places.text, places.start(origin), places.end(origin))
        fields = _fields(origin)
        parts = [
            nodes.SimpleString(piece.text)
            if piece.parts is None
            else nodes.FormattedString(self._parts(piece.parts, fields))
            for piece in found
        ]
        if next(fields, None) is not None:
            raise NotQuickError
        whole: Any = parts.pop()
        while parts:
            whole = nodes.ConcatenatedString(parts.pop(), whole)
        return whole

    def _parts(self, parts: tuple[Part, ...], fields: Iterator[Any]) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for part in parts:
            if isinstance(part, str):
                made.append(nodes.FormattedStringText(part))
                continue
            field = next(fields, None)
            if field is None:
                raise NotQuickError
            self._check(part, field.value)
            formats = _fields(field.format_spec) if field.format_spec is not None else iter(())
            node = self.value(field.value)
            spec = self._parts(part.format, formats) if part.format else None
            made.append(nodes.FormattedStringExpression(node, spec))
        return made

    def _check(self, field: Field, origin: Any) -> None:
        """Older versions of Python are mistaken in some places within formatted strings."""
        if type(origin) is ast.Name or type(origin) is ast.Constant:
            return
        places = self.places
        start, end = places.start(origin), places.end(origin)
        text = places.text
        if not (field.start <= start <= end <= field.end):
            raise NotQuickError
        if text[field.start : start].strip() or text[end : field.end].strip()[:1] not in (
            "",
            "!",
            "=",
        ):
            raise NotQuickError


def _fields(origin: Any) -> Iterator[Any]:
    if type(origin) is ast.JoinedStr:
        return (part for part in origin.values if type(part) is ast.FormattedValue)
    return iter(())


def _constant(values: Values, origin: ast.Constant) -> Any:
    value = origin.value
    if value is None or value is True or value is False:
        return nodes.Name(str(value))
    if isinstance(value, str | bytes):
        return values.string(origin)
    if value is ...:
        return nodes.Ellipsis()
    return _numbers[type(value)](values.places.written(origin))


def _called(values: Values, origin: ast.Call) -> nodes.Call:
    func = values.value(origin.func)
    return nodes.Call(func, values.arguments(origin.args, origin.keywords))


def _subscripted(values: Values, origin: ast.Subscript) -> nodes.Subscript:
    value = values.value(origin.value)
    index: Any = origin.slice
    if type(index) is ast.Tuple and index.elts:
        if len(index.elts) == 1 and type(index.elts[0]) is ast.Starred:
            raise NotQuickError  # `a[*b]` or `a[*b,]`
        parts = [nodes.SubscriptElement(_sliced(values, part), True) for part in index.elts]
    else:
        parts = [nodes.SubscriptElement(_sliced(values, index), False)]
    return nodes.Subscript(value, parts)


def _sliced(values: Values, origin: Any) -> nodes.Slice | nodes.Index:
    if type(origin) is ast.Slice:
        return nodes.Slice(*map(values.optional, (origin.lower, origin.upper, origin.step)))
    if type(origin) is ast.Starred:
        return nodes.Index(values.value(origin.value), "*")
    return nodes.Index(values.value(origin), None)


def _in_a_row(values: Values, origin: ast.BoolOp) -> Any:
    operator = OPERATORS[type(origin.op)]
    first, *rest = map(values.value, origin.values)
    for operand in rest:
        first = nodes.BooleanOperation(first, operator, operand)
    return first


def _all_compared(values: Values, origin: ast.Compare) -> nodes.Comparison:
    left = values.value(origin.left)
    targets = [
        nodes.ComparisonTarget(OPERATORS[type(operator)], values.value(right))
        for operator, right in zip(origin.ops, origin.comparators, strict=True)
    ]
    return nodes.Comparison(left, targets)


def _pairs(values: Values, origin: ast.Dict) -> nodes.Dict:
    return nodes.Dict(
        [
            nodes.StarredDictElement(values.value(value))
            if key is None
            else nodes.DictElement(values.value(key), values.value(value))
            for key, value in zip(origin.keys, origin.values, strict=True)
        ]
    )


def _sequence(values: Values, origin: Any) -> Any:
    return _sequences[type(origin)]([values.element(part) for part in origin.elts])


def _comprehension(values: Values, origin: Any) -> Any:
    clauses = values.clauses(origin.generators)
    return _comprehensions[type(origin)](clauses, values.value(origin.elt))


def _dict_comprehension(values: Values, origin: ast.DictComp) -> nodes.DictComp:
    clauses = values.clauses(origin.generators)
    return nodes.DictComp(clauses, values.value(origin.key), values.value(origin.value))


_VALUES: dict[type[ast.AST], Callable[[Values, Any], Any]] = {
    ast.Attribute: lambda values, o: nodes.Attribute(values.value(o.value), nodes.Name(o.attr)),
    ast.Await: lambda values, o: nodes.Await(values.value(o.value)),
    ast.BinOp: lambda values, o: nodes.BinaryOperation(
        values.value(o.left), OPERATORS[type(o.op)], values.value(o.right)
    ),
    ast.BoolOp: _in_a_row,
    ast.Call: _called,
    ast.Compare: _all_compared,
    ast.Constant: _constant,
    ast.Dict: _pairs,
    ast.DictComp: _dict_comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: lambda values, o: nodes.IfExp(
        values.value(o.test), values.value(o.body), values.value(o.orelse)
    ),
    ast.JoinedStr: Values.string,
    ast.Lambda: lambda values, o: nodes.Lambda(values.parameters(o.args), values.value(o.body)),
    ast.List: _sequence,
    ast.ListComp: _comprehension,
    ast.Name: lambda values, o: nodes.Name(o.id),
    ast.NamedExpr: lambda values, o: nodes.NamedExpr(values.value(o.target), values.value(o.value)),
    ast.Set: _sequence,
    ast.SetComp: _comprehension,
    ast.Subscript: _subscripted,
    ast.Tuple: _sequence,
    ast.UnaryOp: lambda values, o: nodes.UnaryOperation(
        OPERATORS[type(o.op)], values.value(o.operand)
    ),
    ast.Yield: lambda values, o: nodes.Yield(values.optional(o.value)),
    ast.YieldFrom: lambda values, o: nodes.Yield(values.cause(o.value)),
}
