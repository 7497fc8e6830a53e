"""The flags that say how grave findings are, and how many are listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from conn_lint.cli.flags import Command, with_options

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--severity",
        multiple=True,
        metavar="CODE=LEVEL",
        help="How grave a rule's findings are: note, warning or error. Can be repeated.",
    ),
    click.option(
        "--fail-on",
        metavar="LEVEL",
        help="The least severity that makes the exit code 1 (default: warning).",
    ),
    click.option(
        "--max-findings",
        type=click.IntRange(min=0),
        metavar="N",
        help="List the N worst findings, and say how many more there are.",
    ),
)


def judge_options(command: Command) -> Command:
    """Add the flags to a command."""
    return with_options(_OPTIONS, command)


def severity_table(given: tuple[str, ...]) -> dict[str, str]:
    """`CODE=LEVEL` as a table, as the configuration has it; `CODE,CODE=LEVEL` is taken too."""
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start

    found: dict[str, str] = {}
    for text in given:
        codes, sign, level = text.rpartition("=")
        words = [code.strip() for code in codes.split(",") if code.strip()]
        if not sign or not words:
            raise ConfigError(f"--severity: {text!r} is not CODE=LEVEL, as in CNX202=error")
        found.update(dict.fromkeys(words, level.strip()))
    return found
