"""Expressions of Python's own tree as nodes of LibCST, without anything that has no meaning."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import libcst as cst

from conn_lint.syntax.quick_places import NotQuickError, QuickPlaces
from conn_lint.syntax.quick_strings import Field, Part, pieces

Node = TypeVar("Node", bound=cst.CSTNode)


def maker(kind: type[Node], *fields: str) -> Callable[..., Node]:
    """Makes nodes of a kind of which only the given fields are set, at a fifth of the constructor's time."""
    setters = [getattr(kind, field).__set__ for field in fields]
    new = object.__new__
    if len(setters) == 1:
        (only,) = setters

        def make_one(value: Any) -> Node:
            node = new(kind)
            only(node, value)
            return node

        return make_one
    if len(setters) == 2:
        first, second = setters

        def make_two(one: Any, two: Any) -> Node:
            node = new(kind)
            first(node, one)
            second(node, two)
            return node

        return make_two

    def make(*values: Any) -> Node:
        node = new(kind)
        for put, value in zip(setters, values, strict=True):
            put(node, value)
        return node

    return make


_arg = maker(cst.Arg, "value", "keyword", "star")
_as_name = maker(cst.AsName, "name")
_attribute = maker(cst.Attribute, "value", "attr")
_await = maker(cst.Await, "expression")
_binary = maker(cst.BinaryOperation, "left", "operator", "right")
_boolean = maker(cst.BooleanOperation, "left", "operator", "right")
_call = maker(cst.Call, "func", "args")
_clause = maker(cst.CompFor, "target", "iter", "ifs", "inner_for_in", "asynchronous")
_comparison = maker(cst.Comparison, "left", "comparisons")
_compared = maker(cst.ComparisonTarget, "operator", "comparator")
_concatenated = maker(cst.ConcatenatedString, "left", "right")
_condition = maker(cst.CompIf, "test")
_dict = maker(cst.Dict, "elements")
_dict_comp = maker(cst.DictComp, "key", "value", "for_in")
_dict_element = maker(cst.DictElement, "key", "value")
_element = maker(cst.Element, "value")
_formatted = maker(cst.FormattedString, "parts")
_formatted_field = maker(cst.FormattedStringExpression, "expression", "format_spec")
_formatted_text = maker(cst.FormattedStringText, "value")
_from = maker(cst.From, "item")
_index = maker(cst.Index, "value", "star")
_lambda = maker(cst.Lambda, "params", "body")
_parameter = maker(cst.Param, "name", "annotation", "default")
_parameters = maker(
    cst.Parameters, "params", "star_arg", "kwonly_params", "star_kwarg", "posonly_params"
)
_slice = maker(cst.Slice, "lower", "upper", "step")
_string = maker(cst.SimpleString, "value")
_starred = maker(cst.StarredElement, "value")
_starred_pair = maker(cst.StarredDictElement, "value")
_subscript = maker(cst.Subscript, "value", "slice")
_subscript_element = maker(cst.SubscriptElement, "slice", "comma")
_ternary = maker(cst.IfExp, "test", "body", "orelse")
_unary = maker(cst.UnaryOperation, "operator", "expression")
_walrus = maker(cst.NamedExpr, "target", "value")
_yield = maker(cst.Yield, "value")
annotation_node = maker(cst.Annotation, "annotation")
name_node = maker(cst.Name, "value")
_numbers: dict[type, Callable[..., cst.BaseNumber]] = {
    int: maker(cst.Integer, "value"),
    float: maker(cst.Float, "value"),
    complex: maker(cst.Imaginary, "value"),
}
_sequences = {
    ast.List: maker(cst.List, "elements"),
    ast.Set: maker(cst.Set, "elements"),
    ast.Tuple: maker(cst.Tuple, "elements"),
}
_comprehensions = {
    ast.GeneratorExp: maker(cst.GeneratorExp, "elt", "for_in"),
    ast.ListComp: maker(cst.ListComp, "elt", "for_in"),
    ast.SetComp: maker(cst.SetComp, "elt", "for_in"),
}

ASYNC = cst.Asynchronous()
_COMMA = cst.Comma()
_OPERATORS: dict[type[ast.AST], cst.CSTNode] = {
    ast.Add: cst.Add(),
    ast.And: cst.And(),
    ast.BitAnd: cst.BitAnd(),
    ast.BitOr: cst.BitOr(),
    ast.BitXor: cst.BitXor(),
    ast.Div: cst.Divide(),
    ast.Eq: cst.Equal(),
    ast.FloorDiv: cst.FloorDivide(),
    ast.Gt: cst.GreaterThan(),
    ast.GtE: cst.GreaterThanEqual(),
    ast.In: cst.In(),
    ast.Invert: cst.BitInvert(),
    ast.Is: cst.Is(),
    ast.IsNot: cst.IsNot(),
    ast.LShift: cst.LeftShift(),
    ast.Lt: cst.LessThan(),
    ast.LtE: cst.LessThanEqual(),
    ast.MatMult: cst.MatrixMultiply(),
    ast.Mod: cst.Modulo(),
    ast.Mult: cst.Multiply(),
    ast.Not: cst.Not(),
    ast.NotEq: cst.NotEqual(),
    ast.NotIn: cst.NotIn(),
    ast.Or: cst.Or(),
    ast.Pow: cst.Power(),
    ast.RShift: cst.RightShift(),
    ast.Sub: cst.Subtract(),
    ast.UAdd: cst.Plus(),
    ast.USub: cst.Minus(),
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

    def dotted(self, name: str) -> cst.Name | cst.Attribute:
        """The name of a module."""
        first, *rest = name.split(".")
        node: cst.Name | cst.Attribute = name_node(first)
        for part in rest:
            node = _attribute(node, name_node(part))
        return node

    def element(self, origin: Any) -> Any:
        if type(origin) is ast.Starred:
            return _starred(self.value(origin.value))
        return _element(self.value(origin))

    def elements(self, origins: list[Any]) -> cst.Tuple:
        """A tuple that is written without brackets, and that nobody asks the place of."""
        return _sequences[ast.Tuple]([self.element(part) for part in origins])  # type: ignore[return-value]

    def as_name(self, target: Any) -> cst.AsName:
        return _as_name(target)

    def cause(self, origin: Any) -> Any:
        return None if origin is None else _from(self.value(origin))

    def arguments(self, positional: list[Any], keywords: list[Any]) -> list[cst.Arg]:
        found = [
            _arg(self.value(part.value), None, "*")
            if type(part) is ast.Starred
            else _arg(self.value(part), None, "")
            for part in positional
        ]
        if not keywords:
            return found
        named = [
            _arg(self.value(part.value), name_node(part.arg), "")
            if part.arg is not None
            else _arg(self.value(part.value), None, "**")
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

    def parameters(self, origin: ast.arguments) -> cst.Parameters:
        normal = [*origin.posonlyargs, *origin.args]
        missing: list[Any] = [None] * (len(normal) - len(origin.defaults))
        made = list(map(self._parameter, normal, [*missing, *origin.defaults]))
        count = len(origin.posonlyargs)
        return _parameters(
            made[count:],
            None if origin.vararg is None else self._parameter(origin.vararg, None),
            list(map(self._parameter, origin.kwonlyargs, origin.kw_defaults)),
            None if origin.kwarg is None else self._parameter(origin.kwarg, None),
            made[:count],
        )

    def _parameter(self, origin: ast.arg, default: Any) -> cst.Param:
        annotation = origin.annotation
        if type(annotation) is ast.Starred:
            raise NotQuickError
        note = None if annotation is None else annotation_node(self.value(annotation))
        return _parameter(name_node(origin.arg), note, self.optional(default))

    def clauses(self, origins: list[ast.comprehension]) -> cst.CompFor:
        inner = None
        for clause in reversed(origins):
            ifs = [_condition(self.value(test)) for test in clause.ifs]
            is_async = ASYNC if clause.is_async else None
            inner = _clause(
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
            _string(piece.text)
            if piece.parts is None
            else _formatted(self._parts(piece.parts, fields))
            for piece in found
        ]
        if next(fields, None) is not None:
            raise NotQuickError
        whole: Any = parts.pop()
        while parts:
            whole = _concatenated(parts.pop(), whole)
        return whole

    def _parts(self, parts: tuple[Part, ...], fields: Iterator[Any]) -> list[cst.CSTNode]:
        made: list[cst.CSTNode] = []
        for part in parts:
            if isinstance(part, str):
                made.append(_formatted_text(part))
                continue
            field = next(fields, None)
            if field is None:
                raise NotQuickError
            self._check(part, field.value)
            formats = _fields(field.format_spec) if field.format_spec is not None else iter(())
            node = self.value(field.value)
            spec = self._parts(part.format, formats) if part.format else None
            made.append(_formatted_field(node, spec))
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
        return name_node(str(value))
    if isinstance(value, str | bytes):
        return values.string(origin)
    if value is ...:
        return cst.Ellipsis()
    return _numbers[type(value)](values.places.written(origin))


def _called(values: Values, origin: ast.Call) -> cst.Call:
    func = values.value(origin.func)
    return _call(func, values.arguments(origin.args, origin.keywords))


def _subscripted(values: Values, origin: ast.Subscript) -> cst.Subscript:
    value = values.value(origin.value)
    index: Any = origin.slice
    if type(index) is ast.Tuple and index.elts:
        if len(index.elts) == 1 and type(index.elts[0]) is ast.Starred:
            raise NotQuickError  # `a[*b]` or `a[*b,]`
        parts = [_subscript_element(_sliced(values, part), _COMMA) for part in index.elts]
    else:
        parts = [_subscript_element(_sliced(values, index), None)]
    return _subscript(value, parts)


def _sliced(values: Values, origin: Any) -> cst.BaseSlice:
    if type(origin) is ast.Slice:
        return _slice(*map(values.optional, (origin.lower, origin.upper, origin.step)))
    if type(origin) is ast.Starred:
        return _index(values.value(origin.value), "*")
    return _index(values.value(origin), None)


def _in_a_row(values: Values, origin: ast.BoolOp) -> Any:
    operator = _OPERATORS[type(origin.op)]
    first, *rest = map(values.value, origin.values)
    for operand in rest:
        first = _boolean(first, operator, operand)
    return first


def _all_compared(values: Values, origin: ast.Compare) -> cst.Comparison:
    left = values.value(origin.left)
    targets = [
        _compared(_OPERATORS[type(operator)], values.value(right))
        for operator, right in zip(origin.ops, origin.comparators, strict=True)
    ]
    return _comparison(left, targets)


def _pairs(values: Values, origin: ast.Dict) -> cst.Dict:
    return _dict(
        [
            _starred_pair(values.value(value))
            if key is None
            else _dict_element(values.value(key), values.value(value))
            for key, value in zip(origin.keys, origin.values, strict=True)
        ]
    )


def _sequence(values: Values, origin: Any) -> Any:
    return _sequences[type(origin)]([values.element(part) for part in origin.elts])


def _comprehension(values: Values, origin: Any) -> Any:
    clauses = values.clauses(origin.generators)
    return _comprehensions[type(origin)](values.value(origin.elt), clauses)


def _dict_comprehension(values: Values, origin: ast.DictComp) -> cst.DictComp:
    clauses = values.clauses(origin.generators)
    return _dict_comp(values.value(origin.key), values.value(origin.value), clauses)


_VALUES: dict[type[ast.AST], Callable[[Values, Any], Any]] = {
    ast.Attribute: lambda values, o: _attribute(values.value(o.value), name_node(o.attr)),
    ast.Await: lambda values, o: _await(values.value(o.value)),
    ast.BinOp: lambda values, o: _binary(
        values.value(o.left), _OPERATORS[type(o.op)], values.value(o.right)
    ),
    ast.BoolOp: _in_a_row,
    ast.Call: _called,
    ast.Compare: _all_compared,
    ast.Constant: _constant,
    ast.Dict: _pairs,
    ast.DictComp: _dict_comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: lambda values, o: _ternary(
        values.value(o.test), values.value(o.body), values.value(o.orelse)
    ),
    ast.JoinedStr: Values.string,
    ast.Lambda: lambda values, o: _lambda(values.parameters(o.args), values.value(o.body)),
    ast.List: _sequence,
    ast.ListComp: _comprehension,
    ast.Name: lambda values, o: name_node(o.id),
    ast.NamedExpr: lambda values, o: _walrus(values.value(o.target), values.value(o.value)),
    ast.Set: _sequence,
    ast.SetComp: _comprehension,
    ast.Subscript: _subscripted,
    ast.Tuple: _sequence,
    ast.UnaryOp: lambda values, o: _unary(_OPERATORS[type(o.op)], values.value(o.operand)),
    ast.Yield: lambda values, o: _yield(values.optional(o.value)),
    ast.YieldFrom: lambda values, o: _yield(values.cause(o.value)),
}
