"""Finds the files of a project and says of each what is done with it: reported, read for linking,
or skipped.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from conn_lint.engine.documents import format_of, format_within, may_be_document, why_too_large
from conn_lint.engine.ignore import GitIgnores, compile_patterns
from conn_lint.engine.markers import MARKERS
from conn_lint.engine.roots import Roots
from conn_lint.model.settings import Settings

SOURCE_SUFFIXES = frozenset((".py", ".pyw", ".pyi"))
_SKIPPED_SUFFIXES = {
    ".ipynb": "a notebook",
    ".j2": "a template",
    ".jinja": "a template",
    ".jinja2": "a template",
    ".mako": "a template",
    ".tmpl": "a template",
}
_TEST_FOLDERS = frozenset(("tests", "test"))
_TEST_PATTERNS = compile_patterns(("test_*.py", "*_test.py", "conftest.py", "tests.py"))
_MIGRATION_PATTERNS = compile_patterns(
    ("migrations/", "*_migrations/", "alembic/versions/", "alembic/env.py")
)
_GENERATED_PATTERNS = compile_patterns(("*_pb2.py", "*_pb2_grpc.py", "*_pb2*.pyi"))
_GENERATED_MARK = b"@generated"
MARK_WITHIN = 2000


class Role(enum.Enum):
    """What becomes of a file."""

    REPORTED = "reported"
    LINKED = "linked"  # read so that others can be understood; nothing is reported on it
    DOCUMENT = "document"  # a settings file: read for what it says of servers and pools
    SKIPPED = "skipped"


class Found(msgspec.Struct, frozen=True):
    """One file below the root; `path` is relative to it, with `/`. `why` explains LINKED and
    SKIPPED; `format` is that of a document.
    """

    path: str
    role: Role
    why: str = ""
    format: str = ""


class Listing(msgspec.Struct, frozen=True):
    """The files of a project by path, and the roots of other projects that lie within its root."""

    files: tuple[Found, ...]
    nested: tuple[Path, ...]


def discover(settings: Settings, roots: Roots, explicit: Iterable[Path] = ()) -> Listing:
    """List the files below the root. Files given explicitly are listed even where a pattern
    excludes them.

    Links to folders are never followed, so that a loop of them cannot matter.
    """
    walk = _Walk(settings, roots)
    found = {file.path: file for file in walk.files(settings.root)}
    for path in explicit:
        name = path.relative_to(settings.root).as_posix()
        if name not in found or found[name].role is Role.SKIPPED:
            found[name] = judge(name, settings)
    return Listing(tuple(found[name] for name in sorted(found)), tuple(sorted(walk.nested)))


def judge(name: str, settings: Settings) -> Found:
    """The role of a file that is looked at, by its name below the root."""
    if format_name := format_of(name):
        return Found(name, Role.DOCUMENT, format=format_name)
    why = "" if settings.include_tests else _why_not_reported(name)
    return Found(name, Role.LINKED if why else Role.REPORTED, why)


def is_generated(data: bytes) -> bool:
    """Whether a file says in its first lines that a program wrote it."""
    return _GENERATED_MARK in data[:MARK_WITHIN]


class _Walk:
    def __init__(self, settings: Settings, roots: Roots) -> None:
        self._settings = settings
        self._roots = roots
        self._excluded = compile_patterns(settings.exclude)
        self._gitignores = GitIgnores(settings.root) if settings.respect_gitignore else None
        self.nested: list[Path] = []

    def files(self, top: Path) -> Iterator[Found]:
        todo = [top]
        while todo:
            folder = todo.pop()
            entries = _entries(folder)
            if entries is None:
                yield self._skipped(folder, "a folder that cannot be read")
                continue
            if folder != top and self._is_foreign(folder, entries):
                continue
            for entry in entries:
                path = folder / entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not self._why_excluded(path, is_dir=True):
                        todo.append(path)
                elif (file := self._file(entry, path)) is not None:
                    yield file

    def _is_foreign(self, folder: Path, entries: list[os.DirEntry[str]]) -> bool:
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names:
            return True
        if not names.isdisjoint(MARKERS) and self._roots.of(folder) == folder:
            self.nested.append(folder)
            return True
        return False

    def _file(self, entry: os.DirEntry[str], path: Path) -> Found | None:
        suffix = path.suffix
        if suffix not in SOURCE_SUFFIXES and suffix not in _SKIPPED_SUFFIXES:
            return self._document(entry, path) if may_be_document(entry.name, suffix) else None
        if why := self._why_excluded(path, is_dir=False):
            return self._skipped(path, why)
        if suffix in _SKIPPED_SUFFIXES:
            return self._skipped(path, _SKIPPED_SUFFIXES[suffix])
        if why := self._why_unreadable(entry, path):
            return self._skipped(path, why)
        return judge(self._name(path), self._settings)

    def _document(self, entry: os.DirEntry[str], path: Path) -> Found | None:
        name = self._name(path)
        format_name = format_of(name)
        why = self._why_excluded(path, is_dir=False) or self._why_unreadable(entry, path)
        if not format_name and not why:
            format_name = format_within(path)
        if not format_name:
            return None
        if why := why or why_too_large(path, format_name):
            return self._skipped(path, why)
        return Found(name, Role.DOCUMENT, format=format_name)

    def _why_unreadable(self, entry: os.DirEntry[str], path: Path) -> str:
        if entry.is_symlink() and (why := _why_link_skipped(path, self._settings.root)):
            return why
        return "" if entry.is_file() else "not a regular file"

    def _why_excluded(self, path: Path, *, is_dir: bool) -> str:
        name = self._name(path) + ("/" if is_dir else "")
        if self._excluded.match_file(name):
            return "excluded by a pattern"
        if self._gitignores is not None and self._gitignores.ignores(path, is_dir=is_dir):
            return "ignored by .gitignore"
        return ""

    def _skipped(self, path: Path, why: str) -> Found:
        return Found(self._name(path), Role.SKIPPED, why)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._settings.root).as_posix()


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return None


def _why_link_skipped(path: Path, root: Path) -> str:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return "a broken link"
    if target.is_dir():
        return "a link to a folder"
    if target.is_relative_to(root):
        return "a link to another file of the project"
    return ""


def _why_not_reported(name: str) -> str:
    folders = name.split("/")[:-1]
    if not _TEST_FOLDERS.isdisjoint(folders) or _TEST_PATTERNS.match_file(name):
        return "a test"
    if _MIGRATION_PATTERNS.match_file(name):
        return "a migration"
    if _GENERATED_PATTERNS.match_file(name):
        return "generated code"
    if "build" in folders:
        return "built, not written"
    return ""
