"""Writes the report of a run: to standard output, or to a file."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from conn_lint.config.projects import Run, display, display_below, relocate
from conn_lint.engine.check import Outcome
from conn_lint.model.finding import Finding
from conn_lint.report.base import Report, counted
from conn_lint.report.concise import render_concise
from conn_lint.report.escape import one_line
from conn_lint.report.github import render_github
from conn_lint.report.json_report import render_json
from conn_lint.report.text import Layout, render_summary, render_text
from conn_lint.syntax.source import SourceError, decode

if TYPE_CHECKING:
    from conn_lint.engine.repair import Rendered

_PIPED_WIDTH = 160


def make_report(run: Run, renderings: Mapping[Finding, Rendered] | None = None) -> Report:
    """One report for all projects of a run, with paths as they look from the current folder.

    `renderings` are the fixes of findings where they are to be shown with their edits.
    """
    findings: list[Finding] = []
    for _, outcome in run.checked:
        show = functools.partial(display_below, outcome.root)
        findings.extend(relocate(finding, show) for finding in outcome.findings)
    return Report(
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        files=sum(len(outcome.files) for _, outcome in run.checked),
        suppressed=sum(outcome.suppressed for _, outcome in run.checked),
        show_notes=any(settings.show_notes for settings, _ in run.checked),
        fixes={f: (r.fix, r.reason) for f, r in (renderings or {}).items()},
    )


class Writer:
    """Writes a report in one format; `overrides` is the content of files that came from
    elsewhere.
    """

    def __init__(self, output_format: str, overrides: Mapping[Path, bytes], *, quiet: bool) -> None:
        self._format = output_format
        self._overrides = {display(path): data for path, data in overrides.items()}
        self._quiet = quiet

    def write(self, report: Report, path: Path | None, output: TextIO | None = None) -> None:
        """Write to standard output (or `output`) or, once the report is complete, to a file."""
        if path is None:
            self._write(report, output or sys.stdout)
            return
        stream = io.StringIO()
        self._write(report, stream)
        path.write_text(stream.getvalue(), encoding="utf-8", errors="backslashreplace")

    def _write(self, report: Report, stream: TextIO) -> None:
        match self._format:
            case "json":
                stream.write(render_json(report) + "\n")
            case "github":
                stream.writelines(line + "\n" for line in render_github(report))
            case "concise":
                stream.writelines(line + "\n" for line in render_concise(report))
            case _:
                self._write_text(report, stream)

    def _write_text(self, report: Report, stream: TextIO) -> None:
        console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False, markup=False)
        for text in render_text(report, self._read_lines, layout_of(console, stream)):
            console.print(text)
        if not self._quiet and (report.files or report.shown()):
            console.print(render_summary(report))

    def _read_lines(self, path: str) -> Sequence[str]:
        return lines_of(path, self._overrides)


def lines_of(path: str, overrides: Mapping[str, bytes] | None = None) -> Sequence[str]:
    """The lines of a file by the path that is shown; none where it cannot be read."""
    try:
        data = (overrides or {}).get(path)
        return decode(Path(path).read_bytes() if data is None else data).text.split("\n")
    except (OSError, SourceError, ValueError):
        return ()


def layout_of(console: Console, stream: TextIO) -> Layout:
    """As the stream can show it: broken to the width of a terminal, and stable elsewhere."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if stream.isatty():
        return Layout(console.width, wraps=True, encoding=encoding)
    return Layout(_PIPED_WIDTH, encoding=encoding)


def say_more(run: Run, *, verbose: bool) -> Iterator[str]:
    """What the user should know beside the findings: given files on which nothing is reported, and
    counts.
    """
    for _, outcome in run.checked:
        for found in outcome.unreported:
            path = one_line(display(outcome.root / found.path))
            yield f"conn-lint: {path}: nothing is reported here: {found.why} (--include-tests)"
        if verbose:
            yield _account(outcome)


def _account(outcome: Outcome) -> str:
    root = one_line(display(outcome.root))
    share = 100 * outcome.parsed / max(outcome.lines, 1)
    return (
        f"conn-lint: project {root}: {counted(outcome.read, 'file')} read "
        f"({counted(outcome.lines, 'line')}, {share:.1f} % of them parsed), "
        f"{counted(len(outcome.files), 'file')} reported on"
    )
