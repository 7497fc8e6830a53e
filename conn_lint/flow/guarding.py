"""Questions about ways through a graph: is a node guarded by a test, does a loop come back to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from conn_lint.flow.solve import successors
from conn_lint.model.expression import Container, Expr, Literal, Name, Operator, walk
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


def dominators(edges: Mapping[int, Sequence[Edge]]) -> dict[int, int]:
    """The nearest node that each way to a node passes; the entry's is itself (Cooper, Harvey and Kennedy 2001)."""
    order = _postorder(edges)
    number = {node: index for index, node in enumerate(order)}
    before: dict[int, list[int]] = {node: [] for node in order}
    for node in order:
        for edge in edges.get(node, ()):
            before[edge.target].append(node)
    found = {FlowGraph.ENTRY: FlowGraph.ENTRY}
    changed = True
    while changed:
        changed = False
        for node in reversed(order):
            if node == FlowGraph.ENTRY:
                continue
            known = [other for other in before[node] if other in found]
            nearest = known[0]
            for other in known[1:]:
                nearest = _common(found, number, nearest, other)
            if found.get(node) != nearest:
                found[node] = nearest
                changed = True
    return found


def _postorder(edges: Mapping[int, Sequence[Edge]]) -> list[int]:
    order: list[int] = []
    seen = {FlowGraph.ENTRY}
    todo = [(FlowGraph.ENTRY, iter(edges.get(FlowGraph.ENTRY, ())))]
    while todo:
        node, out = todo[-1]
        for edge in out:
            if edge.target not in seen:
                seen.add(edge.target)
                todo.append((edge.target, iter(edges.get(edge.target, ()))))
                break
        else:
            order.append(node)
            todo.pop()
    return order


def _common(found: Mapping[int, int], number: Mapping[int, int], one: int, other: int) -> int:
    while one != other:
        while number[one] < number[other]:
            one = found[one]
        while number[other] < number[one]:
            other = found[other]
    return one


def _passed(found: Mapping[int, int], nodes: Collection[int]) -> list[int]:
    """The nodes that each way to all of these passes."""
    chains = []
    for node in nodes:
        chain = []
        current = node
        while current in found and current != found[current]:
            current = found[current]
            chain.append(current)
        chains.append(chain)
    common = set(chains[0]).intersection(*chains[1:]) if chains else set()
    return [node for node in chains[0] if node in common] if chains else []


def is_guarded(
    edges: Mapping[int, Sequence[Edge]],
    found: Mapping[int, int],
    nodes: Collection[int],
    guards: Callable[[Edge], bool],
) -> bool:
    """Each way to the nodes passes a guard, which also has a way to the function's end around them.

    `found` are the dominators; `guards` tells which edges belong to a test (or to a dispatch of exceptions) that
    counts.
    """
    for node in _passed(found, nodes):
        asking = [edge for edge in edges.get(node, ()) if guards(edge)]
        if not asking:
            continue
        if any(isinstance(edge.kind, Handler) for edge in asking):
            # What a try block asked for was not there: its own end is the way around.
            if FlowGraph.EXIT in reachable(edges, [FlowGraph.ENTRY], without=nodes, normal=True):
                return True
        elif _goes_around(edges, node, nodes):
            return True
    return False


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


def tested_names(graph: FlowGraph) -> frozenset[str]:
    """The names on which a test in the graph depends: of others it does not matter with what it is called."""
    tests = [
        edge.kind.test
        for out in successors(graph).values()
        for edge in out
        if isinstance(edge.kind, Guard)
    ]
    tests += [test for test, _ in _flags(graph).values()]
    return frozenset(part.id for test in tests for part in walk(test) if isinstance(part, Name))


def as_called(
    graph: FlowGraph,
    edges: Mapping[int, Sequence[Edge]],
    absent: Collection[str],
    present: Collection[str] = (),
    objects: Collection[str] = (),
    constants: Mapping[str, Literal] | None = None,
) -> Mapping[int, Sequence[Edge]]:
    """The edges that can be taken while these names are None, or are not, until something else is assigned to them.

    Of those that are not, `objects` are true when they are tested; others may be empty. `constants` are known.
    """
    constants = constants or {}
    if not absent and not present and not constants:
        return edges
    flags = _flags(graph)
    closed: set[int] = set()  # ids: to hash an edge takes all of its test
    for name in {*absent, *present, *constants}:
        assigned = {
            node
            for node, event in enumerate(graph.events)
            if isinstance(event, AssignEvent) and event.target == name
        }
        before = reachable(edges, [FlowGraph.ENTRY], without=assigned) - assigned
        told = {flag: test for flag, (test, node) in flags.items() if node in before}

        def contradicts(edge: Edge, name: str = name, told: Mapping[str, Expr] = told) -> bool:
            if not isinstance(edge.kind, Guard):
                return False
            test = edge.kind.test
            asked = told.get(getattr(test, "id", ""), test)
            if name in constants:
                comes_to = _value_of(asked, name, constants[name])
                return comes_to is not None and comes_to != edge.kind.outcome
            said = _says_there(asked, edge.kind.outcome, name)
            if said is None or (
                name in present and name not in objects and _is_of_truth(test, name)
            ):
                return False
            return said == (name in absent)

        closed |= _closed(edges, assigned, contradicts)
        closed |= {
            id(edge)
            for out in edges.values()
            for edge in out
            if isinstance(edge.kind, Guard)
            and getattr(edge.kind.test, "id", "") in told
            and contradicts(edge)
        }
    return {node: [e for e in out if id(e) not in closed] for node, out in edges.items()}


def _closed(
    edges: Mapping[int, Sequence[Edge]], ends: Collection[int], closes: Callable[[Edge], bool]
) -> set[int]:
    """The ids of the edges that are closed on all ways from the entry; after a node in `ends` no more is told."""
    refused: set[int] = set()
    taken: set[int] = set()
    seen = {(FlowGraph.ENTRY, FlowGraph.ENTRY not in ends)}
    todo = list(seen)
    while todo:
        node, told = todo.pop()
        for edge in edges.get(node, ()):
            if told and closes(edge):
                refused.add(id(edge))
                continue
            taken.add(id(edge))
            state = (edge.target, told and edge.target not in ends)
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return refused - taken


def is_optional(graph: FlowGraph, node: int, names: Collection[str]) -> bool:
    """Only a setting lets the function come to the node: a constant that is none of its own `names` is asked."""
    return _needs(graph, node, lambda name: name.isupper() and name not in names)


def is_for_script(graph: FlowGraph, node: int) -> bool:
    """The module comes to the node only if it is run as a script."""
    return _needs(graph, node, lambda name: name == "__name__")


def _needs(graph: FlowGraph, node: int, asked: Callable[[str], bool]) -> bool:
    """Each way to the node passes a test that reads such a name."""

    def asks(edge: Edge) -> bool:
        return isinstance(edge.kind, Guard) and any(
            isinstance(part, Name) and asked(part.id) for part in walk(edge.kind.test)
        )

    open_ways = {n: [e for e in out if not asks(e)] for n, out in successors(graph).items()}
    return node not in reachable(open_ways, [FlowGraph.ENTRY])


def _flags(graph: FlowGraph) -> dict[str, tuple[Expr, int]]:
    """The tests behind names that are assigned once, as in `own = conn is None`, and where."""
    assigned: dict[str, list[tuple[Expr, int]]] = {}
    for node, event in enumerate(graph.events):
        if isinstance(event, AssignEvent):
            assigned.setdefault(event.target, []).append((event.value, node))
    return {
        name: values[0]
        for name, values in assigned.items()
        if len(values) == 1 and isinstance(values[0][0], Operator)
    }


def _is_of_truth(test: Expr, name: str) -> bool:
    """The test asks whether what the name has is true, and not whether it is None."""
    if isinstance(test, Operator) and test.op == "not":
        return _is_of_truth(test.operands[0], name)
    return test == Name(name)


def _value_of(test: Expr, name: str, value: Literal) -> bool | None:
    """Whether the test holds if the name has the value; None if that is not all it asks."""
    match test:
        case Name(id=found) if found == name:
            return _is_true(value)
        case Operator(op="not", operands=(operand,)):
            known = _value_of(operand, name, value)
            return None if known is None else not known
        case Operator(op="is" | "==" | "is not" | "!=" as op, operands=(one, Literal() as other)):
            same = _is_same(value, other) if one == Name(name) else None
            return None if same is None else same == (op in ("is", "=="))
        case Operator(op="in" | "not in" as op, operands=(one, Container(items=items))):
            if one != Name(name) or not all(isinstance(item, Literal) for item in items):
                return None
            equal = [_is_same(value, item) for item in items if isinstance(item, Literal)]
            return None if None in equal else (True in equal) == (op == "in")
        case _:
            return None


def _is_true(value: Literal) -> bool | None:
    return None if value.value is None and value.kind != "none" else bool(value.value)


def _is_same(one: Literal, other: Literal) -> bool | None:
    """None where a value is too big to be known."""
    if any(part.value is None and part.kind != "none" for part in (one, other)):
        return None
    return one.value == other.value and (one.kind == "none") == (other.kind == "none")


def _says_there(test: Expr, outcome: bool, name: str) -> bool | None:
    """This outcome of the test lets pass only what has a value under the name (False: only None or nothing)."""
    match test:
        case Name(id=found) if found == name:
            return outcome
        case Operator(op="not", operands=(operand,)):
            return _says_there(operand, not outcome, name)
        case Operator(op="is" | "==", operands=(Name(id=found), Literal(kind="none"))):
            return not outcome if found == name else None
        case Operator(op="is not" | "!=", operands=(Name(id=found), Literal(kind="none"))):
            return outcome if found == name else None
        case _:
            return None
