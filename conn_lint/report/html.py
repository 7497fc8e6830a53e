"""One page with a project's connections, findings and chains to click through; it needs no network.

What comes from the project is data in the page: JSON in which nothing can end its element, put on the screen as text.
The page's own script and style are the only ones that its policy lets run, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from conn_lint.model.finding import Finding
from conn_lint.model.location import Location
from conn_lint.model.mask import mask
from conn_lint.report.base import rule_url
from conn_lint.report.chart import Chart, Group, Node
from conn_lint.report.escape import json_text
from conn_lint.report.excerpt import ReadLines, excerpts
from conn_lint.report.json_report import step_object

_WIDTH = 160
_CONTEXT = 2
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def render_html(
    chart: Chart, findings: Iterable[Finding], read_lines: ReadLines, title: str, hidden: str = ""
) -> str:
    """The page; `hidden` says what the chart does not show."""
    page = _Page(chart, tuple(findings), read_lines)
    data = {"title": title, "hidden": hidden, **page.data()}
    script, style = _file("graph.js"), _file("graph.css")
    parts = {
        "title": html.escape(title),
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "data": json_text(data, indent=None).translate(_ESCAPES),
    }
    before, *pieces = _file("graph.html").split("{")
    found = [before]
    for piece in pieces:  # one pass: what a part contains is no marker
        name, _, rest = piece.partition("}")
        found.append(parts[name] + rest)
    return "".join(found)


def _file(name: str) -> str:
    return (resources.files("conn_lint.report") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


class _Page:
    """Joins the nodes of a chart with the findings that rest on them."""

    def __init__(self, chart: Chart, findings: tuple[Finding, ...], read_lines: ReadLines) -> None:
        self._chart = chart
        self._findings = findings
        self._read_lines = read_lines
        self._at = _places(findings)

    def data(self) -> dict[str, Any]:
        nodes = list(self._nodes())
        on: dict[int, list[str]] = defaultdict(list)
        for node in nodes:
            for number in node["findings"]:
                on[number].append(node["id"])
        return {
            "nodes": nodes,
            "groups": [{"id": group.id, "label": group.label} for group in self._chart.groups],
            "edges": [
                {"from": edge.source, "to": edge.target, "label": edge.label, "sure": edge.sure}
                for edge in self._chart.edges
            ],
            "findings": [self._finding(f, on[n]) for n, f in enumerate(self._findings)],
        }

    def _nodes(self) -> Iterator[dict[str, Any]]:
        for node in self._chart.nodes:
            yield self._node(node, None)
        for group in self._chart.groups:
            for node in group.nodes:
                yield self._node(node, group)

    def _node(self, node: Node, group: Group | None) -> dict[str, Any]:
        site = node.site
        codes = list(site.codes) if site is not None else []
        numbers = self._at[site.location] if site is not None else []
        remarks = [line for line in node.lines[2:] if line != ", ".join(codes)]
        return {
            "id": node.id,
            "kind": node.kind,
            "title": node.lines[0],
            "where": node.lines[1] if len(node.lines) > 1 else "",
            "remarks": remarks,
            "codes": codes,
            "group": group.id if group is not None else None,
            "findings": numbers,
        }

    def _finding(self, finding: Finding, nodes: list[str]) -> dict[str, Any]:
        span, plan = finding.location.span, finding.plan
        advice = finding.advice if finding.message.endswith(finding.advice) else ""
        return {
            "code": finding.code,
            "rule": finding.rule,
            "severity": finding.severity.name.lower(),
            "message": mask(finding.message.removesuffix(advice).rstrip()),
            "advice": advice,
            "fix": plan and {"title": plan.title, "applicability": plan.applicability.word},
            "path": finding.location.path,
            "line": span.line,
            "column": span.column + 1,
            "chain": [step_object(step) for step in finding.chain],
            "source": self._source(finding),
            "url": rule_url(finding.code, finding.rule),
            "nodes": nodes,
        }

    def _source(self, finding: Finding) -> list[dict[str, Any]]:
        span = finding.location.span
        lines = excerpts(self._read_lines(finding.location.path), span, _WIDTH, _CONTEXT)
        return [
            {"number": line.number, "text": line.text, "here": line.number == span.line}
            for line in lines
        ]


def _places(findings: tuple[Finding, ...]) -> Mapping[Location, list[int]]:
    """The numbers of the findings that rest on each place: there, or with it in their chain."""
    found: dict[Location, list[int]] = defaultdict(list)
    for number, finding in enumerate(findings):
        for place in dict.fromkeys([finding.location, *(s.location for s in finding.chain)]):
            found[place].append(number)
    return found
