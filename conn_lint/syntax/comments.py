"""Reads what comments tell the linter: noqa as flake8 knows it, and ranges switched off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from conn_lint.model.summary import Directive
from conn_lint.syntax.lines import Lines

# These are flake8's patterns, but its file-wide form takes no codes.
_NOQA = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FILE_NOQA = re.compile(
    r"# flake8[:=]\s*noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE
)
_SWITCH = re.compile(r"#\s*conn-lint:\s*(?P<kind>off|on)\b:?(?P<codes>[^#]*)", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+[0-9]+\Z", re.IGNORECASE)
_WORD = re.compile(r"[^,\s]+")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")


class Said(NamedTuple):
    """One thing that a comment says (`kind` and `codes` as in `Directive`).

    It stands from `start` to `end` in the comment, each of its codes where `words` has it.
    """

    kind: str
    codes: tuple[str, ...]
    words: tuple[tuple[int, int], ...]
    start: int
    end: int


def read_directives(
    text: str, physical: str, comments: Iterable[tuple[int, int]], lines: Lines
) -> tuple[Directive, ...]:
    """The directives in the comments of a file, in order.

    `physical` is the text with strings hidden, `comments` where the comments are.
    """
    if not _is_mentioned(text):
        return ()
    found: list[Directive] = []
    for start, end in comments:
        comment = text[start:end]
        if _is_mentioned(comment):
            begin = physical.rfind("\n", 0, start) + 1
            alone = not physical[begin:start].strip()
            line, first = lines.line(start), lines.line(begin)
            said = said_in(comment, alone=alone)
            found.extend(Directive(item.kind, line, item.codes, first) for item in said)
    return tuple(found)


def said_in(comment: str, *, alone: bool) -> Iterator[Said]:
    """What one comment says. `alone`: nothing else is on its line, as a file-wide one needs."""
    match = _FILE_NOQA.match(comment)
    if match is not None and alone:
        yield _said("file-noqa", match, _words(match), match.end())
    match = _NOQA.search(comment)
    if match is not None:
        yield _said("noqa", match, _words(match), match.end())
    for match in _SWITCH.finditer(comment):
        rules = takewhile(lambda word: _RULE.match(word[0]), _words(match))  # a reason may follow
        yield _said(match["kind"].lower(), match, rules, match.end("kind"))


def _said(kind: str, match: re.Match[str], words: Iterable[re.Match[str]], end: int) -> Said:
    found = list(words)
    codes = tuple(w[0].upper() if _CODE.match(w[0]) else w[0] for w in found)
    stop = found[-1].end() if found else end
    return Said(kind, codes, tuple(w.span() for w in found), match.start(), stop)


def _words(match: re.Match[str]) -> Iterator[re.Match[str]]:
    if match["codes"] is None:
        return iter(())
    return _WORD.finditer(match.string, match.start("codes"), match.end("codes"))


def _is_mentioned(text: str) -> bool:
    lowered = text.lower()
    return "noqa" in lowered or "conn-lint" in lowered
