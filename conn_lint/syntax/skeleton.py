"""The skeleton of a file: what a lexical pass, much faster than a parser, can tell of it."""

from __future__ import annotations

import keyword
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import msgspec

from conn_lint.model.summary import Head, Skeleton, Unit
from conn_lint.syntax.bound import names_bound
from conn_lint.syntax.comments import read_directives
from conn_lint.syntax.heads import (
    BLANK,
    BLANKS,
    NAME,
    WORD_END,
    FoundHead,
    find_heads,
    normal_name,
    strip,
)
from conn_lint.syntax.imports import find_imports
from conn_lint.syntax.lines import Lines
from conn_lint.syntax.scan import Scan, scan
from conn_lint.syntax.slices import digest_unit
from conn_lint.syntax.source import normalise

# A name, with the bracket behind it if it is called. To tell heads from calls here would take twice the time.
_NAMES = re.compile(rf"{NAME}(?:{BLANK}*\()?")
_RESULT_CALLED = re.compile(rf"[)\]]{BLANK}*\(")
# An attribute that is assigned, or (so as to miss none) may be: a target among several, of a loop, a `with`.
_STORED = re.compile(
    rf"\.{BLANK}*({NAME})(?={BLANK}*(?:[-+*/%&|^@<>]{{0,3}}=(?!=)|in{WORD_END}|:"
    rf"|[,)\]][^\n=]{{0,200}}(?:=(?!=)|:[ \t\f]*$)))",
    re.MULTILINE,
)
_BRACES = re.compile(r"\{\{|\}\}|[{}]")
# Keywords that tell enough of a function to spare reading it count as names.
_TELLING = frozenset(
    {"assert", "await", "for", "global", "import", "lambda", "raise", "return", "with", "yield"}
)
_KEYWORDS = frozenset(keyword.kwlist) - _TELLING


def read_skeleton(text: str) -> Skeleton:
    """Read a file's text. Never raises: what cannot be read is in `error`."""
    text = normalise(text).replace("\0", " ")
    scanned = scan(text)
    lines = Lines(text)
    found = find_heads(text, scanned.code)
    heads, owners = _heads(found, lines)
    units, rest = _units(text, scanned, found, heads, owners, lines.count)
    bound = names_bound(scanned.code[start:end] for start, end in rest)
    return Skeleton(
        lines=lines.count,
        imports=find_imports(scanned.code, lines),
        heads=heads,
        units=units,
        bound=tuple(sorted(map(normal_name, bound - _KEYWORDS))),
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
) -> tuple[tuple[Unit, ...], list[tuple[int, int]]]:
    """The units, and the stretches of unit 0."""
    names = _Names(text, scanned)
    rest: set[str] = set()
    stored: set[str] = set()
    units = [Unit(-1, 1, 1, (), (), (), "")]
    done = 0
    stretches: list[tuple[int, int]] = []
    for index in owners:
        head, place = heads[index], found[index]
        own, stores = {head.name}, names.stored(place.start, place.end)
        names.add(own, place.start, place.keyword)
        names.add(own, place.name_end, place.colon)
        names.add(rest, done, place.start)
        stored.update(names.stored(done, place.start))
        rest |= own
        stretches.append((done, place.colon))
        done = place.end
        names.add(own, place.colon, done)
        units.append(Unit(index, head.line, head.end_line, *_told_apart(own), stores, ""))
    names.add(rest, done, len(text))
    stored.update(names.stored(done, len(text)))
    lines = text.split("\n")
    units[0] = Unit(-1, 1, max(1, count), *_told_apart(rest), tuple(sorted(stored)), "")
    stretches.append((done, len(text)))
    return tuple(
        msgspec.structs.replace(unit, digest=digest_unit(lines, heads, units, number))
        for number, unit in enumerate(units)
    ), stretches


def _told_apart(found: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names among what `_Names` gives, and those that are called, both sorted."""
    called = {text[:-1].rstrip(BLANKS) for text in found if text[-1] == "("}
    names = ({text for text in found if text[-1] != "("} | called) - _KEYWORDS
    calls = called - _KEYWORDS - _TELLING
    names.discard("")
    if not all(map(str.isascii, names)):
        names, calls = set(map(normal_name, names)), set(map(normal_name, calls))
    return tuple(sorted(names)), tuple(sorted(calls))


class _Names:
    """Looks up the identifiers between two offsets; of f-strings the fields count, not the text (a password)."""

    def __init__(self, text: str, scanned: Scan) -> None:
        self._text = text
        self._code = scanned.code
        self._fstrings = scanned.fstrings
        self._starts = [start for start, _ in scanned.fstrings]
        self._results = [match.end() for match in _RESULT_CALLED.finditer(scanned.code)]
        stores = [(match.end(), match[1]) for match in _STORED.finditer(scanned.code)]
        self._stores = [normal_name(name) for _, name in stores]
        self._stored_at = [end for end, _ in stores]

    def stored(self, start: int, end: int) -> tuple[str, ...]:
        """The attributes that may be assigned between two offsets, sorted."""
        first, last = bisect_left(self._stored_at, start), bisect_left(self._stored_at, end)
        return tuple(sorted(set(self._stores[first:last])))

    def add(self, found: set[str], start: int, end: int) -> None:
        """Add what stands between two offsets; "(" alone is the call of a result."""
        found.update(_NAMES.findall(self._code, start, end))
        if bisect_right(self._results, start) < bisect_right(self._results, end):
            found.add("(")
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        for string_start, string_end in self._fstrings[first:last]:
            for field_start, field_end in _fields(self._text, string_start, string_end):
                found.update(_NAMES.findall(self._text, field_start, field_end))
                if _RESULT_CALLED.search(self._text, field_start, field_end):
                    found.add("(")


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
