"""Variables in command lines: `$NAME`, `${NAME}`, `${NAME:-default}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>\w+\b)(?::?[-=](?P<default>[^{}]*))?[^{}]*\}|(?P<plain>[A-Za-z_]\w*))"
)


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables filled in where they are known, or have a default."""

    def fill(match: re.Match[str]) -> str:
        return environment.get(name_of(match), match["default"] or match[0])

    return VARIABLE.sub(fill, text)


def inserted(text: str, known: Mapping[str, str]) -> str:
    """The text with those variables filled in that are known; others stay, with their defaults."""
    return VARIABLE.sub(lambda match: known.get(name_of(match), match[0]), text)


def name_of(match: re.Match[str]) -> str:
    """The variable that is meant."""
    return match["braced"] or match["plain"]
