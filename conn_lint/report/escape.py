"""Makes text harmless for where it is written: file names and messages may contain anything."""

from __future__ import annotations

import json
import re
import unicodedata

# Cc: control characters, escape among them; Cf: marks that change the direction of text;
# Cs: half characters, which file names in a foreign encoding have; Zl, Zp: separators of lines.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Services that run builds obey what a program prints: `##vso[...]` and its like anywhere in a line, `::...::` at its
# beginning.
_ANYWHERE = re.compile(r"(?<=#)#(?=\w*\[)")
_COMMAND = re.compile(rf"{_ANYWHERE.pattern}|\A(?P<blank>\s*):(?=:)")
# Characters that XML cannot have, not even as references, besides those that are unsafe everywhere.
_NOT_XML = re.compile("[\ufffe\uffff]")
# Underscores within words and most colons mean nothing in Markdown: what is left can be read as plain text, too.
_NOT_MARKDOWN = re.compile(
    r"""[^A-Za-z0-9 ,./()=+'"?!;:_-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//|[\w+-]+:)"""
)


def one_line(text: str) -> str:
    """The text with everything that could break a line, steer a terminal or be obeyed written as an escape."""
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    return _COMMAND.sub(_hexed, text)


def code_line(text: str) -> str:
    """A line of source for an excerpt, behind its number; every character keeps its one column."""
    if not text.isprintable():
        text = "".join(" " if c == "\t" else _REPLACED if _is_unsafe(c) else c for c in text)
    return _ANYWHERE.sub(_REPLACED, text)


def json_text(value: object, indent: int | None = 2) -> str:
    """Data as JSON, in ASCII, so that no encoding of a terminal or a pipe can fail."""
    return json.dumps(value, indent=indent).replace(
        "##", "#\\u0023"
    )  # as above: only strings have it


def xml_line(text: str) -> str:
    """As `one_line`, for XML, which whoever writes it still has to quote."""
    return _NOT_XML.sub(_REPLACED, one_line(text))


def markdown_line(text: str) -> str:
    """As `one_line`, for a cell of a table in Markdown: shown as it is, with no markup, link or mention in it."""
    shown = _NOT_MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", one_line(text))
    shown = shown.replace("&#64;", "&#64;<!-- -->").replace("&#35;", "&#35;<!-- -->")
    return re.sub(r"\bwww\.", "www&#46;", shown, flags=re.IGNORECASE)


def _hexed(match: re.Match[str]) -> str:
    return f"{match['blank'] or ''}\\x{ord(match[0][-1]):02x}"


def _visible(char: str) -> str:
    if not _is_unsafe(char):
        return char
    number = ord(char)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return _SHORT.get(char) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE
