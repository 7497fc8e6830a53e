"""Puts what the user states in place of what was read: processes, and what servers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conn_lint.deploy.described import ONE
from conn_lint.model.deployment import Deployment, Figure, Process, Stated, StatedProcess

_ONE_ASSUMED = Figure(1, "assumed")


def processes_stated(stated: Stated, read: Iterable[Process]) -> tuple[Process, ...]:
    """The processes that count: stated ones alone, where there are any.

    What a table leaves out is what was read of a process of its name, else what the table around it says. Figures
    that stand in the outer table alone describe one program, in place of all that was read.
    """
    by_name = {process.name: process for process in read}
    if stated.process:
        return tuple(_stated(one, stated, by_name.get(one.name)) for one in stated.process)
    alone = StatedProcess(name="app")
    if any((stated.instances, stated.workers, stated.threads, stated.concurrency)):
        return (_stated(alone, stated, None),)
    if by_name:
        return tuple(by_name.values())
    return (
        Process(
            "app", _ONE_ASSUMED, _ONE_ASSUMED, _ONE_ASSUMED,
            assumed=("nothing says how the project is run: one process of one thread is assumed",),
        ),
    )  # fmt: skip


def _stated(one: StatedProcess, outer: Stated, read: Process | None) -> Process:
    instances, workers, threads = (
        (None, None, None) if read is None else (read.instances, read.workers, read.threads)
    )
    return Process(
        name=one.name,
        instances=_figure(
            one.concurrency or one.instances, instances, outer.concurrency or outer.instances
        ),
        workers=_figure(one.workers, workers, outer.workers),
        threads=_figure(one.threads, threads, outer.threads),
        patterns=one.paths,
        target=read.target if read is not None else "",
        launcher=read.launcher if read is not None else "",
        path=read.path if read is not None else "",
        line=read.line if read is not None else 0,
        assumed=_left(read, one),
    )


def _figure(own: int | None, read: Figure | None, outer: int | None) -> Figure:
    if own is not None:
        return Figure(own, "stated")
    if read is not None and read.said == "read":
        return read
    if outer is not None:
        return Figure(outer, "stated")
    return read or ONE


def _left(read: Process | None, one: StatedProcess) -> tuple[str, ...]:
    """What is still assumed of a process that is stated in part."""
    return () if read is None or one.workers is not None else read.assumed


def assumptions(deployment: Deployment, processes: Iterable[Process]) -> Iterator[str]:
    """What a sum rests on that nobody has said."""
    listed = tuple(processes)
    for process in listed:
        yield from process.assumed
    silent = sorted(
        {p.name for p in listed if p.instances.said == "default" and p.launcher != "serverless"}
    )
    if silent:
        yield f"{', '.join(silent)}: one instance, since nothing says how many there are"
    if deployment.others:
        yield f"not read, since other files describe the same: {', '.join(deployment.others)}"
