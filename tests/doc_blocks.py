"""The fenced blocks of README.md, CONTRIBUTING.md and docs/: the examples that people copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    """One of them: its page as seen from the root, the line of its fence, and its text without indentation."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str, page: str = "*") -> list[Block]:
    """Those in one of the languages (all, without any), on the pages of a pattern."""
    return [
        block
        for path in PAGES
        for block in _blocks(path)
        if fnmatchcase(block.page, page) and (not languages or block.language in languages)
    ]


def _blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        lines = match["text"].split("\n")
        inner = "\n".join(line.removeprefix(match["indent"]) for line in lines)
        yield Block(path.relative_to(ROOT).as_posix(), line, match["language"], inner)
