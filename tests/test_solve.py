"""The work-list solver, on graphs of real functions and with domains that are easy to foresee."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable, Sequence

import libcst as cst
import pytest
from programs import analysed, follow, letters, place

from conn_lint.flow.solve import MAX_STATES, solve, successors
from conn_lint.lower.unit import lower_module
from conn_lint.model.expression import Name
from conn_lint.model.flow import AssignEvent, CallEvent, Edge, FlowGraph, Raised
from conn_lint.syntax.convert import convert


def graph_of(body: str) -> FlowGraph:
    source = "def f(a, b):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    return lower_module(convert(cst.parse_module(source))).functions[1].graph


class Path:
    """A state is the row of calls made so far, cut to its last ones; exceptions are not followed unless wanted."""

    def __init__(self, graph: FlowGraph, *, length: int = 9, raising: bool = False) -> None:
        self.graph = graph
        self.length = length
        self.raising = raising
        self.steps = 0
        self.widened = 0

    def transfer(self, state: str, node: int, edges: Sequence[Edge]) -> Iterable[tuple[int, str]]:
        self.steps += 1
        event = self.graph.events[node]
        after = state
        if isinstance(event, CallEvent) and isinstance(event.func, Name):
            after = (state + event.func.id)[-self.length :]
        for edge in edges:
            if isinstance(edge.kind, Raised):
                if self.raising:
                    yield edge.target, state
            else:
                yield edge.target, after

    def widen(self, state: str, *, much: bool) -> str:
        self.widened += 1
        return "!" if much else "".join(sorted(set(state)))


def ends(body: str, **options: int) -> tuple[set[str], set[str]]:
    graph = graph_of(body)
    states = solve(successors(graph), Path(graph, **options), {""})
    return states.get(FlowGraph.EXIT, set()), states.get(FlowGraph.RAISED, set())


@pytest.mark.parametrize(
    ("normal", "body"),
    [
        ({"xy"}, "x()\ny()\n"),
        ({"xz", "yz"}, "if a:\n    x()\nelse:\n    y()\nz()\n"),
        ({"", "x", "xx", "xxx"}, "for i in a:\n    x()\n"),
        ({"xy", "y"}, "if a:\n    x()\n    y()\n    return\ny()\n"),
        (
            {"xz", "yz"},
            "try:\n    if a:\n        x()\n        return\n    y()\nfinally:\n    z()\n",
        ),
        ({"x"}, "x()\nreturn\ny()\n"),
        ({"xy"}, "while True:\n    x()\n    break\ny()\n"),
    ],
)
def test_every_way_through_is_taken(normal: set[str], body: str) -> None:
    assert ends(body, length=3)[0] == normal


def test_exceptions_leave_with_the_state_before_the_event() -> None:
    assert ends("x()\ny()\n", raising=True) == ({"xy"}, {"", "x"})


def test_code_after_an_endless_loop_is_not_reached() -> None:
    assert ends("while True:\n    x()\ny()\n", length=2) == (set(), set())


def test_a_state_passes_a_node_once() -> None:
    graph = graph_of("while a:\n    if b:\n        pass\n    x = 1\n")
    domain = Path(graph)
    solve(successors(graph), domain, {""})
    assert domain.steps <= len(graph.events)


def test_it_starts_where_it_is_told() -> None:
    graph = graph_of("x()\ny = 1\nz()\n")
    (start,) = [n for n, event in enumerate(graph.events) if isinstance(event, AssignEvent)]
    states = solve(successors(graph), Path(graph), {"s", "t"}, start)
    assert states[FlowGraph.EXIT] == {"sz", "tz"}
    assert states[start] == {"s", "t"}


def test_many_states_are_widened_in_two_steps() -> None:
    body = "".join(f"if a:\n    f{n}()\n" for n in range(12))
    graph = graph_of(body)
    domain = Path(graph, length=99)
    states = solve(successors(graph), domain, {""})
    assert domain.widened > 0
    assert max(map(len, states.values())) <= 4 * MAX_STATES + 1
    assert "!" in states[FlowGraph.EXIT]


def test_few_states_are_not() -> None:
    graph = graph_of("".join(f"if a:\n    f{n}()\n" for n in range(6)))
    domain = Path(graph, length=99)
    assert len(solve(successors(graph), domain, {""})[FlowGraph.EXIT]) == 64
    assert domain.widened == 0


SHAPES = {
    "independent ifs": "".join(f"if a.c{n}:\n    conn.execute({n})\n" for n in range(40)),
    "ifs asked twice": "".join(f"if v{n}:\n    conn.execute()\n" for n in [*range(40), *range(40)]),
    "flags": "".join(f"v{n} = False\nif a:\n    v{n} = True\n" for n in range(40))
    + "".join(f"if v{n}:\n    conn.execute()\n" for n in range(40)),
    "aliases": "".join(f"if a:\n    v{n} = conn\n" for n in range(40)),
    "loops": "".join(
        f"for i in a:\n    if i:\n        break\n    conn.execute({n})\n" for n in range(40)
    ),
    "tries": "".join(
        f"try:\n    conn.execute({n})\nexcept ValueError:\n    v{n} = conn\n" for n in range(40)
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("end", "fate"), [("conn.close()", "not-on-error"), ("pass", "never")])
def test_large_functions_are_done_at_once(shape: str, end: str, fate: str) -> None:
    body = f"conn = connect()\n{SHAPES[shape]}{end}\n"
    source = "from acme import connect\ndef f(a):\n" + textwrap.indent(body, "    ")
    started = time.process_time()
    made = analysed({"m.py": source})
    (found,) = follow(made, place(made, "m.py", "f"))
    assert time.process_time() - started < 5
    assert found.solved.fate.value in (fate, "always" if shape == "aliases" else fate)
    assert "B" in found.raised or shape == "aliases"


def test_nothing_is_lost_by_widening() -> None:
    """A release that a condition depends on is still seen as one that may be skipped."""
    body = "conn = connect()\n" + SHAPES["flags"] + "if a:\n    conn.close()\n"
    source = "from acme import connect\ndef f(a):\n" + textwrap.indent(body, "    ")
    made = analysed({"m.py": source})
    (found,) = follow(made, place(made, "m.py", "f"))
    assert set(found.exit) == {"B", "R"}
    assert letters(found.states[FlowGraph.RAISED]) == found.raised
