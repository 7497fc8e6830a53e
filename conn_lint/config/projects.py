"""Divides the given paths among the projects they lie in, and checks each project with its own
settings.
"""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from conn_lint.config.baselines import read_baseline
from conn_lint.config.files import Layer, read_layer
from conn_lint.config.options import ConfigError
from conn_lint.config.resolve import Flags, resolve
from conn_lint.engine.check import Outcome, Request, check
from conn_lint.engine.discover import Found, discover
from conn_lint.engine.inputs import look_inside
from conn_lint.engine.phase_one import Progress, silent
from conn_lint.engine.roots import Roots
from conn_lint.model.baseline import Baseline
from conn_lint.model.changes import Changes
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding, Step
from conn_lint.model.location import Location
from conn_lint.model.settings import Settings


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be checked: paths as given, the content of files that come from elsewhere.

    `beside` is the content of further files that are only known, not reported on.
    """

    paths: tuple[str, ...]
    overrides: Mapping[Path, bytes] = {}
    beside: Mapping[Path, bytes] = {}
    isolated_files: bool = False
    host_decides: bool = False
    draws: bool = False
    adds_up: bool = False
    changes: Changes | None = None


class Run(msgspec.Struct, frozen=True):
    """The outcome of each project with the settings it was checked with, and what could not be
    done.
    """

    checked: tuple[tuple[Settings, Outcome], ...]
    problems: tuple[str, ...]


class Projects:
    """Knows the project and the settings of every path, as the flags decide."""

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        self._config = flags.config.resolve() if flags.config is not None else None
        self.roots = Roots(configured=self._config is None and not flags.isolated)

    def root(self, path: Path) -> Path:
        """The root of the project of an absolute path; a configuration given by flag makes one."""
        if self._config is not None and path.is_relative_to(self._config.parent):
            return self._config.parent
        return self.roots.of(path)

    def configuration(self, root: Path) -> Path | None:
        """The file that configures the project of this root."""
        return self._config or self.roots.configuration(root)

    def settings(self, root: Path) -> Settings:
        """The settings of a project; raises ConfigError."""
        path = self.configuration(root)
        if path is None:
            return resolve(root, Layer(), self._flags, "command line")
        shown = display(path)
        if not path.is_file():
            raise ConfigError(f"{shown}: there is no such configuration file")
        return resolve(root, read_layer(path, shown), self._flags, shown)

    def baseline(self, settings: Settings) -> Baseline | None:
        """The baseline of a project; raises ConfigError."""
        file, anew = settings.baseline, self._flags.writes_baseline
        if file is None and anew:
            raise ConfigError(
                "--write-baseline: where to? Give --baseline FILE, or set `baseline` in the configuration"
            )
        return None if file is None else read_baseline(file, display(file), anew=anew)


Cure: TypeAlias = Callable[[Outcome, Request, Settings, Roots], Outcome]
"""What is done with an outcome before it counts."""


def check_projects(
    job: Job, flags: Flags, progress: Progress = silent, cure: Cure | None = None
) -> Run:
    """Check everything that lies at or below the paths, each project with its own settings.

    A project whose configuration is wrong is a problem, and the others are checked all the same. `cure` is given
    each outcome, and gives the one to report.
    """
    projects = Projects(flags)
    problems: list[str] = []
    todo: dict[Path, list[Path]] = defaultdict(list)
    for path in existing(job, problems):
        todo[projects.root(path)].append(path)
    checked: dict[Path, tuple[Settings, Outcome]] = {}
    while todo:
        root = min(todo, key=lambda root: len(root.parts))  # outer ones first: they find inner ones
        paths = todo.pop(root)
        try:
            settings = projects.settings(root)
            baseline = projects.baseline(settings)
        except ConfigError as error:
            problems.append(str(error))
            continue
        beside = {p: data for p, data in job.beside.items() if p.is_relative_to(root)}
        overrides = {p: data for p, data in job.overrides.items() if p in paths}
        request = Request(
            paths=tuple(paths),
            overrides={**beside, **overrides},
            isolated=job.isolated_files,
            host_decides=job.host_decides,
            draws=job.draws,
            baseline=baseline,
            adds_up=job.adds_up,
            changes=job.changes,
        )
        outcome = check(request, settings, projects.roots, progress)
        if cure is not None:
            outcome = cure(outcome, request, settings, projects.roots)
        checked[root] = (settings, outcome)
        for nested in outcome.nested:
            todo[nested].append(nested)
    return Run(tuple(checked[root] for root in sorted(checked)), tuple(dict.fromkeys(problems)))


def list_projects(job: Job, flags: Flags, problems: list[str]) -> Iterator[tuple[Path, Found]]:
    """Every file at or below the paths with the root it is named from, and what is done with it."""
    projects = Projects(flags)
    todo = list(existing(job, problems))
    while todo:
        path = todo.pop(0)
        root = projects.root(path)
        settings = projects.settings(root)
        listing = discover(settings, projects.roots, [path] if path.is_file() else ())
        todo.extend(nested for nested in listing.nested if nested.is_relative_to(path))
        for found in listing.files:
            if (root / found.path).is_relative_to(path):
                yield root, look_inside(found, settings)


def existing(job: Job, problems: list[str]) -> Iterator[Path]:
    """The paths, absolute and without links; those that do not exist become problems."""
    yield from job.overrides
    for given in job.paths:
        try:
            path = Path(given).resolve()
            exists = path.is_dir() or path.is_file()
        except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL in the name
            exists = False
        if exists:
            yield path
        else:
            problems.append(f"{given}: there is no such file or folder")


def display(path: Path, start: Path | None = Path()) -> str:
    """A path as it is shown: relative to where the user stands, or to another folder, with `/`; absolute for None."""
    try:
        return path.as_posix() if start is None else Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def display_below(root: Path, name: str) -> str:
    """A file of a project, known by its path below the root, as it is shown."""
    return display(root / name)


def place_below(root: Path, show: Callable[[Path], str]) -> Callable[[str], str]:
    """How a project's files, known by their paths below the root, are shown."""
    return functools.cache(lambda name: show(root / name))


def relocate(finding: Finding, place: Callable[[str], str]) -> Finding:
    """The finding with other paths, in its chain and its plan too."""
    location, chain, plan = finding.location, finding.chain, finding.plan
    if plan is not None:
        spans = tuple(_moved(span, place) for span in plan.spans)
        plan = msgspec.structs.replace(plan, spans=spans)
    because = _moved(finding.because, place) if finding.because is not None else None
    return msgspec.structs.replace(
        finding,
        location=_moved(location, place),
        chain=_moved_steps(chain, place),
        plan=plan,
        because=because,
    )


def relocate_connection(connection: Connection, place: Callable[[str], str]) -> Connection:
    """The connection with other paths, in all that leads to it too."""
    ways = tuple(
        msgspec.structs.replace(way, steps=_moved_steps(way.steps, place))
        for way in connection.ways
    )
    location = _moved(connection.location, place)
    return msgspec.structs.replace(connection, location=location, ways=ways)


def _moved(location: Location, place: Callable[[str], str]) -> Location:
    return Location(place(location.path), location.span)


def _moved_steps(steps: tuple[Step, ...], place: Callable[[str], str]) -> tuple[Step, ...]:
    return tuple(
        msgspec.structs.replace(step, location=_moved(step.location, place)) for step in steps
    )
