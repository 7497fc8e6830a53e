"""The findings that a project has decided to live with for now."""

from __future__ import annotations

import pathlib

import msgspec


class Entry(msgspec.Struct, frozen=True, order=True):
    """One of them: what its fingerprint consists of, in the file at `path` as seen from the baseline's folder.

    `reach` are the entry points that led there, the last one "..." where there were more. `line` is its own in the
    baseline.
    """

    path: str
    code: str
    function: str
    resource: str
    content: str
    reach: tuple[str, ...] = ()
    line: int = 0


class Baseline(msgspec.Struct, frozen=True):
    """A baseline as it was read: where it lies (absolute), and what it holds."""

    file: pathlib.Path
    entries: tuple[Entry, ...] = ()
