"""How often a call that creates something is made: each time, or once for an object, a thread or the process.

A memo is a test that guards the call, and asks of a place in which the function keeps something. That place tells
the scope: a global or class attribute lives as long as the process, `self.client` as long as the object, an
attribute of the request no longer than the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.kept import Kept, Scope
from conn_lint.flow.guarding import is_guarded, reachable
from conn_lint.flow.solve import successors
from conn_lint.link.values import FunctionId
from conn_lint.model.flow import (
    FlowGraph,
)

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Lifetimes:
    """Answers for places in functions; nothing here knows a library."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._memo: dict[tuple[FunctionId, tuple[int, ...]], Scope] = {}
        self._repairs: dict[tuple[FunctionId, tuple[int, ...]], bool] = {}

    def scope(self, at: FunctionId, nodes: tuple[int, ...]) -> Scope:
        """How often the event (its copies in the graph) happens while the function is called again and again."""
        key = (at, nodes)
        if key not in self._memo:
            self._memo[key] = self._scope(at, nodes)
        return self._memo[key]

    def repairs(self, at: FunctionId, nodes: tuple[int, ...]) -> bool:
        """After something has raised, the event makes what is kept where something was before: a reconnect."""
        if (at, nodes) not in self._repairs:
            function = self._program.function(at)
            found = False
            if function is not None and min(nodes, default=-1) >= 0:
                edges = successors(function.graph)
                calm = reachable(edges, [FlowGraph.ENTRY], normal=True)
                found = calm.isdisjoint(nodes) and Kept(self._analysis, at, function).replaces(
                    nodes
                )
            self._repairs[at, nodes] = found
        return self._repairs[at, nodes]

    def _scope(self, at: FunctionId, nodes: tuple[int, ...]) -> Scope:
        function = self._program.function(at)
        if function is None or function.graph.too_large or min(nodes, default=-1) < 0:
            return Scope.EACH
        guarding = Kept(self._analysis, at, function)
        kept = guarding.places(nodes)
        found = Scope.EACH
        edges = successors(function.graph)
        for scope in (Scope.PROCESS, Scope.THREAD, Scope.OBJECT, Scope.REQUEST, Scope.LOCAL):
            places = [place for place in kept if guarding.scope_of(place) is scope]
            if places and is_guarded(edges, nodes, lambda edge, p=places: guarding.asks(edge, p)):  # type: ignore[misc]
                found = scope
                break
        return found
