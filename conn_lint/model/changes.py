"""What a branch changed, as far as it selects findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

LAST_LINE = 2**31 - 1


class Changes(msgspec.Struct, frozen=True):
    """`lines` are the changed ones of files (absolute paths), as first and last of each stretch.

    `before` is what Python files held that are different now, or gone; nothing for new ones.
    """

    lines: Mapping[Path, tuple[tuple[int, int], ...]]
    before: Mapping[Path, bytes] = {}

    def touch(self, path: Path, first: int, last: int) -> bool:
        """Whether one of the lines from first to last was changed."""
        return any(start <= last and first <= end for start, end in self.lines.get(path, ()))
