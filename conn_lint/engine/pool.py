"""Runs work in other processes when it pays, and survives a process that dies of its input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")

_BATCHES_PER_WORKER = 4
_FEWEST = 16


def worker_count(jobs: int) -> int:
    """How many processes to use; 0 asks for as many as the machine gives this program."""
    if jobs > 0:
        return jobs
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def run_batches(
    work: Callable[[Sequence[Item]], Result], batches: Sequence[Sequence[Item]], workers: int
) -> Iterator[tuple[Sequence[Item], Result | None]]:
    """Yield each batch with its result, None for an item that kills its process even when it is
    alone there.

    `work` must be a function of a module, and may be called twice for one item.
    """
    if workers <= 1 or len(batches) <= 1:
        yield from ((batch, work(batch)) for batch in batches)
        return
    from concurrent.futures import BrokenExecutor  # noqa: PLC0415 - most runs need no processes

    done = set()
    try:
        for number, result in _in_pool(work, batches, workers):
            done.add(number)
            yield batches[number], result
    except (OSError, ImportError, NotImplementedError):  # no semaphores, no processes: do it here
        yield from ((batch, work(batch)) for n, batch in enumerate(batches) if n not in done)
    except BrokenExecutor:
        for number, batch in enumerate(batches):
            if number not in done:
                yield from _one_by_one(work, batch)


def split(items: Iterable[Item], weight: Callable[[Item], int], workers: int) -> list[list[Item]]:
    """Batches of about the same weight, so many that their ends tell how far the work is."""
    ordered = sorted(items, key=weight, reverse=True)
    number = min(max(workers * _BATCHES_PER_WORKER, _FEWEST), len(ordered))
    batches: list[list[Item]] = [[] for _ in range(number)]
    weights = [0] * len(batches)
    for item in ordered:
        lightest = weights.index(min(weights))
        batches[lightest].append(item)
        weights[lightest] += weight(item) + 1
    return batches


def _in_pool(
    work: Callable[[Sequence[Item]], Result], batches: Sequence[Sequence[Item]], workers: int
) -> Iterator[tuple[int, Result]]:
    from concurrent.futures import as_completed  # noqa: PLC0415

    with _executor(min(workers, len(batches))) as pool:
        futures = {pool.submit(work, batch): number for number, batch in enumerate(batches)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _one_by_one(
    work: Callable[[Sequence[Item]], Result], batch: Sequence[Item]
) -> Iterator[tuple[Sequence[Item], Result | None]]:
    """Give each item a process of its own, so that only the one that kills it is lost."""
    yield from (([item], _alone(work, item)) for item in batch)


def _alone(work: Callable[[Sequence[Item]], Result], item: Item) -> Result | None:
    from concurrent.futures import BrokenExecutor  # noqa: PLC0415

    try:
        with _executor(1) as pool:
            return pool.submit(work, [item]).result()
    except BrokenExecutor:
        return None


def _executor(workers: int) -> ProcessPoolExecutor:
    """Never `fork`: the caller may have threads (a progress bar), whose locks a fork would copy as
    they are.
    """
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["conn_lint.engine.workers"])
    return ProcessPoolExecutor(workers, mp_context=context)
