"""Runs for a host that lints file by file (flake8): once for all files, in the host's first
process.

Its worker processes get the result from memory if they are forks, else from a file.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.model.finding import Finding
from conn_lint.report.base import line

_VARIABLE = "CONN_LINT_HOSTED_RESULT"


class Rows(msgspec.Struct, frozen=True):
    """Line, column (from 0) and text of each finding by absolute path, and what went wrong."""

    by_path: dict[str, list[tuple[int, int, str]]] = {}
    problems: tuple[str, ...] = ()


def analyse_once(job: Job, config: Path | None, is_wanted: Callable[[Finding], bool]) -> Rows:
    """The rows of all files; in a worker process, those that the host's first process found."""
    return _from_parent() or _hand_over(_analyse(job, config, is_wanted))


def _analyse(job: Job, config: Path | None, is_wanted: Callable[[Finding], bool]) -> Rows:
    run = check_projects(job, Flags(config=config))
    problems = list(run.problems)
    rows: dict[str, list[tuple[int, int, str]]] = {}
    for _, outcome in run.checked:
        problems += [trouble.message for trouble in outcome.troubles]
        for finding in filter(is_wanted, outcome.findings):
            span, path = finding.location.span, str(outcome.root / finding.location.path)
            text = " ".join(line(finding).split())
            rows.setdefault(path, []).append((span.line, span.column, text))
    return Rows(rows, tuple(problems))


def _hand_over(rows: Rows) -> Rows:
    try:
        data = msgspec.msgpack.encode(rows)
        handle, name = tempfile.mkstemp(prefix="conn-lint-", suffix=".msgpack")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except (OSError, UnicodeEncodeError):  # a full disk; a file name that is no text
        return rows  # the workers will analyse anew
    os.environ[_VARIABLE] = name
    atexit.register(_take_back, name, os.getpid())
    return rows


def _take_back(name: str, owner: int) -> None:
    if os.getpid() == owner:
        Path(name).unlink(missing_ok=True)


def _from_parent() -> Rows | None:
    name = os.environ.get(_VARIABLE)
    if name is None or multiprocessing.parent_process() is None:
        return None
    try:
        return msgspec.msgpack.decode(Path(name).read_bytes(), type=Rows)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
