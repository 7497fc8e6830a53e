"""Whether a finding is asked for: by where it is, by the steps that lead to it, by what a branch changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from conn_lint.engine.analyse import name_below
from conn_lint.model.changes import Changes
from conn_lint.model.finding import Finding
from conn_lint.model.fingerprint import Key, key_of
from conn_lint.model.location import Location

News: TypeAlias = frozenset[tuple[str, Location]]
"""The code and the place of each finding that was not there before."""


class Within:
    """The given paths of a project, and the changed lines of its files where only these count."""

    def __init__(self, paths: Iterable[Path], root: Path, changes: Changes | None = None) -> None:
        paths = tuple(paths)
        inside = [path for path in paths if path.is_relative_to(root)]
        self._paths = frozenset(name_below(path, root) for path in inside)
        self._all = "." in self._paths or any(root.is_relative_to(path) for path in paths)
        self._root = root
        self._changes = changes

    def names(self, name: str) -> bool:
        """Whether the file itself (by its name below the root) was given."""
        return name in self._paths

    def holds(self, name: str) -> bool:
        """Whether the file or a folder above it was given."""
        if self._all or name in self._paths:
            return True
        return any(name[:at] in self._paths for at, char in enumerate(name) if char == "/")

    def shown(
        self, finding: Finding, *, news: News = frozenset(), steps: bool = True
    ) -> Finding | None:
        """The finding if it is asked for, with the step that it is shown for (`because`) where its own place is not.

        `news` were not there before the changes; without `steps` a finding's place alone counts.
        """
        first, last = finding.statement
        line = finding.location.span.line
        lines = (first, last) if first <= line <= last else (line, finding.location.span.end_line)
        if self._touched(finding.location, *lines):
            return finding
        led = (*(step.location for step in finding.chain), *finding.ways) if steps else ()
        for place in led:
            if self._touched(place, place.span.line, place.span.end_line):
                return msgspec.structs.replace(finding, because=place)
        is_new = (finding.code, finding.location) in news
        return finding if is_new and self.holds(finding.location.path) else None

    def _touched(self, location: Location, first: int, last: int) -> bool:
        if not self.holds(location.path):
            return False
        return self._changes is None or self._changes.touch(self._root / location.path, first, last)


def new_ones(before: Iterable[Finding], now: Iterable[Finding]) -> News:
    """The places of those that were not there before.

    One that is only called from another function now (the function was renamed or the code has moved) was.
    """
    old = list(map(key_of, before))
    known, counts = set(old), Counter(map(_loose, old))
    found = [(finding, key_of(finding)) for finding in now]
    counts.subtract(_loose(key) for _, key in found)
    return frozenset(
        (finding.code, finding.location)
        for finding, key in found
        if key not in known and counts[_loose(key)] < 0
    )


def _loose(key: Key) -> tuple[str, str, str]:
    return key.code, key.resource, key.content
