"""What `--add-noqa` does: writes comments that silence what is found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from conn_lint.config.projects import Run
    from conn_lint.engine.silence import Silenced

Command = TypeVar("Command", bound=Callable[..., Any])


def silence_options(command: Command) -> Command:
    """Add the flag to a command."""
    option = click.option(
        "--add-noqa",
        is_flag=True,
        help="Put a noqa comment on the line of each finding, and report nothing.",
    )
    return option(command)


def add_noqa(run: Run, overrides: Mapping[Path, bytes]) -> tuple[str, list[str]]:
    """Write the comments: to the files, or to standard output what came from there. What was done, and the problems."""
    from conn_lint.engine.write import write_files  # noqa: PLC0415 - a light start
    from conn_lint.report.base import counted  # noqa: PLC0415

    count = files = 0
    problems: list[str] = []
    for silenced, root in _silenced(run, overrides):
        given = {path for path in silenced.before if root / path in overrides}
        for path in sorted(given):
            sys.stdout.buffer.write(silenced.after[path])
        after = {path: data for path, data in silenced.after.items() if path not in given}
        written, failed = write_files(root, silenced.before, after)
        problems += [*silenced.problems, *failed]
        count += silenced.count
        files += len(written) + len(given)
    return f"{counted(count, 'finding')} silenced in {counted(files, 'file')}", problems


def _silenced(run: Run, overrides: Mapping[Path, bytes]) -> list[tuple[Silenced, Path]]:
    from conn_lint.engine.silence import silence  # noqa: PLC0415 - a light start
    from conn_lint.model.finding import Severity  # noqa: PLC0415

    done = []
    for settings, outcome in run.checked:
        root, files = outcome.root, frozenset(outcome.files)
        least = Severity.NOTE if settings.show_notes else Severity.WARNING
        wanted = [f for f in outcome.findings if f.severity >= least and f.location.path in files]

        def read(path: str, root: Path = root) -> bytes:
            given = overrides.get(root / path)
            return (root / path).read_bytes() if given is None else given

        done.append((silence(wanted, read), root))
    return done
