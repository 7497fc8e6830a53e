"""Ways through a graph."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place

from conn_lint.flow.guarding import as_called, dominators, is_guarded, reachable
from conn_lint.flow.solve import successors
from conn_lint.model.expression import Literal, Name, walk
from conn_lint.model.flow import CallEvent, FlowGraph, Guard


def graph_of(body: str, parameters: str = "a=None, b=None") -> tuple[FlowGraph, list[int]]:
    """The graph, and the nodes in it that call `made`."""
    text = f"def f({parameters}):\n" + textwrap.indent(body, "    ")
    program = analysis({"m.py": text})
    function = program.program.function(place(program, "m.py", "f"))
    assert function is not None
    events = enumerate(function.graph.events)
    nodes = [n for n, e in events if isinstance(e, CallEvent) and e.func == Name("made")]
    return function.graph, nodes


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if a:\n    made()", True),
        ("if not a:\n    made()", True),
        ("if a:\n    return\nmade()", True),
        ("made()\nif a:\n    pass", False),
        ("if a:\n    pass\nmade()", False),
        ("if a:\n    made()\nelse:\n    made()", False),
        ("while True:\n    if a:\n        break\n    made()", True),
        ("if a:\n    other()\n    made()", True),
    ],
)
def test_guards(body: str, expected: bool) -> None:
    graph, nodes = graph_of(body)
    guarded = is_guarded(
        successors(graph),
        dominators(successors(graph)),
        nodes,
        lambda edge: isinstance(edge.kind, Guard) and Name("a") in walk(edge.kind.test),
    )
    assert guarded is expected


@pytest.mark.parametrize(
    ("body", "absent", "present", "objects"),
    [
        ("made()", True, True, True),
        ("if a is None:\n    made()", True, False, False),
        ("if a is not None:\n    made()", False, True, True),
        ("if a:\n    made()", False, True, True),
        ("if not a:\n    made()", True, True, False),
        ("if a is None:\n    a = 1\nif a:\n    made()", True, True, True),
        ("own = a is None\nif own:\n    made()", True, False, False),
        ("own = a is None\nif not own:\n    made()", False, True, True),
        ("own = a is None\nown = b\nif own:\n    made()", True, True, True),
        ("a = None\nif a is None:\n    made()", True, True, True),
        ("if b is None:\n    made()", True, True, True),
        ("if b:\n    a = None\nif a is None:\n    made()", True, True, True),
        ("while b:\n    if a is None:\n        a = made()", True, False, False),
    ],
)
def test_what_a_call_leaves_out_or_gives(
    body: str, absent: bool, present: bool, objects: bool
) -> None:
    graph, nodes = graph_of(body)

    def comes(*names: tuple[str, ...]) -> bool:
        edges = as_called(graph, successors(graph), *names)
        return not reachable(edges, [FlowGraph.ENTRY]).isdisjoint(nodes)

    assert comes(("a",)) is absent
    assert comes((), ("a",)) is present
    assert comes((), ("a",), ("a",)) is objects


@pytest.mark.parametrize(
    ("body", "value", "expected"),
    [
        ("if a:\n    made()", Literal("bool", True), True),
        ("if a:\n    made()", Literal("bool", False), False),
        ("if not a:\n    made()", Literal("str", "x"), False),
        ("if not a:\n    made()", Literal("str", ""), True),
        ("if not a:\n    made()", Literal("str", None), True),
        ("if a == 'x':\n    made()", Literal("str", "x"), True),
        ("if a == 'x':\n    made()", Literal("str", "y"), False),
        ("if a == 'x':\n    made()", Literal("str", None), True),
        ("if a != 'x':\n    made()", Literal("str", "x"), False),
        ("if a is None:\n    made()", Literal("int", 0), False),
        ("if a is False:\n    made()", Literal("bool", True), False),
        ("if a in ('x', 'y'):\n    made()", Literal("str", "z"), False),
        ("if a in ('x', 'y'):\n    made()", Literal("str", "y"), True),
        ("if a not in ('x', 'y'):\n    made()", Literal("str", "y"), False),
        ("if a in ('x', b):\n    made()", Literal("str", "z"), True),
        ("if a == b:\n    made()", Literal("str", "z"), True),
        ("if a > 1:\n    made()", Literal("int", 0), True),
        ("own = a == 'x'\nif own:\n    made()", Literal("str", "y"), False),
        ("if b:\n    a = 'x'\nif a == 'x':\n    made()", Literal("str", "y"), True),
    ],
)
def test_constants_that_a_call_gives(body: str, value: Literal, expected: bool) -> None:
    graph, nodes = graph_of(body)
    edges = as_called(graph, successors(graph), (), constants={"a": value})
    assert (not reachable(edges, [FlowGraph.ENTRY]).isdisjoint(nodes)) is expected
