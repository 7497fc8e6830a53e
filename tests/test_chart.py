"""Pictures of connections: what is on them, and that no name can break out of its box."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conn_lint.model.connections import Connection, Keeping, Way
from conn_lint.model.finding import Step
from conn_lint.model.location import Location, Span
from conn_lint.report.chart import Chart, limit_message, make_chart
from conn_lint.report.dot import render_dot
from conn_lint.report.mermaid import render_mermaid

GOLDEN = Path(__file__).parent.parent / "fixtures" / "graph"
PLENTY = 1000


def location(path: str, line: int) -> Location:
    return Location(path, Span(line, 4, line, 9))


def step(path: str, line: int, function: str) -> Step:
    return Step(location(path, line), function, "")


def connection(
    path: str,
    line: int,
    *ways: Way,
    function: str = "load",
    call: str = "acme.connect",
    resource: str = "acme.connection",
    kept: Keeping = "",
    codes: tuple[str, ...] = (),
    more: int = 0,
) -> Connection:
    return Connection(
        location=location(path, line),
        statement=(line, line),
        call=call,
        function=function,
        module=path.removesuffix(".py").replace("/", "."),
        resource=resource,
        kind=resource.partition(".")[2],
        kept=kept,
        ways=ways,
        codes=codes,
        more=more,
    )


GET = Way("GET /orders", "request", (step("api.py", 9, "orders"), step("shop/find.py", 20, "find")))
PUT = Way(
    "PUT /orders", "request", (step("api.py", 15, "change"), step("shop/find.py", 20, "find"))
)
DIRECT = Way("task sync", "job")
GUESSED = Way("task guess", "job", (step("jobs.py", 3, "guess"),), sure=False)
SHOP = (
    connection("shop/db.py", 5, GET, PUT, codes=("CNX101", "CNX202"), more=3),
    connection("shop/db.py", 8, GUESSED, function="Store.open"),
    connection("jobs.py", 30, DIRECT, function="sync", call="acme.Client", resource="acme.client"),
    connection("pool.py", 2, function="", resource="acme.pool", kept="import"),
    connection("pool.py", 7, function="shared", resource="acme.pool", kept="process"),
)


def labels(chart: Chart) -> dict[str, tuple[str, ...]]:
    nodes = [*chart.nodes, *(node for group in chart.groups for node in group.nodes)]
    return {node.id: node.lines for node in nodes}


def arrows(chart: Chart) -> list[str]:
    names = {name: lines[0] for name, lines in labels(chart).items()}
    return [f"{names[e.source]} {e.label} {names[e.target]}" for e in chart.edges]


def test_entry_points_lead_through_functions_to_creations() -> None:
    chart = make_chart(SHOP[:1], PLENTY)
    assert sorted(arrows(chart)) == [
        "GET /orders :9 find",
        "PUT /orders :15 find",
        "find :20 load",
        "load :5 acme.connect()",
    ]
    assert [(group.label, len(group.nodes)) for group in chart.groups] == [
        ("acme.connection (connection)", 1)
    ]
    assert labels(chart)["c1"] == (
        "acme.connect()",
        "shop/db.py:5",
        "made anew per request",
        "and 3 more entry points",
        "CNX101, CNX202",
    )


def test_an_entry_point_that_creates_itself_is_one_node() -> None:
    assert arrows(make_chart(SHOP[2:3], PLENTY)) == ["task sync :30 acme.Client()"]


def test_what_no_entry_point_reaches_hangs_on_its_function() -> None:
    chart = make_chart(SHOP[3:], PLENTY)
    assert arrows(chart) == ["shared :7 acme.connect()", "module pool :2 acme.connect()"]
    assert [node.kind for node in chart.groups[0].nodes] == ["kept", "kept"]


def test_ids_do_not_depend_on_the_order() -> None:
    assert make_chart(SHOP, PLENTY) == make_chart(reversed(SHOP), PLENTY)


def test_findings_come_first_where_there_is_little_room() -> None:
    chart = make_chart(SHOP, 6)
    assert [group.label for group in chart.groups] == ["acme.connection (connection)"]
    assert len(labels(chart)) == 5
    assert (chart.hidden, chart.shortened) == (4, 0)
    assert limit_message(chart, 6) == (
        "4 connections left out: more than 6 nodes (--max-nodes N, --focus PATH:LINE)"
    )
    assert limit_message(make_chart(SHOP, PLENTY), PLENTY) == ""


def test_a_creation_keeps_the_ways_for_which_there_is_room() -> None:
    chart = make_chart(SHOP[:1], 4)
    assert len(labels(chart)) == 4
    assert limit_message(chart, 4).startswith("1 connection without some entry points: ")


@pytest.mark.parametrize(
    ("name", "render"), [("shop.mmd", render_mermaid), ("shop.dot", render_dot)]
)
def test_drawings(name: str, render: Callable[..., list[str]], golden: Callable[..., None]) -> None:
    golden(GOLDEN / name, "\n".join(render(make_chart(SHOP, PLENTY))) + "\n")


# Names may be anything

HOSTILE = [
    'x"] --> y["',
    "end",
    "</div><script>alert(1)</script>",
    "a`**b**`",
    "%%{init: {}}%%",
    "1. one",
    "- one",
    "a\nb",
    "\\",
    '\\"',
    "\\N",
    "&quot;",
    "#quot;",
    "{a|b}",
    "style c1 fill:#f00",
    "\x1b[31m\u202e",
    "\udcff",
    "日本語",
    "",
]
names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8))

_DOT_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<id>\w+|-?[.\d]+)|(?P<sign>->|[{}\[\];,=]))'
)
_MERMAID_NODE = re.compile(
    r'\s*[efmc]\d+(?:\(\[|\[\[|\{\{|\[\(|\[)"[^"\[\]{}<>`#;%&\\\n|]*"(?:\]\)|\]\]|\}\}|\)\]|\])'
)
_ENTITY = re.compile(r"#\d+;")


def hostile(name: str) -> tuple[Connection, ...]:
    way = Way(name, name, (step(name, 1, name), step("b.py", 2, name)))
    return (connection(name, 1, way, function=name, call=name, resource=name, codes=(name,)),)


def dot_tokens(text: str) -> list[tuple[str, str]]:
    """The tokens of a drawing; whatever is none fails."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _DOT_TOKEN.match(text, at)
        assert match is not None, text[at : at + 40]
        found.append((str(match.lastgroup), match[match.lastgroup or 0]))
        at = match.end()
    return found


def shape(tokens: list[tuple[str, str]]) -> list[str]:
    """The tokens without what strings say and numbers of nodes, sorted, since names decide the order of nodes."""
    return sorted(kind if kind == "string" else re.sub(r"\d+\Z", "", text) for kind, text in tokens)


@given(names)
def test_no_name_breaks_out_of_dot(name: str) -> None:
    tokens = dot_tokens("\n".join(render_dot(make_chart(hostile(name), PLENTY))))
    # No name makes more of it than a harmless one does, but for the empty one, which is a module's.
    plain = "\n".join(render_dot(make_chart(hostile("b" if name else ""), PLENTY)))
    assert shape(tokens) == shape(dot_tokens(plain))
    assert not any("\n" in text or "\x1b" in text for _, text in tokens)


def test_dot_says_backslashes_and_quotes_as_they_are() -> None:
    text = "\n".join(render_dot(make_chart(hostile('a\\N"&lt;'), PLENTY)))
    assert '"a\\\\N\\"&amp;lt;\\n' in text


@given(names)
def test_no_name_breaks_out_of_mermaid(name: str) -> None:
    lines = list(render_mermaid(make_chart(hostile(name), PLENTY)))
    assert lines[0] == "flowchart LR"
    for line in lines[1:]:
        plain = _ENTITY.sub("", line.replace("<br/>", ""))
        known = (
            _MERMAID_NODE.fullmatch(plain)
            or re.fullmatch(r'  subgraph g\d+\["[^"\[\]{}<>`#;%&\\\n|]*"\]', plain)
            or re.fullmatch(r'  [efm]\d+ -->\|"[:\d, ]*"\| [efmc]\d+', plain)
            or re.fullmatch(r"  end|  classDef \w+ [-\w:,#]+|  class [\w,]+ \w+", line)
        )
        assert known, line


def test_mermaid_says_quotes_as_numbers() -> None:
    text = "\n".join(render_mermaid(make_chart(hostile('a"]<b>'), PLENTY)))
    assert '(["a#34;#93;#60;b#62;<br/>' in text
