r"""The lexical scanner: hides strings, comments and line breaks that end no logical line.

What it gives has as many characters as the text, so that offsets hold in both: comments become
blanks, strings become quotes, and a line break in a string, in brackets or after a backslash
becomes `\r`. Between two `\n` there is one logical line.
"""

from __future__ import annotations

import re

import msgspec

from conn_lint.syntax.strings import (
    STRING,
    end_of_fstring,
    end_of_string,
    has_plain_fields,
    is_formatted,
    quote_at,
)

MAX_NESTING = 200

_TOKEN = re.compile(rf"\#[^\n]*|\\\n|{STRING}", re.DOTALL)
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSED_PASSES = 4


class Scan(msgspec.Struct, frozen=True):
    r"""`code` is the text with strings, comments and inner line breaks hidden.

    `physical` is the same, but a line break in brackets is still `\n`. `comments` and `fstrings`
    are stretches (start, end) of the text.
    """

    code: str
    physical: str
    comments: tuple[tuple[int, int], ...]
    fstrings: tuple[tuple[int, int], ...]
    error: str | None


def scan(text: str) -> Scan:
    r"""Scan a file's text, whose lines end with `\n`. Never raises; see `error`."""
    pieces: list[str] = []
    comments: list[tuple[int, int]] = []
    fstrings: list[tuple[int, int]] = []
    error: str | None = None
    follow_fields = True
    position = 0
    while match := _TOKEN.search(text, position):
        start, end = match.span()
        first = text[start]
        pieces.append(text[position:start])
        position = end
        if first == "#":
            comments.append((start, end))
            pieces.append(" " * (end - start))
            continue
        if first == "\\":
            pieces.append("\\\r")
            continue
        quote = quote_at(text, start)
        closed = match.lastindex is not None and match[match.lastindex] == quote
        if match.lastindex is None:
            end, closed = end_of_string(text, end, quote)
        if is_formatted(text, start):
            fields = follow_fields and not has_plain_fields(text[start + len(quote) : end])
            if fields or _has_many_brackets(text, start, end):
                found = end_of_fstring(text, start)
                if found is None:
                    # No Python that lets a field hold its own quotes would read this file.
                    follow_fields = False
                else:
                    end, depth = found
                    closed = True
                    if depth > MAX_NESTING:
                        error = error or _too_deep(depth, text, start)
            fstrings.append((start, end))
        if not closed and len(quote) == 3:
            error = error or f"the string that opens at line {_line(text, start)} never ends"
        pieces.append(_hide(text, start, end))
        position = end
    pieces.append(text[position:])
    physical = "".join(pieces)
    code, unbalanced = _join_lines(physical)
    if unbalanced:
        error = error or _nesting_error(text, physical)
    return Scan(code, physical, tuple(comments), tuple(fstrings), error)


def _has_many_brackets(text: str, start: int, end: int) -> bool:
    if end - start <= MAX_NESTING:
        return False
    return sum(text.count(bracket, start, end) for bracket in "([{") > MAX_NESTING


def _hide(text: str, start: int, end: int) -> str:
    if text.find("\n", start, end) < 0:
        return '"' * (end - start)
    return "\r".join('"' * len(line) for line in text[start:end].split("\n"))


def _join_lines(physical: str) -> tuple[str, bool]:
    r"""Make `\r` of line breaks in brackets. True if they do not close or may nest too deep."""
    brackets = physical.translate(_ONLY_BRACKETS)
    removed = 0
    while removed < _CLOSED_PASSES:
        rest = brackets.replace("()", "").replace("[]", "").replace("{}", "")
        if len(rest) == len(brackets):
            break
        brackets = rest
        removed += 1
    depth = deepest = 0
    inside: list[int] = []
    for number, rest in enumerate(brackets.split("\n")):
        for bracket in rest:
            if bracket in "([{":
                depth += 1
                deepest = max(deepest, depth)
            elif depth:
                depth -= 1
        if depth:
            inside.append(number)
    unbalanced = depth > 0 or deepest + 3 * removed > MAX_NESTING
    if not inside:
        return physical, unbalanced
    lines = physical.split("\n")
    for number in inside:
        lines[number] += "\0"
    return "\n".join(lines).replace("\0\n", "\r").replace("\0", ""), unbalanced


class _Deleted(dict[int, str | None]):
    """A table for `str.translate` that deletes what it does not list."""

    def __missing__(self, key: int) -> None:
        return None


_ONLY_BRACKETS = _Deleted({ord(char): char for char in "()[]{}\n"})


def _nesting_error(text: str, physical: str) -> str | None:
    """Say what is wrong with the brackets, looking at each of them."""
    opened: list[int] = []
    deepest = deepest_at = 0
    for match in _BRACKET.finditer(physical):
        if match[0] in "([{":
            opened.append(match.start())
            if len(opened) > deepest:
                deepest, deepest_at = len(opened), match.start()
        elif opened:
            opened.pop()
    if opened:
        return f"the bracket that opens at line {_line(text, opened[0])} never closes"
    return _too_deep(deepest, text, deepest_at) if deepest > MAX_NESTING else None


def _too_deep(depth: int, text: str, offset: int) -> str:
    line = _line(text, offset)
    return f"brackets nested {depth} deep at line {line}; files are read up to {MAX_NESTING}"


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
