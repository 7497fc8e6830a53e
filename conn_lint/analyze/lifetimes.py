"""How often a call that creates something is made: each time, or once for an object, a thread or the process.

A memo is a test that guards the call, and asks of a place in which the function keeps something. That place tells
the scope: a global or class attribute lives as long as the process, `self.client` as long as the object, an
attribute of the request no longer than the request.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.kept import Kept
from conn_lint.analyze.scopes import Scope
from conn_lint.analyze.storage import Place
from conn_lint.flow.guarding import dominators, is_guarded, reachable
from conn_lint.flow.solve import successors
from conn_lint.link.recent import Recent
from conn_lint.link.values import FunctionId
from conn_lint.model.expression import Temp
from conn_lint.model.flow import Edge, FlowGraph, Guard, Handler, IterateEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_NODES = 10_000  # so many nodes in each generation; what is made of one takes half a KB


class _Ways(NamedTuple):
    """What is asked again and again of one function. `calm`: nodes reached while nothing raises; `untested`: those
    that no test stands before.
    """

    edges: Mapping[int, Sequence[Edge]]
    dominators: Mapping[int, int]
    calm: set[int]
    untested: set[int]
    kept: Kept


class Lifetimes:
    """Answers for places in functions; nothing here knows a library."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._memo: dict[tuple[FunctionId, tuple[int, ...]], Scope] = {}
        self._functions: Recent[FunctionId, _Ways] = Recent(_NODES, _nodes_of)

    def scope(self, at: FunctionId, nodes: tuple[int, ...]) -> Scope:
        """How often the event (its copies in the graph) happens while the function is called again and again."""
        key = (at, nodes)
        if key not in self._memo:
            self._memo[key] = self._scope(at, nodes)
        return self._memo[key]

    def repairs(self, at: FunctionId, nodes: tuple[int, ...]) -> bool:
        """After something has raised, the event makes what is kept where something was before: a reconnect."""
        ways = self._ways(at)
        if ways is None or min(nodes, default=-1) < 0 or not ways.calm.isdisjoint(nodes):
            return False
        return ways.kept.replaces(nodes)

    def collects(self, at: FunctionId, nodes: tuple[int, ...]) -> bool:
        """What the event makes is put beside others that are kept, as in a pool."""
        ways = self._ways(at)
        return ways is not None and min(nodes, default=-1) >= 0 and ways.kept.collects(nodes)

    def _ways(self, at: FunctionId) -> _Ways | None:
        known = self._functions.get(at)
        if known is not None:
            return known
        function = self._program.function(at)
        if function is None or function.graph.too_large:
            return None
        edges = successors(function.graph)
        ways = _Ways(
            edges=edges,
            dominators=dominators(edges),
            calm=reachable(edges, [FlowGraph.ENTRY], normal=True),
            untested=reachable(_without_tests(edges, function), [FlowGraph.ENTRY]),
            kept=Kept(self._analysis, at, function),
        )
        return self._functions.keep(at, ways)

    def _scope(self, at: FunctionId, nodes: tuple[int, ...]) -> Scope:
        ways = self._ways(at)
        if ways is None or min(nodes, default=-1) < 0 or not ways.untested.isdisjoint(nodes):
            return Scope.EACH
        kept = ways.kept
        by_scope: dict[Scope, list[Place]] = {}
        for place in kept.places(nodes):
            by_scope.setdefault(kept.scope_of(place), []).append(place)
        for scope in (Scope.PROCESS, Scope.THREAD, Scope.OBJECT, Scope.REQUEST, Scope.LOCAL):
            places = by_scope.get(scope)
            if places and is_guarded(
                ways.edges, ways.dominators, nodes, functools.partial(_asks, kept, places)
            ):
                return scope
        return Scope.EACH


def _nodes_of(ways: _Ways) -> int:
    return len(ways.edges)


def _asks(kept: Kept, places: list[Place], edge: Edge) -> bool:
    return kept.asks(edge, places)


def _without_tests(
    edges: Mapping[int, Sequence[Edge]], function: Function
) -> dict[int, list[Edge]]:
    """The edges that no test but a loop's own decides, and no handler."""
    heads = {event.result for event in function.graph.events if isinstance(event, IterateEvent)}

    def is_test(edge: Edge) -> bool:
        kind = edge.kind
        if isinstance(kind, Guard):
            return not (isinstance(kind.test, Temp) and kind.test.index in heads)
        return isinstance(kind, Handler)

    return {node: [edge for edge in out if not is_test(edge)] for node, out in edges.items()}
