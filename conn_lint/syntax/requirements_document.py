"""Reads requirement files: which packages a project asks for, by their names as an index writes them, with versions."""

from __future__ import annotations

import re

from conn_lint.model.location import Span
from conn_lint.syntax.entries import Found

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?P<versions>[^;#@\\]*?)\s*(?:\\|;.*|\s#.*|--.*)?$"
)


def read(text: str, found: Found) -> None:
    """Add the requirements: their names and extras are keys, the value is their versions, "" without any.

    Options, links and files that are included say nothing.
    """
    for number, line in enumerate(text.split("\n"), 1):
        matched = _REQUIREMENT.match(line)
        if matched is None or not _is_version(matched["versions"]):
            continue
        keys = (normal(matched["name"]), *extras(matched["extras"]))
        found.add(
            keys, matched["versions"].strip("() "), Span(number, 0, number, len(line.rstrip()))
        )


def extras(text: str | None) -> tuple[str, ...]:
    """What stands in the brackets behind a requirement's name."""
    return tuple(normal(part.strip()) for part in (text or "").split(",") if part.strip())


def _is_version(text: str) -> bool:
    return not text or text[0] in "=<>~!("


def requirement(text: str) -> tuple[str, str] | None:
    """The name and the versions of a requirement as `pip` reads it ("redis>=4,<6"), or None."""
    matched = _REQUIREMENT.match(text)
    if matched is None or not matched["versions"] or not _is_version(matched["versions"]):
        return None
    return normal(matched["name"]), matched["versions"].strip("() ")


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
