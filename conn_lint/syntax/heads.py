"""Finds the heads of functions and classes, and where their bodies end, in scanned code."""

from __future__ import annotations

import re
import unicodedata

import msgspec

# In valid code every character outside of ASCII that is no string or comment is part of a name. Classes say what
# is no letter: those that reach beyond ASCII take a hundred times as long to compile.
NO_LETTERS = r"\x00-/:-@\[-^`{-\x7f"
NAME = rf"[^0-9{NO_LETTERS}][^{NO_LETTERS}]*"
BLANK = r"[ \t\f\r\\]"
WORD_END = rf"(?![^{NO_LETTERS}])"

_LINE = re.compile(
    rf"(?:[ \t\f]*\n){{0,100}}([ \t\f]*)(?:\\\r{BLANK}*)?"
    rf"((?:async{BLANK}+def|def|class){WORD_END}|@)?[^\n]*\n?"
)
_HEAD_NAME = re.compile(rf"{BLANK}*({NAME})")
_PART = re.compile(rf"[()\[\]{{}}:,]|\blambda{WORD_END}")
BLANKS = " \t\f\r\\\n"


class FoundHead(msgspec.Struct):
    """A head, its places as offsets. `start` is that of its first decorator, `end` its body's.

    `colon` is the offset behind the colon that ends the head.
    """

    kind: str
    name: str
    is_async: bool
    parent: int
    start: int
    keyword: int
    name_end: int
    colon: int
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    end: int = 0


def find_heads(text: str, code: str) -> list[FoundHead]:
    """All heads in order, those of inner functions and classes too; `code` as `scan` gives it."""
    heads: list[FoundHead] = []
    around: list[tuple[int, int]] = []  # the heads whose bodies we are in, with their columns
    decorators: list[tuple[int, int]] = []
    previous = (0, 0)
    for match in _LINE.finditer(code):
        start, end = match.end(1), match.end()
        first = code[start : start + 1]
        if first in {"", "\n"} or (first == "\\" and not code[start:end].strip(BLANKS)):
            continue
        # A form feed starts the count anew. Tabs need no care: Python refuses a file where the
        # order of indentations depends on their width.
        column = len(match[1].rpartition("\f")[2])
        while around and column <= around[-1][1]:
            heads[around.pop()[0]].end = strip(code, *previous)[1]
        previous = (start, end)
        if match.lastindex == 1:
            continue
        if match[2] == "@":
            decorators.append((match.start(2), strip(code, start, end)[1]))
            continue
        parent = around[-1][0] if around else -1
        head = _read_head(text, code, match, parent, decorators)
        decorators = []
        if head is not None:
            around.append((len(heads), column))
            heads.append(head)
    for index, _ in around:
        heads[index].end = strip(code, *previous)[1]
    return heads


def strip(code: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without blanks (thus comments and line breaks) at both ends."""
    part = code[start:end].rstrip(BLANKS)
    return start + len(part) - len(part.lstrip(BLANKS)), start + len(part)


def normal_name(name: str) -> str:
    """The name as Python knows it."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _read_head(
    text: str,
    code: str,
    line: re.Match[str],
    parent: int,
    decorators: list[tuple[int, int]],
) -> FoundHead | None:
    """Read on from the keyword that `line` found. None if no name follows."""
    name = _HEAD_NAME.match(code, line.end(2))
    if name is None:
        return None
    kind = "class" if line[2] == "class" else "function"
    colon, bases = _read_rest(code, name.end(), line.end(), has_bases=kind == "class")
    return FoundHead(
        kind=kind,
        name=normal_name(name[1]),
        is_async=line[2].startswith("async"),
        parent=parent,
        start=decorators[0][0] if decorators else line.start(2),
        keyword=line.start(2),
        name_end=name.end(),
        colon=colon,
        bases=tuple(text[start:end] for start, end in bases),
        decorators=tuple(
            text[start:end] for start, end in (strip(code, s + 1, e) for s, e in decorators)
        ),
    )


def _read_rest(
    code: str, start: int, end: int, *, has_bases: bool
) -> tuple[int, list[tuple[int, int]]]:
    """The offset behind the head's colon (the line's end if there is none), and the bases."""
    depth = 0
    lambdas: list[int] = []  # the depths of those whose colon is still to come
    base = -1
    bases: list[tuple[int, int]] = []
    for part in _PART.finditer(code, start, end):
        found, offset = part[0], part.start()
        if found in "([{":
            if has_bases and depth == 0 and found == "(":
                base = offset + 1
            depth += 1
        elif found in ")]}":
            depth -= 1
            while lambdas and lambdas[-1] > depth:
                lambdas.pop()
            if base >= 0 and depth == 0:
                bases.append(strip(code, base, offset))
                base = -1
        elif found == ",":
            if base >= 0 and depth == 1 and lambdas[-1:] != [1]:
                bases.append(strip(code, base, offset))
                base = offset + 1
        elif found != ":":
            lambdas.append(depth)
        elif lambdas[-1:] == [depth]:
            lambdas.pop()
        elif depth == 0:
            return part.end(), [pair for pair in bases if pair[0] < pair[1]]
    return strip(code, start, end)[1], [pair for pair in bases if pair[0] < pair[1]]
