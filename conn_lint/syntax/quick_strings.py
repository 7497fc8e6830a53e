"""String literals as they are written: one after the other, and the parts of those with fields in them."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from conn_lint.syntax.quick_places import NotQuickError

_OPENING = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_BETWEEN = re.compile(r"(?:[ \t\n]|\\\n|#[^\n]*)*")
_CLOSING = {
    "'": re.compile(r"(?:[^\\\n']|\\.)*'", re.DOTALL),
    '"': re.compile(r'(?:[^\\\n"]|\\.)*"', re.DOTALL),
    "'''": re.compile(r"(?:[^\\]|\\.)*?'''", re.DOTALL),
    '"""': re.compile(r'(?:[^\\]|\\.)*?"""', re.DOTALL),
}
_STOP = re.compile(r"[()\[\]{}'\":]")
_BRACE = re.compile(r"[{}]")


class Field(NamedTuple):
    """A replacement field: from where to where its expression goes, and the parts of its format."""

    start: int
    end: int
    format: tuple[Part, ...]


Part: TypeAlias = "str | Field"


class Piece(NamedTuple):
    """One literal; `fields` if it is formatted, with offsets in the whole text."""

    text: str
    parts: tuple[Part, ...] | None


def pieces(text: str, start: int, end: int) -> list[Piece]:
    """The literals that stand side by side in a stretch of a text."""
    found: list[Piece] = []
    at = start
    while at < end:
        opening = _OPENING.match(text, at)
        closing = _CLOSING[opening[2]].match(text, opening.end()) if opening else None
        if opening is None or closing is None or closing.end() > end:
            raise NotQuickError
        parts = None
        if "f" in opening[1].lower():
            body = closing.end() - len(opening[2])
            parts = _Parts(text, opening.end(), body, is_raw="r" in opening[1].lower()).all()
        found.append(Piece(text[at : closing.end()], parts))
        between = _BETWEEN.match(text, closing.end(), end)
        at = between.end() if between else end
    return found


class _Parts:
    """Reads the body of a formatted string."""

    def __init__(self, text: str, start: int, end: int, *, is_raw: bool) -> None:
        self._text = text
        self._at = start
        self._end = end
        if not is_raw and text.find("\\N", start, end) >= 0:
            raise NotQuickError  # `\N{DASH}` is no field

    def all(self) -> tuple[Part, ...]:
        parts: list[Part] = []
        begin = self._at
        while True:
            brace = _BRACE.search(self._text, self._at, self._end)
            stop = brace.start() if brace else self._end
            if brace is not None and self._text.startswith(brace[0] * 2, stop):
                self._at = stop + 2
                continue
            if stop > begin:
                parts.append(self._text[begin:stop])
            if brace is None:
                return tuple(parts)
            if brace[0] == "}":
                raise NotQuickError
            self._at = stop + 1
            parts.append(self._field())
            begin = self._at

    def _field(self) -> Field:
        start = self._at
        depth = 0
        while True:
            char = self._next(_STOP)
            if char in "([{":
                depth += 1
            elif char in "'\"":
                closing = _CLOSING[char].match(self._text, self._at, self._end)
                if closing is None or self._text.startswith(char, closing.end()):
                    raise NotQuickError
                self._at = closing.end()
            elif depth == 0 and char == ":":
                return Field(start, self._at - 1, self._format())
            elif depth == 0 and char == "}":
                return Field(start, self._at - 1, ())
            elif char != ":":
                depth -= 1

    def _format(self) -> tuple[Part, ...]:
        parts: list[Part] = []
        while True:
            begin = self._at
            char = self._next(_BRACE)
            if self._at - 1 > begin:
                parts.append(self._text[begin : self._at - 1])
            if char == "}":
                return tuple(parts)
            if self._text.startswith("{", self._at):
                raise NotQuickError
            parts.append(self._field())

    def _next(self, wanted: re.Pattern[str]) -> str:
        """Go behind the next of these characters, and tell which it is."""
        found = wanted.search(self._text, self._at, self._end)
        if found is None:
            raise NotQuickError
        self._at = found.end()
        return found[0]
