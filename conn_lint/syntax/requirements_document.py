"""Reads requirement files: which versions of packages a project asks for, by their names as an index writes them."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?P<versions>[^;#@\\]*?)\s*(?:\\|;.*|\s#.*|--.*)?$"
)


def read(text: str, found: Found) -> None:
    """Add the requirements that name a version; options, links and files that are included say nothing."""
    for number, line in enumerate(text.split("\n"), 1):
        stated = requirement(line)
        if stated is not None:
            name, versions = stated
            found.add((name,), versions, Span(number, 0, number, len(line.rstrip())))


def requirement(text: str) -> tuple[str, str] | None:
    """The name and the versions of a requirement as `pip` reads it ("redis>=4,<6"), or None."""
    matched = _REQUIREMENT.match(text)
    if matched is None or not matched["versions"] or matched["versions"][0] not in "=<>~!(":
        return None
    return normal(matched["name"]), matched["versions"].strip("() ")


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
