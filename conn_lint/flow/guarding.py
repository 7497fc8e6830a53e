"""Questions about ways through a graph: is a node guarded by a test, does a loop come back to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from conn_lint.model.expression import Literal, Name, Operator
from conn_lint.model.flow import AssignEvent, Edge, FlowGraph, Guard, Handler, Raised


def reachable(
    edges: Mapping[int, Sequence[Edge]],
    start: Iterable[int],
    *,
    without: Collection[int] = (),
    normal: bool = False,
) -> set[int]:
    """The nodes that can be reached from `start`, not going on from those in `without`.

    With `normal`, no event on the way raises.
    """
    seen = set(start)
    todo = list(seen)
    while todo:
        node = todo.pop()
        if node in without:
            continue
        for edge in edges.get(node, ()):
            if edge.target not in seen and not (normal and isinstance(edge.kind, Raised)):
                seen.add(edge.target)
                todo.append(edge.target)
    return seen


def is_guarded(
    edges: Mapping[int, Sequence[Edge]], nodes: Collection[int], guards: Callable[[Edge], bool]
) -> bool:
    """Each way to the nodes passes a guard, which also has a way to the function's end around them.

    `guards` tells which edges belong to a test (or to a dispatch of exceptions) that counts.
    """
    checks = {edge.source for out in edges.values() for edge in out if guards(edge)} - set(nodes)
    useful = {node for node in checks if _goes_around(edges, node, nodes)}
    if FlowGraph.EXIT in reachable(edges, [FlowGraph.ENTRY], without=nodes, normal=True):
        # What a try block asked for was not there: the ways out of its handlers are none around them.
        useful |= {
            e.source
            for out in edges.values()
            for e in out
            if isinstance(e.kind, Handler) and guards(e)
        }
    if not useful:
        return False
    reached = reachable(edges, [FlowGraph.ENTRY], without=useful)
    return reached.isdisjoint(nodes)


def _goes_around(edges: Mapping[int, Sequence[Edge]], node: int, nodes: Collection[int]) -> bool:
    """The node's outcomes part: one never leads to the guarded nodes, or one must and another need not."""
    outcomes = [
        reachable(edges, [edge.target], without={*nodes, node}, normal=True)
        for edge in edges.get(node, ())
        if not isinstance(edge.kind, Raised)
    ]
    ends = [FlowGraph.EXIT in found or node in found for found in outcomes]
    leads = [not found.isdisjoint(nodes) for found in outcomes]
    never = any(end and not lead for end, lead in zip(ends, leads, strict=True))
    must = any(lead and not end for end, lead in zip(ends, leads, strict=True))
    return any(leads) and (never or (must and any(ends)))


def without_absent(
    graph: FlowGraph, edges: Mapping[int, Sequence[Edge]], absent: Collection[str]
) -> Mapping[int, Sequence[Edge]]:
    """The edges that can be taken while these names are None, until something else is assigned to them."""
    if not absent:
        return edges
    closed: set[Edge] = set()
    for name in absent:
        assigned = {
            node
            for node, event in enumerate(graph.events)
            if isinstance(event, AssignEvent) and event.target == name
        }
        before = reachable(edges, [FlowGraph.ENTRY], without=assigned)
        closed |= {
            edge
            for node in before
            for edge in edges.get(node, ())
            if isinstance(edge.kind, Guard) and _says_there(edge.kind, name)
        }
    return {node: [e for e in out if e not in closed] for node, out in edges.items()}


def _says_there(guard: Guard, name: str) -> bool:
    """The guard lets pass only what has a value under that name."""
    match guard.test:
        case Name(id=found):
            return found == name and guard.outcome
        case Operator(op="is" | "==", operands=(Name(id=found), Literal(kind="none"))):
            return found == name and not guard.outcome
        case Operator(op="is not" | "!=", operands=(Name(id=found), Literal(kind="none"))):
            return found == name and guard.outcome
        case _:
            return False
