"""How expressions refer to functions and classes by name."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.model.expression import Attribute, Expr, Name, Operator, children, walk
from conn_lint.model.flow import Event, expressions

LOOKING = frozenset(
    {"isinstance", "issubclass", "hasattr", "callable", "id", "repr", "str", "print", "len", "cast", "signature",
     "iscoroutinefunction", "isasyncgenfunction", "isgeneratorfunction", "isfunction", "ismethod", "isclass"}
)  # fmt: skip
"""Functions that look at a class or function that they are given, and neither call nor keep it."""
COMPARING = frozenset({"is", "is not", "==", "!=", "in", "not in"})


def wholes(expr: Expr) -> Iterator[Expr]:
    """The names and attributes in an expression as wholes: of `a.b` not the `a`."""
    todo = [expr]
    while todo:
        part = todo.pop()
        if isinstance(part, Name | Attribute):
            yield part
        elif not (isinstance(part, Operator) and part.op in COMPARING):
            todo.extend(children(part))


def last(expr: Expr) -> str:
    """The last name of a callee as written."""
    if isinstance(expr, Attribute):
        return expr.attr
    return expr.id if isinstance(expr, Name) else ""


def end_of(dotted: str) -> str:
    """The last name of a dotted one."""
    return dotted.rpartition(".")[2]


def mentioned(event: Event, name: str) -> bool:
    return any(
        isinstance(part, Name | Attribute) and last(part) == name
        for expr in expressions(event)
        for part in walk(expr)
    )
