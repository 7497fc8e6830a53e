"""Serverless functions: which files they run, so that what is made there is made in each of their instances."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.link.values import FunctionRef
from conn_lint.model.finding import Step
from conn_lint.model.location import Location, Span

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_PER = "invocation"


class Handler(NamedTuple):
    """A function that a cloud runs for each event, or a web application that runs as one."""

    label: str
    location: Location


class Serverless:
    """Answers for files; the handlers of a program are looked for once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._reached: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> Step | None:
        """The handler whose instances run the file's code; None where a server of its own runs it as well."""
        found = next((h for h, files in self._handlers.items() if path in files), None)
        if found is None:
            return None
        run = frozenset[str]().union(*self._handlers.values())
        for other in self._others:
            if other not in run and path in self._closure(other) and not self._is_dead(other, run):
                return None
        return Step(found.location, found.label, "runs it in each of its instances")

    @functools.cached_property
    def _handlers(self) -> dict[Handler, frozenset[str]]:
        """The handlers, each with the files that it imports."""
        return {
            handler: self._closure(path) for path in self._own() for handler in self._in_file(path)
        }

    def _own(self) -> Iterator[str]:
        for path, file in self._program.files.items():
            if not file.is_test and not file.is_stub:
                yield path

    def _in_file(self, path: str) -> Iterator[Handler]:
        for index, entered in self._entered(path):
            if entered == _PER:
                head = self._program.files[path].skeleton.heads[index]
                span = Span(head.def_line, 0, head.def_line, 0)
                yield Handler(head.qualname, Location(path, span))
        adapter = self._adapter(path)
        if adapter:
            yield Handler(adapter, Location(path, Span(1, 0, 1, 0)))

    def _adapter(self, path: str) -> str:
        """The name by which the file calls an adapter, as its imports say; "" if it calls none."""
        skeleton = self._program.files[path].skeleton
        units = range(len(skeleton.units))
        for adapter in sorted(self._adapters):
            home, _, last = adapter.rpartition(".")
            for item in skeleton.imports:
                if item.name is None:
                    known = f"{home}.".startswith(f"{item.module}.")
                    called = last
                else:
                    whole = f"{item.module}.{item.name}"
                    known = adapter == whole or f"{home}.".startswith(f"{whole}.")
                    called = item.bound if adapter == whole else last
                if known and not item.level:
                    words = self._program.words
                    if any(words.calls(path, number, {called}) for number in units):
                        return called
        return ""

    def _is_dead(self, path: str, run: frozenset[str]) -> bool:
        """Nobody imports the file, and what lies beside it in its package is run by functions: it serves nothing, or is
        loaded by name with the others.
        """
        folder = posixpath.dirname(path)
        beside = {other for other in run if posixpath.dirname(other) == folder}
        return (
            posixpath.join(folder, "__init__.py") in self._program.files
            and bool(beside - {posixpath.join(folder, "__init__.py")})
            and path not in self._imported_files
            and not self._program.words.mentions(path, 0, {"__name__"})
        )

    @functools.cached_property
    def _imported_files(self) -> frozenset[str]:
        return frozenset(
            other for path in self._own() for other in self._imported(path) if other != path
        )

    @functools.cached_property
    def _adapters(self) -> frozenset[str]:
        """Calls that make such a function of a web application."""
        records = self._analysis.knowledge.frameworks.entries.matching("call")
        return frozenset(n for record in records if record.per == _PER for n in record.names)

    def _entered(self, path: str) -> Iterator[tuple[int, str]]:
        """The functions of a file that are entered, and for what."""
        for index, head in enumerate(self._program.files[path].skeleton.heads):
            if head.kind == "function":
                entered = self._analysis.entries.of(FunctionRef(path, index))
                if entered is not None:
                    yield index, entered.entry.per

    @functools.cached_property
    def _others(self) -> tuple[str, ...]:
        """The files in which something else than such a function is entered."""
        return tuple(
            path for path in self._own() if any(per != _PER for _, per in self._entered(path))
        )

    def _closure(self, path: str) -> frozenset[str]:
        """The file and all that it imports, directly or through others."""
        if path not in self._reached:
            found = {path}
            waiting = [path]
            while waiting:
                for other in self._imported(waiting.pop()):
                    if other not in found:
                        found.add(other)
                        waiting.append(other)
            self._reached[path] = frozenset(found)
        return self._reached[path]

    def _imported(self, path: str) -> Iterator[str]:
        for item in self._program.files[path].skeleton.imports:
            yield from self._program.modules.paths(item, path)
