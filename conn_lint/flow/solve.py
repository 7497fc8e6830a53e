"""A work-list solver over flow graphs, for any domain of states that can be joined."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from conn_lint.model.flow import Edge, EdgeKind, Event, FlowGraph

State = TypeVar("State")


class Domain(Protocol[State]):
    """What a state is and how it changes. `step` gives None where the edge cannot be taken."""

    def step(self, state: State, node: int, event: Event | None, via: EdgeKind) -> State | None: ...

    def join(self, left: State, right: State) -> State: ...


def successors(graph: FlowGraph) -> Mapping[int, Sequence[Edge]]:
    """The edges out of each node."""
    out: dict[int, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        out[edge.source].append(edge)
    return out


def solve(
    graph: FlowGraph,
    domain: Domain[State],
    start: State,
    node: int = FlowGraph.ENTRY,
    edges: Mapping[int, Sequence[Edge]] | None = None,
) -> dict[int, State]:
    """The state on entry to each node that can be reached from `node`, where it is `start`."""
    edges = successors(graph) if edges is None else edges
    before = {node: start}
    todo = deque([node])
    waiting = {node}
    while todo:
        current = todo.popleft()
        waiting.discard(current)
        event = graph.events[current]
        for edge in edges.get(current, ()):
            state = domain.step(before[current], current, event, edge.kind)
            if state is None:
                continue
            if edge.target in before:
                state = domain.join(before[edge.target], state)
                if state == before[edge.target]:
                    continue
            before[edge.target] = state
            if edge.target not in waiting:
                waiting.add(edge.target)
                todo.append(edge.target)
    return before
