"""Reads lock files (of Poetry, uv, PDM, Pipenv): which version of each package is installed.

They can have a hundred thousand lines, so only the two that count of each package are looked at.
"""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found
from conn_lint.syntax.requirements_document import normal

_TOML = re.compile(
    r'^\[\[package\]\]\n(?:(?!\[)[^\n]*\n)*?name = "(?P<name>[^"\n]+)"\n'
    r'(?:(?!\[)[^\n]*\n)*?version = "(?P<version>[^"\n]+)"',
    re.MULTILINE,
)
_JSON = re.compile(
    r'^ {8}"(?P<name>[^"\n]+)": \{\n(?: {12}[^\n]*\n)*? {12}"version": "==(?P<version>[^"\n]+)"',
    re.MULTILINE,
)


def read(text: str, found: Found) -> None:
    """Add each package with its version, as a requirement of exactly that."""
    line, at = 1, 0
    for pattern in (_TOML, _JSON):
        for matched in pattern.finditer(text):
            start = matched.start("version")
            line, at = line + text.count("\n", at, start), start
            column = start - text.rfind("\n", 0, start) - 1
            end = column + len(matched["version"])
            place = Span(line, column, line, end)
            found.add((normal(matched["name"]),), f"=={matched['version']}", place)
        if found.entries:
            return
