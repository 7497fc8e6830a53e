"""What is handed to the workers of phase one, and what they hand back."""

from __future__ import annotations

import re
from sys import intern
from typing import NamedTuple

import msgspec

from conn_lint.model.flow import Import
from conn_lint.model.summary import Head, Skeleton, Unit, UnitSummary

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


class FileDone(NamedTuple):
    """An encoded Reading, and the Reading itself where it was made in this process."""

    digest: bytes
    data: bytes
    reading: Reading | None = None


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


def with_shared_names(reading: Reading) -> Reading:
    """The same, where each name is there once for all files: they are most of what skeletons take."""
    skeleton = reading.skeleton
    shared = msgspec.structs.replace(
        skeleton,
        imports=tuple(map(_shared_import, skeleton.imports)),
        heads=tuple(map(_shared_head, skeleton.heads)),
        units=tuple(map(_shared_unit, skeleton.units)),
        bound=_shared(skeleton.bound),
    )
    return msgspec.structs.replace(reading, skeleton=shared)


def _shared_import(item: Import) -> Import:
    return Import(
        intern(item.module),
        None if item.name is None else intern(item.name),
        intern(item.bound),
        item.level,
        item.line,
        item.aliased,
    )


def _shared_head(head: Head) -> Head:
    return Head(
        intern(head.kind),
        intern(head.name),
        intern(head.qualname),
        head.parent,
        head.unit,
        head.line,
        head.def_line,
        head.end_line,
        head.is_async,
        _shared(head.bases),
        _shared(head.decorators),
        head.colon,
    )


def _shared_unit(unit: Unit) -> Unit:
    return Unit(
        unit.head,
        unit.line,
        unit.end_line,
        _shared(unit.names),
        _shared(unit.calls),
        _shared(unit.stores),
        unit.digest,
    )


def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(intern, names))


def split_error(error: str) -> tuple[int, str]:
    """The line (relative to the unit) and the words of a unit's error."""
    place = PLACE.match(error)
    return (int(place[1]), error[place.end() :]) if place else (1, error)
