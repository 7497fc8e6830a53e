"""Reads TOML. Python's reader says what the values are; a scan of the same text says where they stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from conn_lint.model.location import Span
from conn_lint.syntax.entries import DEEPEST, DocumentError, Found, Keys, storable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[\w-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_LINE = re.compile(r"at line (\d+)")
# The reader takes time that grows with the square of a key's parts.
_LONG_KEY = re.compile(rf"(?:\.[ \t]*[\w\"'-]+[ \t]*){{{DEEPEST}}}")


def read(text: str, found: Found) -> None:
    """Add every value under its keys; elements of arrays have numbers as keys."""
    long = _LONG_KEY.search(text)
    if long is not None:
        raise DocumentError("it nests too deep", text.count("\n", 0, long.start()) + 1)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        number = int(line[1]) if line is not None else text.count("\n") + 1
        raise DocumentError(str(error).partition(" (at ")[0], number) from error
    for keys, span in _Scan(text).values():
        found.add(keys, storable(_value_at(data, keys)), span)


def _value_at(data: Any, keys: Keys) -> object:
    for key in keys:
        data = data[key]
    return data


class _Scan:
    """Finds the places of values in text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1  # of `_counted`
        self._start = 0  # of that line
        self._counted = 0
        self._tables: dict[Keys, int] = {}  # arrays of tables, and how many tables they have

    def values(self) -> Iterator[tuple[Keys, Span]]:
        """Keys and places in the order of the text."""
        table: Keys = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
                self._tables[table] = self._tables.get(table, -1) + 1
                table = (*table, self._tables[table])
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                yield from self._pair(table, 0)

    def _header(self, brackets: int) -> Keys:
        self._at += brackets
        keys = self._key()
        self._at += brackets
        return (*self._within(keys[:-1]), keys[-1])

    def _within(self, keys: Keys) -> Keys:
        """The keys, with the number of the last table where one is an array of tables."""
        whole: Keys = ()
        for key in keys:
            whole = (*whole, key)
            if whole in self._tables:
                whole = (*whole, self._tables[whole])
        return whole

    def _pair(self, table: Keys, depth: int) -> Iterator[tuple[Keys, Span]]:
        keys = self._key()
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        yield from self._value((*table, *keys), depth)

    def _key(self) -> Keys:
        keys: Keys = ()
        while True:
            self._skip(_SPACE)
            match = _BARE_KEY.match(self._text, self._at)
            if match is None:
                match = _STRING.match(self._text, self._at)
                assert match is not None
                keys = (*keys, _unquoted(match[0]))
            else:
                keys = (*keys, match[0])
            self._at = match.end()
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] != ".":
                return keys
            self._at += 1

    def _value(self, keys: Keys, depth: int) -> Iterator[tuple[Keys, Span]]:
        if depth > DEEPEST:
            raise DocumentError("it nests too deep", self._text.count("\n", 0, self._at) + 1)
        char = self._text[self._at]
        if char == "[":
            yield from self._array(keys, depth)
        elif char == "{":
            yield from self._inline_table(keys, depth)
        else:
            match = (_STRING if char in "\"'" else _BARE_VALUE).match(self._text, self._at)
            assert match is not None
            start, self._at = self._at, match.end()
            yield keys, self._span(start, start + len(match[0].rstrip()))

    def _array(self, keys: Keys, depth: int) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        index = 0
        while self._skip(_BLANK) < len(self._text) and self._text[self._at] != "]":
            yield from self._value((*keys, index), depth + 1)
            index += 1
            self._skip(_BLANK)
            self._at += self._text[self._at] == ","
        self._at += 1

    def _inline_table(self, keys: Keys, depth: int) -> Iterator[tuple[Keys, Span]]:
        self._at += 1
        while self._skip(_BLANK) < len(self._text) and self._text[self._at] != "}":
            yield from self._pair(keys, depth + 1)
            self._skip(_BLANK)
            self._at += self._text[self._at] == ","
        self._at += 1

    def _skip(self, what: re.Pattern[str]) -> int:
        match = what.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at

    def _span(self, start: int, end: int) -> Span:
        self._count(start)
        line, column = self._line, start - self._start
        self._count(end)
        return Span(line, column, self._line, end - self._start)

    def _count(self, to: int) -> None:
        self._line += self._text.count("\n", self._counted, to)
        newline = self._text.rfind("\n", self._counted, to)
        self._start = newline + 1 if newline >= 0 else self._start
        self._counted = to


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    return str(next(iter(tomllib.loads(f"{text} = 0"))))
