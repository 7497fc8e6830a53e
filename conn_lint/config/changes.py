"""What a branch changed, asked of git: committed or not, and files that git does not know yet."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from conn_lint.config.options import ConfigError
from conn_lint.engine.documents import pathspecs
from conn_lint.model.changes import LAST_LINE, Changes

_TIMEOUT = 120
_DIFF = (
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--text",
    "--find-renames",
    "--ignore-submodules=all",
    "--unified=0",
    "--inter-hunk-context=0",
    "--no-abbrev",
    "--patch-with-raw",
    "-z",
)
_READ = ("*.py", "*.pyi", *pathspecs())  # nothing else can hold a finding, however large it is
_ALL = ((1, LAST_LINE),)
_PYTHON = (b".py", b".pyi")
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")

# What services that run builds say of the branch that this one goes into.
_BASES = (
    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    "PRE_COMMIT_FROM_REF",
)
_BRANCHES = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "CHANGE_TARGET",
)
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class GitError(Exception):
    """What git says went wrong."""


class _Record(NamedTuple):
    """A file that is different: its letter, what it was (a blob), what it is called now, and was."""

    letter: str
    blob: str
    name: bytes
    before: bytes


def changes_since(revision: str, start: Path, flag: str = "--changed-since") -> Changes:
    """The changes since the branch left `revision`, in the repository around a folder; raises ConfigError."""
    try:
        top = Path(_text(_git(start, "rev-parse", "--show-toplevel"))).resolve()
    except GitError as error:
        raise ConfigError(f"{flag}: {error}") from error
    base = _base(revision, top, flag)
    try:
        records, sections = _differences(_git(top, *_DIFF, base, "--", *_READ))
        fresh = _git(top, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
        lines = dict(_lines(top, records, sections))
        lines.update((_path(top, name), _ALL) for name in fresh if name)
        before = dict(_before(top, records))
    except GitError as error:
        raise ConfigError(f"{flag}: {error}") from error
    before.update((_path(top, name), b"") for name in fresh if name.endswith(_PYTHON))
    return Changes(lines, before)


def target_branch(environ: Mapping[str, str], start: Path) -> str:
    """The branch that this one goes into: as the service says that runs the build, else the usual one."""
    for name in _BASES:
        if environ.get(name):
            return environ[name]
    for name in _BRANCHES:
        if environ.get(name):
            return f"origin/{environ[name].removeprefix('refs/heads/')}"
    for name in _USUAL:
        if _knows(start, name):
            return name
    raise ConfigError(
        f"--diff-only: no branch to compare with ({', '.join(_USUAL)}); say --changed-since REV"
    )


def _base(revision: str, top: Path, flag: str) -> str:
    """The commit at which the branch left another."""
    if not _knows(top, revision):
        raise ConfigError(f"{flag}: git knows no revision {revision!r}{_shallow(top)}")
    try:
        return _text(_git(top, "merge-base", "HEAD", f"{revision}^{{commit}}"))
    except GitError as error:
        raise ConfigError(
            f"{flag}: HEAD and {revision!r} have no commit in common{_shallow(top)}"
        ) from error


def _knows(start: Path, revision: str) -> bool:
    try:
        _git(
            start, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
    except GitError:
        return False
    return True


def _shallow(top: Path) -> str:
    if _text(_git(top, "rev-parse", "--is-shallow-repository")) != "true":
        return ""
    return "; this clone is shallow: git fetch --unshallow (in GitHub's checkout, fetch-depth: 0)"


def _git(folder: Path, *args: str, stdin: bytes | None = None) -> bytes:
    command = ["git", "-C", str(folder), *args]
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, timeout=_TIMEOUT
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise GitError(f"git cannot be run: {error}") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise GitError(said.removeprefix("fatal: ") or f"git {args[0]} failed")
    return done.stdout


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape").removesuffix("\n")


def _path(top: Path, name: bytes) -> Path:
    return top / name.decode("utf-8", "surrogateescape")


def _differences(output: bytes) -> tuple[list[_Record], list[list[bytes]]]:
    """What `git diff --patch-with-raw -z` says: a record for each file, and the lines of its patch."""
    records: list[_Record] = []
    at = 0
    while output[at : at + 1] == b":":
        head, _, rest = output[at:].partition(b"\0")
        _, _, blob, _, status = head.split(b" ")
        two = status[:1] in b"RC"
        names = rest.split(b"\0", 2 if two else 1)
        records.append(
            _Record(status[:1].decode(), blob.decode(), names[1 if two else 0], names[0])
        )
        at += len(head) + 1 + sum(len(name) + 1 for name in names[: 2 if two else 1])
    sections: list[list[bytes]] = []
    for line in output[at:].split(b"\n"):
        if line.lstrip(b"\0").startswith(b"diff --git "):
            sections.append([])
        elif sections:
            sections[-1].append(line)
    return records, sections


def _lines(
    top: Path, records: list[_Record], sections: list[list[bytes]]
) -> Iterator[tuple[Path, tuple[tuple[int, int], ...]]]:
    """The changed lines of each file; all of them where the patch does not tell (while a merge is on, say)."""
    clear = len(records) == len(sections)
    for number, record in enumerate(records):
        if record.letter != "D":
            known = clear and record.letter in {"M", "R", "C"}
            found = tuple(_hunks(sections[number])) if known else _ALL
            yield _path(top, record.name), found


def _hunks(lines: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    for line in lines:
        match = _HUNK.match(line)
        if match is not None:
            first, count = int(match[1]), int(match[2]) if match[2] is not None else 1
            if count:
                yield first, first + count - 1


def _before(top: Path, records: Iterable[_Record]) -> Iterator[tuple[Path, bytes]]:
    """What Python files held, under the names that they have now."""
    python = [record for record in records if record.name.endswith(_PYTHON)]
    old = [record for record in python if record.letter != "A"]
    yield from ((_path(top, record.name), b"") for record in python if record.letter == "A")
    wanted = "".join(f"{record.blob}\n" for record in old).encode()
    output = _git(top, "cat-file", "--batch", stdin=wanted) if old else b""
    for record in old:
        head, _, output = output.partition(b"\n")
        words = head.split(b" ")
        if len(words) == 3 and words[2].isdigit():  # else the blob is missing, in a partial clone
            size = int(words[2])
            yield _path(top, record.name), output[:size]
            output = output[size + 1 :]
