"""Reads a shell script as what it runs, line by line, and the variables that it sets; follows none of its branches."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_SETS = re.compile(
    r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)\s*\Z"
)


def read(text: str, found: Found) -> None:
    """Add the commands of a script in order under `run`, and the variables that it sets under `env`."""
    held: list[str] = []
    start = 1
    for number, line in enumerate(text.split("\n"), 1):
        if not held:
            start = number
        stripped = line.strip()
        if not held and (not stripped or stripped.startswith("#")):
            continue
        if stripped.endswith("\\"):
            held.append(stripped[:-1])
            continue
        whole = " ".join((*held, stripped)).strip()
        held = []
        span = Span(start, 0, number, len(line))
        sets = _SETS.match(whole)
        if sets is not None:
            found.add(("env", sets["name"]), sets["value"].strip("\"'"), span)
        elif whole:
            found.add(("run", start), whole, span)
