"""Whether functions run only while an application does, so that it may keep what they share."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.references import end_of
from conn_lint.link.values import External, FunctionId, FunctionRef
from conn_lint.model.creation import Application
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import Home

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


_ASKS = ("call", "enter", "inject")  # ways to come to a function that leave open no other
_MOST = 500  # functions that lead there
_CALLS = ("call", "enter")  # ways in which its parameters come from the project's own code
_PER = "request"


class Homes:
    """Asks who comes to the functions, and which applications the project makes."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._file_of = functools.cache(self._find_file)

    def of(self, path: str, functions: Collection[FunctionId]) -> Home | None:
        """The home that the only application of the project has, made in this file, if it alone leads to these."""
        home = self._led_by(functions)
        return home if home is not None and self._file_of(home) == path else None

    def application(self, at: FunctionId) -> Application | None:
        """The same for one function, with the file of the application; in another file it must be a handler."""
        home = self._led_by({at})
        path = self._file_of(home) if home is not None else None
        files = self._program.files
        if home is None or path is None or files[path].root != files[at.path].root:
            return None
        if path == at.path:
            return Application(home, path)
        request = self._request(home, at)
        return None if request is None else Application(home, path, request, self._taken(home))

    def _request(self, home: Home, at: FunctionId) -> str | None:
        """The handler's parameter with the request, "" if it may be given one; None where it is no handler, or is
        called by others too.
        """
        function, ref = self._program.function(at), self._program.ref_of(at)
        callers = self._analysis.callers.of(at)
        if function is None or not isinstance(ref, FunctionRef) or not home.request:
            return None
        if {entered.entry.per for entered in self._entries(at, callers)} != {_PER}:
            return None
        if self._program.class_of(at) is not None or any(c.how in _CALLS for c in callers):
            return None
        if self._analysis.demand.in_tests(function.name):
            return None
        for parameter in function.parameters:
            hint = parameter.annotation
            meant = self._analysis.types.infer(hint, at) if hint is not None else None
            if isinstance(meant, External) and end_of(meant.name) == end_of(home.request):
                return parameter.name
        if home.asked:
            alone = len(function.decorators) == 1
            return "" if alone and self._program.decorators(ref) <= {*home.asked} else None
        return function.parameters[0].name if function.parameters else None

    def _taken(self, home: Home) -> tuple[str, ...]:
        """Names in code that speaks of what the application keeps."""
        names = (self._program.words.of(*key) for key in self._analysis.mentioning(home.holder))
        return tuple(sorted(set().union(*names)))

    def _led_by(self, functions: Collection[FunctionId]) -> Home | None:
        """The home that all have which lead to these."""
        found: set[Home | None] = set()
        todo, seen = list(functions), set(functions)
        while todo and len(seen) < _MOST:
            at = todo.pop()
            callers = self._analysis.callers.of(at)
            entries = list(self._entries(at, callers))
            for entered in entries:
                place = self._analysis.knowledge.frameworks.place(entered.entry.framework)
                found.add(place.home if place is not None else None)
            others = [c for c in callers if c.how not in _ASKS and not any(self._passed(c))]
            if others or not (callers or entries):
                return None
            callers = tuple(caller for caller in callers if caller.how in _ASKS)
            more = {caller.at for caller in callers} - seen
            seen |= more
            todo += more
        return found.pop() if len(found) == 1 and not todo else None

    def _entries(self, at: FunctionId, callers: Iterable[Caller]) -> Iterator[Entered]:
        """The entry points that the function is, and becomes."""
        yield from self._entered(at)
        for caller in callers:
            yield from self._passed(caller)

    def _entered(self, at: FunctionId) -> Iterator[Entered]:
        """The entry point that the function is."""
        ref = self._program.ref_of(at)
        entered = self._analysis.entries.of(ref) if isinstance(ref, FunctionRef) else None
        if entered is not None:
            yield entered

    def _passed(self, caller: Caller) -> Iterator[Entered]:
        """The entry point that it becomes where it is given to a call."""
        function = self._program.function(caller.at)
        if caller.how != "pass" or function is None or caller.node < 0:
            return
        event = function.graph.events[caller.node]
        if isinstance(event, CallEvent):
            entered = self._analysis.entries.passed(event, caller.argument, caller.at)
            if isinstance(entered, Entered):
                yield entered

    def _find_file(self, home: Home) -> str | None:
        """The only file outside tests that makes an application, if nothing runs that without what it starts."""
        words, files = self._program.words, self._program.files
        if any(words.files_with(name) for name in home.unless):
            return None
        names = {name.rpartition(".")[2] for name in home.apps}
        callers = {path for name in names for path, _ in words.calling(name)}
        found = {path for path in callers if not files[path].is_test}
        return found.pop() if len(found) == 1 else None
