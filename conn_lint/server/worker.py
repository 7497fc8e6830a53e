"""A run for the server, in a process of its own, so that an outdated one can be ended and a broken one harms nobody.

The order comes on standard input, the answer goes to standard output.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from conn_lint.config.files import absolute
from conn_lint.config.options import ConfigError, parse_options
from conn_lint.config.projects import Job, Projects, Run, check_projects, relocate
from conn_lint.config.repairs import Renderings, Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.ignore import compile_patterns
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, Edit

_SETTINGS = "settings of the editor"
_Message = TypeVar("_Message")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: the findings of the `opened` files (their contents by absolute path), or with a `level` what
    they would be after their fixes.

    `beside` are the contents of others, on which nothing is reported. `options` are as in the configuration, and go
    over it.
    """

    opened: Mapping[str, bytes]
    beside: Mapping[str, bytes] = {}
    options: Mapping[str, Any] = {}
    config: str | None = None
    level: Applicability | None = None


class Shown(msgspec.Struct, frozen=True):
    """A finding, with absolute paths; its fix as edits, or the reason why there is none."""

    finding: Finding
    edits: tuple[Edit, ...] = ()
    reason: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What was found, what the files are after their fixes, by absolute path, and what went wrong."""

    shown: tuple[Shown, ...] = ()
    fixed: dict[str, bytes] = {}
    problems: tuple[str, ...] = ()


def answer(order: Order) -> Answer:
    """Carry out an order."""
    try:
        flags = Flags(
            options=absolute(parse_options(order.options, _SETTINGS), Path.cwd()),
            config=Path(order.config) if order.config else None,
        )
        opened = dict(_reported(order.opened, flags))
    except ConfigError as error:
        return Answer(problems=(str(error),))
    beside = {Path(path).resolve(): data for path, data in order.beside.items()}
    job = Job(paths=(), overrides=opened, beside=beside)
    if order.level is None:
        return _found(job, flags)
    return _fixed(job, flags, order.level)


def _reported(opened: Mapping[str, bytes], flags: Flags) -> Iterator[tuple[Path, bytes]]:
    """The files but for those that are excluded: to look at a library is not to check it."""
    projects = Projects(flags)
    for name, data in opened.items():
        path = Path(name).resolve()
        root = projects.root(path)
        excluded = compile_patterns(projects.settings(root).exclude)
        if not excluded.match_file(path.relative_to(root).as_posix()):
            yield path, data


def _found(job: Job, flags: Flags) -> Answer:
    renderings = Renderings()
    run = check_projects(job, flags, cure=renderings)
    fixes: dict[Finding, Shown] = {}
    for root, rendered in renderings.found:
        place = functools.partial(_absolute, root)
        finding = relocate(rendered.finding, place)
        edits = rendered.fix.edits if rendered.fix is not None else ()
        moved = tuple(msgspec.structs.replace(edit, path=place(edit.path)) for edit in edits)
        fixes[finding] = Shown(finding, moved, rendered.reason)
    found = [
        relocate(finding, functools.partial(_absolute, outcome.root))
        for settings, outcome in run.checked
        for finding in outcome.findings
        if settings.show_notes or finding.severity is not Severity.NOTE
    ]
    return Answer(tuple(fixes.get(f, Shown(f)) for f in found), problems=_problems(run))


def _fixed(job: Job, flags: Flags, level: Applicability) -> Answer:
    repairs = Repairs(level)
    run = check_projects(job, flags, cure=repairs)
    after = {
        _absolute(done.outcome.root, path): data
        for done in repairs.done
        for path, data in done.after.items()
    }
    return Answer(fixed=after, problems=_problems(run))


def _problems(run: Run) -> tuple[str, ...]:
    troubles = (trouble.message for _, outcome in run.checked for trouble in outcome.troubles)
    return (*run.problems, *troubles)


def _absolute(root: Path, name: str) -> str:
    return (root / name).as_posix()


def packed(message: object) -> bytes:
    """An order or answer for the other process. In JSON's escapes even the name of a file that is no text can go."""
    return json.dumps(msgspec.to_builtins(message)).encode()


def unpacked(data: bytes, kind: type[_Message]) -> _Message:
    """What `packed` was given; raises ValueError."""
    return msgspec.convert(json.loads(data), kind)


def main() -> None:
    """Read an order, write the answer."""
    try:
        order = unpacked(sys.stdin.buffer.read(), Order)
        done = answer(order)
    except msgspec.ValidationError as error:  # a setting of another type
        done = Answer(problems=(f"{_SETTINGS}: {error}",))
    sys.stdout.buffer.write(packed(done))


if __name__ == "__main__":
    main()
