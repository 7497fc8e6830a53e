"""Which reports a run writes, and where to: `--format`, `--output-file`, `--output`, and the page of a job."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from conn_lint.cli.flags import Command, with_options

FORMATS = (
    "text",
    "concise",
    "json",
    "github",
    "sarif",
    "gitlab",
    "junit",
    "azure",
    "rdjson",
    "markdown",
)
BY_LINES = frozenset(("text", "concise", "github", "azure", "markdown"))  # others are one document
_WITH_EDITS = frozenset(("rdjson",))  # made of them: no flag is needed
_WITH_SUMMARY = frozenset(("github", "markdown"))
_SUMMARY = "GITHUB_STEP_SUMMARY"

# Services want paths as they are in the repository, wherever in it a step stands.
_CHECKOUTS = {
    "github": ("GITHUB_WORKSPACE",),
    "markdown": ("GITHUB_WORKSPACE",),
    "gitlab": ("CI_PROJECT_DIR",),
    "sarif": ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"),
}
_ABSOLUTE = frozenset(("azure",))

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        help="How to report (default: text).",
    ),
    click.option(
        "--output-file",
        "-o",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the report here.",
    ),
    click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT:FILE",
        help="Write a report in this format here, `-` for standard output; may be given several times.",
    ),
)


class Target(NamedTuple):
    """One report; without a path it goes to standard output. `appends`: behind what is there."""

    output_format: str
    path: Path | None
    appends: bool = False


def output_options(command: Command) -> Command:
    """Add the flags of reports to a command."""
    return with_options(_OPTIONS, command)


def targets_of(values: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Target, ...]:
    """The reports that the flags ask for; raises ConfigError where one of them cannot be written, before any work."""
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start

    chosen, path, outputs = values["output_format"], values["output_file"], values["outputs"]
    targets = [_target(text) for text in outputs]
    if chosen is not None or path is not None or not outputs:
        targets.insert(0, Target(chosen or "text", path))
    if outputs and (values["diff"] or values["fix_only"]):
        flag = "--diff" if values["diff"] else "--fix-only"
        raise ConfigError(f"--output: {flag} writes no report")
    try:
        _check(targets)
    except OSError as error:  # a name that no file can have
        raise ConfigError(f"the report cannot be written: {error}") from error
    page = _page(environ)
    if page is not None and any(target.output_format in _WITH_SUMMARY for target in targets):
        targets = [t for t in targets if t.path is None or t.path.resolve() != page]
        targets.append(Target("markdown", page, appends=True))
    return tuple(targets)


def _page(environ: Mapping[str, str]) -> Path | None:
    """The page of the job that GitHub runs; in a container it may be named and missing."""
    name = environ.get(_SUMMARY)
    page = Path(name).resolve() if name else None
    return page if page is not None and page.parent.is_dir() else None


def wants_edits(targets: tuple[Target, ...]) -> bool:
    """Whether some report is made of fixes with their edits."""
    return any(target.output_format in _WITH_EDITS for target in targets)


def start_of(output_format: str, environ: Mapping[str, str]) -> Path | None:
    """The folder that paths in a report are relative to; None where they are absolute."""
    here = Path.cwd()
    if output_format in _ABSOLUTE:
        return None
    for name in _CHECKOUTS.get(output_format, ()):
        if environ.get(name):
            checkout = Path(environ[name]).resolve()
            if here.is_relative_to(checkout):
                return checkout
    return here


def source_url(environ: Mapping[str, str]) -> str:
    """Where GitHub shows the files of the checkout that a job works on; "" elsewhere."""
    parts = [environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "SHA")]
    server, repository, commit = parts
    return f"{server}/{repository}/blob/{commit}" if all(parts) else ""


def _target(text: str) -> Target:
    from conn_lint.config.options import ConfigError, nearest  # noqa: PLC0415 - a light start

    output_format, colon, file = text.partition(":")
    if not colon and output_format in FORMATS:
        raise ConfigError(f"--output: {text!r} says no file; {text}:FILE, or {text}:- to print it")
    if not colon:
        raise ConfigError(f"--output: {text!r} is not FORMAT:FILE, as in sarif:{text}")
    if output_format not in FORMATS:
        near = nearest(output_format, FORMATS)
        raise ConfigError(f"--output: unknown format {output_format!r} in {text!r}{near}")
    if not file:
        raise ConfigError(f"--output: {text!r} says no file; {text}- prints it")
    return Target(output_format, None if file == "-" else Path(file))


def _check(targets: list[Target]) -> None:
    """Find out what cannot be written while nothing is lost yet."""
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start

    printed = [target.output_format for target in targets if target.path is None]
    mixed = [name for name in printed if name not in BY_LINES]
    if mixed and len(printed) > 1:
        others = " and ".join(printed)
        raise ConfigError(f"--output: {others} cannot share standard output; {mixed[0]}:FILE")
    seen: set[Path] = set()
    for target in targets:
        if target.path is None:
            continue
        place = target.path.resolve()
        if place in seen:
            raise ConfigError(f"--output: two reports would be written to {target.path}")
        seen.add(place)
        if target.path.is_dir():
            raise ConfigError(f"the report cannot be written: {target.path} is a folder")
        if not place.parent.is_dir():
            raise ConfigError(
                f"the report cannot be written: there is no folder {target.path.parent}"
            )
        if target.path.exists() and not os.access(target.path, os.W_OK):
            raise ConfigError(f"the report cannot be written: {target.path} is read-only")
