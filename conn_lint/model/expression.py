"""Expressions as plain data.

Inside a flow graph the result of a call, an await, a yield, a with-enter or an iteration is a `Temp`, the number of
the value that the event of that `result` made: a call stands once, as an event, and is referred to from then on.
Decorators, defaults, annotations and bases lie outside any graph and hold whole `Call`s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec


class Literal(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="lit"):
    """A constant; `kind` is str, bytes, int, float, complex, bool, none or ellipsis. Big values are cut to None."""

    kind: str
    value: str | int | float | bool | None


class Name(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="name"):
    """A simple name.

    A comprehension's own variable is written `x@3` after its loop, so that it meets no other `x`; `x@aside` keeps a
    value while `x` is bound anew, as in `a, x = x, a`.
    """

    id: str


class Temp(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="temp"):
    """The value made by the event of the same graph whose `result` is `index`."""

    index: int


class Attribute(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="attr"):
    value: Expr
    attr: str


class Argument(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One argument of a call or one base of a class; `keyword` is "*" or "**" where it is unpacked."""

    value: Expr
    keyword: str | None = None


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="call"):
    """A call outside a flow graph (decorator, default, annotation, base), or one written out by `expand`."""

    func: Expr
    arguments: tuple[Argument, ...]


class FString(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="fstr"):
    """Literal and computed parts in order."""

    parts: tuple[Expr, ...]


class Operator(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="op"):
    """`op` is the operator as written ("+", "and", "or", "not", "is", "is not", "in", "not in", "==", ...).

    A row of one operator has all its operands: `a + b + c` has three, and stands for `(a + b) + c`.
    """

    op: str
    operands: tuple[Expr, ...]


class Container(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="box"):
    """`kind` is list, tuple, set or dict; a dict has a key for each item (None for `**x`)."""

    kind: str
    items: tuple[Expr, ...]
    keys: tuple[Expr | None, ...] = ()


class Subscript(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="sub"):
    value: Expr
    index: Expr


class Conditional(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="cond"):
    test: Expr
    body: Expr
    orelse: Expr


class Lambda(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="lam"):
    """A lambda; `function` is its index in the unit, -1 where its body does nothing; `names` are those it captures."""

    function: int
    names: tuple[str, ...]


class Star(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="star"):
    value: Expr


class Unknown(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="unk"):
    """Anything else (a comprehension's result, a slice...), with what was read to make it."""

    parts: tuple[Expr, ...] = ()


Expr: TypeAlias = (
    Literal
    | Name
    | Temp
    | Attribute
    | Call
    | FString
    | Operator
    | Container
    | Subscript
    | Conditional
    | Lambda
    | Star
    | Unknown
)

NONE = Literal("none", None)


_LEAVES = frozenset({Name, Temp, Literal, Lambda})


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of an expression, in the order of evaluation."""
    if type(expr) in _LEAVES:
        return ()
    match expr:
        case Attribute(value=value) | Star(value=value):
            return (value,)
        case Call(func=func, arguments=arguments):
            return (func, *(a.value for a in arguments))
        case FString(parts=parts) | Unknown(parts=parts) | Operator(operands=parts):
            return parts
        case Container(items=items, keys=keys):
            return (*(k for k in keys if k is not None), *items)
        case Subscript(value=value, index=index):
            return (value, index)
        case Conditional(test=test, body=body, orelse=orelse):
            return (test, body, orelse)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and all its parts, without recursion."""
    todo = [expr]
    while todo:
        part = todo.pop()
        yield part
        kind = type(part)
        if kind is Attribute:
            todo.append(part.value)  # type: ignore[union-attr, arg-type]
        elif kind not in _LEAVES:
            todo.extend(reversed(children(part)))


def dotted(expr: Expr) -> str | None:
    """`a.b.c` for a name with attributes, else None."""
    parts: list[str] = []
    while isinstance(expr, Attribute):
        parts.append(expr.attr)
        expr = expr.value
    if not isinstance(expr, Name):
        return None
    return ".".join([expr.id, *reversed(parts)])
