"""What is handed to the workers of phase one, and what they hand back."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from conn_lint.model.summary import Skeleton, UnitSummary

PLACE = re.compile(r"^line (\d+): ")
KILLED = "the parser crashed on this code"


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What the lexical pass made of a file; `problem` says why the file cannot be analysed, `line`
    where.
    """

    skeleton: Skeleton
    problem: str = ""
    line: int = 1
    trace: str = ""


class FileJob(NamedTuple):
    """A file whose skeleton is wanted."""

    digest: bytes
    data: bytes


class UnitJob(NamedTuple):
    """A unit whose summary is wanted: the text of its slice."""

    digest: bytes
    text: str
    is_rest: bool


class UnitDone(NamedTuple):
    """An encoded summary; one that holds an error must not be kept. `trace` is set by our own
    faults, `summary` where it was made in this process: its names and results are shared, which those that are
    decoded are not.
    """

    digest: bytes
    data: bytes
    is_good: bool
    trace: str = ""
    summary: UnitSummary | None = None


EMPTY = Skeleton(lines=0, imports=(), heads=(), units=(), directives=(), statements=())
KILLED_READING = Reading(EMPTY, KILLED)


def failed_unit(message: str) -> bytes:
    """The encoded summary of a unit that cannot be parsed."""
    return msgspec.msgpack.encode(UnitSummary((), message))


def split_error(error: str) -> tuple[int, str]:
    """The line (relative to the unit) and the words of a unit's error."""
    place = PLACE.match(error)
    return (int(place[1]), error[place.end() :]) if place else (1, error)
