"""reviewdog's diagnostics. Fixes with edits become suggestions that a reviewer accepts with one click."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, Fix
from conn_lint.model.location import Location
from conn_lint.model.mask import mask
from conn_lint.report.base import HOME, Report, details, rule_url, step_words
from conn_lint.report.escape import json_text
from conn_lint.report.excerpt import ReadLines
from conn_lint.report.places import as_whole_lines, byte_column

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}
_MOST_LINES = 60  # a suggestion is one stretch of lines; who reads a longer one?


def render_rdjson(report: Report, read_lines: ReadLines) -> Iterator[str]:
    """One result with all diagnostics; columns are in bytes, as reviewdog counts."""
    diagnostics = [_diagnostic(finding, report, read_lines) for finding in report.shown()]
    source = {"name": "conn-lint", "url": HOME}
    yield json_text({"source": source, "diagnostics": diagnostics})


def _diagnostic(finding: Finding, report: Report, read_lines: ReadLines) -> dict[str, Any]:
    lines = read_lines(finding.location.path)
    found: dict[str, Any] = {
        "message": "\n".join(details(finding)),
        "location": _location(finding.location, lines),
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.code, "url": rule_url(finding.code, finding.rule)},
    }
    if finding.chain:
        found["related_locations"] = [_related(step, read_lines) for step in finding.chain]
    fix, _ = report.fixes.get(finding, (None, ""))
    suggestion = _suggestion(fix, finding.location.path, lines) if fix is not None else None
    if suggestion is not None:
        found["suggestions"] = [suggestion]
    return found


def _location(location: Location, lines: Sequence[str]) -> dict[str, Any]:
    span = location.span
    return {
        "path": location.path,
        "range": {
            "start": {"line": span.line, "column": byte_column(lines, span.line, span.column)},
            "end": {
                "line": span.end_line,
                "column": byte_column(lines, span.end_line, span.end_column),
            },
        },
    }


def _related(step: Step, read_lines: ReadLines) -> dict[str, Any]:
    return {
        "message": step_words(step),
        "location": _location(step.location, read_lines(step.location.path)),
    }


def _suggestion(fix: Fix, path: str, lines: Sequence[str]) -> dict[str, Any] | None:
    """The fix as whole lines in place of others: services take no more than one such stretch.

    None where it needs several files or too much of one, or would say a secret again.
    """
    applies = fix.plan.applicability is not Applicability.DISPLAY_ONLY
    if not applies or not fix.edits or {edit.path for edit in fix.edits} != {path}:
        return None
    change = as_whole_lines(fix.edits, lines)
    if change is None:
        return None
    first, last, text = change
    if last - first >= _MOST_LINES or mask(text) != text:
        return None
    return {"range": {"start": {"line": first}, "end": {"line": last}}, "text": text}
