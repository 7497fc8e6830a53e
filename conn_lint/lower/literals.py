"""Constants: what is written, as plain values."""

from __future__ import annotations

import ast
import functools
import math

from conn_lint.model.expression import NONE, Expr, FString, Literal, Name
from conn_lint.syntax import nodes

LONGEST = 200
_WORDS: dict[str, Literal] = {
    "None": NONE,
    "True": Literal("bool", True),
    "False": Literal("bool", False),
}


@functools.lru_cache(maxsize=20_000)
def name_or_constant(text: str) -> Expr:
    """A name, unless it is one of the words that are constants; the same names are one object."""
    return _WORDS.get(text) or Name(text)


def integer(node: nodes.Integer) -> Literal:
    text = node.value.replace("_", "")
    if len(text) > LONGEST:
        return Literal("int", None)
    value = int(text) if text.isdigit() else ast.literal_eval(node.value)
    # What does not fit 64 bits cannot be written to every cache.
    return Literal("int", value if -(2**63) <= value < 2**63 else None)


def floating(node: nodes.Float) -> Literal:
    value = ast.literal_eval(node.value)
    return Literal("float", value if math.isfinite(value) else None)


def imaginary(node: nodes.Imaginary) -> Literal:
    return Literal("complex", None)


def ellipsis(node: nodes.Ellipsis) -> Literal:
    return Literal("ellipsis", None)


def negated(value: Expr) -> Expr | None:
    """`-1` as a constant; None if the operand is not a number."""
    if isinstance(value, Literal) and value.kind in {"int", "float"}:
        number = value.value
        return Literal(value.kind, None if number is None or isinstance(number, str) else -number)
    return None


def string(node: nodes.SimpleString) -> Literal:
    text = node.value
    if text[0] in "'\"" and "\\" not in text and "\r" not in text:
        quotes = 3 if text[:3] in {"'''", '"""'} and len(text) >= 6 else 1
        return _text("str", text[quotes:-quotes])
    if len(text) > 4 * LONGEST:
        return Literal("bytes" if "b" in text[: text.index(text[-1])].lower() else "str", None)
    value = _evaluated(text)
    if isinstance(value, bytes):
        return _text("bytes", value.decode("latin-1"))
    return Literal("str", None) if value is None else _text("str", value)


def _evaluated(text: str) -> str | bytes | None:
    """The string's value; None where the text is not valid after all (a broken escape)."""
    try:
        value: str | bytes = ast.literal_eval(text)
        return value
    except (SyntaxError, ValueError):
        return None


def _text(kind: str, value: str) -> Literal:
    """A string's value unless it is too long, or cannot be written as UTF-8."""
    if len(value) > LONGEST:
        return Literal(kind, None)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return Literal(kind, None)
    return Literal(kind, value)


def formatted_text(text: str) -> Literal:
    """The literal part of an f-string; escapes other than doubled braces stay as written."""
    return _text("str", text.replace("{{", "{").replace("}}", "}"))


def concatenated(parts: list[Expr]) -> Expr:
    """Strings written side by side: one constant if all are, else the parts of an f-string."""
    if all(isinstance(part, Literal) for part in parts):
        values = [part.value for part in parts if isinstance(part, Literal)]
        kind = parts[0].kind if isinstance(parts[0], Literal) else "str"
        if any(not isinstance(value, str) for value in values):
            return Literal(kind, None)
        return _text(kind, "".join(str(value) for value in values))
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, FString) else (part,))
    return FString(tuple(flat))
