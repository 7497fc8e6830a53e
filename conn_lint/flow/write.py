"""Writes expressions as text, close to source."""

from __future__ import annotations

from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Conditional,
    Container,
    Expr,
    FString,
    Lambda,
    Literal,
    Name,
    Operator,
    Star,
    Subscript,
    Temp,
    Unknown,
)

_UNARY = frozenset({"not", "-", "+", "~"})
_BRACKETS = {"list": "[]", "set": "{}", "dict": "{}"}


def written(expr: Expr | Argument) -> str:
    """The expression as text: `t3` for a result, `?` for what is unknown."""
    match expr:
        case Argument(value=value, keyword=keyword):
            return _argument(value, keyword)
        case Literal():
            return _literal(expr)
        case Name(id=name):
            return name
        case Temp(index=index):
            return f"t{index}"
        case Attribute(value=value, attr=attr):
            return f"{written(value)}.{attr}"
        case Call(func=func, arguments=arguments):
            return f"{written(func)}({_row(arguments)})"
        case FString(parts=parts):
            return f'f"{"".join(_string_part(part) for part in parts)}"'
        case Operator(op=op, operands=operands):
            return _operator(op, operands)
        case Container(kind=kind, items=items, keys=keys):
            return _container(kind, items, keys)
        case Subscript(value=value, index=index_of):
            return f"{written(value)}[{written(index_of)}]"
        case Conditional(test=test, body=body, orelse=orelse):
            return f"({written(body)} if {written(test)} else {written(orelse)})"
        case Lambda(function=function, names=names):
            return f"lambda #{function}[{' '.join(names)}]"
        case Star(value=value):
            return f"*{written(value)}"
        case Unknown(parts=parts):
            return f"?({_row(parts)})" if parts else "?"


def _argument(value: Expr, keyword: str | None) -> str:
    if keyword in {"*", "**"}:
        return f"{keyword}{written(value)}"
    return written(value) if keyword is None else f"{keyword}={written(value)}"


def _row(parts: tuple[Expr, ...] | tuple[Argument, ...]) -> str:
    return ", ".join(written(part) for part in parts)


def _literal(literal: Literal) -> str:
    if literal.kind == "none":
        return "None"
    if literal.kind == "ellipsis":
        return "..."
    if literal.value is None:
        return f"<{literal.kind}>"
    return ("b" if literal.kind == "bytes" else "") + repr(literal.value)


def _string_part(part: Expr) -> str:
    if isinstance(part, Literal) and isinstance(part.value, str):
        return part.value.replace("\n", "\\n")
    return f"{{{written(part)}}}"


def _operator(op: str, operands: tuple[Expr, ...]) -> str:
    if len(operands) == 1 and op in _UNARY:
        return f"({op} {written(operands[0])})"
    return f"({f' {op} '.join(written(operand) for operand in operands)})"


def _container(kind: str, items: tuple[Expr, ...], keys: tuple[Expr | None, ...]) -> str:
    if kind == "tuple":
        return f"({_row(items)}{',' if len(items) == 1 else ''})"
    if kind == "dict":
        pairs = zip(keys, items, strict=True)
        row = ", ".join(
            f"**{written(item)}" if key is None else f"{written(key)}: {written(item)}"
            for key, item in pairs
        )
    else:
        row = _row(items)
    brackets = _BRACKETS[kind]
    return f"{brackets[0]}{row}{brackets[1]}"
