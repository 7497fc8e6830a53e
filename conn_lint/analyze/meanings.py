"""What a value of a setting means: in the unit of its role, or as one of the words for it."""

from __future__ import annotations

import math
import re

from conn_lint.analyze.found import Found, Table
from conn_lint.link.values import External
from conn_lint.model.option import Option, Role, Scalar

_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?\Z")
_MILLI = 1000
_MOST_DIGITS = 15
_ENDLESS: dict[Role, str] = {
    "wait": "forever",
    "connect-timeout": "none",
    "size": "unlimited",
    "max-size": "unlimited",
    "overflow": "unlimited",
    "recycle": "off",
}


def meaning(option: Option, found: Found) -> Scalar:
    """What is given in the role's unit, or its word; None for what is neither."""
    value = found.value
    if isinstance(value, Table):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return _ENDLESS.get(option.role) if value > 0 else None
    written = value.name if isinstance(value, External) else str(value)
    for pair in option.means:
        wanted, _, word = pair.rpartition("=")
        if written == wanted:
            return word
    if isinstance(value, External):
        return "on" if option.role == "stale-check" else value.name
    if value is None:
        return None
    if option.role == "stale-check" and str(value).lower() in ("true", "false"):
        return "on" if str(value).lower() == "true" else "off"
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        value = plain(value)
    if option.milliseconds and isinstance(value, int | float):
        return value / _MILLI
    return value


def plain(value: str) -> str | int | float:
    """A number that is written as a text."""
    if not _NUMBERS.match(value):
        return value
    if len(value) > _MOST_DIGITS:
        return value
    return float(value) if "." in value else int(value)
