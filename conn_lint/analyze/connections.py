"""A program's connections as they are drawn: each creation with all that leads to it, or how it is made once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionRef
from conn_lint.model.connections import Connection, Keeping, Way

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.creations import Creations
    from conn_lint.analyze.sites import Solved
    from conn_lint.analyze.walking import Reached
    from conn_lint.model.creation import Creation

_MAX_WAYS = 50


def connections_of(analysis: Analysis, creations: Creations) -> Iterator[Connection]:
    """Every creation outside tests, in the order of the creations."""
    for creation, solved, reached in creations.reached():
        kept = _kept(analysis, solved, creation)
        yield Connection(
            location=creation.location,
            statement=creation.statement,
            call=creation.call,
            function=creation.function,
            module=creation.module,
            resource=creation.resource.name,
            kind=creation.resource.kind,
            kept="" if reached else kept,
            in_loop=bool(creation.loops),
            ways=tuple(_way(creations, way) for way in reached[:_MAX_WAYS]),
            more=max(len(reached) - _MAX_WAYS, 0),
        )


def _way(creations: Creations, reached: Reached) -> Way:
    return Way(
        label=reached.entered.label,
        per=reached.entered.entry.per,
        steps=tuple(creations.steps(reached.links)),
        sure=reached.sure,
        differs=reached.differs,
    )


def _kept(analysis: Analysis, solved: Solved, creation: Creation) -> Keeping:
    """By its place, by a guard in its function, or by what decorates the function."""
    if creation.at_import:
        return "import"
    if creation.lifetime in ("process", "thread"):
        return "thread" if creation.lifetime == "thread" else "process"
    ref = analysis.program.ref_of(solved.at)
    memo = analysis.entries.memo(ref) if isinstance(ref, FunctionRef) else None
    if (
        memo is None
        or memo.verdict == "not-singleton"
        or memo.scope in ("instance", "none", "task")
    ):
        return ""
    return "thread" if memo.scope == "thread" else "process"
