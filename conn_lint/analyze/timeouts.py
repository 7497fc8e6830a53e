"""How long a call may wait: its own timeout, its client's, or the library's default."""

from __future__ import annotations

from conn_lint.link.types import Types
from conn_lint.link.values import FunctionId
from conn_lint.model.expression import Argument, Attribute, Expr, Literal, Name, Temp
from conn_lint.model.flow import AssignEvent, CallEvent, Event, WithEnterEvent
from conn_lint.model.resource import Wait


def timeout_of(types: Types, event: Event, at: FunctionId, wait: Wait) -> float | None:
    """The limit in seconds; -1: none; None: not known."""
    if not isinstance(event, CallEvent):
        return wait.timeout_s
    own = _written(types, event.arguments, at)
    if own is not None:
        return own
    maker = _maker(types, event.func.value, at) if isinstance(event.func, Attribute) else None
    if maker is not None:
        given = _written(types, maker.arguments, at)
        if given is not None:
            return given
    return wait.timeout_s


def _written(types: Types, arguments: tuple[Argument, ...], at: FunctionId) -> float | None:
    for argument in arguments:
        if argument.keyword == "timeout":
            value = argument.value
            maker = types.maker(value, at)
            if isinstance(maker, CallEvent) and maker.arguments:
                value = maker.arguments[0].value  # httpx.Timeout(30), ClientTimeout(total=30)
            if isinstance(value, Literal) and isinstance(value.value, int | float):
                return float(value.value)
            return None
    return None


def _maker(types: Types, receiver: Expr, at: FunctionId) -> CallEvent | None:
    """The call that made the receiver: behind its name in the function, or behind `with ... as`."""
    function = types.program.function(at)
    if isinstance(receiver, Name) and function is not None:
        found = [
            event.value
            for event in function.graph.events
            if isinstance(event, AssignEvent) and event.target == receiver.id
        ]
        receiver = found[0] if found else receiver
    for _ in range(3):
        maker = types.maker(receiver, at) if isinstance(receiver, Temp) else None
        if isinstance(maker, WithEnterEvent):
            receiver = maker.value
        else:
            return maker if isinstance(maker, CallEvent) else None
    return None
