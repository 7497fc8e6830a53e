"""The commands that explain: rule, rules, settings, files; and clean."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from conn_lint.cli.check import FAILED
from conn_lint.cli.options import make_flags, shared_options


@click.command()
@click.argument("code_or_name")
def rule(code_or_name: str) -> None:
    """Print the documentation of a rule, by its code or its name."""
    from conn_lint.config.options import nearest  # noqa: PLC0415 - a light start
    from conn_lint.rules import ALL_RULES  # noqa: PLC0415

    for known in ALL_RULES:
        if code_or_name.lower() in (known.code.lower(), known.name):
            state = "" if known.default else ", off unless selected"
            click.echo(f"# {known.name} ({known.code}, {known.severity.name.lower()}{state})\n")
            click.echo(inspect.cleandoc(known.__doc__ or ""))
            return
    names = [word for known in ALL_RULES for word in (known.name, known.code)]
    _fail(f"there is no rule {code_or_name!r}{nearest(code_or_name, names)}")


@click.command()
def rules() -> None:
    """List the rules."""
    from conn_lint.rules import ALL_RULES  # noqa: PLC0415 - a light start

    width = max((len(known.name) for known in ALL_RULES), default=0)
    for known in sorted(ALL_RULES, key=lambda known: known.code):
        first = (known.__doc__ or "").strip().split("\n")[0]
        state = known.severity.name.lower() if known.default else "off"
        click.echo(f"{known.code}  {known.name:<{width}}  {state:<7}  {first}")


@click.command()
@click.argument("path", default=".")
@shared_options
def settings(path: str, **values: Any) -> None:
    """Print the settings that hold for a path, and where they come from."""
    found, source = _settings(path, values)
    click.echo(f"# {source}")
    for name in found.__struct_fields__:
        if name != "knowledge":
            click.echo(f"{name.replace('_', '-')} = {_value(getattr(found, name))}")
    for name in found.knowledge.__struct_fields__:
        records = getattr(found.knowledge, name)
        if records:
            click.echo(f"[[{name}]]  # {len(records)} of your own")


@click.command()
@click.argument("paths", nargs=-1)
@shared_options
def files(paths: tuple[str, ...], **values: Any) -> None:
    """List the files of a project, and what is done with each."""
    from conn_lint.config.projects import display  # noqa: PLC0415 - a light start
    from conn_lint.report.escape import one_line  # noqa: PLC0415

    for root, found in _listed(paths or (".",), values):
        why = f" ({found.why})" if found.why else ""
        click.echo(f"{one_line(display(root / found.path))}: {found.role.value}{why}")


@click.command()
@click.argument("path", default=".")
@shared_options
def clean(path: str, **values: Any) -> None:
    """Delete the cache of the project that a path lies in."""
    from conn_lint.engine.cache import FOLDER  # noqa: PLC0415 - a light start
    from conn_lint.engine.cache import clean as delete  # noqa: PLC0415

    found, _ = _settings(path, values)
    folder = found.cache_dir or found.root / FOLDER
    try:
        deleted = delete(folder)
    except OSError as error:
        _fail(f"{folder}: {error.strerror or error}")
    click.echo(f"deleted {folder}" if deleted else f"no cache at {folder}")


def _settings(path: str, values: dict[str, Any]) -> Any:
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import Projects, display  # noqa: PLC0415

    where = Path(path).resolve()
    if not where.exists():
        _fail(f"{path}: there is no such file or folder")
    try:
        projects = Projects(make_flags(values))
        root = projects.root(where)
        source = projects.configuration(root)
        return projects.settings(root), display(
            source
        ) if source else "defaults: no configuration was found"
    except ConfigError as error:
        _fail(str(error))


def _listed(paths: tuple[str, ...], values: dict[str, Any]) -> Iterator[Any]:
    from conn_lint.config.options import ConfigError  # noqa: PLC0415 - a light start
    from conn_lint.config.projects import Job, list_projects  # noqa: PLC0415

    problems: list[str] = []
    try:
        yield from list_projects(Job(paths=paths), make_flags(values), problems)
    except ConfigError as error:
        _fail(str(error))
    if problems:
        _fail("; ".join(problems))


def _value(value: Any) -> str:
    if isinstance(value, Path):
        return repr(value.as_posix())
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value.name.lower() if hasattr(value, "name") and hasattr(value, "value") else value)


def _fail(message: str) -> Any:
    click.echo(f"conn-lint: {message}", err=True)
    sys.exit(FAILED)
