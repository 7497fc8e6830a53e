"""Writes the report of a run: to standard output, or to a file."""

from __future__ import annotations

import functools
import inspect
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console

from conn_lint import __version__
from conn_lint.cli.fixing import Cure, renderings_of
from conn_lint.cli.outputs import Target, source_url, start_of
from conn_lint.config.projects import Run, display, place_below, relocate
from conn_lint.engine.check import Outcome
from conn_lint.model.finding import Finding
from conn_lint.model.mask import mask
from conn_lint.report.azure import render_azure
from conn_lint.report.base import Report, RuleText, counted
from conn_lint.report.concise import render_concise
from conn_lint.report.escape import one_line
from conn_lint.report.excerpt import ReadLines
from conn_lint.report.github import render_github
from conn_lint.report.gitlab import render_gitlab
from conn_lint.report.json_report import render_json
from conn_lint.report.junit import render_junit
from conn_lint.report.markdown import render_markdown
from conn_lint.report.rdjson import render_rdjson
from conn_lint.report.sarif import render_sarif
from conn_lint.report.text import Layout, render_summary, render_text
from conn_lint.rules import ALL_RULES
from conn_lint.syntax.source import SourceError, decode

_PIPED_WIDTH = 160


def make_report(
    run: Run, cure: Cure = None, show: Callable[[Path], str] = display, *, most: int | None = None
) -> Report:
    """One report for all projects of a run; `show` says how paths look in it."""
    findings: list[Finding] = []
    troubles = list(run.problems)
    for _, outcome in run.checked:
        place = place_below(outcome.root, show)
        findings.extend(relocate(finding, place) for finding in outcome.findings)
        troubles.extend(trouble.message for trouble in outcome.troubles)
    return Report(
        findings=tuple(sorted(findings, key=Finding.sort_key)),
        files=sum(len(outcome.files) for _, outcome in run.checked),
        suppressed=sum(outcome.suppressed for _, outcome in run.checked),
        known=sum(len(outcome.matched.known) for _, outcome in run.checked),
        most=most,
        show_notes=any(settings.show_notes for settings, _ in run.checked),
        fixes={f: (r.fix, r.reason) for f, r in renderings_of(cure, show).items()},
        troubles=tuple(map(mask, troubles)),
        rules=_rules(),
        version=__version__,
    )


def _rules() -> tuple[RuleText, ...]:
    found = []
    for rule in sorted(ALL_RULES, key=lambda rule: rule.code):
        text = inspect.cleandoc(rule.__doc__ or "")
        found.append(RuleText(rule.code, rule.name, rule.severity, text.partition("\n")[0], text))
    return tuple(found)


class Writer:
    """Writes the reports of one run; `overrides` is the content of files that came from elsewhere."""

    def __init__(
        self,
        run: Run,
        cure: Cure,
        overrides: Mapping[Path, bytes],
        *,
        quiet: bool,
        most: int | None = None,
    ) -> None:
        self._run = run
        self._cure = cure
        self._overrides = overrides
        self._quiet = quiet
        self._most = most
        self._lines: dict[Path, Sequence[str]] = {}

    def write(self, target: Target, output: TextIO) -> None:
        """Write to standard output (`output`) or, once the report is complete, to a file."""
        if target.path is None:
            self._write(target.output_format, output)
            return
        stream = io.StringIO()
        self._write(target.output_format, stream)
        mode = "a" if target.appends else "w"
        with target.path.open(mode, encoding="utf-8", errors="backslashreplace") as file:
            file.write(stream.getvalue())

    def _write(self, output_format: str, stream: TextIO) -> None:
        start = start_of(output_format, os.environ)
        report = make_report(
            self._run, self._cure, lambda path: display(path, start), most=self._most
        )
        read_lines = functools.partial(self._read_lines, start or Path())
        if output_format == "text":
            self._write_text(report, read_lines, stream)
        else:
            stream.writelines(f"{line}\n" for line in _render(output_format, report, read_lines))

    def _write_text(self, report: Report, read_lines: ReadLines, stream: TextIO) -> None:
        console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False, markup=False)
        for text in render_text(report, read_lines, layout_of(console, stream)):
            console.print(text)
        if not self._quiet and (report.files or report.shown()):
            console.print(render_summary(report))

    def _read_lines(self, start: Path, path: str) -> Sequence[str]:
        place = start / path
        if place not in self._lines:
            self._lines[place] = lines_of(place, self._overrides)
        return self._lines[place]


def _render(output_format: str, report: Report, read_lines: ReadLines) -> Iterator[str]:
    renderers: dict[str, Callable[[], Iterator[str]]] = {
        "concise": lambda: render_concise(report),
        "json": lambda: render_json(report),
        "github": lambda: render_github(report),
        "sarif": lambda: render_sarif(report),
        "gitlab": lambda: render_gitlab(report),
        "junit": lambda: render_junit(report),
        "azure": lambda: render_azure(report),
        "rdjson": lambda: render_rdjson(report, read_lines),
        "markdown": lambda: render_markdown(report, source_url(os.environ)),
    }
    return renderers[output_format]()


def lines_of(path: str | Path, overrides: Mapping[Path, bytes] | None = None) -> Sequence[str]:
    """The lines of a file, from the current folder; none where it cannot be read."""
    try:
        data = (overrides or {}).get(Path(path).resolve())
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
