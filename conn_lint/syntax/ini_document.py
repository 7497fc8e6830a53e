"""Reads INI files: sections, `key = value` or `key: value`, values over several lines; interpolates nothing."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]\s*(?:[#;].*)?\Z")
_SIGN = re.compile(r"[=:]")
_COMMENTS = ("#", ";")
_DIRECTIVE = "%"  # `%include other.ini`, of some servers


def read(text: str, found: Found) -> None:
    """Add the options under their sections; a bad line is complained of and skipped."""
    reader = _Ini(found)
    for number, line in enumerate(text.split("\n"), 1):
        reader.line(number, line)
    reader.end_option()


class _Ini:
    def __init__(self, found: Found) -> None:
        self._found = found
        self._section: tuple[str, ...] = ()
        self._key: str | None = None  # of the option that the next line may go on with
        self._lines: list[str] | None = None  # None: it has no value at all
        self._indent = 0
        self._span = Span(1, 0, 1, 0)

    def line(self, number: int, line: str) -> None:
        """Take one line in."""
        content = line.strip()
        if not content or content.startswith(_COMMENTS):
            return
        indent = len(line) - len(line.lstrip())
        if self._key is not None and self._lines is not None and indent > self._indent:
            self._go_on(number, content, indent)
            return
        self.end_option()
        if content.startswith(_DIRECTIVE):
            return
        if content.startswith("["):
            section = _SECTION.match(content)
            if section is None:
                self._found.complain("the name of a section is never closed", number)
            else:
                self._section = (section["name"],)
            return
        self._begin(number, line, content, indent)

    def _begin(self, number: int, line: str, content: str, indent: int) -> None:
        sign = _SIGN.search(content)
        key = content[: sign.start()].rstrip() if sign is not None else content
        if not key:
            self._found.complain("no name of an option stands here", number)
            return
        value = content[sign.end() :].lstrip() if sign is not None else ""
        self._key, self._indent = key, indent
        self._lines = None if sign is None else [value] if value else []
        end = len(line.rstrip())
        self._span = Span(number, end - len(value), number, end)

    def _go_on(self, number: int, content: str, indent: int) -> None:
        if self._lines is None:
            return
        start = (self._span.line, self._span.column) if self._lines else (number, indent)
        self._lines.append(content)
        self._span = Span(*start, number, indent + len(content))

    def end_option(self) -> None:
        """Nothing follows to the value of the last option."""
        key, self._key = self._key, None
        if key is not None:
            value = None if self._lines is None else "\n".join(self._lines)
            self._found.add((*self._section, key), value, self._span)
