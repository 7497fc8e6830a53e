"""What readers of settings files share: limits, errors with a line, and values that a cache can keep."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from conn_lint.model.location import Span
from conn_lint.model.summary import Entry

Keys: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = str | int | float | bool | None

MOST_ENTRIES = 20_000
DEEPEST = 100

_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\Z")
_FRACTION = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})(?:\.\d{1,20})?(?:[eE][-+]?\d{1,2})?\Z")
_WORDS: dict[str, bool] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class DocumentError(Exception):
    """A document cannot be read: `message` says why, `line` where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Found:
    """The entries of one document as they are found, and the first thing that is wrong with it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.error: DocumentError | None = None

    def add(self, keys: Keys, value: Value, span: Span) -> None:
        """Keep a value; too many are an error."""
        if len(self.entries) >= MOST_ENTRIES:
            raise DocumentError(f"more than {MOST_ENTRIES} values", span.line)
        self.entries.append(Entry(keys, value, span))

    def complain(self, message: str, line: int) -> None:
        """Say what is wrong with a line, and go on."""
        self.error = self.error or DocumentError(message, line)


def plain_value(text: str) -> Value:
    """What text without quotes stands for, where a format has types: null, a truth, a number, text."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.match(text):
        return int(text)
    return float(text) if _FRACTION.match(text) else text


def storable(value: object) -> Value:
    """A value as it is kept: what is neither text nor a common number is kept as text."""
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) < 2**63:
            return value
        case float() if math.isfinite(value):
            return value
        case int():
            return hex(value)  # its decimals could be too many to be written
        case _:
            return str(value)
