"""Workflow commands, which GitHub turns into annotations. It shows ten of a kind in a step: the
worst come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.report.base import Report, cure
from conn_lint.report.escape import one_line

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(report: Report) -> Iterator[str]:
    """One command for each finding."""
    worst_first = sorted(report.shown(), key=lambda finding: -finding.severity)
    return (_command(finding) for finding in worst_first)


def _command(finding: Finding) -> str:
    span = finding.location.span
    properties = {
        "title": f"{finding.code} {finding.rule}",
        "file": finding.location.path,
        "line": str(span.line),
        "endLine": str(span.end_line),
        "col": str(span.column + 1),
    }
    if span.line == span.end_line:  # GitHub refuses an end column on another line
        properties["endColumn"] = str(span.end_column + 1)
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = "\n".join(
        [finding.message, *map(_step, finding.chain), *filter(None, [cure(finding)])]
    )
    place = f"{finding.location.path}:{span.line}:{span.column + 1}: {finding.code} "
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(place + message)}"


def _step(step: Step) -> str:
    return f"{step.location.path}:{step.location.span.line} {step.function}: {step.note}"


def _data(text: str) -> str:
    """Escaped as the runner unescapes it; line breaks stay, other control characters become
    visible.
    """
    lines = [one_line(line) for line in text.split("\n")]
    return "%0A".join(line.replace("%", "%25").replace("\r", "%0D") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
