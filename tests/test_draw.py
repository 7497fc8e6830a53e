from __future__ import annotations

import libcst as cst

from conn_lint.flow.draw import draw_mermaid, draw_text, draw_unit
from conn_lint.flow.write import written
from conn_lint.lower.unit import lower_module, lower_unit
from conn_lint.model.expression import Argument, Call, Literal, Name
from conn_lint.model.flow import FlowGraph
from conn_lint.syntax.convert import convert

SOURCE = """\
def f(conn):
    if conn.ok("<a>"):
        return 1
"""


def graph() -> FlowGraph:
    return lower_unit(convert(cst.parse_module(SOURCE))).functions[0].graph


def test_text_has_a_line_for_each_node() -> None:
    expected = [
        "0 entry -> 3",
        "1 exit",
        "2 raised",
        "3 2 t0 = conn.ok('<a>') if t0: 4, if not t0: 1, raise: 2",
        "4 3 return 1 -> 1",
    ]
    assert [" ".join(line.split()) for line in draw_text(graph()).splitlines()] == expected


def test_mermaid() -> None:
    text = draw_mermaid(graph())
    assert text.startswith("flowchart TD\n")
    assert "  n3[\"3: t0 = conn.ok('&lt;a>')\"]\n" in text
    assert '  n3 -->|"if t0"| n4\n' in text
    assert '  n3 -.->|"raise"| n2\n' in text
    assert "  n4 --> n1\n" in text


def test_too_large_graph_is_said_to_be() -> None:
    assert draw_text(FlowGraph((), (), too_large=True)) == "  (too large)\n"


def test_whole_calls_and_cut_literals() -> None:
    call = Call(Name("f"), (Argument(Literal("str", None)), Argument(Name("k"), "**")))
    assert written(call) == "f(<str>, **k)"


def test_unit_shows_heads_and_loops() -> None:
    text = draw_unit(
        lower_module(
            convert(cst.parse_module("@d(1)\nasync def f(*a: int, b=2):\n    while b: pass\n"))
        )
    )
    assert "#1 async function f(*a: int, b=2)\n     @d(1)\n     in #0; locals a b" in text
    assert "     loop 0: while b\n" in text
