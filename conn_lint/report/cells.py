"""Text by the cells that a terminal shows it in: wide characters take two, marks on others none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.cells import get_character_cell_size

_TAB = 4


@lru_cache(maxsize=1024)
def cell_size(char: str) -> int:
    """How many cells one character takes."""
    return get_character_cell_size(char)


def cells(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else sum(map(cell_size, text))


def expand_tabs(text: str) -> str:
    """Spaces up to the next stop in place of each tab."""
    if "\t" not in text:
        return text
    found: list[str] = []
    column = 0
    for char in text:
        shown = " " * (_TAB - column % _TAB) if char == "\t" else char
        found.append(shown)
        column += cells(shown)
    return "".join(found)


def head(text: str, room: int) -> str:
    """As much of the text's beginning as fits."""
    used = 0
    for at, char in enumerate(text):
        used += cell_size(char)
        if used > room:
            return text[:at]
    return text


def tail(text: str, room: int) -> str:
    """As much of the text's end as fits."""
    used = 0
    for at in range(len(text) - 1, -1, -1):
        used += cell_size(text[at])
        if used > room:
            return text[at + 1 :]
    return text


def wrap(text: str, width: int) -> Iterator[str]:
    """The lines of a text that is broken at spaces. A word that is too long for a line has one of its own, unbroken:
    it is a path or a name, which somebody may want to copy.
    """
    line, used = "", 0
    for word in text.split(" "):
        size = cells(word)
        if line and used + 1 + size > width:
            yield line
            line, used = word, size
        else:
            line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    yield line
