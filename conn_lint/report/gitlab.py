"""GitLab's code quality report, which merge requests show beside the changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fingerprint import key_of
from conn_lint.report.base import Report, details
from conn_lint.report.escape import json_text

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render_gitlab(report: Report) -> Iterator[str]:
    """An array of issues. A fingerprint tells a finding from all others of the report, and does not change with lines
    above it.
    """
    yield json_text([_issue(finding) for finding in report.shown()])


def _issue(finding: Finding) -> dict[str, Any]:
    span = finding.location.span
    return {
        "description": f"{finding.code} {finding.message}",
        "check_name": finding.rule,
        "fingerprint": key_of(finding).digest(finding.location.path),
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": finding.location.path,
            "lines": {"begin": span.line, "end": span.end_line},
        },
        "content": {"body": "\n\n".join(details(finding))},
        "categories": ["Bug Risk"],
    }
