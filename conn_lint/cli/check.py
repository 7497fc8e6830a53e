"""The command `check`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from conn_lint.cli.baselining import baseline_options, say_gone
from conn_lint.cli.baselining import write as write_baselines
from conn_lint.cli.changes import change_options, changes_of
from conn_lint.cli.fixing import (
    account,
    diff,
    fix_options,
    make_cure,
    wants_repair,
    write,
)
from conn_lint.cli.judging import judge_options
from conn_lint.cli.options import make_flags, shared_options
from conn_lint.cli.outputs import Target, output_options, targets_of, wants_edits
from conn_lint.cli.silencing import add_noqa, silence_options

if TYPE_CHECKING:
    from conn_lint.cli.fixing import Cure
    from conn_lint.cli.output import Writer
    from conn_lint.config.projects import Job, Run
    from conn_lint.config.repairs import Repairs
    from conn_lint.engine.phase_one import Progress
    from conn_lint.model.changes import Changes

CLEAN, FINDINGS, FAILED = 0, 1, 2
STANDARD_INPUT = "-"
_ALONE = ("write_baseline", "add_noqa")  # what writes something else than a report
_NOT_BESIDE = ("fix", "fix_only", "diff")


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@shared_options
@output_options
@click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
@click.option("--show-notes", is_flag=True, help="List notes too, not only count them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even where there are findings.")
@click.option("--disable-noqa", is_flag=True, help="Report what noqa comments silence.")
@click.option(
    "--stdin-filename", metavar="FILE", help="The file that standard input (-) takes the place of."
)
@change_options
@fix_options
@baseline_options
@silence_options
@judge_options
@click.option("--quiet", "-q", is_flag=True, help="Print findings only, no summary.")
@click.option(
    "--verbose", "-v", is_flag=True, help="Say more: counts, and where internal errors come from."
)
def check(paths: tuple[str, ...], **values: Any) -> None:
    """Check files and folders; by default the current folder.

    A path of `-` is one file, read from standard input. Paths select what is reported (findings that
    lie there, or that a step of their chain leads to from there), never what is known: other files of the project
    are read to understand these. A file that is given itself
    is checked even where an exclude pattern fits it. Exit codes: 0 clean, 1 findings, 2 bad paths,
    a wrong configuration or an internal failure.
    """
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import check_projects  # noqa: PLC0415

    try:
        _refuse_both(values)
        targets = targets_of(values, os.environ)
        flags = make_flags(values)
        changes = changes_of(values, os.environ)
        job = _job(paths, values.get("stdin_filename"), changes)
        cure = make_cure({**values, "with_edits": values["with_edits"] or wants_edits(targets)})
        with progress_of(quiet=values["quiet"]) as progress:
            run = check_projects(job, flags, progress, cure)
        problems = _apply(cure, job, values)
    except ConfigError as error:
        complain(str(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(130)
    if values["write_baseline"]:
        sys.exit(_write_baselines(run, values))
    if values["add_noqa"]:
        sys.exit(_add_noqa(run, job, values))
    problems += _write(run, job, values, cure, targets)
    for problem in problems:
        complain(problem)
    sys.exit(FAILED if problems else _exit_code(run, values, cure))


def _job(paths: tuple[str, ...], stdin_filename: str | None, changes: Changes | None) -> Job:
    from conn_lint.config.projects import Job  # noqa: PLC0415

    if STANDARD_INPUT not in paths:
        return Job(paths=paths or (".",), changes=changes)
    data = sys.stdin.buffer.read()
    place = Path(stdin_filename or "stdin").resolve()
    others = tuple(path for path in paths if path != STANDARD_INPUT)
    return Job(paths=others, overrides={place: data}, changes=changes)


def _refuse_both(values: dict[str, Any]) -> None:
    from conn_lint.config.options import ConfigError  # noqa: PLC0415

    for one in _ALONE:
        others = [name for name in (*_ALONE, *_NOT_BESIDE) if values[name] and name != one]
        if values[one] and others:
            names = (f"--{name.replace('_', '-')}" for name in (one, *others))
            raise ConfigError(f"{' and '.join(names)} cannot be given together")


def _apply(cure: Cure, job: Job, values: dict[str, Any]) -> list[str]:
    """Write the fixes to the files, unless they are only to be shown; what could not be written."""
    if cure is None or not wants_repair(values) or values["diff"]:
        return []
    return write(cast("Repairs", cure), job.overrides)


def _exit_code(run: Run, values: dict[str, Any], cure: Cure) -> int:
    if has_failed(run):
        return FAILED
    if values["diff"] or values["fix_only"]:
        changes = any(done.after for done in getattr(cure, "done", ()))
        return FINDINGS if values["diff"] and changes and not values["exit_zero"] else CLEAN
    found = any(
        finding.severity >= settings.fail_on
        for settings, outcome in run.checked
        for finding in outcome.findings
    )
    return FINDINGS if found and not values["exit_zero"] else CLEAN


def _write(
    run: Run, job: Job, values: dict[str, Any], cure: Cure, targets: tuple[Target, ...]
) -> list[str]:
    """Write the reports, or the diff, and say on the error stream what else there is to say; what cannot be written."""
    from conn_lint.cli.output import Writer, say_more  # noqa: PLC0415

    problems: list[str] = []
    if values["diff"]:
        for line in diff(cast("Repairs", cure)):
            click.echo(line, nl=False)
    elif not values["fix_only"]:
        writer = Writer(
            run, cure, job.overrides, quiet=values["quiet"], most=values["max_findings"]
        )
        aside = wants_repair(values) and job.overrides  # standard output is the fixed file's
        output = sys.stderr if aside else sys.stdout
        problems = list(filter(None, (_tried(writer, target, output) for target in targets)))
        if values["statistics"]:
            printed = {target.output_format for target in targets if target.path is None}
            _write_statistics(run, cure, is_text=bool(printed & {"text", "concise"}))
    say_problems(run, verbose=values["verbose"])
    if wants_repair(values):
        for line in account(cast("Repairs", cure), values):
            click.echo(line, err=True)
    if not values["quiet"]:
        for line in say_gone(run):
            complain(line)
        for line in say_more(run, verbose=values["verbose"]):
            click.echo(line, err=True)
    return problems


def _tried(writer: Writer, target: Target, output: TextIO) -> str:
    """Write one report: one that cannot be written does not keep others from it."""
    try:
        writer.write(target, output)
    except OSError as error:
        return f"the report cannot be written: {error}"
    return ""


def _write_baselines(run: Run, values: dict[str, Any]) -> int:
    """Nothing is written where something of the run is missing."""
    say_problems(run, verbose=values["verbose"])
    if has_failed(run):
        return FAILED
    try:
        for line in write_baselines(run):
            complain(line)
    except OSError as error:
        complain(f"the baseline cannot be written: {error}")
        return FAILED
    return CLEAN


def _add_noqa(run: Run, job: Job, values: dict[str, Any]) -> int:
    say_problems(run, verbose=values["verbose"])
    if has_failed(run):
        return FAILED
    done, problems = add_noqa(run, job.overrides)
    for line in (*problems, done):
        complain(line)
    return FAILED if problems else CLEAN


def say_problems(run: Run, *, verbose: bool) -> None:
    """What could not be done, and what went wrong in conn-lint itself."""
    for problem in run.problems:
        complain(problem)
    for _, outcome in run.checked:
        for trouble in outcome.troubles:
            complain(trouble.message)
            if verbose and trouble.trace:
                click.echo(trouble.trace, err=True)


def has_failed(run: Run) -> bool:
    """Something of the run is missing: a wrong path or configuration, or an internal failure."""
    return bool(run.problems) or any(outcome.troubles for _, outcome in run.checked)


def _write_statistics(run: Run, cure: Cure, *, is_text: bool) -> None:
    """Beside the findings for people, on the error stream where programs read the report."""
    from conn_lint.cli.output import make_report  # noqa: PLC0415
    from conn_lint.report.statistics import render_statistics  # noqa: PLC0415

    for line in render_statistics(make_report(run, cure)):
        click.echo(line, err=not is_text)


@contextlib.contextmanager
def progress_of(*, quiet: bool) -> Iterator[Progress]:
    """A bar for people who wait; nothing elsewhere."""
    from conn_lint.engine.phase_one import silent  # noqa: PLC0415

    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from conn_lint.cli.progress import Bar  # noqa: PLC0415

    with Bar() as bar:
        yield bar


def complain(text: str) -> None:
    """A line on the error stream."""
    from conn_lint.model.mask import mask  # noqa: PLC0415
    from conn_lint.report.escape import one_line  # noqa: PLC0415

    click.echo(f"conn-lint: {one_line(mask(text))}", err=True)
