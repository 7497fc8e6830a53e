"""Where string literals end, also f-strings with quotes and line breaks in their fields."""

from __future__ import annotations

import re

import msgspec

# A repetition that may give back keeps a mark for each turn: the limit bounds the memory.
_TURNS = "{0,5000}"
_BODIES = {
    '"""': rf'[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*){_TURNS}("""|\Z)?',
    "'''": rf"[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*){_TURNS}('''|\Z)?",
    '"': rf'[^"\\\n]*(?:\\.[^"\\\n]*){_TURNS}("|(?=\n)|\Z)?',
    "'": rf"[^'\\\n]*(?:\\.[^'\\\n]*){_TURNS}('|(?=\n)|\Z)?",
}
_BODY = {quote: re.compile(body, re.DOTALL) for quote, body in _BODIES.items()}
_IDENTIFIER = r"0-9A-Za-z_\x80-\U0010ffff"
_PREFIX = re.compile(rf"(?<![{_IDENTIFIER}])(?:[rR]?[fFtT]|[fFtT][rR])\Z")

STRING = "|".join(f"{quote}{body}" for quote, body in _BODIES.items())
"""A pattern for a string from its first quote on (needs DOTALL). One of its groups matches if it
found the end; else `end_of_string` goes on from where it stopped."""

_PLAIN_FIELDS = re.compile(
    r"[^{}\\]*(?:(?:\\(?:[^{}]|(?=[{}]))|\{\{|\}\}|\{[^{}\"'\\#]*\})[^{}\\]*)" + _TURNS
)
_PREFIX_ENDS = frozenset("fFtTrR")
_FIELD = re.compile(r"\#[^\n]*|[(\[{]|[)\]}]|:|\"\"\"|'''|\"|'")


# A name as in \N{DASH} counts as a field, which does no harm.
_LITERAL = {quote: re.compile(rf"\\[^{{}}]|\{{\{{|[{{}}\n]|{quote}", re.DOTALL) for quote in _BODY}


def quote_at(text: str, start: int) -> str:
    """The quotes that open a string at `start`: one or three."""
    return text[start : start + 3] if text[start : start + 3] in _BODY else text[start]


def end_of_string(text: str, start: int, quote: str) -> tuple[int, bool]:
    """The end of a plain string whose text goes on at `start`, and whether a quote closes it.

    One that is not closed ends with the line, or with the text if it has three quotes.
    """
    position = start
    while True:
        match = _BODY[quote].match(text, position)
        if match is None or (match.end() == position and match.lastindex is None):
            return len(text), False  # a backslash ends the text
        position = match.end()
        if match.lastindex is not None:
            return position, match[1] == quote


def is_formatted(text: str, start: int) -> bool:
    """Whether the string that opens at `start` has the prefix of an f-string or t-string."""
    if text[start - 1 : start] not in _PREFIX_ENDS:
        return False
    return _PREFIX.search(text, max(0, start - 2), start) is not None


def has_plain_fields(body: str) -> bool:
    """Whether no field in an f-string's text has quotes: then it ends as a plain string does."""
    return "{" not in body or _PLAIN_FIELDS.fullmatch(body) is not None


def end_of_fstring(text: str, start: int) -> tuple[int, int] | None:
    """The end of the f-string whose quotes open at `start`, and how deep its brackets nest.

    Follows Python 3.12, where fields may hold any string; older f-strings end at the same place.
    None if it does not end by these rules.
    """
    walk = _Walk(text, start)
    while walk.stack:
        frame = walk.stack[-1]
        match = (_FIELD if frame.pattern is None else frame.pattern).search(text, walk.position)
        if match is None:
            return None
        walk.position = match.end()
        step = walk.in_field if frame.pattern is None else walk.in_literal
        if not step(match, frame):
            return None
    return walk.position, walk.deepest


class _Frame(msgspec.Struct):
    """Something that is open: a literal (`is_format`: that of a field's format) or a field.

    `pattern` finds what may end a literal, and is None for a field; `brackets` are open in it.
    """

    pattern: re.Pattern[str] | None = None
    quote: str = ""
    is_format: bool = False
    brackets: int = 0


class _Walk:
    """The place we are at in an f-string, and what is open there; steps tell whether they could."""

    __slots__ = ("deepest", "nesting", "position", "stack", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.stack: list[_Frame] = []
        self.nesting = self.deepest = 0
        self.open_string(start)

    def open_string(self, start: int) -> None:
        quote = quote_at(self.text, start)
        self.stack.append(_Frame(_LITERAL[quote], quote))
        self.position = start + len(quote)

    def nest(self) -> None:
        self.nesting += 1
        self.deepest = max(self.deepest, self.nesting)

    def in_literal(self, match: re.Match[str], frame: _Frame) -> bool:
        found = match[0]
        if found == frame.quote:
            self.stack.pop()
            return not frame.is_format
        if found == "\n":
            if frame.is_format and len(frame.quote) == 1:
                self.stack.pop()  # the field goes on in the next line
                return True
            return len(frame.quote) == 3
        if found == "{" or (found == "{{" and frame.is_format):
            self.position = match.start() + 1
            self.stack.append(_Frame())
            self.nest()
        elif found == "}" and frame.is_format:
            del self.stack[-2:]
            self.nesting -= 1
        return True

    def in_field(self, match: re.Match[str], frame: _Frame) -> bool:
        found = match[0]
        if found in "([{":
            frame.brackets += 1
            self.nest()
        elif found in ")]}":
            self.nesting -= 1
            if frame.brackets:
                frame.brackets -= 1
            else:
                self.stack.pop()
        elif found == ":":
            if not frame.brackets:
                around = self.stack[-2]
                self.stack.append(_Frame(around.pattern, around.quote, is_format=True))
        elif found[0] != "#":
            if is_formatted(self.text, match.start()):
                self.open_string(match.start())
            else:
                self.position, closed = end_of_string(self.text, self.position, found)
                return closed
        return True
