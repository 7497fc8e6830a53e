"""One line for each finding: path:line:column: CODE message."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.report.base import Report, line
from conn_lint.report.escape import one_line


def render_concise(report: Report) -> Iterator[str]:
    """The lines of the report."""
    for finding in report.shown():
        span = finding.location.span
        place = f"{one_line(finding.location.path)}:{span.line}:{span.column + 1}"
        yield f"{place}: {one_line(line(finding))}"
