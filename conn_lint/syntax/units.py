"""Parses the text of one unit with LibCST."""

from __future__ import annotations

import ast
import re
import warnings

import libcst as cst

from conn_lint.syntax.slices import UnitError, slice_unit

__all__ = ["UnitError", "parse_unit", "slice_unit"]

_HOLDER = "if 1:\n"
_INDENT = re.compile(r"[ \t\f]*")
_FORM_FEED = re.compile(r"^[ \t\f]*\f", re.MULTILINE)
_LINE_NUMBER = re.compile(r" \(detected at line \d+\)| on line \d+")  # not those of the file
_EXPECTED = re.compile(r"error at \d+:\d+: expected (?:one of )?(.*)", re.DOTALL)


# LibCST takes time by the square of a chain's length: a minute for 3,000 calls.
MAX_CHAIN = 1000
_LINK = re.compile(r"\)\s*\.\s*\w+\s*\(")
_BRACKET = re.compile(r"[()]")


def parse_unit(unit_text: str) -> tuple[cst.Module, int]:
    """Parse a unit's text, and tell how many lines were put in front of it (an `if` to hold it).

    Raises UnitError where LibCST finds an error of syntax, and for a chain of over `MAX_CHAIN` calls.
    """
    line = _endless_chain(unit_text)
    if line:
        raise UnitError(
            f"over {MAX_CHAIN} calls in one chain, which would take too long to read", line
        )
    indent = _INDENT.match(unit_text)
    is_indented = indent is not None and indent[0].rpartition("\f")[2] != ""
    extra = 1 if is_indented and unit_text.strip() else 0
    text = _HOLDER + unit_text if extra else unit_text
    try:
        return _parse(text), extra
    except cst.ParserSyntaxError as error:
        message, line = _explain(text, error)
        last = len(unit_text.rstrip().split("\n"))
        raise UnitError(message, min(max(1, line - extra), last)) from error


def _endless_chain(text: str) -> int:
    """The line where a chain of too many calls begins, 0 without one. Arguments with brackets end a chain here."""
    begin = end = count = 0
    for link in _LINK.finditer(text):
        if count and not _BRACKET.search(text, end, link.start()):
            count += 1
        else:
            begin, count = link.start(), 1
        end = link.end()
        if count > MAX_CHAIN:
            return text.count("\n", 0, begin) + 1
    return 0


def _parse(text: str) -> cst.Module:
    try:
        return _parse_unvalidated(text)
    except cst.ParserSyntaxError:
        if "\f" not in text:
            raise
        # Python counts an indentation from its last form feed on, LibCST does not.
        return _parse_unvalidated(_FORM_FEED.sub("", text))


def _parse_unvalidated(text: str) -> cst.Module:
    """Parse without having each node validated, which is a quarter of the time: a parser makes no wrong nodes."""
    validate = cst.CSTNode.__post_init__
    cst.CSTNode.__post_init__ = _accept  # type: ignore[assignment, method-assign]
    try:
        return cst.parse_module(text)
    finally:
        cst.CSTNode.__post_init__ = validate  # type: ignore[method-assign]


def _accept(node: cst.CSTNode) -> None:
    """Take a node as it is."""


def _explain(text: str, error: cst.ParserSyntaxError) -> tuple[str, int]:
    """What is wrong, and in which line: in Python's words, which are clearer, if it agrees."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as found:
        return _LINE_NUMBER.sub("", found.msg), found.lineno or error.raw_line
    except (ValueError, MemoryError, RecursionError):
        pass
    return _short(error), error.raw_line


def _short(error: cst.ParserSyntaxError) -> str:
    message = error.message.partition("error: ")[2] or error.message
    expected = _EXPECTED.match(message)
    if expected is None:
        return message
    wanted = expected[1].split(", ")
    return f"expected {wanted[0]}" if len(wanted) == 1 else "invalid syntax"
