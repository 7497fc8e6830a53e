"""Variables of the environment as the project's own files set them: .env, compose files, templates of functions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from conn_lint.analyze.found import HOLE, Found
from conn_lint.model.location import Location
from conn_lint.model.pool import Source
from conn_lint.model.summary import DocumentSummary, Entry

_EXAMPLE = re.compile(r"(^|[._-])(example|sample|template|tmpl|tpl|dist|defaults?)([._-]|$)")
_FOR_TESTS = re.compile(r"(^|[._-])(tests?|testing|ci)([._-]|$)")
_TABLES = frozenset(
    ("environment", "env", "Variables", "variables", "environment_variables", "aws_environment_variables")
)  # fmt: skip
"""What the tables of variables are called in compose files, templates and settings of deployments."""
_REFERENCE = re.compile(
    r"\$\$|\$\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^{}]*)|:?\?[^{}]*)?\}|\$(?P<bare>[A-Za-z_]\w*)|\$\{[^}]*\}"
)
_BASE = ".env"
_LONGEST = 2000


class Scope(NamedTuple):
    """The variables of one program as one place sets them; `folder` is that of the file."""

    folder: str
    is_example: bool
    variables: Mapping[str, Found]


def is_example(path: str) -> bool:
    """The file only shows how settings may look, as its name tells."""
    return _EXAMPLE.search(posixpath.basename(path).lower()) is not None


def is_for_tests(path: str) -> bool:
    """The file has settings for tests, as its name tells."""
    return _FOR_TESTS.search(posixpath.basename(path).lower()) is not None


class Environment:
    """The scopes of a project. Files near the code that asks count, and those that lie with no code at all."""

    def __init__(self, documents: Iterable[DocumentSummary], sources: Iterable[str]) -> None:
        self._folders = frozenset(folder for path in sources for folder in _around(path))
        kept = [d for d in documents if not is_for_tests(d.path)]
        base = {
            posixpath.dirname(d.path): dict(_of_lines(d))
            for d in kept
            if d.format == "env" and posixpath.basename(d.path) == _BASE
        }
        self._scopes = tuple(
            _scope(document, entries, base.get(posixpath.dirname(document.path), {}))
            for document in kept
            for entries in _tables(document)
        )

    def scopes(self, path: str, *, examples: bool = False) -> Iterator[Scope]:
        """Those that the code of a file may run with, or those that show what they may look like."""
        around = frozenset(_around(path))
        for scope in self._scopes:
            if scope.is_example is examples and (
                scope.folder in around or scope.folder not in self._folders
            ):
                yield scope


def _tables(document: DocumentSummary) -> Iterator[dict[str, Entry]]:
    """The tables of variables in a document: for .env the whole of it."""
    if document.format == "env":
        yield dict(_of_lines(document))
        return
    tables: dict[tuple[str | int, ...], dict[str, Entry]] = {}
    for entry in document.entries:
        keys = entry.keys
        if len(keys) < 2 or keys[-2] not in _TABLES:
            continue
        table = tables.setdefault(keys[:-1], {})
        if isinstance(keys[-1], str):
            table[keys[-1]] = entry
        elif isinstance(entry.value, str) and "=" in entry.value:  # a list of NAME=value
            table[entry.value.partition("=")[0].strip()] = entry
    yield from tables.values()


def _of_lines(document: DocumentSummary) -> Iterator[tuple[str, Entry]]:
    return ((str(entry.keys[0]), entry) for entry in document.entries)


def _scope(
    document: DocumentSummary, entries: Mapping[str, Entry], base: Mapping[str, Entry]
) -> Scope:
    shows = is_example(document.path)
    source: Source = "example" if shows else "document"
    variables: dict[str, Found] = {}
    expanding = _Expanding({**entries, **base})
    for name, entry in entries.items():
        value = expanding.value(name, entry)
        if value.strip(HOLE + " "):
            place = Location(document.path, entry.span)
            variables[name] = Found(value, source, name, place)
    return Scope(posixpath.dirname(document.path), shows, variables)


def _text(entry: Entry) -> str:
    if entry.value is None:
        return ""
    text = str(entry.value)
    return text.partition("=")[2].strip() if isinstance(entry.keys[-1], int) else text


class _Expanding:
    """Puts values in the place of references; each variable is expanded once, and none through itself."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._done: dict[str, str] = {}

    def value(self, name: str, own: Entry) -> str:
        """The value of a variable; in `X: ${X}` the inner one is that of another file."""
        self._done[name] = HOLE
        other = self._entries[name]
        if other is not own:
            self._done[name] = self._text(_text(other))
        found = self._text(_text(own))
        self._done[name] = found
        return found

    def _text(self, text: str) -> str:
        if "$" not in text:
            return text
        found = _REFERENCE.sub(self._replaced, text[:_LONGEST])
        return found if len(found) <= _LONGEST else HOLE

    def _replaced(self, match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match["name"] or match["bare"] or ""
        default = match["default"] if match["default"] is not None else HOLE
        if name not in self._entries:
            return default
        if name not in self._done:
            self._done[name] = default
            self._done[name] = self._text(_text(self._entries[name]))
        return self._done[name] if self._done[name] != HOLE else default


def _around(path: str) -> Iterator[str]:
    """The folders that a file lies in, from its own up to the project's root ("")."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""
