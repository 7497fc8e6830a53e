"""Reads annotations: `C`, `Optional[C]`, `C | None`, `Annotated[C, ...]`, `"C"`, `AsyncIterator[C]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conn_lint.link.values import ClassRef, External, FunctionId, Instance, ObjectRef, Pair, Value
from conn_lint.model.expression import (
    Attribute,
    Container,
    Expr,
    Literal,
    Name,
    Operator,
    Subscript,
)

if TYPE_CHECKING:
    from conn_lint.link.types import Types

WRAPPERS = {
    "Optional", "Annotated", "Final", "ClassVar", "Awaitable", "Generator", "AsyncGenerator",
    "Iterator", "AsyncIterator", "Iterable", "AsyncIterable", "ContextManager", "AbstractContextManager",
    "AsyncContextManager", "AbstractAsyncContextManager", "Required", "NotRequired",
}  # fmt: skip
"""What stands around a type in an annotation without changing what is held."""

_TUPLES = {"tuple", "Tuple"}
_PLAIN = re.compile(r"[\w.]+\Z")


def read(annotation: Expr, types: Types, at: FunctionId) -> Value | None:
    """The object that a variable so annotated holds; what a generator so annotated yields."""
    match annotation:
        case Literal(kind="str", value=str(text)):
            return _quoted(text, types, at)
        case Operator(op="|", operands=operands):
            found = [value for part in operands if (value := read(part, types, at)) is not None]
            return found[0] if len(found) == 1 else None
        case Subscript(value=value, index=index):
            return _subscripted(value, index, types, at)
        case Name() | Attribute():
            named = _object(types.infer(annotation, at), types)
            return named if named is not None else _alias(annotation, types, at)
        case _:
            return None


def _alias(annotation: Expr, types: Types, at: FunctionId) -> Value | None:
    """`SessionDep = Annotated[Session, ...]` in some module, used by its name."""
    written = types.injection.written(annotation, at)
    if written is None:
        return None
    value, place = written
    return read(value, types, place) if isinstance(value, Subscript) else None


def _subscripted(value: Expr, index: Expr, types: Types, at: FunctionId) -> Value | None:
    last = value.attr if isinstance(value, Attribute) else getattr(value, "id", "")
    origin = types.infer(value, at)
    if isinstance(origin, External):
        last = origin.name.rpartition(".")[2]
    items = index.items if isinstance(index, Container) else (index,)
    if last in WRAPPERS and items:
        return read(items[0], types, at)
    if last in _TUPLES:
        return Pair(tuple(read(item, types, at) for item in items))
    if last == "Union":
        found = [v for item in items if (v := read(item, types, at)) is not None]
        return found[0] if len(found) == 1 else None
    return _object(origin, types)


def _quoted(text: str, types: Types, at: FunctionId) -> Value | None:
    text = text.strip().removeprefix("Optional[").removesuffix("]").removesuffix("| None").strip()
    if not _PLAIN.match(text):
        return None
    first, *rest = text.split(".")
    expr: Expr = Name(first)
    for attr in rest:
        expr = Attribute(expr, attr)
    return _object(types.infer(expr, at), types)


def _object(value: Value | None, types: Types) -> Value | None:
    match value:
        case ClassRef(path=path, head=head):
            return ObjectRef(path, head)
        case External(name=name):
            if name in ("builtins.None", "typing.Any", "builtins.object"):
                return None
            return Instance(types.catalogue.canonical(name))
        case _:
            return None
