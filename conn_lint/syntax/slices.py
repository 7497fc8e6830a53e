"""Cuts the text of a unit out of its file, without parsing."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from itertools import accumulate

from conn_lint.model.summary import Head, Skeleton, Unit


class UnitError(Exception):
    """A unit cannot be parsed: `message` says why, `line` where, counted in the unit from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def slice_unit(text: str, skeleton: Skeleton, index: int) -> str:
    """The text of one unit.

    A function's is its lines, as they are. That of unit 0 is the whole file, where `pass` stands
    for the bodies of the other units, and the lines of everything else are unchanged.
    """
    lines = text.split("\n")
    return cut(lines, skeleton.heads, skeleton.units, index)


def digest_unit(lines: list[str], heads: Sequence[Head], units: Sequence[Unit], index: int) -> str:
    """What a unit is known by. How many lines the bodies of others have does not count for unit 0."""
    return digest(cut(lines, heads, units, index, filled=False))


def bodies(skeleton: Skeleton) -> list[int]:
    """How many lines stand in unit 0 for the body of each other one: with its digest they tell where all is."""
    return [unit.end_line - skeleton.heads[unit.head].colon[0] for unit in skeleton.units[1:]]


def cut(
    lines: list[str],
    heads: Sequence[Head],
    units: Sequence[Unit],
    index: int,
    *,
    filled: bool = True,
) -> str:
    """As `slice_unit`, for a text that was split at its line breaks already; without the empty lines that stand for
    bodies if it is not `filled`.
    """
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
        rest.extend([""] * (unit.end_line - line) if filled else ())
        done = unit.end_line
    rest.extend(lines[done:])
    return "\n".join(rest)


class FileText:
    """The text of a file, to cut units out of: a tenth of what a list of its lines takes.

    It is kept in UTF-8, since one emoji makes a text of Python's four times as large. Where the file's bytes (`data`)
    are just that, they are kept in its place, so that it is not there twice.
    """

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str, data: bytes = b"") -> None:
        encoded = text.encode("utf-8", "surrogatepass")
        self._text = data if data == encoded else encoded
        lengths = (len(line) + 1 for line in encoded.split(b"\n"))
        self._starts = array("I", accumulate(lengths, initial=0))

    def unit(self, heads: Sequence[Head], units: Sequence[Unit], index: int) -> str:
        """As `cut`."""
        if index:
            text = self._between(units[index].line - 1, units[index].end_line)
            return text + ("\n\n" if text.endswith("\\") else "\n")
        rest: list[str] = []
        done = 0
        for unit in units[1:]:
            line, column = heads[unit.head].colon
            if line - 1 > done:
                rest.append(self._between(done, line - 1))
            head = self._between(line - 1, line)[:column]
            rest.append(head + " pass" + "\n" * (unit.end_line - line))
            done = unit.end_line
        if done < len(self._starts) - 1:
            rest.append(self._between(done, len(self._starts) - 1))
        return "\n".join(rest)

    def _between(self, first: int, last: int) -> str:
        """The lines from one to before another, without the last line break."""
        part = self._text[self._starts[first] : self._starts[last] - 1]
        return part.decode("utf-8", "surrogatepass")


def digest(text: str) -> str:
    """A short hash of a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
