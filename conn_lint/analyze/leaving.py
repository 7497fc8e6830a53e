"""Finds the first place from which a held resource gets past its release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conn_lint.flow.ownership import Ownership
from conn_lint.flow.solve import solve
from conn_lint.flow.world import Situation, World
from conn_lint.model.flow import (
    Edge,
    FlowGraph,
    Guard,
    Raised,
    RaiseEvent,
    ReturnEvent,
    WithExitEvent,
    YieldEvent,
)


def first_skip(
    domain: Ownership,
    states: Mapping[int, set[World]],
    edges: Mapping[int, Sequence[Edge]],
    *,
    lost: bool,
) -> tuple[str, int]:
    """How the release is skipped, and the node where the way past it begins (-1 if none stands out)."""
    for calm in (True, False):
        for branches in (False, True):
            found = _search(domain, states, edges, calm=calm, branches=branches)
            if found is not None:
                return found
        if lost:
            break
    return ("rebind" if lost else "branch"), -1


def _search(
    domain: Ownership,
    states: Mapping[int, set[World]],
    edges: Mapping[int, Sequence[Edge]],
    *,
    calm: bool,
    branches: bool,
) -> tuple[str, int] | None:
    """The first way past the release; `calm` asks for one that needs no second exception."""
    graph = domain.graph
    for node in _in_order(graph, states):
        event = graph.events[node]
        held = {w for w in states[node] if w.situation in (Situation.BUSY, Situation.IDLE)}
        if event is None or not held:
            continue
        for edge in edges.get(node, ()):
            if isinstance(edge.kind, Raised):
                kind = "yield" if isinstance(event, YieldEvent) else "raise"
            elif isinstance(event, ReturnEvent):
                kind = "return"
            elif isinstance(edge.kind, Guard):
                kind = "branch"
            else:
                continue
            if branches is not (kind == "branch") or node in domain.meaning.sites:
                continue
            if isinstance(event, RaiseEvent) and kind != "raise":
                continue
            if _leaks(
                domain, held, node, edge, edges, normally=kind not in ("raise", "yield"), calm=calm
            ):
                return kind, node
    return None


def _in_order(graph: FlowGraph, states: Mapping[int, set[World]]) -> list[int]:
    """Nodes by their place in the text; ends of with-blocks last, since they stand where the block begins."""

    def key(node: int) -> tuple[bool, int, int, int]:
        event = graph.events[node]
        assert event is not None
        return (isinstance(event, WithExitEvent), event.span.line, event.span.column, node)

    return sorted((n for n in states if graph.events[n] is not None), key=key)


def _held(worlds: Iterable[World]) -> set[World]:
    return {world for world in worlds if world.situation is Situation.BUSY}


def _leaks(
    domain: Ownership,
    held: set[World],
    node: int,
    edge: Edge,
    edges: Mapping[int, Sequence[Edge]],
    *,
    normally: bool,
    calm: bool,
) -> bool:
    """Whether every way on from the edge ends with the resource held (some way, if it was an exception)."""
    domain = Ownership(domain.graph, domain.meaning, trusting=domain.trusting)
    domain.calm = False
    after = _held(world for state in held for _, world in domain.transfer(state, node, (edge,)))
    if not after:
        return False
    domain.calm = calm
    states = solve(edges, domain, after, edge.target)
    ends = [
        world.situation
        for way_out in (FlowGraph.EXIT, FlowGraph.RAISED)
        for world in states.get(way_out, ())
    ]
    if normally:
        ends = [world.situation for world in states.get(FlowGraph.EXIT, ())]
        return bool(ends) and all(end is Situation.BUSY for end in ends)
    return any(end is Situation.BUSY for end in ends)
