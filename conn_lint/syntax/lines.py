"""Numbers of lines for offsets into a text."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate


class Lines:
    r"""Lines count from 1, columns from 0; a line ends with `\n`."""

    __slots__ = ("_ends", "count")

    def __init__(self, text: str) -> None:
        lengths = [len(line) + 1 for line in text.split("\n")]
        self._ends = list(accumulate(lengths))
        self.count = len(lengths) - 1 if lengths[-1] == 1 else len(lengths)

    def line(self, offset: int) -> int:
        return bisect_left(self._ends, offset + 1) + 1

    def start(self, line: int) -> int:
        """The offset where a line starts; the line behind the last one starts at the text's end."""
        return self._ends[line - 2] if line > 1 else 0

    def column(self, offset: int) -> int:
        return offset - self.start(self.line(offset))
