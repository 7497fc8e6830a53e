"""A summary in Markdown, for a job's page or a comment: the count, and a table of the findings, the worst first."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

from conn_lint.model.finding import Finding, Step
from conn_lint.model.location import Location
from conn_lint.report.base import (
    Report,
    counted,
    cure,
    reason,
    rule_url,
    step_words,
    summary,
    worst_first,
)
from conn_lint.report.escape import markdown_line
from conn_lint.report.places import uri

_MOST = 100
_MOST_CHARACTERS = 500_000  # GitHub takes a megabyte a step


def render_markdown(report: Report, source: str = "") -> Iterator[str]:
    """The lines. `source` is the URL of the folder that paths are relative to, where there is one."""
    yield "## conn-lint"
    yield ""
    yield summary(report)
    found = worst_first(report.shown())
    if report.troubles:
        yield ""
        yield from (f"- {markdown_line(trouble)}" for trouble in report.troubles)
    if found:
        yield ""
        yield "| | Where | What |"
        yield "| --- | --- | --- |"
    room, rows = _MOST_CHARACTERS, 0
    for finding in found[:_MOST]:
        row = _row(finding, source)
        room -= len(row)
        if room < 0:
            break
        rows += 1
        yield row
    if rows < len(found):
        yield ""
        yield f"{counted(len(found) - rows, 'more finding')} not listed here."


def _row(finding: Finding, source: str) -> str:
    rule = f"[{finding.code}]({rule_url(finding.code, finding.rule)})"
    what = [f"{rule} {markdown_line(finding.message)}", *map(_step, finding.chain)]
    if finding.because is not None:
        what.append(markdown_line(reason(finding.because)))
    if finding.plan is not None:
        what.append(markdown_line(cure(finding)))
    place = _place(finding.location, source)
    return f"| {finding.severity.name.lower()} | {place} | {'<br>'.join(what)} |"


def _place(location: Location, source: str) -> str:
    line = location.span.line
    text = f"<code>{markdown_line(location.path)}:{line}</code>"
    if not source or location.path.startswith(("/", "../")):
        return text
    # Brackets would end the link; a URI leaves them as they are.
    target = uri(location.path).replace("(", "%28").replace(")", "%29")
    return f"[{text}]({urllib.parse.quote(source, safe='/:%?=&@+,.~-_')}/{target}#L{line})"


def _step(step: Step) -> str:
    place = f"<code>{markdown_line(step.location.path)}:{step.location.span.line}</code>"
    return f"{place} {markdown_line(step_words(step))}"
