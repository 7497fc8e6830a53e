"""Sections of INI files that a framework gives to a program as its settings: what each comes to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from conn_lint.analyze.environment import is_example, is_for_tests
from conn_lint.analyze.found import HOLE, UNKNOWN, Found
from conn_lint.deploy.purposes import effort
from conn_lint.model.location import Location
from conn_lint.model.option import SettingsFile
from conn_lint.model.pool import Source
from conn_lint.model.summary import DocumentSummary, Entry

_DEFAULT = "DEFAULT"
_MAIN = "main"
_OTHER_FILE = "config:"
_GLOBAL = "set "  # `set debug = false` changes what all of the file's sections are given
_REFERENCE = re.compile(r"%(?:%|\((?P<name>[^()]*)\)s)|\$\{(?P<variable>\w+)\}")
_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{\w*\}|@\w+@|<%.*?%>"
)  # in files that are made to real ones
_DEEPEST = 5
_LONGEST = 2000


class Section(NamedTuple):
    """What one section says. `factory` is the function that is given it, as the file writes it; the lower the `effort`,
    the nearer to real use.
    """

    path: str
    name: str
    factory: str
    items: Mapping[str, Found]
    effort: int


def sections_of(documents: Iterable[DocumentSummary], record: SettingsFile) -> tuple[Section, ...]:
    """The sections of all files that are not for tests, in the order of the files."""
    files = _Files(documents, record)
    return tuple(
        section
        for path in files.paths
        if not any(map(is_for_tests, path.split("/")))
        for name in files.names(path)
        if (section := files.section(path, name)) is not None
    )


class _Files:
    def __init__(self, documents: Iterable[DocumentSummary], record: SettingsFile) -> None:
        self._record = record
        self._entries: dict[str, dict[str, dict[str, Entry]]] = {}
        for document in documents:
            if document.format == "ini":
                own = self._entries.setdefault(document.path, {})
                for entry in document.entries:
                    if len(entry.keys) == 2:
                        own.setdefault(str(entry.keys[0]), {})[str(entry.keys[1])] = entry

    @property
    def paths(self) -> Iterable[str]:
        return self._entries

    def names(self, path: str) -> Iterator[str]:
        for name in self._entries[path]:
            if any(
                name.startswith(s) if s.endswith(":") else name == s for s in self._record.sections
            ):
                yield name

    def section(self, path: str, name: str, depth: int = 0) -> Section | None:
        """What it says, over what it goes on from; None where that is not there."""
        own = self._entries.get(path, {}).get(name)
        if own is None or depth > _DEEPEST:
            return None
        record = self._record
        base = _text(own.get(record.base))
        if not base and record.factory in own:
            base = f"call:{_text(own[record.factory])}"
        below = None
        factory = base
        if base and not base.startswith(("call:", "egg:")):
            below = self._named(path, base, depth + 1)
            if below is None:
                return None
            factory = below.factory
        items = dict(below.items) if below is not None else {}
        for key, entry in own.items():
            if key not in (record.base, record.factory) and not key.startswith(_GLOBAL):
                items[key] = self._value(path, name, entry)
        return Section(path, name, factory, items, effort(path))

    def _named(self, path: str, base: str, depth: int) -> Section | None:
        """The section that `config:other.ini#name`, or the name of another section, means."""
        kind = next((s for s in self._record.sections if s.endswith(":")), "")
        if not base.startswith(_OTHER_FILE):
            return self.section(path, f"{kind}{base}", depth)
        name, _, section = base.removeprefix(_OTHER_FILE).partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        # of two files that are made to real ones, each names what the other will be called
        made = there + path[path.rfind(".ini") + len(".ini") :]
        found = there if there in self._entries else made
        return self.section(found, f"{kind}{section or _MAIN}", depth)

    def _value(self, path: str, section: str, entry: Entry) -> Found:
        text = "" if entry.value is None else str(entry.value)
        is_template = not path.endswith(".ini")
        if is_template:
            text = _PLACEHOLDER.sub(HOLE, text)
        whole = _REFERENCE.fullmatch(text)
        variable = (whole["name"] or whole["variable"] or "") if whole is not None else ""
        filled = self._filled(path, section, text, 0)
        if text and not filled.strip(HOLE):
            return UNKNOWN._replace(variable=variable)
        source: Source = "example" if is_example(path) else "document"
        return Found(filled, source, "", Location(path, entry.span))

    def _filled(self, path: str, section: str, text: str, depth: int) -> str:
        """The text with the values of the names in it, and holes for those that the file does not say."""

        def value(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%"
            own = self._entries[path]
            for place in (section, _DEFAULT):
                entry = own.get(place, {}).get(match["name"] or "")
                if entry is not None and depth < _DEEPEST:
                    return self._filled(path, section, _text(entry), depth + 1)
            return HOLE

        found = _REFERENCE.sub(value, text[:_LONGEST])
        return found if len(found) <= _LONGEST else HOLE


def _text(entry: Entry | None) -> str:
    return "" if entry is None or entry.value is None else str(entry.value).strip()
