"""Whether a function of the project tests a connection that it takes out of a pool, before it lends it itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name, Temp
from conn_lint.model.flow import AssignEvent, CallEvent, ReturnEvent, YieldEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_ASKS_NOTHING = re.compile(r"\s*select\s+1\s*(from\s+dual\s*)?;?\s*\Z", re.IGNORECASE)


def is_tested(analysis: Analysis, event: CallEvent, at: FunctionId) -> bool:
    """The function of the call hands on what that gives, and itself, or one that it gives it to, asks the server
    something that only tells whether it answers.
    """
    function = analysis.program.function(at)
    events = function.graph.events if function is not None else ()
    names = {
        Name(other.target)
        for other in events
        if isinstance(other, AssignEvent) and other.value == Temp(event.result)
    }
    if not any(isinstance(e, ReturnEvent | YieldEvent) and e.value in names for e in events):
        return False
    if _asks(analysis, at):
        return True
    for other in events:
        if isinstance(other, CallEvent) and any(a.value in names for a in other.arguments):
            callee = analysis.calls.callee(other, at)
            there = (
                analysis.program.function_id(callee) if isinstance(callee, FunctionRef) else None
            )
            if there is not None and _asks(analysis, there):
                return True
    return False


def _asks(analysis: Analysis, at: FunctionId) -> bool:
    function = analysis.program.function(at)
    for event in function.graph.events if function is not None else ():
        if not isinstance(event, CallEvent) or not isinstance(event.func, Attribute):
            continue
        if event.func.attr == "ping":
            return True
        if event.func.attr.startswith(("execute", "fetch")) and event.arguments:
            text = analysis.values.of(event.arguments[0].value, at).text
            if text and _ASKS_NOTHING.match(text):
                return True
    return False
