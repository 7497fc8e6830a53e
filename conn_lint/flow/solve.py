"""A work-list solver over flow graphs: it carries sets of states along the edges until nothing new arrives."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from conn_lint.model.flow import Edge, FlowGraph

State = TypeVar("State", bound=Hashable)

MAX_STATES = 64
"""As many states may meet at one node before they are made coarser."""


class Domain(Protocol[State]):
    """What a state is and how it changes along the edges out of a node."""

    def transfer(
        self, state: State, node: int, edges: Sequence[Edge]
    ) -> Iterable[tuple[int, State]]:
        """The nodes that can be next, each with the state there; an edge that cannot be taken gives nothing."""

    def widen(self, state: State, *, much: bool) -> State:
        """A coarser state that covers this one."""


def successors(graph: FlowGraph) -> Mapping[int, Sequence[Edge]]:
    """The edges out of each node."""
    out: dict[int, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        out[edge.source].append(edge)
    return out


def solve(
    edges: Mapping[int, Sequence[Edge]],
    domain: Domain[State],
    start: Iterable[State],
    node: int = FlowGraph.ENTRY,
) -> dict[int, set[State]]:
    """The states in which each node can be reached from `node`, where they are `start`.

    Nodes are numbered about as they run, so the lowest waiting one goes first; each state passes a node once.
    """
    before: dict[int, set[State]] = {node: set(start)}
    fresh: dict[int, list[State]] = {node: list(before[node])}
    waiting = [node]
    while waiting:
        current = heapq.heappop(waiting)
        out = edges.get(current, ())
        for state in fresh.pop(current, ()):
            for target, after in domain.transfer(state, current, out):
                known = before.setdefault(target, set())
                crowd = len(known)
                much = crowd >= 4 * MAX_STATES
                new = after if crowd < MAX_STATES else domain.widen(after, much=much)
                if new in known:
                    continue
                known.add(new)
                if target not in fresh:
                    fresh[target] = []
                    heapq.heappush(waiting, target)
                fresh[target].append(new)
    return before
