"""Writes the report of a run: to standard output, or to a file."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console

from conn_lint.config.projects import Run, display
from conn_lint.engine.check import Outcome
from conn_lint.model.finding import Finding
from conn_lint.model.location import Location
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
    for settings, outcome in run.checked:
        findings.extend(_shown(finding, outcome.root) for finding in outcome.findings)
    return Report(
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        files=sum(len(outcome.files) for _, outcome in run.checked),
        suppressed=sum(outcome.suppressed for _, outcome in run.checked),
        show_notes=any(settings.show_notes for settings, _ in run.checked),
    )


def _shown(finding: Finding, root: Path) -> Finding:
    def move(location: Location) -> Location:
        return Location(display(root / location.path), location.span)

    chain = tuple(msgspec.structs.replace(step, location=move(step.location)) for step in finding.chain)
    return msgspec.structs.replace(finding, location=move(finding.location), chain=chain)


@contextlib.contextmanager
def open_output(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is replaced only once the report is complete."""
    if path is None:
        yield sys.stdout
        return
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".conn-lint-", encoding="utf-8", errors="backslashreplace", delete=False
    ) as stream:
        try:
            yield stream
            stream.close()
            Path(stream.name).chmod(0o644)
            Path(stream.name).replace(path)
        except BaseException:
            Path(stream.name).unlink(missing_ok=True)
            raise


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
    """What the user should know beside the findings: given files on which nothing is reported, and counts."""
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
