"""Phase one for all files of a run: skeletons first, then the units that phase two asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from conn_lint.engine.cache import Cache, digest_of
from conn_lint.engine.inputs import Input, Inputs
from conn_lint.engine.jobs import (
    KILLED,
    KILLED_READING,
    FileJob,
    Reading,
    UnitDone,
    UnitJob,
    failed_unit,
    split_error,
    with_shared_names,
)
from conn_lint.engine.pool import run_batches, split, worker_count
from conn_lint.link.words import UnitKey
from conn_lint.model.summary import Skeleton, UnitSummary
from conn_lint.syntax.slices import FileText, bodies
from conn_lint.syntax.source import decode

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""

Job = TypeVar("Job", FileJob, UnitJob)
Result = TypeVar("Result")

# Below so many characters of work another process takes longer to start than it saves.
_FILES_WORTH = 8_000_000
_UNITS_WORTH = 600_000


class Failure(msgspec.Struct, frozen=True):
    """Why (part of) a file could not be analysed; `trace` is set where the fault is our own."""

    path: str
    line: int
    message: str
    trace: str = ""


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class PhaseOne:
    """Reads skeletons and units of the files of one run. What cannot be read is in `failures`, one
    for a file.
    """

    def __init__(
        self, inputs: Inputs, cache: Cache, jobs: int, progress: Progress = silent
    ) -> None:
        self._inputs = inputs
        self._cache = cache
        self._workers = worker_count(jobs)
        self._progress = progress
        self._readings: dict[bytes, Reading] = {}
        self._failed: dict[bytes, UnitSummary] = {}
        self._traces: dict[bytes, str] = {}
        self._texts: dict[str, FileText] = {}
        self.failures: dict[str, Failure] = {
            path: Failure(path, 1, f"the file cannot be read: {why}")
            for path, why in inputs.unreadable.items()
        }
        self.parsed_lines = 0

    def skeletons(self) -> Mapping[str, Skeleton]:
        """The skeleton of every file that could be read, by path."""
        self._read(self._inputs.files.values())
        self._cache.skeletons.close()
        return {
            file.path: self._skeleton(file.path, file.digest)
            for file in self._inputs.files.values()
        }

    def reading(self, path: str) -> Reading:
        """What is made of one file, whether or not it can be analysed."""
        file = self._inputs.files[path]
        self._read([file])
        return self._readings[file.digest]

    def known(self, digest: bytes) -> Reading | None:
        """What an earlier run made of a file of this digest."""
        found = self._cache.skeletons.get(digest)
        return _decode(found, Reading) if found is not None else None

    def _read(self, files: Iterable[Input]) -> None:
        missing: dict[bytes, FileJob] = {}
        for file in files:
            if file.digest in self._readings or file.digest in missing:
                continue
            reading = self.known(file.digest)
            if reading is not None:
                self._readings[file.digest] = with_shared_names(reading)
            else:
                missing[file.digest] = FileJob(file.digest, file.data)
        self._read_missing(list(missing.values()))

    def _read_missing(self, missing: Sequence[FileJob]) -> None:
        if not missing:
            return
        from conn_lint.engine.workers import read_files, read_here  # noqa: PLC0415 - a warm run needs no parser

        done = 0
        work = read_here if self._needed(missing, _job_size, _FILES_WORTH) == 1 else read_files
        for batch, result in self._run(work, missing, _job_size, _FILES_WORTH):
            if result is None:
                self._readings.update((job.digest, KILLED_READING) for job in batch)
            for digest, data, made in result or ():
                reading = made or msgspec.msgpack.decode(data, type=Reading)
                self._readings[digest] = with_shared_names(reading)
                if not reading.trace:
                    self._cache.skeletons.put(digest, data)
            done += len(batch)
            self._progress("Reading files", done, len(missing))

    def _skeleton(self, path: str, digest: bytes) -> Skeleton:
        reading = self._readings[digest]
        if reading.problem:
            self._fail(Failure(path, reading.line, reading.problem, reading.trace))
        return reading.skeleton

    def load(self, keys: Iterable[UnitKey]) -> Iterator[tuple[UnitKey, UnitSummary]]:
        """The summaries of units, unpacked each time; one that cannot be parsed has its error set."""
        missing: dict[bytes, UnitJob] = {}
        waiting: defaultdict[bytes, list[UnitKey]] = defaultdict(list)
        for key in keys:
            digest = self._digest(key)
            summary = self._known(digest)
            if summary is not None:
                yield key, self._checked(key, digest, summary)
                continue
            waiting[digest].append(key)
            if digest not in missing:
                missing[digest] = UnitJob(digest, self.text(key), key[1] == 0)
                self.parsed_lines += self._lines_of(key)
        for digest, summary in self._lowered(list(missing.values())):
            for key in waiting[digest]:
                yield key, self._checked(key, digest, summary)

    def _known(self, digest: bytes) -> UnitSummary | None:
        if digest in self._failed:
            return self._failed[digest]
        found = self._cache.units.get(digest)
        return _decode(found, UnitSummary) if found is not None else None

    def _checked(self, key: UnitKey, digest: bytes, summary: UnitSummary) -> UnitSummary:
        if summary.error is not None:
            self._fail_unit(key, summary.error, self._traces.get(digest, ""))
        return summary

    def _lowered(self, missing: Sequence[UnitJob]) -> Iterator[tuple[bytes, UnitSummary]]:
        """The summaries of units that were never read; packed, they stay in the cache."""
        if not missing:
            return
        from conn_lint.engine.workers import lower_here, lower_units  # noqa: PLC0415 - a warm run needs no parser

        done = 0
        work = lower_here if self._needed(missing, _job_size, _UNITS_WORTH) == 1 else lower_units
        for batch, result in self._run(work, missing, _job_size, _UNITS_WORTH):
            for unit in result if result is not None else map(_killed, batch):
                made = unit.summary or msgspec.msgpack.decode(unit.data, type=UnitSummary)
                if unit.is_good:
                    self._cache.units.put(unit.digest, unit.data)
                else:
                    self._failed[unit.digest] = made
                    self._traces[unit.digest] = unit.trace
                yield unit.digest, made
            done += len(batch)
            self._progress("Parsing", done, len(missing))

    def _run(
        self,
        work: Callable[[Sequence[Job]], Result],
        jobs: Sequence[Job],
        size: Callable[[Job], int],
        worth: int,
    ) -> Iterator[tuple[Sequence[Job], Result | None]]:
        workers = self._needed(jobs, size, worth)
        yield from run_batches(work, split(jobs, size, workers), workers)

    def _needed(self, jobs: Sequence[Job], size: Callable[[Job], int], worth: int) -> int:
        """How many processes the work is worth."""
        return self._workers if sum(map(size, jobs)) >= worth else 1

    def _digest(self, key: UnitKey) -> bytes:
        path, number = key
        skeleton = self._readings[self._inputs.files[path].digest].skeleton
        own = skeleton.units[number].digest.encode()
        return digest_of(own, b"" if number else repr(bodies(skeleton)).encode())

    def _lines_of(self, key: UnitKey) -> int:
        """How many lines a unit has; those of the others do not count for the rest of a file."""
        skeleton = self._readings[self._inputs.files[key[0]].digest].skeleton
        unit = skeleton.units[key[1]]
        if key[1]:
            return unit.end_line - unit.line + 1
        return skeleton.lines - sum(other.end_line - other.line + 1 for other in skeleton.units[1:])

    def text(self, key: UnitKey) -> str:
        """A unit as it is written."""
        path, number = key
        if path not in self._texts:
            data = self._inputs.files[path].data
            self._texts[path] = FileText(decode(data).text, data)
        skeleton = self._readings[self._inputs.files[path].digest].skeleton
        return self._texts[path].unit(skeleton.heads, skeleton.units, number)

    def _fail_unit(self, key: UnitKey, error: str, trace: str) -> None:
        path, number = key
        unit = self._readings[self._inputs.files[path].digest].skeleton.units[number]
        line, message = split_error(error)
        self._fail(Failure(path, line + max(unit.line, 1) - 1, message, trace))

    def _fail(self, failure: Failure) -> None:
        """Keep the first failure of a file, by line."""
        known = self.failures.get(failure.path)
        if known is None or failure.line < known.line:
            self.failures[failure.path] = failure


Record = TypeVar("Record", Reading, UnitSummary)


def _decode(data: bytes, kind: type[Record]) -> Record | None:
    """A cached record; None where it is not what this version writes."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _job_size(job: FileJob | UnitJob) -> int:
    return len(job.data) if isinstance(job, FileJob) else len(job.text)


def _killed(job: UnitJob) -> UnitDone:
    return UnitDone(job.digest, failed_unit(KILLED), is_good=False)
