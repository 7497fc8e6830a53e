"""Workflow commands, which GitHub turns into annotations. It shows ten of a kind in a step: the
worst come first, and a line in the log has the sum.
"""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.model.finding import Finding, Severity
from conn_lint.report.base import Report, details, severity_counts, summary, worst_first
from conn_lint.report.escape import one_line

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_ANNOTATIONS = 10


def render_github(report: Report) -> Iterator[str]:
    """One command for each finding, and the sum, as a notice where some of them will not be shown."""
    shown = worst_first(report.shown())
    for finding in shown:
        yield _command(finding)
    text = summary(report)
    most = max(severity_counts(shown).values(), default=0)
    if most > _ANNOTATIONS:
        title = f"{text} GitHub shows {_ANNOTATIONS} of a kind; the log has all."
        yield f"::notice title=conn-lint::{_data(title)}"
    else:
        yield text


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
    message = "\n".join(details(finding))
    place = f"{finding.location.path}:{span.line}:{span.column + 1}: {finding.code} "
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(place + message)}"


def _data(text: str) -> str:
    """Escaped as the runner unescapes it; line breaks stay, other control characters become
    visible.
    """
    lines = [one_line(line) for line in text.split("\n")]
    return "%0A".join(line.replace("%", "%25").replace("\r", "%0D") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
