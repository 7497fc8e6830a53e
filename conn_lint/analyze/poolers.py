"""Poolers of the project's own: in which mode its settings files run them, and what they track."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from conn_lint.model.passage import KnownPooler, Mode
from conn_lint.model.summary import DocumentSummary, Entry

_MODES: dict[str, Mode] = {
    "transaction": "transaction",
    "session": "session",
    "statement": "transaction",
}
_PROGRAMS = ("pgbouncer", "pgcat", "odyssey", "supavisor")
_MODE = ("POOL_MODE", "PGBOUNCER_POOL_MODE", "PGB_POOL_MODE")
_TRACKED = (
    "MAX_PREPARED_STATEMENTS",
    "PGBOUNCER_MAX_PREPARED_STATEMENTS",
    "PGB_MAX_PREPARED_STATEMENTS",
)
_TRACKS = (("pgbouncer", "max_prepared_statements"), ("general", "prepared_statements_cache_size"))


class _Said(NamedTuple):
    mode: Mode | None
    tracks: bool


class ProjectPoolers:
    """What the documents say; where several poolers differ, nothing."""

    def __init__(self, documents: Iterable[DocumentSummary]) -> None:
        said = {found for document in documents for found in _poolers(document)}
        self._said = said.pop() if len(said) == 1 else None

    def configured(self, pooler: KnownPooler) -> KnownPooler:
        """The pooler as the project runs it."""
        if not pooler.configured or self._said is None:
            return pooler
        mode = self._said.mode or pooler.mode
        prepared = "tracked" if self._said.tracks else pooler.prepared
        return msgspec.structs.replace(pooler, mode=mode, prepared=prepared)


def _poolers(document: DocumentSummary) -> Iterator[_Said]:
    if document.format in ("ini", "toml"):
        found = {e.keys: e.value for e in document.entries}
        modes = [str(v) for k, v in found.items() if k[-1:] == ("pool_mode",)]
        if modes or any(k[:1] == ("pgbouncer",) for k in found):
            tracks = any(_is_on(found.get(keys)) for keys in _TRACKS)
            yield _Said(_MODES.get(modes[0].strip("\"'")) if modes else "session", tracks)
    elif document.format == "yaml":
        yield from _services(document)


def _services(document: DocumentSummary) -> Iterator[_Said]:
    """The services of a compose file that run a pooler's image."""
    for entry in document.entries:
        keys = entry.keys
        if len(keys) != 3 or keys[0] != "services" or keys[2] != "image":
            continue
        if not any(program in str(entry.value).lower() for program in _PROGRAMS):
            continue
        inside = [e for e in document.entries if e.keys[:2] == keys[:2]]
        given = dict(_environment(inside))
        mode = next((given[name] for name in _MODE if name in given), "")
        tracks = any(_is_on(given.get(name)) for name in _TRACKED)
        mounted = any("volumes" in e.keys for e in inside)  # a file of its own may say it
        yield _Said(_MODES.get(mode) if mode or mounted else "session", tracks)


def _environment(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if "environment" not in entry.keys:
            continue
        if isinstance(entry.keys[-1], str):
            yield entry.keys[-1], str(entry.value)
        else:
            name, _, value = str(entry.value).partition("=")
            yield name, value


def _is_on(value: object) -> bool:
    return str(value).isdigit() and int(str(value)) > 0
