"""Logging commands of Azure Pipelines, which shows them on a run's page, the worst first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conn_lint.model.finding import Finding, Severity
from conn_lint.report.base import Report, cure, reason, step_line, summary, worst_first
from conn_lint.report.escape import one_line

# The agent turns these back; other percent signs stay as they are.
_CODED = re.compile(r"%(?=(?:0A|0D|3B|5D|25|AZP25))", re.IGNORECASE)


def render_azure(report: Report) -> Iterator[str]:
    """One command for each finding, and the sum for people who read the log."""
    for finding in worst_first(report.shown()):
        yield _command(finding)
    yield summary(report)


def _command(finding: Finding) -> str:
    span = finding.location.span
    properties = {
        "type": "error" if finding.severity is Severity.ERROR else "warning",
        "sourcepath": finding.location.path,
        "linenumber": str(span.line),
        "columnnumber": str(span.column + 1),
        "code": finding.code,
    }
    listed = "".join(f"{name}={_property(value)};" for name, value in properties.items())
    chain = "".join(f" <- {step_line(step)}" for step in finding.chain)
    if finding.because is not None:
        chain += f" ({reason(finding.because)})"
    fix = f" [{cure(finding)}]" if finding.plan is not None else ""
    return f"##vso[task.logissue {listed}]{_data(finding.message + chain + fix)}"


def _data(text: str) -> str:
    return _CODED.sub("%AZP25", one_line(text))


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
