"""The command `explain`."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import click

from conn_lint.cli.check import CLEAN, FAILED, complain, has_failed, progress_of, say_problems
from conn_lint.cli.options import make_flags, shared_options

if TYPE_CHECKING:
    from conn_lint.config.projects import Run
    from conn_lint.model.known_error import KnownError
    from conn_lint.report.explanation import Explanation

_UNKNOWN = 1
_SHOWN = 5
STANDARD_INPUT = ("-",)


@click.command()
@click.argument("text", nargs=-1, metavar="TEXT...")
@click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="PATH",
    help="Where to look for causes (default: the current folder).",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json")),
    default="text",
    help="How to answer (default: text).",
)
@click.option("--all", "everything", is_flag=True, help="Show every cause, not only the likeliest.")
@shared_options
@click.option("--verbose", "-v", is_flag=True, help="Show where internal errors come from.")
def explain(text: tuple[str, ...], **values: Any) -> None:
    """Say what a connection error means, and what in this project is likely to lead to it.

    TEXT is a message, a line of a log or a whole traceback of a server, a pooler or a driver; `-` reads it from
    standard input; without any, the known errors are listed. Exit codes: 0 explained, 1 an unknown error, 2 failed.
    """
    from conn_lint.engine.explain import nearest_errors, recognise  # noqa: PLC0415 - a light start
    from conn_lint.knowledge.errors import load_errors  # noqa: PLC0415
    from conn_lint.report.explanation import Explanation  # noqa: PLC0415

    known = load_errors()
    if not text:
        for error in known.error:
            click.echo(f"{error.message}  ({error.by})")
        return
    given = _read() if text == STANDARD_INPUT else " ".join(text)
    errors = recognise(given, known)
    if not errors:
        _write(Explanation((), nearest=nearest_errors(given, known)), values["output_format"])
        sys.exit(_UNKNOWN)
    run = _run({**values, "extend_select": _selected(errors, values["extend_select"])})
    _write(_explain(run, errors, given, everything=values["everything"]), values["output_format"])
    say_problems(run, verbose=values["verbose"])
    sys.exit(FAILED if has_failed(run) else CLEAN)


def _read() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _selected(errors: tuple[KnownError, ...], given: str | None) -> str:
    """What leads to the errors is looked for, though it may be off by default."""
    names = dict.fromkeys(name for error in errors for name in error.rules)
    return ",".join([*([given] if given else []), *names])


def _run(values: dict[str, Any]) -> Run:
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import Job, check_projects  # noqa: PLC0415

    try:
        flags = make_flags(values)
        with progress_of(quiet=False) as progress:
            return check_projects(
                Job(paths=values["projects"] or (".",), draws=True), flags, progress
            )
    except ConfigError as error:
        complain(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(130)


def _explain(
    run: Run, errors: tuple[KnownError, ...], given: str, *, everything: bool
) -> Explanation:
    from conn_lint.cli.output import make_report  # noqa: PLC0415
    from conn_lint.config.projects import display_below, relocate, relocate_connection  # noqa: PLC0415
    from conn_lint.engine.explain import frames_of, opened_by, rank  # noqa: PLC0415
    from conn_lint.knowledge.errors import load_errors  # noqa: PLC0415
    from conn_lint.report.explanation import Explanation  # noqa: PLC0415

    known = load_errors()
    findings = [*make_report(run).findings]
    for _, outcome in run.checked:  # a baseline takes nothing away from what may be the cause
        show = functools.partial(display_below, outcome.root)
        findings += [relocate(finding, show) for finding in outcome.matched.known]
    causes = rank(findings, errors, known, frames_of(given))
    shown = causes if everything else causes[:_SHOWN]
    places = []
    if not causes:
        for _, outcome in run.checked:
            show = functools.partial(display_below, outcome.root)
            opened = opened_by(outcome.connections, errors, known)
            places += [relocate_connection(connection, show) for connection in opened]
    return Explanation(
        errors=errors,
        causes=shown,
        more=len(causes) - len(shown),
        places=tuple(places),
    )


def _write(explanation: Explanation, output_format: str) -> None:
    from rich.console import Console  # noqa: PLC0415 - a light start

    from conn_lint.cli.output import layout_of, lines_of  # noqa: PLC0415
    from conn_lint.report.explanation import explanation_json, render_explanation  # noqa: PLC0415

    if output_format == "json":
        click.echo(explanation_json(explanation))
        return
    console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
    for line in render_explanation(explanation, lines_of, layout_of(console, sys.stdout)):
        console.print(line)
