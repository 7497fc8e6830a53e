"""Reads what comments tell the linter: noqa as flake8 knows it, and ranges switched off."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

from conn_lint.model.summary import Directive
from conn_lint.syntax.lines import Lines

# These are flake8's patterns, but its file-wide form takes no codes.
_NOQA = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FILE_NOQA = re.compile(
    r"# flake8[:=]\s*noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE
)
_SWITCH = re.compile(r"#\s*conn-lint:\s*(?P<kind>off|on)\b:?(?P<codes>[^#]*)", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+[0-9]+\Z", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")


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
            found.extend(read_comment(comment, lines.line(start), lines.line(begin), alone=alone))
    return tuple(found)


def read_comment(comment: str, line: int, first_line: int, *, alone: bool) -> list[Directive]:
    """What one comment says. `alone`: nothing else is on its line, as a file-wide one needs."""
    found: list[Directive] = []
    match = _FILE_NOQA.match(comment)
    if match is not None and alone:
        found.append(Directive("file-noqa", line, _codes(match["codes"]), first_line))
    match = _NOQA.search(comment)
    if match is not None:
        found.append(Directive("noqa", line, _codes(match["codes"]), first_line))
    for match in _SWITCH.finditer(comment):
        rules = takewhile(_RULE.match, _codes(match["codes"]))  # a reason may follow
        found.append(Directive(match["kind"].lower(), line, tuple(rules), first_line))
    return found


def _is_mentioned(text: str) -> bool:
    lowered = text.lower()
    return "noqa" in lowered or "conn-lint" in lowered


def _codes(text: str | None) -> tuple[str, ...]:
    parts = [part for part in _SEPARATOR.split(text or "") if part]
    return tuple(part.upper() if _CODE.match(part) else part for part in parts)
