"""What the flags of baselines do: write one, and say what of it is no longer true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conn_lint.cli.flags import Command, with_options

if TYPE_CHECKING:
    from conn_lint.config.projects import Run
    from conn_lint.model.baseline import Entry

_LISTED = 10

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--baseline",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Do not report the findings in this file.",
    ),
    click.option("--no-baseline", is_flag=True, help="Report what is in the baseline, too."),
    click.option(
        "--write-baseline",
        is_flag=True,
        help="Write what is found into the baseline, and report nothing.",
    ),
)


def baseline_options(command: Command) -> Command:
    """Add the flags of baselines to a command."""
    return with_options(_OPTIONS, command)


def write(run: Run) -> Iterator[str]:
    """Write the baselines of a run, and say what they hold now; raises OSError."""
    from conn_lint.config.baselines import write_baselines  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import display  # noqa: PLC0415
    from conn_lint.report.base import counted  # noqa: PLC0415
    from conn_lint.report.escape import one_line  # noqa: PLC0415

    for written in write_baselines(outcome for _, outcome in run.checked):
        yield (
            f"{one_line(display(written.file))}: {counted(written.entries, 'finding')} "
            f"({written.new} new, {written.gone} gone)"
        )


def say_gone(run: Run) -> Iterator[str]:
    """The entries of baselines that stand for nothing any more, and how to be rid of them."""
    from conn_lint.config.projects import display  # noqa: PLC0415 - a light start
    from conn_lint.report.base import counted  # noqa: PLC0415
    from conn_lint.report.escape import one_line  # noqa: PLC0415

    for _, outcome in run.checked:
        baseline, gone = outcome.matched.baseline, outcome.matched.gone
        if baseline is None or not gone:
            continue
        file = one_line(display(baseline.file))
        for entry in gone[:_LISTED]:
            yield f"{file}:{entry.line}: gone: {one_line(_words(entry))}"
        if len(gone) > _LISTED:
            yield f"{file}: gone: {len(gone) - _LISTED} more"
        yield f"{file}: {counted(len(gone), 'finding')} gone; --write-baseline takes them out"


def _words(entry: Entry) -> str:
    where = f" in {entry.function}" if entry.function else ""
    return f"{entry.path}: {entry.code}{where}: {entry.content}"
