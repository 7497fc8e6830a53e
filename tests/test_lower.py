from __future__ import annotations

import libcst as cst
import msgspec
import pytest
from graph_checks import problems_of_unit
from hypothesis import HealthCheck, given, settings
from hypothesmith import from_grammar

from conn_lint.lower.graph import LIMIT
from conn_lint.lower.unit import lower_module, lower_unit
from conn_lint.model.expression import Attribute, Literal, Name, Operator, Temp, Unknown
from conn_lint.model.flow import AssignEvent, CallEvent, DefineEvent, ImportEvent, StoreEvent
from conn_lint.model.location import Span
from conn_lint.model.summary import Function, UnitSummary
from conn_lint.syntax.convert import convert, read_slowly
from conn_lint.syntax.deep import run_deep


def function(source: str) -> Function:
    unit = lower_unit(convert(cst.parse_module(source)))
    assert list(problems_of_unit(unit)) == []
    return unit.functions[0]


def test_indented_unit_has_spans_of_its_own() -> None:
    unit = lower_unit(read_slowly("    @property\n    def f(self):\n        return self.x()\n"))
    (lowered,) = unit.functions
    assert lowered.name == lowered.qualname == "f"
    assert lowered.span == Span(2, 4, 3, 23)
    call = lowered.graph.events[3]
    assert call is not None
    assert call.span == Span(3, 15, 3, 23)
    assert lowered.decorators == (Name("property"),)


def test_rest_has_class_bodies_but_no_functions() -> None:
    source = "class A(B):\n    x = 1\n    @d(make())\n    def m(self): pass\ndef f(): pass\n"
    unit = lower_unit(convert(cst.parse_module(source)), rest=True)
    assert [f.kind for f in unit.functions] == ["module", "class"]
    defined = [
        (event.name, event.kind, event.function)
        for f in unit.functions
        for event in f.graph.events
        if isinstance(event, DefineEvent)
    ]
    assert defined == [("A", "class", 1), ("f", "function", -1), ("m", "function", -1)]
    assert sum(isinstance(event, CallEvent) for event in unit.functions[1].graph.events) == 2


def test_imports_keep_level_and_line() -> None:
    source = "from ..a import (b as c,\n  d)\nimport e.f, g as h\n"
    events = lower_module(convert(cst.parse_module(source))).functions[0].graph.events
    imports = [part for event in events if isinstance(event, ImportEvent) for part in event.imports]
    assert [(i.module, i.name, i.bound, i.level, i.line) for i in imports] == [
        ("a", "b", "c", 2, 1),
        ("a", "d", "d", 2, 2),
        ("e.f", None, "e", 0, 3),
        ("g", None, "h", 0, 3),
    ]


def test_annotations_are_kept() -> None:
    events = function("def f(self):\n    x: A\n    self.y: B = 1\n").graph.events
    assert isinstance(events[3], AssignEvent)
    assert (events[3].value, events[3].annotation) == (Unknown(()), Name("A"))
    assert isinstance(events[4], StoreEvent)
    assert events[4].annotation == Name("B")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a' 'b'", Literal("str", "ab")),
        ("-5", Literal("int", -5)),
        ("0x10", Literal("int", 16)),
        ("1_000", Literal("int", 1000)),
        ("1e999", Literal("float", None)),
        ("2j", Literal("complex", None)),
        ("...", Literal("ellipsis", None)),
        (repr("x" * 201), Literal("str", None)),
        ("'x' " * 60 + repr("y" * 150), Literal("str", None)),
        (str(2**64), Literal("int", None)),
        ("9" * 5000, Literal("int", None)),
        (r"'\ud800'", Literal("str", None)),
        (r"'\x41'", Literal("str", "A")),
        (r"rb'\x'", Literal("bytes", "\\x")),
        ("None", Literal("none", None)),
    ],
)
def test_constants(text: str, value: Literal) -> None:
    event = function(f"def f():\n    x = {text}\n").graph.events[3]
    assert isinstance(event, AssignEvent)
    assert event.value == value


def test_long_chains_are_neither_slow_nor_deep() -> None:
    def lower() -> None:
        # LibCST's parser takes minutes for 5,000 calls in a row, lowering a quarter of a second.
        added = function("def f():\n    x = " + " + ".join(["a"] * 500) + "\n")
        event = added.graph.events[3]
        assert isinstance(event, AssignEvent)
        assert event.value == Operator("+", (Name("a"),) * 500)
        called = function("def f():\n    x" + ".y()" * 500 + "\n")
        assert len(called.graph.events) == 503
        either = function("def f():\n    if " + " or ".join(["a"] * 5000) + ": b()\n")
        assert len(either.graph.events) == 5003
        function("def f():\n    x = " + " or ".join(["a()"] * 2000) + "\n")
        function("def f():\n    x = " + " < ".join(["a"] * 5000) + "\n")
        function("def f():\n    return x" + ".y" * 1000 + "\n")

    run_deep(lower)


def test_long_rows_of_elif() -> None:
    source = "def f(x):\n    if x: pass\n" + "    elif x == 1: g()\n" * 1500
    lowered = run_deep(function, source)
    assert sum(isinstance(event, CallEvent) for event in lowered.graph.events) == 1500
    assert len(lowered.statements) == 3002


def test_function_that_multiplies_is_given_up() -> None:
    lines = ["def f(x):", "    for y in x:"]
    depth = 2
    for _ in range(14):
        lines += ["    " * depth + "try:", "    " * (depth + 1) + "if a(): return b()"]
        lines += ["    " * (depth + 1) + "if a(): break", "    " * depth + "finally:"]
        depth += 1
    lines.append("    " * depth + "c()")
    lowered = function("\n".join(lines) + "\n")
    assert lowered.graph.too_large
    assert lowered.graph.events == ()
    assert lowered.locals == ("x", "y")
    assert LIMIT == 20_000


def test_finally_copies_share_statements_and_loops() -> None:
    lowered = function(
        "def f(x):\n    try:\n        return g()\n    finally:\n        for y in x: h(y)\n"
    )
    assert len(lowered.loops) == 1
    calls = [event for event in lowered.graph.events if isinstance(event, CallEvent)]
    copies = [call for call in calls if call.func == Name("h")]
    assert len(copies) == 2
    assert {copy.statement for copy in copies} == {copies[0].statement}
    assert {copy.loop for copy in copies} == {0}


def test_callee_chain_is_not_a_use() -> None:
    events = function("def f(a):\n    a.b[0].c()\n").graph.events
    assert isinstance(events[3], CallEvent)
    assert isinstance(events[3].func, Attribute)
    assert len(events) == 4


def test_blocks_name_their_owners() -> None:
    lowered = function(
        "def f(x):\n    if x:\n        a()\n    elif y:\n        b()\n    else: c()\n"
    )
    kinds = [(block.kind, block.owner) for block in lowered.blocks]
    assert kinds == [("body", -1), ("body", 0), ("orelse", 0), ("body", 2), ("orelse", 2)]
    assert [(s.kind, s.block) for s in lowered.statements] == [
        ("if", 0),
        ("expr", 1),
        ("if", 2),
        ("expr", 3),
        ("expr", 4),
    ]


def test_loop_of_header_and_body() -> None:
    lowered = function("def f(x):\n    for y in g(x):\n        h()\n    while i(): j()\n")
    loops = [event.loop for event in lowered.graph.events if isinstance(event, CallEvent)]
    assert loops == [-1, 0, 1, 1]


def test_lambda_captures_a_comprehension_variable_by_its_graph_name() -> None:
    lowered = function("def f(x):\n    return [lambda: y.z() for y in x]\n")
    ends = [event for event in lowered.graph.events if event is not None]
    assert "y@0" in str(ends[-1])


def test_summary_survives_json() -> None:
    source = "import a\n\ndef f(x=a.b(1)):\n    return [y for y in x]\n"
    unit = lower_module(convert(cst.parse_module(source)))
    assert msgspec.json.decode(msgspec.json.encode(unit), type=UnitSummary) == unit


def test_temps_of_a_walrus_are_names_in_guards() -> None:
    lowered = function("def f():\n    if (x := g()):\n        h(x)\n")
    guards = [edge.kind for edge in lowered.graph.edges if "Guard" in type(edge.kind).__name__]
    assert {str(guard.test) for guard in guards if hasattr(guard, "test")} == {str(Name("x"))}
    event = lowered.graph.events[4]
    assert isinstance(event, AssignEvent)
    assert event.value == Temp(0)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=from_grammar())
def test_any_valid_text_can_be_lowered(source: str) -> None:
    try:
        tree = convert(cst.parse_module(source))
        compile(source, "<text>", "exec")
    except (cst.ParserSyntaxError, SyntaxError, UnicodeEncodeError, ValueError):
        return
    for unit in (lower_module(tree), lower_unit(tree, rest=True)):
        assert list(problems_of_unit(unit)) == []
