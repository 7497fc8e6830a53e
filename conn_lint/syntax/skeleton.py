"""The skeleton of a file: what a lexical pass, much faster than a parser, can tell of it."""

from __future__ import annotations

import keyword
import re
from bisect import bisect_left
from collections.abc import Iterator

from conn_lint.model.summary import Head, Skeleton, Unit
from conn_lint.syntax.comments import read_directives
from conn_lint.syntax.heads import NAME, FoundHead, find_heads, normal_name, strip
from conn_lint.syntax.imports import find_imports
from conn_lint.syntax.lines import Lines
from conn_lint.syntax.scan import Scan, scan
from conn_lint.syntax.slices import cut, digest
from conn_lint.syntax.source import normalise

_NAMES = re.compile(NAME)
_BRACES = re.compile(r"\{\{|\}\}|[{}]")
_KEYWORDS = frozenset(keyword.kwlist)


def read_skeleton(text: str) -> Skeleton:
    """Read a file's text. Never raises: what cannot be read is in `error`."""
    text = normalise(text).replace("\0", " ")
    scanned = scan(text)
    lines = Lines(text)
    found = find_heads(text, scanned.code)
    heads, owners = _heads(found, lines)
    return Skeleton(
        lines=lines.count,
        imports=find_imports(scanned.code, lines),
        heads=heads,
        units=_units(text, scanned, found, heads, owners, lines.count),
        directives=read_directives(text, scanned.physical, scanned.comments, lines),
        statements=_statements(scanned.code, lines),
        error=scanned.error,
    )


def _heads(found: list[FoundHead], lines: Lines) -> tuple[tuple[Head, ...], list[int]]:
    """The heads, and the indexes of those that own a unit."""
    heads: list[Head] = []
    owners: list[int] = []
    for index, head in enumerate(found):
        parent = heads[head.parent] if head.parent >= 0 else None
        unit = parent.unit if parent else 0
        if not unit and head.kind == "function":
            owners.append(index)
            unit = len(owners)
        colon_line = lines.line(head.colon - 1)
        heads.append(
            Head(
                kind=head.kind,
                name=head.name,
                qualname=f"{parent.qualname}.{head.name}" if parent else head.name,
                parent=head.parent,
                unit=unit,
                line=lines.line(head.start),
                def_line=lines.line(head.keyword),
                end_line=lines.line(head.end - 1),
                is_async=head.is_async,
                bases=head.bases,
                decorators=head.decorators,
                colon=(colon_line, head.colon - lines.start(colon_line)),
            )
        )
    return tuple(heads), owners


def _units(
    text: str,
    scanned: Scan,
    found: list[FoundHead],
    heads: tuple[Head, ...],
    owners: list[int],
    count: int,
) -> tuple[Unit, ...]:
    names = _Names(text, scanned)
    rest: set[str] = set()
    units = [Unit(-1, 1, 1, (), "")]
    done = 0
    for index in owners:
        head, place = heads[index], found[index]
        rest |= names.between(done, place.colon)
        done = place.end
        own = names.between(place.start, place.end)
        units.append(Unit(index, head.line, head.end_line, _sorted(own), ""))
    rest |= names.between(done, len(text))
    lines = text.split("\n")
    units[0] = Unit(-1, 1, max(1, count), _sorted(rest), "")
    return tuple(
        Unit(unit.head, unit.line, unit.end_line, unit.names, digest(cut(lines, heads, units, i)))
        for i, unit in enumerate(units)
    )


def _sorted(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names - _KEYWORDS))


class _Names:
    """Looks up the identifiers between two offsets; of f-strings the fields count, not the text (a password)."""

    def __init__(self, text: str, scanned: Scan) -> None:
        self._text = text
        self._code = scanned.code
        self._fstrings = scanned.fstrings
        self._starts = [start for start, _ in scanned.fstrings]

    def between(self, start: int, end: int) -> set[str]:
        found = set(_NAMES.findall(self._code, start, end))
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        for string_start, string_end in self._fstrings[first:last]:
            for field_start, field_end in _fields(self._text, string_start, string_end):
                found.update(_NAMES.findall(self._text, field_start, field_end))
        if all(map(str.isascii, found)):
            return found
        return {normal_name(name) for name in found}


def _fields(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the replacement fields of an f-string lie; a brace in a string inside a field may stretch one."""
    depth = opened = 0
    for brace in _BRACES.finditer(text, start, end):
        if len(brace[0]) == 2 and not depth:
            continue  # a brace as text
        for char in brace[0]:
            if char == "{":
                opened = opened if depth else brace.start()
                depth += 1
            elif depth:
                depth -= 1
                if not depth:
                    yield opened, brace.end()
    if depth:
        yield opened, end


def _statements(code: str, lines: Lines) -> tuple[tuple[int, int], ...]:
    """The first and last lines of logical lines that have several."""
    found: list[tuple[int, int]] = []
    at = code.find("\r")
    while at >= 0:
        end = code.find("\n", at)
        end = len(code) if end < 0 else end
        start, stop = strip(code, code.rfind("\n", 0, at) + 1, end)
        first, last = lines.line(start), lines.line(max(start, stop - 1))
        if last > first:
            found.append((first, last))
        at = code.find("\r", end)
    return tuple(found)
