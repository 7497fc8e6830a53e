"""What a script runs: its variables filled in, and for the word that it is started with, as in
`case "$1" in web) ... ;; worker) ... ;; esac`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from conn_lint.deploy.purposes import effort
from conn_lint.deploy.variables import inserted
from conn_lint.model.summary import DocumentSummary

_CASE = re.compile(r"case\s+[\"']?\$\{?1\b[^\s]*\s+in\b\s*(?P<rest>.*)")
_LABEL = re.compile(r"\(?\s*(?P<words>[\w.*?|\"' -]+)\)(?P<rest>.*)", re.DOTALL)
_END = re.compile(r"esac\b")
_OTHER = "*"


_MOST_ROUNDS = 3
_MOST_LETTERS = 20_000


def commands_of(script: DocumentSummary) -> list[str]:
    """The commands of a script, with the variables in them that it gives one plain value."""
    given: dict[str, set[str]] = {}
    for entry in script.entries:
        if entry.keys[0] == "env":
            given.setdefault(str(entry.keys[1]), set()).add(str(entry.value or ""))
    plain = {
        name: next(iter(values))
        for name, values in given.items()
        if len(values) == 1 and not any(sign in value for value in values for sign in ("$(", "`"))
    }
    return [_with(str(e.value), plain) for e in script.entries if e.keys[0] == "run"]


def _with(command: str, variables: Mapping[str, str]) -> str:
    for _ in range(_MOST_ROUNDS):  # a value may name others
        more = inserted(command, variables)
        if more == command or len(more) > _MOST_LETTERS:
            break
        command = more
    return command


class Way(NamedTuple):
    """Commands that run one after the other; `label`: for this word, and nothing says whether it is given."""

    commands: list[str]
    label: str = ""


class Branch(NamedTuple):
    """The commands of one branch, and the words that lead to it."""

    words: tuple[str, ...]
    commands: list[str]


def ways_through(commands: Sequence[str], arguments: Sequence[str]) -> list[Way]:
    """One way through a script; where it branches by its first word, and none is given, one for each word."""
    at = next((n for n, line in enumerate(commands) if _CASE.match(line.strip())), None)
    branches, after = _branches(commands, at) if at is not None else ([], [])
    if not branches:
        return [Way(list(commands))]
    before = commands[:at]
    if arguments:
        taken = _taken(branches, arguments[0])
        return [Way([*before, *(taken.commands if taken is not None else ()), *after])]
    named = [branch for branch in branches if _OTHER not in branch.words]
    earnest = [branch for branch in named if effort(branch.words[0]) < 2]
    return [Way([*before, *b.commands, *after], b.words[0]) for b in earnest or named]


def _taken(branches: Iterable[Branch], word: str) -> Branch | None:
    for branch in branches:
        if any(fnmatch.fnmatchcase(word, pattern) for pattern in branch.words):
            return branch
    return None


def _branches(commands: Sequence[str], start: int) -> tuple[list[Branch], list[str]]:
    """The branches from a line on, and what follows them; none where they never end."""
    match = _CASE.match(commands[start].strip())
    lines = [match["rest"] if match is not None else "", *commands[start + 1 :]]
    found: list[Branch] = []
    current: Branch | None = None
    for number, line in enumerate(lines):
        text = line.strip()
        if _END.match(text):
            return found, list(lines[number + 1 :])
        label = _LABEL.match(text) if current is None else None
        if label is not None:
            words = (word.strip().strip("\"'") for word in label["words"].split("|"))
            current = Branch(tuple(words), [])
            found.append(current)
            text = label["rest"].strip()
        done = text.endswith(";;")
        text = text.removesuffix(";;").strip()
        if current is not None and text:
            current.commands.append(text)
        if done:
            current = None
    return [], []
