"""A picture of a function's flow graph: what happens, in order, and where an exception leaves."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import libcst as cst

from conn_lint.flow.draw import node_text
from conn_lint.lower.unit import lower_module
from conn_lint.model.flow import FlowGraph, Raised
from conn_lint.syntax.convert import convert

_WIDTH, _BOX, _HEIGHT, _STEP, _TOP = 780, 470, 34, 54, 66
_LEFT, _LONGEST = 90, 56
_CAPTION = "The connection is held where the bar is; red ways leave without a release."
_STYLE = (
    "text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; fill: #1b2430 }"
    " .box { fill: #fff; stroke: #a9b4c2 } .end { fill: #e8f0fe; stroke: #3367d6 }"
    " .raised { fill: #fdeceb; stroke: #c5221f } .next { fill: none; stroke: #5b6777; stroke-width: 1.5 }"
    " .raise { fill: none; stroke: #a9b4c2; stroke-width: 1.3; stroke-dasharray: 4 4 }"
    " .leak { fill: none; stroke: #c5221f; stroke-width: 2 } .held { fill: #0b7285 } .small { font-size: 12px }"
)


def flow_picture(path: Path, function: str, opens: str, closes: str) -> str:
    """The graph of a function; between the nodes whose text has `opens` and `closes` a connection is held."""
    unit = lower_module(convert(cst.parse_module(path.read_text(encoding="utf-8"))))
    graph = next(found.graph for found in unit.functions if found.name == function)
    return "\n".join(_svg(graph, opens, closes)) + "\n"


def _svg(graph: FlowGraph, opens: str, closes: str) -> Iterator[str]:
    order = [FlowGraph.ENTRY, *range(3, len(graph.events)), FlowGraph.EXIT]
    row = {node: number for number, node in enumerate(order)}
    texts = {node: node_text(graph, node) for node in order}
    first = next(node for node in order if opens in texts[node])
    last = next(node for node in order if closes in texts[node])
    height = _TOP + len(order) * _STEP
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect width="{_WIDTH}" height="{height}" rx="10" fill="#f6f7f9"/>'
    yield f'<text x="20" y="32" class="small">{_CAPTION}</text>'
    top, bottom = _y(row[first]) + _HEIGHT, _y(row[last])
    yield f'<rect class="held" x="{_LEFT - 26}" y="{top}" width="6" height="{bottom - top}" rx="3"/>'
    yield f'<text class="small" x="{_LEFT - 72}" y="{(top + bottom) / 2}">held</text>'
    middle = (_y(row[first]) + _y(row[last]) + _HEIGHT) / 2
    yield from _box(_WIDTH - 130, middle, 110, "raised", "raised")
    for edge in graph.edges:
        if edge.source not in row:
            continue
        source = _y(row[edge.source])
        if isinstance(edge.kind, Raised):
            leaks = row[first] < row[edge.source] < row[last]
            start, end = source + _HEIGHT / 2, middle + _HEIGHT / 2
            yield (
                f'<path class="{"leak" if leaks else "raise"}" d="M{_LEFT + _BOX} {start}'
                f' C{_LEFT + _BOX + 50} {start} {_WIDTH - 170} {end} {_WIDTH - 130} {end}"/>'
            )
        elif edge.target in row:
            x = _LEFT + 40
            yield f'<path class="next" d="M{x} {source + _HEIGHT} V{_y(row[edge.target])}"/>'
    for node in order:
        kind = "end" if node in {FlowGraph.ENTRY, FlowGraph.EXIT} else "box"
        yield from _box(_LEFT, _y(row[node]), _BOX, kind, texts[node])
    yield "</svg>"


def _y(row: int) -> int:
    return _TOP + row * _STEP - 10


def _box(x: float, y: float, width: int, kind: str, text: str) -> Iterator[str]:
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" rx="7"/>'
    yield f'<text x="{x + 14}" y="{y + 22}">{escape(_short(text))}</text>'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
