"""The flags that commands share, and how they become what the configuration layer reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conn_lint.cli.flags import Command, with_options
from conn_lint.cli.judging import severity_table

if TYPE_CHECKING:
    from conn_lint.config.resolve import Flags

_SHARED = (
    click.option(
        "--select",
        metavar="CODES",
        help="Report these rules only (codes, beginnings of codes, or names).",
    ),
    click.option("--extend-select", metavar="CODES", help="Report these rules as well."),
    click.option("--ignore", metavar="CODES", help="Do not report these rules."),
    click.option(
        "--per-file-ignores",
        metavar="PATTERN:CODES",
        help="Rules to ignore in the files of a pattern.",
    ),
    click.option(
        "--exclude", metavar="PATTERNS", help="Leave out these paths, in place of the default ones."
    ),
    click.option("--extend-exclude", metavar="PATTERNS", help="Leave out these paths as well."),
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Use this configuration and no other.",
    ),
    click.option("--isolated", is_flag=True, help="Use no configuration at all."),
    click.option(
        "--include-tests",
        is_flag=True,
        default=None,
        help="Report on tests, migrations, generated code.",
    ),
    click.option("--jobs", "-j", metavar="N", help="How many processes to use (default: auto)."),
    click.option(
        "--cache-dir", metavar="FOLDER", help="Where to keep what need not be computed again."
    ),
    click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
)


def shared_options(command: Command) -> Command:
    """Add the flags that every command that looks at a project has."""
    return with_options(_SHARED, command)


def make_flags(values: dict[str, Any]) -> Flags:
    """The flags as settings; raises ConfigError."""
    from conn_lint.config.options import ConfigError, parse_options  # noqa: PLC0415 - a light start
    from conn_lint.config.resolve import Flags  # noqa: PLC0415

    table: dict[str, Any] = {}
    for name in ("select", "extend_select", "ignore", "exclude", "extend_exclude"):
        if values.get(name) is not None:
            table[name.replace("_", "-")] = _words(values[name])
    for name in ("include_tests", "show_notes"):
        if values.get(name):
            table[name.replace("_", "-")] = True
    if values.get("per_file_ignores"):
        table["per-file-ignores"] = per_file_ignores(values["per_file_ignores"])
    if values.get("severity"):
        table["severity"] = severity_table(values["severity"])
    if values.get("fail_on"):
        table["fail-on"] = values["fail_on"]
    if values.get("jobs"):
        table["jobs"] = int(values["jobs"]) if values["jobs"].isdecimal() else values["jobs"]
    if values.get("baseline"):
        table["baseline"] = str(Path(values["baseline"]).resolve())
    if values.get("cache_dir"):
        table["cache-dir"] = str(Path(values["cache_dir"]).resolve())
    config = values.get("config")
    if config is not None and not config.is_file():
        raise ConfigError(f"--config: there is no file {config}")
    return Flags(
        options=parse_options(table, "command line"),
        config=config,
        isolated=values.get("isolated", False),
        use_cache=not values.get("no_cache", False),
        noqa=not values.get("disable_noqa", False),
        use_baseline=not values.get("no_baseline", False),
        writes_baseline=values.get("write_baseline", False),
    )


def per_file_ignores(text: str) -> dict[str, list[str]]:
    """`PATTERN:CODE,CODE PATTERN:CODE`, as flake8 writes it."""
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start

    found: dict[str, list[str]] = {}
    pattern = ""
    for part in re.split(r"[,\s]+", text.strip()):
        before, colon, code = part.rpartition(":")
        if colon:
            pattern = before
        if not pattern:
            raise ConfigError(f"--per-file-ignores: {part!r} stands before any PATTERN:")
        codes = found.setdefault(pattern, [])
        if code:
            codes.append(code)
    return found


def _words(text: str) -> list[str]:
    """Comma separated words."""
    return [word.strip() for word in re.split(r"[,\n]", text) if word.strip()]
