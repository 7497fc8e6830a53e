"""From a described program (a command with its surroundings) to the processes that it comes to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from conn_lint.deploy.commands import Launched, Number, Scripts, launched
from conn_lint.deploy.variables import filled
from conn_lint.model.deployment import Figure, Process
from conn_lint.model.launcher import Launcher

_ASYNC = ".asgi"
ONE = Figure(1, "default")
_ASSUMED_PROCESSORS = 4


class Described(NamedTuple):
    """A program as a file describes it; `instances` is None where it says nothing of them."""

    name: str
    command: str
    path: str
    line: int
    instances: Figure | None = None
    environment: Mapping[str, str] = {}
    folder: str = ""


SettingOf = Callable[[str, str, str], "Figure | str | None"]
"""What a settings file gives to a name: asked with the folder it is in, its own name, and that name."""


Stated = Callable[[str], "Figure | None"]
"""What the program's own settings give to a name, wherever they stand."""

Programs = Callable[[Described, str], Sequence[Described]]
"""The programs that a supervisor runs by the settings file of this name."""


class Surroundings(NamedTuple):
    """What a command refers to: the launchers there are, scripts of the project, settings files of launchers, the
    program's own settings, what supervisors run.
    """

    launchers: Sequence[Launcher]
    scripts: Scripts
    setting: SettingOf
    stated: Stated
    programs: Programs


def processes_of(
    described: Described, around: Surroundings, *, supervised: bool = False
) -> Iterator[Process]:
    """One process kind for each program that the command starts; `supervised`: a supervisor does."""
    command = described.command
    seen: set[str] = set()

    def once(name: str) -> Sequence[str]:
        """A script's commands where it is first run: scripts that run each other come to an end."""
        if name in seen:
            return ()
        seen.add(name)
        return around.scripts(name)

    found = list(launched(command, around.launchers, described.environment, once))
    for number, one in enumerate(found):
        more = f" {one.label}" if one.label else f" {number + 1}" if number else ""
        if not one.launcher.supervises:
            yield _process(described, one, around, f"{described.name}{more}")
        elif not supervised:
            for program in around.programs(described, one.config or one.launcher.config_file):
                yield from processes_of(program, around, supervised=True)


def _process(described: Described, one: Launched, around: Surroundings, name: str) -> Process:
    launcher = one.launcher
    assumed: list[str] = []
    if one.label:
        assumed.append(
            f"{described.name}: its script starts another program for each word; each counts once"
        )
    config = one.config.removeprefix("python:") or launcher.config_file

    def figure(said: Number | None, setting: str, default: int, what: str) -> Figure:
        if said is not None:
            return _said(said, described, what, assumed)
        own = (around.stated(n) for n in launcher.settings_workers) if what == "workers" else ()
        for stated in own:
            if stated is not None:
                if stated.note:
                    assumed.append(f"{name}: {_many(stated.value, what)}, {stated.note}")
                return stated
        if setting and config:
            read = around.setting(described.folder, config, setting)
            if isinstance(read, Figure):
                if read.note:
                    assumed.append(f"{name}: {_many(read.value, what)}, {read.note}")
                return read
        if default == 0:
            assumed.append(
                f"{name}: {launcher.name} starts as many {what} as there are processors; "
                f"{_ASSUMED_PROCESSORS} are assumed"
            )
            return Figure(_ASSUMED_PROCESSORS, "assumed", note="as many as processors")
        return Figure(default, "default", note=f"{launcher.name}'s default")

    workers = figure(one.workers, launcher.config_workers, launcher.workers_default, "workers")
    threads = figure(one.threads, launcher.config_threads, launcher.threads_default, "threads")
    if one.threaded:
        workers, threads = ONE, workers
    target = filled(one.target, described.environment)
    if config and launcher.config_target and target in ("", config):
        read = around.setting(described.folder, config, launcher.config_target)
        target = read if isinstance(read, str) else target
    pool = one.pool
    if config and launcher.config_pool and not pool:
        read = around.setting(described.folder, config, launcher.config_pool)
        pool = read if isinstance(read, str) else ""
    has_loop = any(word in pool.lower() for word in launcher.pool_loops)
    return Process(
        name=name,
        instances=described.instances or ONE,
        workers=workers,
        threads=threads,
        target=_within(target, described.folder),
        launcher=launcher.name,
        is_async=launcher.is_async or _ASYNC in target or has_loop,
        path=described.path,
        line=described.line,
        assumed=tuple(assumed),
    )


def _said(said: Number, described: Described, what: str, assumed: list[str]) -> Figure:
    path, line = described.path, described.line
    if said.value is None:
        why = f"{said.variable} is set nowhere" if said.variable else "it is not plain"
        assumed.append(f"{described.name}: how many {what} cannot be told ({why}); 1 is assumed")
        return Figure(1, "assumed", path, line, why)
    value = max(said.value, 1)
    if said.variable and not said.given:
        assumed.append(
            f"{described.name}: {_many(value, what)}, the default of {said.variable}, which may say otherwise"
        )
        return Figure(value, "assumed", path, line, f"the default of {said.variable}")
    return Figure(value, "read", path, line)


def _many(number: int, what: str) -> str:
    return f"{number} {what if number != 1 else what.removesuffix('s')}"


def _within(target: str, folder: str) -> str:
    """A file that a command names, from the project's root."""
    if target.endswith(".py") and not target.startswith("/"):
        return posixpath.normpath(posixpath.join(folder, target))
    return target
