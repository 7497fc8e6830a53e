"""Reads the files of a project, once: their bytes, a digest of each, and what could not be read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from conn_lint.engine.cache import digest_of
from conn_lint.engine.discover import MARK_WITHIN, Found, Listing, Role, is_generated
from conn_lint.engine.documents import Document, read_bytes
from conn_lint.engine.modules import MARKERS
from conn_lint.engine.surroundings import Surroundings
from conn_lint.model.settings import Settings


class Input(msgspec.Struct, frozen=True):
    """One file that was read."""

    path: str
    data: bytes
    digest: bytes
    is_reported: bool
    why: str = ""  # it is not reported


class Inputs(msgspec.Struct, frozen=True):
    """What a run works on. `unreadable` says why, by path; in `started_from` programs are
    started.
    """

    files: dict[str, Input]
    unreadable: dict[str, str]
    started_from: frozenset[str]
    documents: dict[str, Document] = {}
    around: Surroundings = Surroundings()

    def reported(self) -> list[str]:
        """The files on which findings are reported, ordered."""
        return sorted(path for path, file in self.files.items() if file.is_reported)

    def bytes_of(self, path: str) -> bytes | None:
        """The content of a file or document; None where it could not be read."""
        found = self.files.get(path) or self.documents.get(path)
        return found.data if found is not None else None


def read_inputs(listing: Listing, settings: Settings, overrides: Mapping[str, bytes]) -> Inputs:
    """Read every listed file that is not skipped; `overrides` replaces the content of files by
    path.
    """
    files: dict[str, Input] = {}
    documents: dict[str, Document] = {}
    unreadable: dict[str, str] = {}
    for found in listing.files:
        if found.role is Role.DOCUMENT:
            given = overrides.get(found.path)
            documents[found.path] = read_bytes(found.path, found.format, settings.root, given)
        if found.role in {Role.SKIPPED, Role.DOCUMENT}:
            continue
        try:
            data = overrides.get(found.path)
            if data is None:
                data = (settings.root / found.path).read_bytes()
        except OSError as error:
            if found.role is Role.REPORTED:
                unreadable[found.path] = error.strerror or type(error).__name__
            continue
        why = why_linked(found, data, settings)
        files[found.path] = Input(found.path, data, digest_of(data), not why, why)
    return Inputs(files, unreadable, _started_from(files, settings.root), documents)


def why_linked(found: Found, data: bytes, settings: Settings) -> str:
    """Why nothing is reported on a file, "" if it is."""
    if found.role is Role.REPORTED and not settings.include_tests and is_generated(data):
        return "generated code"
    return found.why


def look_inside(found: Found, settings: Settings) -> Found:
    """What is done with a file, now that its first lines are looked at too."""
    if found.role is not Role.REPORTED:
        return found
    try:
        with (settings.root / found.path).open("rb") as file:
            why = why_linked(found, file.read(MARK_WITHIN), settings)
    except OSError as error:
        return Found(found.path, found.role, f"cannot be read: {error.strerror}")
    return Found(found.path, Role.LINKED, why) if why else found


def _started_from(files: Iterable[str], root: Path) -> frozenset[str]:
    """The folders above the files in which programs are started: those with a packaging file,
    manage.py...
    """
    seen: set[str] = set()
    for path in files:
        folder = posixpath.dirname(path)
        while folder not in seen:
            seen.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(f for f in seen if any((root / f / name).is_file() for name in MARKERS))
