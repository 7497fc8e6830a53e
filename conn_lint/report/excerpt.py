"""The lines of source around a finding, without their secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from conn_lint.model.location import Span
from conn_lint.model.mask import mask
from conn_lint.report.cells import cells, expand_tabs, head, tail
from conn_lint.report.escape import code_line

ReadLines: TypeAlias = Callable[[str], Sequence[str]]
"""The lines of a file by its shown path; empty where it cannot be read."""

_CUT = "..."
_ROOM_TO_SAY_SO = 5


class Excerpt(NamedTuple):
    """One line of source and where its marks begin and end, in cells of what is shown; equal if it has none."""

    number: int
    text: str
    start: int
    end: int


def excerpts(
    lines: Sequence[str], span: Span, width: int, context: int = 0, encoding: str = "utf-8"
) -> tuple[Excerpt, ...]:
    """The first line of a span, with so many around it, without what they are all indented by, each cut to a width.

    What the encoding has not is a question mark. None where the file has no such line.
    """
    if not 1 <= span.line <= len(lines):
        return ()
    numbers = range(max(1, span.line - context), min(len(lines), span.line + context) + 1)
    masked = ((number, mask(lines[number - 1], keep_length=True).rstrip()) for number in numbers)
    shown = [(number, text) for number, text in masked if text or number == span.line]
    indent = min((_indent(text) for _, text in shown if text), default=0)
    found = []
    for number, text in shown:
        if number == span.line:
            before, marked, after = _around(text, span, indent)
        else:
            before, marked, after = "", "", expand_tabs(text)[indent:]
        before, marked, after = (_shown(part, encoding) for part in (before, marked, after))
        if cells(before + marked + after) > width:
            before, marked, after = _cut(before, marked, after, width)
        start = cells(before)
        length = max(cells(marked), 1) if number == span.line else 0
        found.append(Excerpt(number, before + marked + after, start, start + length))
    return tuple(found)


def _indent(text: str) -> int:
    whole = expand_tabs(text)
    return len(whole) - len(whole.lstrip())


def _around(text: str, span: Span, indent: int) -> tuple[str, str, str]:
    """What stands in front of the marks, what is marked, and what follows."""
    last = span.end_column if span.end_line == span.line else len(text)
    start = min(span.column, len(text))
    end = max(start, min(last, len(text)))
    whole = expand_tabs(text)
    first, behind = len(expand_tabs(text[:start])), len(expand_tabs(text[:end]))
    if first < indent:
        return "", whole[indent:], ""
    return whole[indent:first], whole[first:behind], whole[behind:]


def _shown(text: str, encoding: str) -> str:
    """Harmless, and as many characters as the encoding can write them in."""
    safe = code_line(text)
    return safe if safe.isascii() else safe.encode(encoding, "replace").decode(encoding, "replace")


def _cut(before: str, marked: str, after: str, width: int) -> tuple[str, str, str]:
    """A part of a line that is too long: the marks, a little of what is in front of them, and what has room."""
    room = max(width // 4, width - cells(marked) - cells(after))
    if cells(before) > room:
        sign = _CUT if room >= _ROOM_TO_SAY_SO else ""
        before = sign + tail(before, room - len(sign))
    marked = head(marked, width - cells(before))
    room = width - cells(before) - cells(marked)
    if cells(after) > room:
        sign = _CUT if room >= _ROOM_TO_SAY_SO else ""
        after = head(after, room - len(sign)) + sign
    return before, marked, after
