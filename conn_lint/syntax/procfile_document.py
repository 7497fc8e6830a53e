"""Reads a Procfile: commands, each with the name of its process before it."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_PROCESS = re.compile(r"(?P<name>[\w.-]+)\s*:\s*(?P<command>\S.*)")


def read(text: str, found: Found) -> None:
    """Add the processes of a Procfile by name."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _PROCESS.match(line.strip())
        if match is not None and not line.lstrip().startswith("#"):
            start = line.find(match["command"])
            span = Span(number, start, number, len(line.rstrip()))
            found.add((match["name"],), match["command"].strip(), span)
