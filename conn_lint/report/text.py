"""The report for people: each finding with its line of source, the chain of calls that leads to it, and the cure.

It has two shapes with the same parts. In a file or a pipe a finding begins with one line that says everything, for
`grep`; on a terminal that line is broken to its width, and what to do stands on a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.text import Text

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability
from conn_lint.report.base import Report, counted, cure, fixable, reason, summary
from conn_lint.report.cells import cells, wrap
from conn_lint.report.escape import one_line
from conn_lint.report.excerpt import Excerpt, ReadLines, excerpts

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_NARROWEST = 24
_WIDEST = 110  # longer lines are tiring to read
_INDENT = "  "
_FLAGS = {Applicability.SAFE: "--fix", Applicability.UNSAFE: "--fix --unsafe-fixes"}


class Layout(NamedTuple):
    """Where the report is shown: `wraps` on a terminal, whose width it has; the encoding says what can be drawn."""

    width: int
    wraps: bool = False
    encoding: str = "utf-8"

    @property
    def draws(self) -> bool:
        """Lines and corners can be shown."""
        return self.encoding.lower().replace("-", "").startswith("utf")


def render_text(report: Report, read_lines: ReadLines, layout: Layout) -> Iterator[Text]:
    """The findings, one block each; a block ends with an empty line."""
    for finding in report.shown():
        yield from render_finding(finding, read_lines, layout)
        yield Text()


def render_finding(finding: Finding, read_lines: ReadLines, layout: Layout) -> Iterator[Text]:
    """One finding: where and what, its line, what leads there, what to do."""
    yield from _terminal_head(finding, layout) if layout.wraps else (_head(finding),)
    yield from _source(finding, read_lines, layout)
    yield from _chain(finding.chain, layout)
    if finding.because is not None:
        yield Text(f"{_INDENT}{one_line(reason(finding.because))}", style="dim")
    yield from _cures(finding, layout)


def render_summary(report: Report) -> Text:
    """One line: how many findings of which severity, in how many files."""
    text = summary(report)
    if report.hidden_notes():
        text += f" {counted(report.hidden_notes(), 'note')} not shown (--show-notes)."
    if report.suppressed:
        text += f" {report.suppressed} silenced by comments."
    if report.known:
        text += f" {report.known} in the baseline."
    return Text(text + _fixable(report), style="bold" if report.wanted() else "green")


def _fixable(report: Report) -> str:
    safe = fixable(report.wanted(), Applicability.SAFE)
    unsafe = fixable(report.wanted(), Applicability.UNSAFE)
    if not safe and not unsafe:
        return ""
    if not safe:
        return f" {unsafe} fixable with --fix --unsafe-fixes."
    more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
    return f" {safe} fixable with --fix{more}."


def _place(finding: Finding) -> Text:
    span = finding.location.span
    text = Text()
    text.append(one_line(finding.location.path), style="bold")
    text.append(f":{span.line}:{span.column + 1}: ", style="dim")
    text.append(finding.code, style=_STYLES[finding.severity])
    return text


def _head(finding: Finding) -> Text:
    text = _place(finding)
    text.append(f" [{finding.rule}] ", style="dim")
    text.append(one_line(finding.message))
    return text


def _terminal_head(finding: Finding, layout: Layout) -> Iterator[Text]:
    text = _place(finding)
    text.append(f" {finding.rule}", style=_STYLES[finding.severity])
    text.append(f" ({finding.severity.name.lower()})", style="dim")
    yield text
    message = finding.message.removesuffix(finding.advice).rstrip()
    for line in _wrapped(message, layout, len(_INDENT)):
        yield Text(_INDENT + line)


def _wrapped(text: str, layout: Layout, indent: int) -> Iterator[str]:
    return wrap(one_line(text), max(min(layout.width, _WIDEST), _NARROWEST) - indent)


def _source(finding: Finding, read_lines: ReadLines, layout: Layout) -> Iterator[Text]:
    """The line, between its neighbours on a terminal."""
    span = finding.location.span
    context = 1 if layout.wraps else 0
    digits = len(str(span.line + context))
    width = max(layout.width - digits - 4, _NARROWEST)
    lines = read_lines(finding.location.path)
    bar = "\N{BOX DRAWINGS LIGHT VERTICAL}" if layout.draws and layout.wraps else "|"
    found = excerpts(lines, span, width, context, layout.encoding)
    if found:
        yield Text.assemble((f"{'':{digits}} {bar}", "dim"))
    for line in found:
        yield Text.assemble((f"{line.number:>{digits}} {bar} ", "dim"), _code(line))
        if line.end > line.start:
            marks = "^" * (line.end - line.start)
            gutter = (f"{'':{digits}} {bar} ", "dim")
            yield Text.assemble(gutter, " " * line.start, (marks, _STYLES[finding.severity]))


def _code(line: Excerpt) -> tuple[str, str]:
    return (line.text, "" if line.end > line.start else "dim")


def _chain(chain: tuple[Step, ...], layout: Layout) -> Iterator[Text]:
    """A call below the one that leads to it; one below the other where they all do the same."""
    corner, tee = ("└─ ", "├─ ") if layout.draws else ("`- ", "|- ")
    alike = len(chain) > 1 and len({step.note for step in chain}) == 1
    for depth, step in enumerate(chain):
        place = f"{one_line(step.location.path)}:{step.location.span.line}"
        note = f": {one_line(step.note)}" if step.note else ""
        branch = corner if depth else ""
        if alike:
            branch = corner if depth == len(chain) - 1 else tee
        text = Text(_INDENT + "   " * (0 if alike else max(depth - 1, 0)))
        text.append(branch, style="dim")
        text.append(place, style="cyan")
        text.append(f" {one_line(step.function)}{note}")
        yield text


def _cures(finding: Finding, layout: Layout) -> Iterator[Text]:
    if not layout.wraps:
        if finding.plan is not None:
            yield Text(f"{_INDENT}{one_line(cure(finding))}", style="green")
        return
    if finding.advice and finding.message.endswith(finding.advice):
        yield from labelled("cure", finding.advice, layout)
    if finding.plan is not None:
        flag = _FLAGS.get(finding.plan.applicability, "yours to decide")
        word = finding.plan.applicability.word
        yield from labelled("fix", f"{finding.plan.title} ({word}: {flag})", layout)


def labelled(label: str, text: str, layout: Layout) -> Iterator[Text]:
    """A word and what it says, on a terminal with the further lines below its first."""
    before = f"{_INDENT}{label}: "
    lines = _wrapped(text, layout, cells(before)) if layout.wraps else (one_line(text),)
    for number, line in enumerate(lines):
        start = Text.assemble((before, "green")) if number == 0 else Text(" " * cells(before))
        yield start.append(line)
