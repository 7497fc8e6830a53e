"""Draws a chart in the language of Mermaid, which many places show as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conn_lint.report.chart import Chart, Node, NodeKind
from conn_lint.report.escape import one_line

# Brackets give a node its shape; a class gives it its colours.
_SHAPES: dict[NodeKind, tuple[str, str]] = {
    "entry": ("([", "])"),
    "function": ("[", "]"),
    "module": ("[[", "]]"),
    "anew": ("{{", "}}"),
    "kept": ("[(", ")]"),
    "found": ("{{", "}}"),
}
_CLASSES: dict[NodeKind, str] = {
    "entry": "fill:#e8f0fe,stroke:#3367d6,color:#111",
    "kept": "fill:#e6f4ea,stroke:#188038,color:#111",
    "found": "fill:#fce8e6,stroke:#c5221f,stroke-width:2px,color:#111",
}
# Anything else could be markup, a directive or the beginning of a list; as a number it is only a character.
_UNSAFE = re.compile(r"[^\w ,.:/()=+@'-]|\A-|(?<=\d)\.(?= )")


def render_mermaid(chart: Chart) -> Iterator[str]:
    """The lines of the drawing."""
    yield "flowchart LR"
    for node in chart.nodes:
        yield f"  {_node(node)}"
    for group in chart.groups:
        yield f'  subgraph {group.id}["{_escaped(group.label)}"]'
        for node in group.nodes:
            yield f"    {_node(node)}"
        yield "  end"
    for edge in chart.edges:
        arrow = "-->" if edge.sure else "-.->"
        label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        yield f"  {edge.source} {arrow}{label} {edge.target}"
    everything = [*chart.nodes, *(node for group in chart.groups for node in group.nodes)]
    for kind, style in _CLASSES.items():
        members = [node.id for node in everything if node.kind == kind]
        if members:
            yield f"  classDef {kind} {style}"
            yield f"  class {','.join(members)} {kind}"


def _node(node: Node) -> str:
    before, after = _SHAPES[node.kind]
    text = "<br/>".join(_escaped(line) for line in node.lines)
    return f'{node.id}{before}"{text}"{after}'


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", one_line(text))
