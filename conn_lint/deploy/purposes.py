"""What a description of a deployment is for, as its name tells: real use, or work on the project."""

from __future__ import annotations

import re

_FOR_LIVE = re.compile(r"prod|production|deploy|live", re.IGNORECASE)
_FOR_WORK = re.compile(
    r"dev|develop|test|tests|ci|local|debug|example|override|e2e|sample", re.IGNORECASE
)


def effort(name: str) -> int:
    """0: it is for production by its name, 1: nothing is said, 2: it is for work on the project."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    if any(_FOR_LIVE.fullmatch(word) for word in words):
        return 0
    return 2 if any(_FOR_WORK.fullmatch(word) for word in words) else 1
