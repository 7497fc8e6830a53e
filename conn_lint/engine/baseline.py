"""Baselines: reads and writes them, and tells the findings that are in one from new ones."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from conn_lint.model.baseline import Baseline, Entry
from conn_lint.model.finding import MORE, Finding
from conn_lint.model.fingerprint import subject_of
from conn_lint.model.mask import mask

HEAD = "# conn-lint baseline 1"
_ABOUT = f"{HEAD}: findings that were there before. Written by: conn-lint check --write-baseline"
_VERSION = re.compile(r"# conn-lint baseline (\d+)")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)")


_Key = tuple[str, str, str, str]


class BaselineError(Exception):
    """A baseline cannot be read; the text says what is wrong in which line."""


class _Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    path: str
    code: str
    function: str
    resource: str
    content: str
    reach: tuple[str, ...] = ()


class Matched(msgspec.Struct, frozen=True):
    """Findings held against a baseline: `new` ones and `known` ones, the entries that stand for a finding (`taken`, of
    a new one too if it is new only by its reach), and those that are `gone`.
    """

    new: tuple[Finding, ...] = ()
    known: tuple[Finding, ...] = ()
    taken: tuple[Entry, ...] = ()
    gone: tuple[Entry, ...] = ()
    baseline: Baseline | None = None


def parse_baseline(text: str) -> tuple[Entry, ...]:
    """The entries of a baseline; raises BaselineError."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if number == 1 and (version := _VERSION.match(line)) and version[1] != "1":
            raise BaselineError(
                f"line 1: it is of version {version[1]}, and this conn-lint reads 1"
            )
        if _CONFLICT.match(line):
            raise BaselineError(
                f"line {number}: a merge left a conflict here; keep the lines of both sides"
                ", or delete the file and write it anew"
            )
        if line.strip() and not line.startswith("#"):
            entries.append(_entry(line, number))
    return tuple(entries)


def _entry(line: str, number: int) -> Entry:
    try:
        row = msgspec.convert(json.loads(line), _Row)
        return Entry(row.path, row.code, row.function, row.resource, row.content, row.reach, number)
    except (ValueError, RecursionError, msgspec.ValidationError):
        pass
    shape = '["path", "code", "function", "resource", "line of code", ["entry points"]]'
    raise BaselineError(f"line {number}: it is no entry, which would be {shape}")


def render_baseline(entries: Iterable[Entry]) -> str:
    """The text of a baseline. Only ASCII is in it, so that nothing in a name can hide from who reads a diff."""
    rows = []
    for e in entries:
        row = [e.path, e.code, e.function, e.resource, e.content]
        rows.append(json.dumps([*row, list(e.reach)] if e.reach else row))
    return "".join(f"{line}\n" for line in (_ABOUT, *sorted(rows)))


def entry_of(finding: Finding, path: str) -> Entry:
    """What is kept of a finding."""
    return Entry(
        path=path,
        code=finding.code,
        function=finding.function,
        resource=subject_of(finding),
        content=mask(finding.content),
        reach=tuple(map(mask, finding.reach)),
    )


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows of the project's files, by their paths below the root.

    `owns`: it lies in no other project. `reports`: its findings are reported; `shown` gives one as it is, or None.
    `judges`: all findings of a code in it would have been found, and are wanted.
    """

    root: Path
    owns: Callable[[str], bool]
    reports: Callable[[str], bool]
    shown: Callable[[Finding], Finding | None]
    judges: Callable[[str, str], bool]


def match(
    findings: Sequence[Finding], baseline: Baseline, view: View, *, by_reach: bool
) -> Matched:
    """Hold all findings of a project against a baseline, and give what is to be said of the files reported on.

    Equal findings count: two need two entries. An entry of a file that is there no more stands for the same finding in
    any other file. With `by_reach` a finding to which a new entry point leads is new.
    """
    places = Paths(view.root, baseline.file.parent)
    named = [
        (entry, name)
        for entry in baseline.entries
        if (name := places.name(entry.path)) is not None and view.owns(name)
    ]
    found = _assigned(findings, named, view)
    new, known, taken = [], [], []
    for number, finding in enumerate(findings):
        shown = view.shown(finding)
        if shown is None:
            continue
        entry = found.get(number)
        more = _more(finding, entry) if by_reach and entry is not None else []
        taken += [entry] if entry is not None else []
        if entry is None or more:
            new.append(_explained(shown, more))
        else:
            known.append(shown)
    used = {entry.line for entry in found.values()}
    gone = [
        entry
        for entry, name in named
        if entry.line not in used and view.reports(name) and view.judges(name, entry.code)
    ]
    return Matched(tuple(new), tuple(known), tuple(taken), tuple(gone), baseline)


def _assigned(
    findings: Sequence[Finding], named: Sequence[tuple[Entry, str]], view: View
) -> dict[int, Entry]:
    """The entry of each finding that has one, by the finding's number: of its own file first."""
    here: dict[tuple[str, _Key], list[Entry]] = defaultdict(list)
    for entry, name in named:
        here[name, _key(entry)].append(entry)
    found: dict[int, Entry] = {}
    for number, finding in enumerate(findings):
        _take(number, finding, here[finding.location.path, _key(finding)], found)
    moved: dict[_Key, list[Entry]] = defaultdict(list)
    for (name, key), left in here.items():
        if left and not (view.root / name).is_file():
            moved[key] += left
    for number, finding in enumerate(findings):
        if number not in found:
            _take(number, finding, moved[_key(finding)], found)
    return found


def _take(number: int, finding: Finding, entries: list[Entry], found: dict[int, Entry]) -> None:
    """Of equal entries the one that knows most of what leads to the finding."""
    if entries:
        entry = min(entries, key=lambda e: len(_more(finding, e)))
        entries.remove(entry)
        found[number] = entry


def _key(item: Finding | Entry) -> _Key:
    subject = subject_of(item) if isinstance(item, Finding) else item.resource
    return item.code, subject, item.function, mask(item.content)


def _more(finding: Finding, entry: Entry) -> list[str]:
    """The entry points that lead to the finding since the baseline was written."""
    if MORE in entry.reach:
        return []  # those that were not written down are not new
    reach = Counter(map(mask, finding.reach)) - Counter(entry.reach)
    return sorted(label for label in reach if label != MORE)


def _explained(finding: Finding, more: list[str]) -> Finding:
    if not more:
        return finding
    rest = f" and {len(more) - 1} more" if len(more) > 1 else ""
    text = f"The baseline has this without {more[0]}{rest}."
    head = finding.message.removesuffix(finding.advice) if finding.advice else finding.message
    message = " ".join(filter(None, (head.rstrip(), text, finding.advice)))
    return msgspec.structs.replace(finding, message=message)


class Paths:
    """Paths of a project's files as they are below its root, and as a baseline in some folder writes them."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        try:
            self._way = Path(os.path.relpath(root, folder)).as_posix()
        except ValueError:  # another drive
            self._way = root.as_posix()

    def written(self, name: str) -> str:
        """A file's path in the baseline."""
        return name if self._way == "." else f"{self._way}/{name}"

    def name(self, written: str) -> str | None:
        """A file's path below the root; None for one of another project."""
        written = written.replace("\\", "/")
        if self._way == ".":
            return None if written.startswith(("../", "/")) else written
        return (
            written.removeprefix(f"{self._way}/") if written.startswith(f"{self._way}/") else None
        )
