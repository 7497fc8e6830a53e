"""Where string literals end, also f-strings with quotes and line breaks in their fields."""

from __future__ import annotations

import re

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
_PREFIX = re.compile(rf"(?<![{_IDENTIFIER}])(?:([rR])?[fFtT]|[fFtT]([rR]))\Z")

STRING = "|".join(f"{quote}{body}" for quote, body in _BODIES.items())
"""A pattern for a string from its first quote on (needs DOTALL). One of its groups matches if it
found the end; else `end_of_string` goes on from where it stopped."""

_PLAIN_FIELDS = re.compile(
    r"[^{}\\]*(?:(?:\\.|\{\{|\}\}|\{[^{}\"'\\#]*\})[^{}\\]*)" + _TURNS, re.DOTALL
)
_FIELD = re.compile(r"\#[^\n]*|[(\[{]|[)\]}]|:|\"\"\"|'''|\"|'")


def _literal(quote: str, *, raw: bool) -> re.Pattern[str]:
    named = "" if raw else r"\\N\{[^{}\n]*\}|"
    return re.compile(rf"{named}\\[^{{}}]|\{{\{{|[{{}}\n]|{quote}", re.DOTALL)


_LITERALS = {(quote, raw): _literal(quote, raw=raw) for quote in _BODIES for raw in (False, True)}


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
    return text[start - 1 : start] in _PREFIX_ENDS and _prefix(text, start) is not None


def has_plain_fields(body: str) -> bool:
    """Whether no field in an f-string's text has quotes: then it ends as a plain string does."""
    return "{" not in body or _PLAIN_FIELDS.fullmatch(body) is not None


_PREFIX_ENDS = frozenset("fFtTrR")


def _prefix(text: str, start: int) -> re.Match[str] | None:
    return _PREFIX.search(text, max(0, start - 2), start)


def end_of_fstring(text: str, start: int) -> tuple[int, int] | None:
    """The end of the f-string whose quotes open at `start`, and how deep its brackets nest.

    Follows Python 3.12, where fields may hold any string; older f-strings end at the same place.
    None if it does not end by these rules.
    """
    # The frames around the place we are at: a literal (its pattern, its quotes, whether it is the
    # format of a field) or a field (None and the number of brackets that are open in it).
    stack: list[tuple[re.Pattern[str] | None, str, int]] = []
    nesting = deepest = 0
    position = _open(text, start, stack)
    while stack:
        pattern, quote, count = stack[-1]
        match = (pattern or _FIELD).search(text, position)
        if match is None:
            return None
        found = match[0]
        position = match.end()
        if pattern is not None:
            is_format = count
            if found == quote:
                if is_format:
                    return None
                stack.pop()
            elif found == "\n":
                if len(quote) == 1:
                    return None
            elif found[0] == "{" and (found == "{" or is_format):
                position = match.start() + 1
                stack.append((None, "", 0))
                nesting += 1
            elif found == "}" and is_format:
                del stack[-2:]
                nesting -= 1
        elif found in "([{":
            stack[-1] = (None, "", count + 1)
            nesting += 1
        elif found in ")]}":
            if count:
                stack[-1] = (None, "", count - 1)
            else:
                stack.pop()
            nesting -= 1
        elif found == ":":
            if not count:
                around, quote, _ = stack[-2]
                stack.append((around, quote, 1))
        elif found[0] != "#":
            opened = match.start()
            if is_formatted(text, opened):
                position = _open(text, opened, stack)
            else:
                position, closed = end_of_string(text, position, found)
                if not closed:
                    return None
        deepest = max(deepest, nesting)
    return position, deepest


def _open(text: str, start: int, stack: list[tuple[re.Pattern[str] | None, str, int]]) -> int:
    quote = quote_at(text, start)
    prefix = _prefix(text, start)
    raw = prefix is not None and prefix.lastindex is not None
    stack.append((_LITERALS[quote, raw], quote, 0))
    return start + len(quote)
