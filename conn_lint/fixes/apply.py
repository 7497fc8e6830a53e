"""Applies edits to a file's bytes: as text, with its own encoding and line endings."""

from __future__ import annotations

import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

from conn_lint.model.fix import Edit
from conn_lint.model.location import Span
from conn_lint.syntax.scan import scan
from conn_lint.syntax.source import SourceError, decode, encode, split_lines
from conn_lint.syntax.units import UnitError, parse_unit

_STAR = re.compile(r"^\s*from\s.*\simport\s*\(?\s*\*", re.MULTILINE)
_FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)


def overlap(one: Edit, other: Edit) -> bool:
    """Whether both change the same place, or define the same name; equal ones (an import that both need) do not."""
    if one.path != other.path or one == other:
        return False
    if _defined(one) & _defined(other):
        return True
    first, second = sorted((one, other), key=lambda edit: (_start(edit.span), _end(edit.span)))
    if _start(first.span) == _start(second.span):
        return True
    return _end(first.span) > _start(second.span)


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The file with all edits made; they must not overlap. Raises SourceError where its encoding lacks a character."""
    source = decode(data)
    raw = source.raw
    starts = [0, *accumulate(len(line) for line in split_lines(raw))]
    last_line_open = not raw.endswith(("\n", "\r"))
    if last_line_open:
        starts.append(starts[-1])
    pieces: list[str] = []
    position = 0
    for edit in sorted(set(edits), key=lambda e: (_start(e.span), _end(e.span))):
        begin = starts[edit.span.line - 1] + edit.span.column
        end = starts[edit.span.end_line - 1] + edit.span.end_column
        pieces.append(raw[position:begin])
        pieces.append(_with_endings(edit, raw, begin, end, source.newline))
        position = end
    pieces.append(raw[position:])
    return encode("".join(pieces), source)


def _with_endings(edit: Edit, raw: str, begin: int, end: int, newline: str) -> str:
    """The edit's text with the endings of the lines it replaces, as far as they agree."""
    old = [line[len(line.rstrip("\r\n")) :] for line in split_lines(raw[begin:end])]
    own = {ending for ending in old if ending}
    return edit.text.replace("\n", own.pop() if len(own) == 1 else newline)


def problem(before: bytes, after: bytes, given_up: Counter[str] | None = None) -> str:
    """What is wrong with a file that was edited, "" if nothing is: it must parse, and have all its comments but those
    that were to go.
    """
    try:
        text = decode(after).text
        parse_unit(text)
    except (SourceError, UnitError) as error:
        return f"the file would not parse: {error.message}"
    lost = _comments(decode(before).text) - _comments(text) - (given_up or Counter())
    if lost:
        return f"the comment {next(iter(lost))} would be lost"
    if new := unbound(text) - unbound(decode(before).text):
        return f"nothing would bind the name {min(new)}"
    return ""


def unbound(text: str) -> set[str]:
    """The names that a file's code reads and nothing in it binds; none where that cannot be told."""
    try:
        table = symtable.symtable(text, "file", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # of another version of Python
    if _STAR.search(text):
        return set()
    known = {*dir(builtins), "__file__", "__path__", "__annotations__", "__builtins__"}
    read: set[str] = set()
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        waiting += scope.get_children()
        for symbol in scope.get_symbols():
            name = symbol.get_name()
            binds = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            if binds and (scope is table or symbol.is_declared_global()):
                known.add(name)
            if symbol.is_referenced() and (scope is table or symbol.is_global()):
                read.add(name)
    return read - known


def _comments(text: str) -> Counter[str]:
    return Counter(text[start:end].rstrip() for start, end in scan(text).comments)


def _defined(edit: Edit) -> set[str]:
    """The functions of the file that are defined by what the edit inserts."""
    return set(_FUNCTION.findall(edit.text)) if _start(edit.span) == _end(edit.span) else set()


def _start(span: Span) -> tuple[int, int]:
    return span.line, span.column


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column
