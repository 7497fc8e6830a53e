"""What a script runs: its variables filled in, and for the word that it is started with, as in
`case "$1" in web) ... ;; worker) ... ;; esac`, or `if [ "$1" = web ]; then ... elif ...; fi`.
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
_LEAVES = re.compile(r"(exec\s+[^\s<>&\d]|exit\b)")
_OTHER = "*"
_TEST = re.compile(
    r"(?:el)?if\s+(?:\[\[?|test)\s+[\"']?\$\{?1\b[^\s]*\s+==?\s+[\"']?(?P<word>\w[\w.:-]*)[\"']?(?:\s*\]\]?)?"
    r"\s*(?:;\s*then)?\Z"
)
_SEVERAL = 2

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
    """One way through a script; where it branches by its first word, and none is given, one for each word.

    One test for a word is no choice of programs, as long as none is given.
    """
    at = next((n for n, line in enumerate(commands) if _begins(line.strip())), None)
    branches: list[Branch] = []
    after: list[str] = []
    if at is not None:
        by_case = _CASE.match(commands[at].strip()) is not None
        branches, after = (_branches if by_case else _tests)(commands, at)
        if not by_case and not arguments and len(branches) < _SEVERAL:
            branches = []
    if not branches:
        return [Way(list(commands))]
    before = commands[:at]
    if arguments:
        taken = _taken(branches, arguments[0])
        return [Way([*before, *_with_rest(taken.commands if taken is not None else [], after)])]
    named = [branch for branch in branches if _OTHER not in branch.words]
    earnest = [branch for branch in named if effort(branch.words[0]) < 2]
    return [Way([*before, *_with_rest(b.commands, after)], b.words[0]) for b in earnest or named]


def _with_rest(commands: list[str], after: list[str]) -> list[str]:
    """What follows a branch does not run where it ends the script."""
    return commands if commands and _LEAVES.match(commands[-1]) else [*commands, *after]


def _taken(branches: Iterable[Branch], word: str) -> Branch | None:
    for branch in branches:
        if any(fnmatch.fnmatchcase(word, pattern) for pattern in branch.words):
            return branch
    return None


def _begins(line: str) -> bool:
    return bool(_CASE.match(line) or (line.startswith("if") and _TEST.match(line)))


def _tests(commands: Sequence[str], start: int) -> tuple[list[Branch], list[str]]:
    """The branches of an `if`, and what follows it; none where one tests something else, or it never ends."""
    found: list[Branch] = []
    depth = 0
    for number, line in enumerate(commands[start:], start):
        text = line.strip()
        begins, ends = re.match(r"if\b", text), re.search(r"(^|;\s*)fi\b", text)
        if depth <= 1 and (begins if depth == 0 else re.match(r"elif\b", text)):
            match = _TEST.match(text)
            if match is None:
                return [], []
            found.append(Branch((match["word"],), []))
            depth = 1
        elif depth == 1 and text == "else":
            found.append(Branch((_OTHER,), []))
        elif depth == 1 and ends and not begins:
            return found, list(commands[number + 1 :])
        elif text != "then" or depth > 1:
            depth += bool(begins) - bool(ends)
            found[-1].commands.append(text)
    return [], []


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
