"""The work of phase one on single files and units: plain functions, so that other processes can
run them.
"""

from __future__ import annotations

import re
import symtable
import traceback
import warnings
from collections.abc import Sequence

import msgspec

from conn_lint.engine.collector import seldom_collected
from conn_lint.engine.jobs import EMPTY, FileDone, FileJob, Reading, UnitDone, UnitJob, failed_unit
from conn_lint.engine.redact import redact, redact_skeleton
from conn_lint.lower.unit import read_unit
from conn_lint.model.mask import may_hold_secret
from conn_lint.model.summary import Skeleton
from conn_lint.syntax.deep import run_deep
from conn_lint.syntax.skeleton import read_skeleton
from conn_lint.syntax.slices import UnitError, slice_unit
from conn_lint.syntax.source import SourceError, decode

_LINE = re.compile(r"\bline (\d+)")
_ENCODE = msgspec.msgpack.Encoder()
_OWN_FAULT = (
    "an internal error of conn-lint ({error}); please report it with this file, "
    "--verbose shows more"
)


def read_files(jobs: Sequence[FileJob]) -> list[FileDone]:
    """The skeleton of each file, for another process."""
    return [done._replace(reading=None) for done in read_here(jobs)]


def read_here(jobs: Sequence[FileJob]) -> list[FileDone]:
    """The same for this process."""

    def work() -> list[FileDone]:
        with warnings.catch_warnings(), seldom_collected():
            warnings.simplefilter("ignore")
            return [_read(job) for job in jobs]

    return run_deep(work)


def _read(job: FileJob) -> FileDone:
    reading = read_file(job.data)
    return FileDone(job.digest, _ENCODE.encode(reading), reading)


def lower_units(jobs: Sequence[UnitJob]) -> list[UnitDone]:
    """The summary of each unit, for another process."""
    return [done._replace(summary=None) for done in lower_here(jobs)]


def lower_here(jobs: Sequence[UnitJob]) -> list[UnitDone]:
    """The same for this process."""
    with seldom_collected():
        return run_deep(lambda: [_lower(job) for job in jobs])


def read_file(data: bytes) -> Reading:
    """The skeleton of a file, or why there is none."""
    try:
        text = decode(data).text
        skeleton = redact_skeleton(read_skeleton(text))
    except SourceError as error:
        return Reading(EMPTY, error.message, error.line)
    except Exception as error:  # noqa: BLE001 - one file must not end the run; it becomes a finding
        return Reading(EMPTY, _own_fault(error), 1, traceback.format_exc())
    if skeleton.error:
        place = _LINE.search(skeleton.error)
        return Reading(skeleton, skeleton.error, int(place[1]) if place else 1)
    problem = _syntax_error(text, skeleton)
    return Reading(skeleton, problem.message, problem.line) if problem else Reading(skeleton)


def _syntax_error(text: str, skeleton: Skeleton) -> UnitError | None:
    """What is wrong with the syntax of a file.

    Python's own parser is asked first, because it is fast; the running Python may be older than
    the file, so what it refuses is an error only if the other parser refuses it too.
    """
    try:
        symtable.symtable(text, "file", "exec")
    except SyntaxError as error:
        message = error.msg.replace("(detected at line", "(found at line")
        found = UnitError(f"syntax error: {message}", error.lineno or 1)
    except (RecursionError, MemoryError, ValueError, SystemError):
        return None
    else:
        return None
    readable = all(_parses(slice_unit(text, skeleton, n)) for n in range(len(skeleton.units)))
    return None if readable else found


def _parses(text: str) -> bool:
    from conn_lint.syntax.units import parse_unit  # noqa: PLC0415 - brings LibCST

    try:
        parse_unit(text)
    except Exception:  # noqa: BLE001 - whatever it is, the parser could not read it
        return False
    return True


def _lower(job: UnitJob) -> UnitDone:
    try:
        summary = read_unit(job.text, job.is_rest)
    except UnitError as error:
        return _failed(job, f"line {error.line}: {error.message}")
    except RecursionError:
        return _failed(job, "line 1: the code is nested too deeply")
    except Exception as error:  # noqa: BLE001 - one unit must not end the run; it becomes a finding
        return _failed(job, f"line 1: {_own_fault(error)}", traceback.format_exc())
    data = _ENCODE.encode(summary)
    if may_hold_secret(data):
        summary = redact(summary)
        data = _ENCODE.encode(summary)
    return UnitDone(job.digest, data, is_good=summary.error is None, summary=summary)


def _failed(job: UnitJob, message: str, trace: str = "") -> UnitDone:
    return UnitDone(job.digest, failed_unit(message), is_good=False, trace=trace)


def _own_fault(error: Exception) -> str:
    return _OWN_FAULT.format(error=f"{type(error).__name__}: {error}"[:200])
