"""Reads .env files as the usual loaders do: `export`, quotes over several lines, comments; expands nothing."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_BLANK = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_KEY = re.compile(
    r"[^\S\n]*(?:export[^\S\n]+)?(?:'(?P<quoted>[^'\n]+)'|(?P<key>[^\s=#'\"]+))[^\S\n]*"
)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def read(text: str, found: Found) -> None:
    """Add the variables that are set; a bad line is complained of and skipped."""
    _Env(text, found).read()


class _Env:
    def __init__(self, text: str, found: Found) -> None:
        self._text = text
        self._found = found
        self._at = 0
        self._line = 1  # of `_at`
        self._start = 0  # of that line

    def read(self) -> None:
        while self._at < len(self._text):
            blank = _BLANK.match(self._text, self._at)
            if blank is not None:
                self._move(blank.end())
                continue
            problem = self._binding()
            if problem:
                self._found.complain(problem, self._line)
            self._move(self._end_of_line())

    def _binding(self) -> str:
        """Read one variable, up to its last line; or say what is wrong."""
        key = _KEY.match(self._text, self._at)
        if key is None:
            return "no name of a variable stands here"
        name = key["quoted"] or key["key"]
        if self._text[key.end() : key.end() + 1] == "=":
            return self._value(name, key.end() + 1)
        if _BLANK.match(self._text, key.end()) is None:
            return "= is missing behind the name"
        self._found.add((name,), None, self._span(key.end(), key.end()))
        return ""

    def _value(self, name: str, start: int) -> str:
        while self._text[start : start + 1] in {" ", "\t"}:
            start += 1
        quote = self._text[start : start + 1]
        if quote not in {'"', "'"}:
            plain = _PLAIN.match(self._text, start)
            value = _COMMENT.sub("", plain[0] if plain is not None else "").rstrip()
            self._found.add((name,), value, self._span(start, start + len(value)))
            return ""
        match = (_DOUBLE if quote == '"' else _SINGLE).match(self._text, start)
        if match is None:
            return "a quote is never closed"
        if _BLANK.match(self._text, match.end()) is None:
            return "something stands behind the closing quote"
        self._found.add((name,), _unescaped(match[1], quote), self._span(start, match.end()))
        self._move(match.end())
        return ""

    def _span(self, start: int, end: int) -> Span:
        """Of a value that begins on the line of `_at`."""
        lines = self._text.count("\n", start, end)
        last = self._text.rfind("\n", start, end) + 1 if lines else self._start
        return Span(self._line, start - self._start, self._line + lines, end - last)

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        newline = self._text.rfind("\n", self._at, to)
        self._start = newline + 1 if newline >= 0 else self._start
        self._at = to

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end + 1


def _unescaped(text: str, quote: str) -> str:
    if "\\" not in text:
        return text
    if quote == "'":
        return re.sub(r"\\([\\'])", r"\1", text)
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], _kept(match[1])), text)


def _kept(char: str) -> str:
    return char if char in '\\"$' else f"\\{char}"
