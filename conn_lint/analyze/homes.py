"""Whether functions run only while an application does, so that it may keep what they share."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.labels import Entered
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import Home

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


_ASKS = ("call", "enter", "inject")  # ways to come to a function that leave open no other
_MOST = 500  # functions that lead there


class Homes:
    """Asks who comes to the functions, and which applications the project makes."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def of(self, path: str, functions: Collection[FunctionId]) -> Home | None:
        """The home that the only application of the project has, made in this file, if it alone leads to these."""
        found: set[Home | None] = set()
        todo, seen = list(functions), set(functions)
        while todo and len(seen) < _MOST:
            at = todo.pop()
            callers = self._analysis.callers.of(at)
            entries = [*self._entered(at), *(e for c in callers for e in self._passed(c))]
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
        if todo:
            return None
        home = found.pop() if len(found) == 1 else None
        return home if home is not None and self._is_only_one(home, path) else None

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

    def _is_only_one(self, home: Home, path: str) -> bool:
        """No other file outside tests makes an application, and nothing runs this one without what it starts."""
        names = {name.rpartition(".")[2] for name in home.apps}
        unless = set(home.unless)
        for other, file in self._program.files.items():
            for unit in file.skeleton.units:
                if not unless.isdisjoint(unit.names):
                    return False
                if other != path and not file.is_test and not names.isdisjoint(unit.calls):
                    return False
        return True
