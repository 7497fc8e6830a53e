"""The flags that leave out what a branch has not changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conn_lint.cli.fixing import wants_repair

if TYPE_CHECKING:
    from conn_lint.model.changes import Changes

Command = TypeVar("Command", bound=Callable[..., Any])


def change_options(command: Command) -> Command:
    """Add the flags of changes to a command."""
    only = click.option(
        "--diff-only",
        is_flag=True,
        help="--changed-since the branch that this one goes into, as CI or git name it.",
    )
    since = click.option(
        "--changed-since",
        metavar="REV",
        help="Report only what was changed since this branch left REV, or what that causes elsewhere.",
    )
    return since(only(command))


def changes_of(values: Mapping[str, Any], environ: Mapping[str, str]) -> Changes | None:
    """The changes that the flags ask for; raises ConfigError."""
    revision, finds_out = values["changed_since"], values["diff_only"]
    if revision is None and not finds_out:
        return None
    from conn_lint.config.changes import changes_since, target_branch  # noqa: PLC0415 - a light start
    from conn_lint.config.options import ConfigError  # noqa: PLC0415

    flag = "--diff-only" if revision is None else "--changed-since"
    if wants_repair(dict(values)):
        raise ConfigError(f"{flag}: fixes move the lines that it asks for; run --fix by itself")
    start = Path.cwd()
    if revision is None:
        revision = target_branch(environ, start)
    return changes_since(revision, start, flag)
