"""Ways out of a statement: falling through, return, break, continue, and exceptions of both kinds.

What must run on the way (a `finally`, the end of a `with`) is lowered once for each way out that
occurs.
"""

from __future__ import annotations

from collections.abc import Callable

from conn_lint.lower.graph import RAISED, RAISED_BASE, Ends, Sink
from conn_lint.lower.state import Frame, Lowering
from conn_lint.model.flow import FlowGraph

WAYS = ("return", "break", "continue")


def leave(state: Lowering, way: str) -> None:
    """Go out by `return`, `break` or `continue`, as far as the next frame that takes such exits."""
    ends, state.graph.ends = state.graph.ends, []
    for frame in reversed(state.frames):
        if way in frame:
            frame[way].extend(ends)
            return
    if way == "return":
        state.graph.connect(ends, FlowGraph.EXIT)


def run_framed(state: Lowering, frame: Frame, body: Callable[[], None]) -> None:
    """Run a body whose ways out the frame collects."""
    state.frames.append(frame)
    body()
    state.frames.pop()


def run_with_sink(state: Lowering, sink: Sink, body: Callable[[], None]) -> None:
    """Run a body whose exceptions the sink collects."""
    outer, state.graph.sink = state.graph.sink, sink
    body()
    state.graph.sink = outer


def protect(
    state: Lowering,
    body: Callable[[], None],
    leaving: Callable[[], None],
    raising: Callable[[bool], Ends],
) -> None:
    """Run `body`; then `leaving()` or `raising(base)` for each way out that occurred, and go on.

    `raising` starts at the exceptions as loose ends, hands them on, and returns the ends that come
    back to normal.
    """
    graph = state.graph
    frame: Frame = {way: [] for way in WAYS}
    sink = Sink()
    run_framed(state, frame, lambda: run_with_sink(state, sink, body))
    after: Ends = []
    if graph.ends:
        leaving()
        after = graph.ends
    for way in WAYS:
        if frame[way]:
            graph.ends = frame[way]
            leaving()
            leave(state, way)
    for base in (False, True):
        if sink.of(base):
            graph.ends = sink.of(base)
            after = after + raising(base)
    graph.ends = after


def reraise(state: Lowering, passed: Ends, *, base: bool) -> None:
    """Let the exception go on outwards; `passed` are the loose ends with which it arrived."""
    graph = state.graph
    if graph.ends is passed:
        graph.sink.of(base).extend(passed)
    elif graph.ends:
        graph.sink.of(base).append((graph.emit(None), RAISED_BASE if base else RAISED))
    graph.ends = []


def run_between(state: Lowering, body: Callable[[], None], cleanup: Callable[[], None]) -> None:
    """Run a body, then `cleanup` unless it was left by an exception or a `return`."""
    frame: Frame = {"break": [], "continue": []}
    run_framed(state, frame, body)
    after: Ends = []
    if state.graph.ends:
        cleanup()
        after = state.graph.ends
    for way in ("break", "continue"):
        if frame[way]:
            state.graph.ends = frame[way]
            cleanup()
            leave(state, way)
    state.graph.ends = after
