"""Moves whole lines: takes some out, puts others deeper, and writes the result as one edit."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import MOST_DEEPER, Edit
from conn_lint.model.location import Span


class Rewriting:
    """New lines for a stretch of whole lines, `first` to `last`. Comments are never lost.

    `unit` is one level of indentation.
    """

    def __init__(self, parsed: Parsed, first: int, last: int, unit: str) -> None:
        self._parsed = parsed
        self._unit = unit
        self._first = first
        self._last = last
        self._new: dict[int, str | None] = {}
        self._before: dict[int, list[str]] = {}
        self._after: dict[int, list[str]] = {}

    def replace(self, span: Span, text: str) -> None:
        """Put text in place of a stretch, which begins and ends within lines of the rewriting."""
        lines = self._parsed.lines
        head = lines[span.line - 1][: span.column]
        tail = lines[span.end_line - 1][span.end_column :]
        for line in range(span.line, span.end_line + 1):
            self._new[line] = None
        self._new[span.line] = head + text + tail

    def remove(self, span: Span) -> None:
        """Take out the statement that stands there; a comment behind it stays, on a line of its own."""
        lines = self._parsed.lines
        head = lines[span.line - 1][: span.column]
        tail = lines[span.end_line - 1][span.end_column :].strip()
        if head.strip() or (tail and not tail.startswith("#")):
            raise RenderError("the old release shares its line with other code")
        inside = self._parsed.text_of(span)
        if "#" in inside:
            raise RenderError("a comment stands within the old release")
        for line in range(span.line, span.end_line + 1):
            self._new[line] = None
        if tail:
            self._new[span.line] = head + tail

    def drop(self, line: int) -> None:
        """Take a line out."""
        self._new[line] = None

    def drop_blank(self, first: int, last: int) -> None:
        """Take out the empty ones of some lines."""
        for line in range(first, last + 1):
            if not self._parsed.lines[line - 1].strip():
                self.drop(line)

    def indent(self, first: int, last: int, *, levels: int = 1) -> None:
        """Put lines deeper (or less deep), but for those that begin inside a string."""
        unit = self._unit
        for line in range(first, last + 1):
            text = self._new.get(line, self._parsed.lines[line - 1])
            if not levels or text is None or not text.strip() or self._parsed.is_in_string(line):
                continue
            if levels > 0:
                self._new[line] = unit * levels + text
            elif text.startswith(unit * -levels):
                self._new[line] = text[len(unit) * -levels :]
            else:
                raise RenderError("a line is indented otherwise than the file")

    def check_length(self) -> None:
        """Raise RenderError where it is a loop too long to be put deeper."""
        lines = self._last - self._first + 1
        if lines > MOST_DEEPER:
            raise RenderError(f"{lines} lines of the loop would be put deeper")

    def insert_before(self, line: int, text: str) -> None:
        """A new line in front of a line."""
        self._before.setdefault(line, []).append(text)

    def insert_after(self, line: int, text: str) -> None:
        """A new line behind a line."""
        self._after.setdefault(line, []).append(text)

    def _ends_gap(self, line: int) -> bool:
        """A line that was taken out stood between blank ones, or at the end of its block."""
        lines = self._parsed.lines
        if line == self._last:
            return line >= len(lines) or not lines[line].strip()
        return not self._new.get(line + 1, lines[line] or "") and not lines[line].strip()

    def edit(self) -> Edit:
        """The whole stretch as one edit."""
        lines = self._parsed.lines
        found: list[str] = []
        for line in range(self._first, self._last + 1):
            found.extend(self._before.get(line, ()))
            text = self._new.get(line, lines[line - 1])
            if text is not None:
                found.append(text)
            elif self._ends_gap(line):
                while found and not found[-1].strip():
                    found.pop()
            found.extend(self._after.get(line, ()))
        span = Span(self._first, 0, self._last, len(lines[self._last - 1]))
        return Edit(self._parsed.path, span, "\n".join(found))


def aligned(parsed: Parsed, node: cst.CSTNode, column: int) -> str:
    """The node's text for a place where it begins in another column: lines that are aligned with it move along."""
    span = parsed.span(node)
    shift = column - span.column
    first, *rest = parsed.text(node).split("\n")
    found = [first]
    for line, text in enumerate(rest, span.line + 1):
        indent = len(text) - len(text.lstrip(" "))
        if indent < span.column or parsed.is_in_string(line):
            found.append(text)
        else:
            found.append(" " * (indent + shift) + text.lstrip(" "))
    return "\n".join(found)
