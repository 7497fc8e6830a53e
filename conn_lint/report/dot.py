"""Draws a chart in Graphviz's language, DOT."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.report.chart import Chart, Node, NodeKind
from conn_lint.report.escape import one_line

_STYLES: dict[NodeKind, str] = {
    "entry": 'shape=oval, style=filled, fillcolor="#e8f0fe", color="#3367d6"',
    "function": "shape=box",
    "module": "shape=folder",
    "anew": "shape=hexagon",
    "kept": 'shape=cylinder, style=filled, fillcolor="#e6f4ea", color="#188038"',
    "found": 'shape=hexagon, style=filled, fillcolor="#fce8e6", color="#c5221f", penwidth=2',
}


def render_dot(chart: Chart) -> Iterator[str]:
    """The lines of the drawing."""
    yield "digraph connections {"
    yield "  rankdir=LR;"
    yield '  node [fontname="sans-serif"];'
    for node in chart.nodes:
        yield f"  {_node(node)}"
    for group in chart.groups:
        yield f"  subgraph cluster_{group.id} {{"
        yield f"    label={_quoted(group.label)};"
        for node in group.nodes:
            yield f"    {_node(node)}"
        yield "  }"
    for edge in chart.edges:
        style = "" if edge.sure else ", style=dashed"
        yield f"  {edge.source} -> {edge.target} [label={_quoted(edge.label)}{style}];"
    yield "}"


def _node(node: Node) -> str:
    return f"{node.id} [label={_quoted(*node.lines)}, {_STYLES[node.kind]}];"


def _quoted(*lines: str) -> str:
    r"""A string of several lines; a backslash would begin one of Graphviz's escapes (`\N` is a node's name)."""
    return '"' + "\\n".join(map(_escaped, lines)) + '"'


def _escaped(line: str) -> str:
    text = one_line(line).replace("&", "&amp;")
    return text.replace("\\", "\\\\").replace('"', '\\"')
