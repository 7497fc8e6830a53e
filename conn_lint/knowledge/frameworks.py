"""What frameworks call: entry points, hooks and what is none, looked up by dotted name; ways to make something once."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from conn_lint.model.framework import (
    EntryPoint,
    Hook,
    Injection,
    Memo,
    NotEntry,
    Place,
    Recognition,
)
from conn_lint.model.resource import Family

Record = TypeVar("Record", bound=Recognition)
_MAX_CHAIN = 3
_CACHE = "functools.cache"


class CallWord(NamedTuple):
    """Where callables stand in calls of some name, and the modules it is imported from ("": it may be a method)."""

    places: frozenset[str]
    roots: frozenset[str]


class Table(Generic[Record]):
    """All records of one kind, those of later families first. `types` gives a type's names, nearest first."""

    def __init__(self, records: Sequence[Record], types: Callable[[str], tuple[str, ...]]) -> None:
        self._types = types
        self._decorators: dict[str, Record] = {}
        self._calls: dict[str, tuple[Record, ...]] = {}
        self._bases: dict[str, tuple[Record, ...]] = {}
        self._patterns: list[tuple[str, Record]] = []
        self._fallbacks: dict[str, tuple[Record, ...]] = {}
        self._by_match: dict[str, tuple[Record, ...]] = {}
        for record in records:
            self._by_match[record.match] = (*self._by_match.get(record.match, ()), record)
            if record.match == "decorator":
                for name in self._dotted(record):
                    self._decorators.setdefault(name, record)
            if record.handler:
                for name in self._dotted(record):
                    self._calls[name] = (*self._calls.get(name, ()), record)
            if record.match == "base-class":
                self._add_bases(record)
            if record.fallback is not None:
                for attr in record.attrs:
                    self._fallbacks[attr] = (*self._fallbacks.get(attr, ()), record)
        self._records = tuple(records)
        self.group_words = frozenset(attr for record in records for attr in record.groups)

    def decorator_words(self, modules: frozenset[str]) -> frozenset[str]:
        """The last names of decorators of libraries that a program with these top modules can reach."""
        return frozenset(
            name.rpartition(".")[2]
            for record in self._reachable(modules)
            if record.match == "decorator"
            for name in self._dotted(record)
        )

    def call_words(self, modules: frozenset[str]) -> dict[str, CallWord]:
        """How calls that are given callables end: `add_url_rule`, of a chain two names: `on_startup.append`."""
        found: dict[str, CallWord] = {}
        for record in self._reachable(modules):
            if not record.handler:
                continue
            words = [(name.rpartition(".")[2], name.partition(".")[0]) for name in record.names]
            methods = [".".join(attr.split(".")[-2:]) for attr in record.attrs]
            for word, root in (*words, *((method, "") for method in methods)):
                old = found.get(word, CallWord(frozenset(), frozenset()))
                found[word] = CallWord(old.places | set(record.handler), old.roots | {root})
        return found

    def _reachable(self, modules: frozenset[str]) -> list[Record]:
        return [
            record
            for record in self._records
            if any(name.partition(".")[0] in modules for name in (*record.names, *record.receivers))
        ]

    def _dotted(self, record: Record) -> Iterator[str]:
        yield from record.names
        for receiver in record.receivers:
            for attr in record.attrs:
                yield f"{self._types(receiver)[0]}.{attr}"

    def _add_bases(self, record: Record) -> None:
        for base in record.bases:
            if "*" in base:
                self._patterns.append((base, record))
            else:
                name = self._types(base)[0]
                found = (*self._bases.get(name, ()), record)
                # what holds in some files only is asked before what holds in all
                self._bases[name] = tuple(sorted(found, key=lambda r: not r.files))

    def decorated(self, dotted: str) -> Record | None:
        """The record of a decorator outside the project."""
        return next((r for n in self._spellings(dotted) if (r := self._decorators.get(n))), None)

    def called(self, dotted: str) -> tuple[Record, ...]:
        """The records of a function or class outside the project that is given a callable."""
        return next((r for n in self._spellings(dotted) if (r := self._calls.get(n))), ())

    def inherited(self, base: str) -> tuple[Record, ...]:
        """The records of a class outside the project, or of a generated one in it."""
        exact = [r for name in self._types(base) for r in self._bases.get(name, ())]
        return (*exact, *(r for p, r in self._patterns if fnmatch.fnmatchcase(base, p)))

    def fallbacks(self, attr: str) -> tuple[Record, ...]:
        """The records that an unknown receiver's method may belong to."""
        return self._fallbacks.get(attr, ())

    def matching(self, match: str) -> tuple[Record, ...]:
        """The records that are matched in this way."""
        return self._by_match.get(match, ())

    def _spellings(self, dotted: str) -> Iterator[str]:
        """The name, and those with the type in it (before a method or a chain of them) made canonical."""
        yield dotted
        yield self._types(dotted)[0]
        head, tail = dotted, ""
        for _ in range(_MAX_CHAIN):
            head, _, last = head.rpartition(".")
            if not head:
                return
            tail = f".{last}{tail}"
            for name in self._types(head):
                yield f"{name}{tail}"


class Frameworks:
    """All records on frameworks; those of later families (the user's is the last) win."""

    def __init__(self, families: Iterable[Family], types: Callable[[str], tuple[str, ...]]) -> None:
        newest = tuple(families)[::-1]
        self.entries: Table[EntryPoint] = Table([r for f in newest for r in f.entry], types)
        self.hooks: Table[Hook] = Table([r for f in newest for r in f.hook], types)
        self.not_entries: Table[NotEntry] = Table([r for f in newest for r in f.not_entry], types)
        self._memos = tuple(memo for f in newest for memo in f.memo)
        self._memo_names: dict[str, Memo] = {}
        self._memo_words: dict[str, Memo] = {}
        for memo in self._memos:
            for name in memo.names if memo.match != "function" else ():
                self._memo_names.setdefault(types(name)[0], memo)
            for word in memo.words:
                self._memo_words.setdefault(word, memo)
        decorators = [m for m in self._memos if m.match == "decorator"]
        self.memo_last_names = frozenset(n.rpartition(".")[2] for m in decorators for n in m.names)
        self._types = types
        self.injections: tuple[Injection, ...] = tuple(r for f in newest for r in f.di)
        self.places: tuple[Place, ...] = tuple(r for f in newest for r in f.place)

    def memo(self, dotted: str) -> Memo | None:
        """The way of making something once that a decorator or function outside the project stands for."""
        return self._memo_names.get(dotted) or self._memo_names.get(self._types(dotted)[0])

    def is_provider(self, dotted: str) -> bool:
        """A container's way to make something anew for each use."""
        return any(r.caches == "per-call" and dotted in r.names for r in self.injections)

    def place(self, framework: str) -> Place | None:
        """Where a client that lives as long as the process belongs."""
        return next((place for place in self.places if place.framework == framework), None)

    def keeper(self, frameworks: Collection[str]) -> str:
        """The decorator (dotted) that keeps what a function gives, wherever it runs; "" if nothing does."""
        places = [self.place(framework) for framework in frameworks]
        found = {_CACHE if place is None or not place.keeper else place.keeper for place in places}
        if "none" in found:
            return ""
        return found.pop() if len(found) == 1 else _CACHE

    def at_import(self, frameworks: Collection[str], *, fork_safe: bool) -> bool:
        """Whether all of them have such a client made when a file is imported."""
        places = [self.place(framework) for framework in frameworks]
        found = {"" if place is None else place.at_import for place in places}
        return bool(found) and found <= {"any", "fork-safe" if fork_safe else "any"}

    def one_loop(self, frameworks: Collection[str]) -> bool:
        """Whether all of them run what they are given on the one event loop of a process."""
        places = [self.place(framework) for framework in frameworks]
        return bool(places) and all(place is not None and place.one_loop for place in places)

    @functools.cached_property
    def session_keepers(self) -> frozenset[str]:
        """The libraries that keep things for each user's session."""
        return frozenset(
            name.partition(".")[0]
            for memo in self._memos
            if memo.scope == "session"
            for name in memo.names
        )

    def memo_by_word(self, word: str) -> Memo | None:
        """The same for a decorator of which only the last name is known."""
        return self._memo_words.get(word.lower())

    @functools.cached_property
    def singletons(self) -> tuple[Memo, ...]:
        """Functions and classes of the project that are made once because the user says so."""
        return tuple(memo for memo in self._memos if memo.match == "function")


def receivers(families: Iterable[Family]) -> Iterator[str]:
    """The types of objects whose methods register something."""
    for family in families:
        for record in (*family.entry, *family.hook, *family.not_entry):
            yield from record.receivers
