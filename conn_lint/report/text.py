"""The report for people: each finding with its line of source, and the chain of calls that leads
to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability
from conn_lint.report.base import Report, counted, cure, fixable, severity_counts
from conn_lint.report.escape import one_line
from conn_lint.report.excerpt import Excerpt, ReadLines, excerpt

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_NARROWEST = 40


def render_text(report: Report, read_lines: ReadLines, width: int) -> Iterator[Text]:
    """The findings, one block each; a block ends with an empty line."""
    for finding in report.shown():
        yield _head(finding)
        span = finding.location.span
        digits = len(str(span.line))
        found = excerpt(
            read_lines(finding.location.path), span, max(width - digits - 4, _NARROWEST)
        )
        if found is not None:
            yield from _source(found, digits, _STYLES[finding.severity])
        yield from _chain(finding.chain)
        if finding.plan is not None:
            yield Text(f"  {one_line(cure(finding))}", style="green")
        yield Text()


def render_summary(report: Report) -> Text:
    """One line: how many findings of which severity, in how many files."""
    counts = severity_counts(report.shown())
    parts = [counted(counts[level], level.name.lower()) for level in sorted(counts, reverse=True)]
    where = f"in {counted(report.files, 'file')}"
    text = f"Found {', '.join(parts)} {where}." if parts else f"No connection bugs found {where}."
    if report.hidden_notes():
        text += f" {counted(report.hidden_notes(), 'note')} not shown (--show-notes)."
    if report.suppressed:
        text += f" {report.suppressed} silenced by comments."
    return Text(text + _fixable(report), style="bold" if parts else "green")


def _fixable(report: Report) -> str:
    safe = fixable(report.shown(), Applicability.SAFE)
    unsafe = fixable(report.shown(), Applicability.UNSAFE)
    if not safe and not unsafe:
        return ""
    more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
    return f" {safe} fixable with --fix{more}."


def _head(finding: Finding) -> Text:
    span = finding.location.span
    text = Text()
    text.append(one_line(finding.location.path), style="bold")
    text.append(f":{span.line}:{span.column + 1}: ", style="dim")
    text.append(finding.code, style=_STYLES[finding.severity])
    text.append(f" [{finding.rule}] ", style="dim")
    text.append(one_line(finding.message))
    return text


def _source(found: Excerpt, digits: int, style: str) -> Iterator[Text]:
    gutter = " " * digits
    marks = "^" * (found.end - found.start)
    yield Text(f"{gutter} |", style="dim")
    yield Text.assemble((f"{found.number} | ", "dim"), found.text)
    yield Text.assemble((f"{gutter} | ", "dim"), " " * found.start, (marks, style))


def _chain(chain: tuple[Step, ...]) -> Iterator[Text]:
    for depth, step in enumerate(chain):
        place = f"{one_line(step.location.path)}:{step.location.span.line}"
        note = f": {one_line(step.note)}" if step.note else ""
        text = Text("  " + "   " * depth)
        text.append("└─ " if depth else "", style="dim")
        text.append(place, style="cyan")
        text.append(f" {one_line(step.function)}{note}")
        yield text
