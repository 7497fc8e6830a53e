"""Reads a command line: which program it starts, in how many processes and threads."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from conn_lint.deploy.shell import ways_through
from conn_lint.deploy.variables import VARIABLE, name_of
from conn_lint.model.launcher import Launcher

_MOST_WORDS = 5000
_DEEPEST = 4
_JOINS = frozenset(("&&", "||", ";", "&", "|", "then", "do", "else", "if", "fi", "done"))
_HANDS_ON = re.compile(r"^\s*exec\s+\"?\$[@*]")
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh"))


class Number(NamedTuple):
    """A number in a command; `variable`: one of the environment says it, and this is its value or default.

    `given`: the variable is set where the command stands. Without a `value` it cannot be told.
    """

    value: int | None
    variable: str = ""
    given: bool = True


class Launched(NamedTuple):
    """What a command starts; None for what it does not say."""

    launcher: Launcher
    workers: Number | None
    threads: Number | None
    target: str
    config: str
    threaded: bool  # its workers are threads of one process
    label: str = ""  # a script starts it for this word, and nothing says whether it is given
    pool: str = ""  # what its workers are made of, as it says


Scripts = Callable[[str], Sequence[str]]
"""The commands of a script of the project, by the name that a command has for it."""


def launched(
    command: str,
    launchers: Sequence[Launcher],
    environment: Mapping[str, str],
    scripts: Scripts,
    depth: int = 0,
) -> Iterator[Launched]:
    """All programs that a command line starts and that stay: of several in a row, the last."""
    last: list[Launched] = []
    for words, background in _commands(_split(command)):
        found = list(_one(words, launchers, environment, scripts, depth))
        if background:
            yield from found
        elif found:
            last = found
    yield from last


def _split(command: str) -> list[str]:
    for sign in ("&&", "||", ";", "\n"):  # that need no space around them
        command = command.replace(sign, f" {';' if sign == chr(10) else sign} ")
    try:
        return shlex.split(command, comments=True)[:_MOST_WORDS]
    except ValueError:
        return command.split()[:_MOST_WORDS]


def _commands(words: list[str]) -> Iterator[tuple[list[str], bool]]:
    """The simple commands of a line, and whether each goes on in the background."""
    held: list[str] = []
    for word in words:
        if word in _JOINS:
            if held:
                yield held, word == "&"
            held = []
        else:
            held.append(word)
    if held:
        yield held, False


def _one(
    words: list[str],
    launchers: Sequence[Launcher],
    environment: Mapping[str, str],
    scripts: Scripts,
    depth: int,
) -> Iterator[Launched]:
    """What one simple command starts: by a launcher's name, in a shell of its own, or by a script of the project."""
    fitting = [
        (_is_interpreter(launcher), at, order)
        for at, word in enumerate(words)
        for order, launcher in enumerate(launchers)
        if _fits(launcher, words, at)
    ]
    inner = _inner(words)
    if inner and depth < _DEEPEST:
        yield from launched(inner, launchers, environment, scripts, depth + 1)
    elif fitting:
        _, at, order = min(fitting)
        if not launchers[order].once:
            yield _read(launchers[order], words[at + 1 :], environment)
    elif depth < _DEEPEST:
        for at, word in enumerate(words):
            commands = scripts(word) if word.endswith(".sh") else ()
            if any(_HANDS_ON.search(line) for line in commands) and words[at + 1 :]:
                yield from _one(words[at + 1 :], launchers, environment, scripts, depth + 1)
            elif commands:
                for way in ways_through(commands, words[at + 1 :]):
                    lines = "\n".join(way.commands)
                    for one in launched(lines, launchers, environment, scripts, depth + 1):
                        yield one._replace(label=one.label or way.label)
            if commands:
                return


def _inner(words: Sequence[str]) -> str:
    """The command line that a shell is given: `sh -c "..."`."""
    for at, word in enumerate(words[:-1]):
        if posixpath.basename(word) in _SHELLS:
            for flag in range(at + 1, min(at + 3, len(words) - 1)):
                if re.fullmatch(r"-\w*c", words[flag]):
                    return words[flag + 1]
    return ""


def _fits(launcher: Launcher, words: Sequence[str], at: int) -> bool:
    if posixpath.basename(words[at]) not in launcher.commands or (launcher.first and at):
        return False
    if launcher.unless:
        first = next((word for word in words[at + 1 :] if not word.startswith("-")), "")
        return bool(first) and first not in launcher.unless
    if _is_interpreter(
        launcher
    ):  # what it is given as text, or from elsewhere, is nothing of the project
        after = [word for word in words[at + 1 :] if word not in launcher.skips]
        return bool(after) and (after[0] == "-m" or not after[0].startswith("-"))
    return not launcher.subcommand or launcher.subcommand in words[at + 1 :]


def _is_interpreter(launcher: Launcher) -> bool:
    """It runs a file or module, and gives way to whatever else it starts by `-m`."""
    return launcher.target == ("-m",)


def _read(launcher: Launcher, arguments: Sequence[str], environment: Mapping[str, str]) -> Launched:
    values = dict(_flags(launcher, arguments))
    pool = _last(values, launcher.pool)
    threaded = pool in launcher.pool_threads if pool else False
    workers = _number(_last(values, launcher.workers), environment)
    if workers is None and launcher.workers_env in environment:
        workers = _number(f"${launcher.workers_env}", environment)
    threads = _number(_last(values, launcher.threads), environment)
    if threads is None and launcher.threads_env in environment:
        threads = _number(f"${launcher.threads_env}", environment)
    plain = values.get("", "") if launcher.argument else ""
    target = _last(values, launcher.target) or plain
    config = _last(values, launcher.config)
    if not config and values.get("", "").endswith((".ini", ".conf")):
        config = values[""]
    return Launched(launcher, workers, threads, target, config, threaded, pool=pool)


def _flags(launcher: Launcher, arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each flag with its value; under "" the first argument that is none."""
    known = (
        *launcher.workers, *launcher.threads, *launcher.target, *launcher.config, *launcher.pool,
    )  # fmt: skip
    plain, at, skipped = "", 0, not launcher.subcommand
    while at < len(arguments):
        word = arguments[at]
        at += 1
        if not word.startswith("-") or word == "-":
            if not skipped and word == launcher.subcommand:
                skipped = True
            elif not plain:
                plain = word
            continue
        flag, sign, value = word.partition("=")
        short = next((f for f in known if len(f) == 2 and f[1] != "-" and word.startswith(f)), "")
        if flag in launcher.skips:
            continue
        if sign:
            yield flag, value
        elif short and len(word) > 2 and not word.startswith("--"):
            yield short, word[2:]
        elif at < len(arguments):
            yield flag, arguments[at]
            at += 1
    yield "", plain


def _last(values: Mapping[str, str], flags: Sequence[str]) -> str:
    return next((values[flag] for flag in flags if values.get(flag)), "")


def _number(text: str, environment: Mapping[str, str]) -> Number | None:
    """What text stands for, its variables filled in; None where nothing is said."""
    if not text:
        return None
    variable, given = "", True
    match = VARIABLE.fullmatch(text)
    if match is not None:
        variable = name_of(match)
        given = variable in environment
        text = environment[variable] if given else match["default"] or ""
        inner = VARIABLE.fullmatch(text)
        if inner is not None:
            text, given = inner["default"] or "", False
    text = text.strip()
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None
    return Number(value, variable, given)
