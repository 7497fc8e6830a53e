"""Writes the report of a run: to standard output, or to a file."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console

from conn_lint.config.projects import Run, display, relocate
from conn_lint.engine.check import Outcome
from conn_lint.model.finding import Finding
from conn_lint.report.base import Report, counted
from conn_lint.report.concise import render_concise
from conn_lint.report.escape import one_line
from conn_lint.report.github import render_github
from conn_lint.report.json_report import render_json
from conn_lint.report.text import render_summary, render_text
from conn_lint.syntax.source import SourceError, decode

_PIPED_WIDTH = 160


def make_report(run: Run) -> Report:
    """One report for all projects of a run, with paths as they look from the current folder."""
    findings: list[Finding] = []
    for _, outcome in run.checked:
        show = functools.partial(_shown_path, outcome.root)
        findings.extend(relocate(finding, show) for finding in outcome.findings)
    return Report(
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        files=sum(len(outcome.files) for _, outcome in run.checked),
        suppressed=sum(outcome.suppressed for _, outcome in run.checked),
        show_notes=any(settings.show_notes for settings, _ in run.checked),
    )


def _shown_path(root: Path, name: str) -> str:
    return display(root / name)


def write_output(report: Report, path: Path | None, output_format: str, *, quiet: bool) -> None:
    """Write the report to standard output or, once it is complete, to a file."""
    if path is None:
        write_report(report, sys.stdout, output_format, quiet=quiet)
        return
    stream = io.StringIO()
    write_report(report, stream, output_format, quiet=quiet)
    path.write_text(stream.getvalue(), encoding="utf-8", errors="backslashreplace")


def write_report(report: Report, stream: TextIO, output_format: str, *, quiet: bool) -> None:
    """Write the report in the format the user chose."""
    match output_format:
        case "json":
            stream.write(render_json(report) + "\n")
        case "github":
            stream.writelines(line + "\n" for line in render_github(report))
        case "concise":
            stream.writelines(line + "\n" for line in render_concise(report))
        case _:
            _write_text(report, stream, quiet=quiet)


def _write_text(report: Report, stream: TextIO, *, quiet: bool) -> None:
    console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False, markup=False)
    width = console.width if stream.isatty() else _PIPED_WIDTH
    for text in render_text(report, _read_lines, width):
        console.print(text)
    if not quiet:
        console.print(render_summary(report))


def _read_lines(path: str) -> Sequence[str]:
    try:
        return decode(Path(path).read_bytes()).text.split("\n")
    except (OSError, SourceError, ValueError):
        return ()


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
    return (
        f"conn-lint: project {root}: {counted(outcome.read, 'file')} read, "
        f"{counted(len(outcome.files), 'file')} reported on"
    )
