"""Whether one who has borrowed from a pool may come to another who would, and wait for what he has himself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.sites import Solved
from conn_lint.link.values import FunctionId
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MOST_CALLERS = 500


class Nesting:
    """Walks up the call graph from those who borrow."""

    def __init__(self, analysis: Analysis, solved: Iterable[Solved]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._solved = solved

    def may_nest(self, places: Collection[FunctionId]) -> bool:
        """One of the functions may come to another one, or to itself, or too much leads there to tell."""
        return any(self._is_below(at, places) for at in places)

    def with_holders(self, users: Collection[FunctionId], pool: Resource) -> bool:
        """One of the users may come to one who has something of such a pool, or the other way round."""
        holders = set(self._holders(pool))
        if any(at in holders or self._is_below(at, holders) for at in users):
            return True
        return any(self._is_below(at, users) for at in holders)

    def _holders(self, pool: Resource) -> Iterator[FunctionId]:
        """The functions that take something out of such pools, and those who get it from them."""
        for one in self._solved:
            owners = {name.rpartition(".")[0] for name in one.resource.acquire}
            if one.resource.kind == "checkout" and pool.value in owners:
                yield one.at
                function = self._program.function(one.at)
                if one.returned_roles or (function is not None and function.is_generator):
                    yield from (caller.at for caller in self._analysis.callers.of(one.at))

    def _is_below(self, at: FunctionId, places: Collection[FunctionId]) -> bool:
        """One of the places leads to the function, as far as can be told."""
        if not places:
            return False
        seen: set[FunctionId] = set()
        todo = [at]
        while todo:
            if len(seen) >= _MOST_CALLERS:
                return True
            for caller in self._analysis.callers.of(todo.pop()):
                if caller.at in places:
                    return True
                if caller.at not in seen:
                    seen.add(caller.at)
                    todo.append(caller.at)
        return False
