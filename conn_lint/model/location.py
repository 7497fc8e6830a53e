"""Places in source text. Lines count from 1, columns from 0 in characters; reports add one to columns."""

from __future__ import annotations

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False, order=True):
    """A stretch of text; inside a unit's summary its lines are relative to the unit's first line (1)."""

    line: int
    column: int
    end_line: int
    end_column: int

    def shifted(self, lines: int) -> Span:
        """The same stretch, `lines` further down: from unit-relative to absolute."""
        return Span(self.line + lines, self.column, self.end_line + lines, self.end_column)

    def contains(self, other: Span) -> bool:
        """The other lies within this stretch, or is the same."""
        return (self.line, self.column) <= (other.line, other.column) and (
            other.end_line,
            other.end_column,
        ) <= (self.end_line, self.end_column)


class Location(msgspec.Struct, frozen=True, order=True):
    """A span in a file; `path` is relative to the project and written with `/`."""

    path: str
    span: Span


NOWHERE = Span(1, 0, 1, 0)
