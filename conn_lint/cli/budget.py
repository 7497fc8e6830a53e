"""The command `budget`."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conn_lint.cli.check import (
    CLEAN,
    FAILED,
    FINDINGS,
    complain,
    has_failed,
    progress_of,
    say_problems,
)
from conn_lint.cli.options import make_flags, shared_options

if TYPE_CHECKING:
    from conn_lint.model.budget import Budget

_PIPED_WIDTH = 160


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@shared_options
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json", "html")),
    default="text",
    help="How to show it (default: text).",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it here.",
)
@click.option(
    "--merge",
    is_flag=True,
    help="PATHS are budgets in JSON, of repositories that share servers: add them up.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there is not room for all.")
@click.option("--verbose", "-v", is_flag=True, help="Show where internal errors come from.")
def budget(paths: tuple[str, ...], **values: Any) -> None:
    """Add up what all processes may open to each server.

    Every pool and client counts once for each process that runs it; how many there are is stated in
    [tool.conn-lint.deployment], or read from compose files, Procfiles, images and the like. Exit
    codes: 0 all have room, 1 they have not, or something has no bound, 2 failed.
    """
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start

    try:
        named, failed = _merged(paths) if values["merge"] else _counted(paths, values)
    except ConfigError as error:
        complain(str(error))
        sys.exit(FAILED)
    text = _rendered(named, values["output_format"], values["output"])
    try:
        _write(text, values["output"])
    except OSError as error:
        complain(f"the budget cannot be written: {error}")
        sys.exit(FAILED)
    over = any(one.is_over for _, one in named)
    sys.exit(FAILED if failed else FINDINGS if over and not values["exit_zero"] else CLEAN)


def _counted(
    paths: tuple[str, ...], values: dict[str, Any]
) -> tuple[list[tuple[str, Budget]], bool]:
    """The budgets of all projects at or below the paths, and whether something went wrong."""
    from conn_lint.config.budgets import budgets_of  # noqa: PLC0415
    from conn_lint.config.projects import Job, check_projects  # noqa: PLC0415

    flags = make_flags(values)
    with progress_of(quiet=False) as progress:
        run = check_projects(Job(paths=paths or (".",), adds_up=True), flags, progress)
    say_problems(run, verbose=values["verbose"])
    found = budgets_of(run)
    telling = [(name, one) for name, one in found if one.servers or one.poolers]
    return telling or found[:1], has_failed(run)


def _merged(paths: tuple[str, ...]) -> tuple[list[tuple[str, Budget]], bool]:
    """The budgets of all files as one."""
    from conn_lint.config.options import ConfigError  # noqa: PLC0415
    from conn_lint.deploy.merging import merged  # noqa: PLC0415
    from conn_lint.report.budget_json import BudgetError, read_json  # noqa: PLC0415

    if not paths:
        raise ConfigError("--merge: no file is given")
    named: list[tuple[str, Budget]] = []
    for path in paths:
        try:
            found = read_json(Path(path).read_bytes())
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
        except BudgetError as error:
            raise ConfigError(f"{path}: {error}") from error
        stem = Path(path).stem
        named.extend((name if len(found) > 1 else stem, one) for name, one in found)
    return [("together", merged(named))], False


def _rendered(named: list[tuple[str, Budget]], output_format: str, path: Path | None) -> str:
    if output_format == "json":
        from conn_lint.report.budget_json import render_json  # noqa: PLC0415

        return render_json(named) + "\n"
    if output_format == "html":
        from conn_lint.report.budget_html import render_html  # noqa: PLC0415

        return render_html(named) + "\n"
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from conn_lint.report.budget_text import render_budget  # noqa: PLC0415
    from conn_lint.report.escape import one_line  # noqa: PLC0415

    stream = io.StringIO()
    on_terminal = path is None and sys.stdout.isatty()
    console = Console(
        file=stream,
        highlight=False,
        emoji=False,
        markup=False,
        force_terminal=on_terminal,
        width=None if on_terminal else _PIPED_WIDTH,
    )
    for name, one in named:
        if len(named) > 1:
            console.print(Text(f"{one_line(name)}\n", style="bold underline"))
        for part in render_budget(one):
            console.print(part)
    lines = stream.getvalue().split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _write(text: str, path: Path | None) -> None:
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
