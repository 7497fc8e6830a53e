"""Cuts the text of a unit out of its file, without parsing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from conn_lint.model.summary import Head, Skeleton, Unit


def slice_unit(text: str, skeleton: Skeleton, index: int) -> str:
    """The text of one unit.

    A function's is its lines, as they are. That of unit 0 is the whole file, where `pass` stands
    for the bodies of the other units, and the lines of everything else are unchanged.
    """
    lines = text.split("\n")
    return cut(lines, skeleton.heads, skeleton.units, index)


def cut(lines: list[str], heads: Sequence[Head], units: Sequence[Unit], index: int) -> str:
    """As `slice_unit`, for a text that was split at its line breaks already."""
    if index:
        unit = units[index]
        last = lines[unit.end_line - 1]
        # A backslash at the very end would join the line with the nothing behind it.
        end = "\n\n" if last.endswith("\\") else "\n"
        return "\n".join(lines[unit.line - 1 : unit.end_line]) + end
    rest: list[str] = []
    done = 0
    for unit in units[1:]:
        line, column = heads[unit.head].colon
        rest.extend(lines[done : line - 1])
        rest.append(lines[line - 1][:column] + " pass")
        rest.extend([""] * (unit.end_line - line))
        done = unit.end_line
    rest.extend(lines[done:])
    return "\n".join(rest)


def digest(text: str) -> str:
    """A short hash of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
