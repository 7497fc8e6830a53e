"""Makes text harmless for where it is written: file names and messages may contain anything."""

from __future__ import annotations

import unicodedata

# Cc: control characters, escape among them; Cf: marks that change the direction of text;
# Cs: half characters, which file names in a foreign encoding have; Zl, Zp: separators of lines.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: str) -> str:
    """The text with everything that could break a line or steer a terminal written as an escape."""
    if text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def code_line(text: str) -> str:
    """A line of source for an excerpt; every character keeps its one column."""
    if text.isprintable():
        return text
    return "".join(
        " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" if _is_unsafe(c) else c for c in text
    )


def _visible(char: str) -> str:
    if not _is_unsafe(char):
        return char
    number = ord(char)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return _SHORT.get(char) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE
