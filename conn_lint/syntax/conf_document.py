"""Reads settings of servers: `name = value` or `name value`, comments behind them too."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_SETTING = re.compile(r"\s*(?P<name>[A-Za-z_][\w.-]*)(?:\s*=|\s)\s*(?P<value>'[^']*'|[^\s#][^#]*)")


def read(text: str, found: Found) -> None:
    """Add each setting by its name; the last of a name is the one that counts to the server."""
    for number, line in enumerate(text.split("\n"), 1):
        match = _SETTING.match(line)
        if match is not None:
            value = match["value"].rstrip()
            span = Span(number, match.start("value"), number, match.start("value") + len(value))
            found.add((match["name"],), value.strip("'"), span)
