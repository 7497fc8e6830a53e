"""The command `graph`."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conn_lint.cli.check import FAILED, complain, has_failed, progress_of, say_problems
from conn_lint.cli.options import make_flags, shared_options

if TYPE_CHECKING:
    from conn_lint.config.projects import Run
    from conn_lint.model.connections import Connection
    from conn_lint.report.chart import Chart

_MOST, _MOST_ON_A_PAGE = 150, 500
_PAGE = Path("connections.html")
_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?\Z")


def _place(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[Path, int, int] | None:
    """PATH:LINE or PATH:LINE:COLUMN; the path absolute, so that it means the same to every project."""
    if value is None:
        return None
    match = _PLACE.match(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not PATH:LINE or PATH:LINE:COLUMN")
    return Path(match["path"]).resolve(), int(match["line"]), int(match["column"] or 0)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@shared_options
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("mermaid", "dot")),
    default="mermaid",
    help="The language of the drawing (default: mermaid).",
)
@click.option(
    "--html",
    is_flag=True,
    help="A page to click through in a browser, with the findings (default file: connections.html).",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the drawing here.",
)
@click.option(
    "--focus",
    callback=_place,
    metavar="PATH:LINE",
    help="Draw what is created there and all that leads to it (PATH:LINE:COLUMN for one of several).",
)
@click.option(
    "--max-nodes",
    type=click.IntRange(min=2),
    help=f"Draw no more than this; what has findings comes first (default: {_MOST}, with --html {_MOST_ON_A_PAGE}).",
)
@click.option("--verbose", "-v", is_flag=True, help="Show where internal errors come from.")
def graph(paths: tuple[str, ...], **values: Any) -> None:
    """Draw where connections are created, and the calls that lead there.

    Entry points (routes, tasks, handlers) lead through functions to the calls that create a
    connection, client or pool, grouped by what they open. Those made once look different from
    those made anew, and those with findings show their codes. Exit codes: 0 drawn, 2 failed.
    """
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import Job, check_projects  # noqa: PLC0415
    from conn_lint.report.chart import limit_message, make_chart  # noqa: PLC0415

    focus: tuple[Path, int, int] | None = values["focus"]
    given = paths or ((str(focus[0]),) if focus is not None else (".",))
    try:
        flags = make_flags(values)
        with progress_of(quiet=False) as progress:
            run = check_projects(Job(paths=given, draws=True), flags, progress)
    except ConfigError as error:
        complain(str(error))
        sys.exit(FAILED)
    say_problems(run, verbose=values["verbose"])
    connections = list(_connections(run))
    if focus is not None:
        connections = _at(connections, focus)
    most = values["max_nodes"] or (_MOST_ON_A_PAGE if values["html"] else _MOST)
    chart = make_chart(connections, most)
    message = limit_message(chart, most)
    if values["html"]:
        _write(_page(run, chart, connections, focus, message), values["output"] or _PAGE)
    else:
        _write(_drawing(chart, values["output_format"]), values["output"])
    if message:
        complain(message)
    sys.exit(FAILED if has_failed(run) else 0)


def _connections(run: Run) -> Iterator[Connection]:
    """Of all projects, with paths as they look from the current folder."""
    from conn_lint.config.projects import display_below, relocate_connection  # noqa: PLC0415

    for _, outcome in run.checked:
        show = functools.partial(display_below, outcome.root)
        for connection in outcome.connections:
            yield relocate_connection(connection, show)


def _at(connections: list[Connection], focus: tuple[Path, int, int]) -> list[Connection]:
    from conn_lint.config.projects import display  # noqa: PLC0415
    from conn_lint.report.chart import focused  # noqa: PLC0415

    path, line, column = display(focus[0]), focus[1], focus[2]
    found = list(focused(connections, path, line, column))
    if not found:
        lines = sorted({c.location.span.line for c in connections if c.location.path == path})
        where = (
            f", but on line {', '.join(map(str, lines))}" if lines else " or elsewhere in the file"
        )
        complain(f"--focus: no connection is created at {path}:{line}{where}")
        sys.exit(FAILED)
    return found


def _drawing(chart: Chart, output_format: str) -> str:
    from conn_lint.report.dot import render_dot  # noqa: PLC0415
    from conn_lint.report.mermaid import render_mermaid  # noqa: PLC0415

    render = render_dot if output_format == "dot" else render_mermaid
    return "\n".join(render(chart)) + "\n"


def _page(
    run: Run, chart: Chart, connections: list[Connection], focus: object, message: str
) -> str:
    """The page, with all findings, or those of what is in focus."""
    from conn_lint.cli.output import lines_of, make_report  # noqa: PLC0415
    from conn_lint.report.html import render_html  # noqa: PLC0415

    findings = make_report(run).findings
    if focus is not None:
        places = {connection.location for connection in connections}
        findings = tuple(
            finding
            for finding in findings
            if places & {finding.location, *(step.location for step in finding.chain)}
        )
    names = [outcome.root.name for _, outcome in run.checked]
    title = f"Connections of {names[0]}" if len(names) == 1 and names[0] else "Connections"
    return render_html(chart, findings, lines_of, title, message)


def _write(text: str, path: Path | None) -> None:
    if path is None or str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        complain(f"the drawing cannot be written: {error}")
        sys.exit(FAILED)
    if path.suffix == ".html":
        click.echo(f"Open {path} in a browser.", err=True)
