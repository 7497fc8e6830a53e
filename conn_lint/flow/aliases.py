"""Which part of an expression is the resource that is followed."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.model.expression import (
    Attribute,
    Conditional,
    Container,
    Expr,
    Lambda,
    Literal,
    Name,
    Operator,
    Star,
    Subscript,
    Temp,
    Unknown,
    walk,
)

Roles = frozenset[tuple[str, str]]


def key_of(expr: Expr) -> str | None:
    """How worlds refer to a name or a result."""
    if isinstance(expr, Name):
        return expr.id
    if isinstance(expr, Temp):
        return f"%{expr.index}"
    return None


def role_of(expr: Expr, roles: Roles) -> str:
    """The role of the expression's value towards the resource; "" if it has nothing to do with it.

    A tuple or list with the resource in it is "box:INDEX"; anything else that contains it is "inside".
    """
    if not roles:
        return ""
    form = type(expr)
    if form is Name or form is Temp:
        key = key_of(expr)
        for name, role in roles:
            if name == key:
                return role
        return ""
    if form is Attribute or form is Literal:
        return ""
    match expr:
        case Operator(op="or" | "and", operands=operands):
            return next((role for part in operands if (role := role_of(part, roles))), "")
        case Conditional(body=body, orelse=orelse):
            return role_of(body, roles) or role_of(orelse, roles)
        case Subscript(value=value, index=index):
            return _item(role_of(value, roles), index)
        case Container(kind=kind, items=items):
            for number, item in enumerate(items):
                if role := _inner(item, roles):
                    return (
                        f"box:{number}" if kind in ("tuple", "list") and role == "own" else "inside"
                    )
            return ""
        case Star(value=value):
            return "inside" if _inner(value, roles) else ""
        case Unknown(parts=parts):
            return "inside" if any(_inner(part, roles) for part in parts) else ""
        case _:
            return ""


def _inner(expr: Expr, roles: Roles) -> str:
    """The role of an item, if the item keeps the resource: a cursor of it does not."""
    role = role_of(expr, roles)
    return "" if role in ("derived", "part") else role


def _item(role: str, index: Expr) -> str:
    if not role.startswith("box:"):
        return ""
    if isinstance(index, Literal) and index.kind == "int":
        return "own" if str(index.value) == role[4:] else ""
    return "own"


def roles_without(roles: Roles, key: str) -> Roles:
    """The roles once `key` is bound to something else."""
    return frozenset(pair for pair in roles if pair[0] != key)


def root_names(expr: Expr, *, lambdas: bool) -> Iterator[str]:
    """Names that the expression reads; with `lambdas` only those that lambdas in it capture."""
    for part in walk(expr):
        if isinstance(part, Lambda):
            yield from part.names
        elif isinstance(part, Name) and not lambdas:
            yield part.id
