"""Functions that a pool is given to make what it keeps: `QueuePool(connect)`. What they make, it counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.link.types import argument_at
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.creation import Creation
from conn_lint.model.expression import Lambda
from conn_lint.model.flow import CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


def makers_of(
    creation: Creation, event: CallEvent | None, at: FunctionId, analysis: Analysis
) -> Iterator[FunctionId]:
    """Those of the pool that the call makes, if nobody else calls them."""
    if event is None:
        return
    program = analysis.program
    for place in creation.resource.makers:
        given = argument_at(event.arguments, place)
        if given is None:
            continue
        if isinstance(given.value, Lambda):
            yield FunctionId(at.path, at.unit, given.value.function)
            continue
        ref = analysis.types.infer(given.value, at)
        maker = program.function_id(ref) if isinstance(ref, FunctionRef) else None
        if maker is not None and all(
            program.event(caller.at, caller.node) == event for caller in analysis.callers.of(maker)
        ):
            yield maker
