"""The lines of source around a finding, without their secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from conn_lint.model.location import Span
from conn_lint.model.mask import mask
from conn_lint.report.escape import code_line

ReadLines: TypeAlias = Callable[[str], Sequence[str]]
"""The lines of a file by its shown path; empty where it cannot be read."""

_TAB = "    "


class Excerpt(NamedTuple):
    """One line of source and where its marks begin and end, in columns of what is shown."""

    number: int
    text: str
    start: int
    end: int


def excerpt(lines: Sequence[str], span: Span, width: int) -> Excerpt | None:
    """The first line of a span, cut to a width; None where the file has no such line."""
    if not 1 <= span.line <= len(lines):
        return None
    line = mask(lines[span.line - 1], keep_length=True).rstrip()
    last = span.end_column if span.end_line == span.line else len(line)
    start = min(span.column, len(line))
    end = max(start + 1, min(last, len(line)))
    indent = len(line) - len(line.lstrip())
    before, marked, after = (
        (line[indent:start], line[start:end], line[end:])
        if start >= indent
        else ("", line[indent:], "")
    )
    text, lead, length = before + marked + after, len(before), max(len(marked), 1)
    if len(text) > width:
        cut = max(0, min(lead - width // 4, len(text) - width))
        text, lead = text[cut : cut + width], lead - cut
        length = min(length, max(1, width - lead))
    return Excerpt(span.line, code_line(text), lead, lead + length)
