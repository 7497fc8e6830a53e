"""A picture of a terminal, drawn from what a run really prints: characters on a grid, in SVG, with no font to load."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

from conn_lint.cli.output import lines_of, make_report
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.report.cells import cells
from conn_lint.report.text import Layout, render_summary, render_text

COLUMNS = 100
_CELL, _LINE, _SIZE = 8.4, 20, 14
_LEFT, _TOP = 22, 58
_COLOURS = {"red": "#ff7b72", "yellow": "#e3b341", "cyan": "#76c7e8", "green": "#7ee787"}
_STYLE = (
    "text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;"
    f" font-size: {_SIZE}px; white-space: pre }}"
)
_BOLD = ' font-weight="bold"'
_INK, _DIM, _BACK, _BAR = "#e6edf3", "#8b949e", "#0d1117", "#161b22"


def picture(folder: Path, command: str) -> str:
    """What `conn-lint check` shows in a folder on a terminal that is 100 columns wide."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        run = check_projects(Job(paths=(".",)), Flags(use_cache=False))
        report = make_report(run)
        texts = list(render_text(report, lines_of, Layout(COLUMNS, wraps=True)))
    finally:
        os.chdir(before)
    lines = [
        Text.assemble(("$ ", "green"), (command, "bold")),
        Text(),
        *texts,
        render_summary(report),
    ]
    return "\n".join(_svg(lines, command)) + "\n"


def _svg(lines: list[Text], title: str) -> Iterator[str]:
    width = round(2 * _LEFT + COLUMNS * _CELL)
    height = _TOP + len(lines) * _LINE + 12
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect width="{width}" height="{height}" rx="10" fill="{_BACK}"/>'
    yield f'<path d="M0 36V10a10 10 0 0 1 10-10H{width - 10}a10 10 0 0 1 10 10v26z" fill="{_BAR}"/>'
    for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        yield f'<circle cx="{_LEFT + at * 20}" cy="18" r="6" fill="{colour}"/>'
    for number, line in enumerate(lines):
        yield from _line(line, _TOP + number * _LINE)
    yield "</svg>"


def _line(line: Text, y: int) -> Iterator[str]:
    """Each stretch at its own column, stretched to its cells, so that every font keeps the grid."""
    column = 0
    for text, style in _stretches(line):
        size = cells(text)
        if text.strip():
            lead = cells(text) - cells(text.lstrip())
            shown = text.strip()
            x = round(_LEFT + (column + lead) * _CELL, 1)
            length = round(cells(shown) * _CELL, 1)
            yield (
                f'<text x="{x}" y="{y}" textLength="{length}" fill="{_fill(style)}"'
                f"{_BOLD if style.bold else ''}>{escape(shown)}</text>"
            )
        column += size


def _stretches(line: Text) -> Iterable[tuple[str, Style]]:
    console = Console(force_terminal=True, color_system="standard", width=COLUMNS)
    for segment in line.render(console):
        yield segment.text.replace("\n", ""), segment.style or Style()


def _fill(style: Style) -> str:
    if style.color is not None:
        return _COLOURS.get(style.color.name, _INK)
    return _DIM if style.dim else _INK
