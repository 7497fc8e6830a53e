"""How long a call may wait: its own timeout, its client's, or the library's default."""

from __future__ import annotations

from typing import NamedTuple

from conn_lint.link.types import Types
from conn_lint.link.values import FunctionId, Instance
from conn_lint.model.expression import Argument, Attribute, Expr, Literal, Name, Temp
from conn_lint.model.flow import AssignEvent, CallEvent, Event, WithEnterEvent
from conn_lint.model.resource import Wait


class _Said(NamedTuple):
    """What a call says of its limit; None: what cannot be told."""

    seconds: float | None


def timeout_of(types: Types, event: Event, at: FunctionId, wait: Wait) -> float | None:
    """The limit in seconds; -1: none; None: not known."""
    if not isinstance(event, CallEvent):
        return wait.timeout_s
    said = _said(types, event.arguments, at)
    if said is None and isinstance(event.func, Attribute):
        maker = _maker(types, event.func.value, at)
        if maker is not None:
            said = _said(types, maker.arguments, at)
        elif isinstance(types.infer(event.func.value, at), Instance):
            said = _Said(None)  # a client that was made elsewhere
    return wait.timeout_s if said is None else said.seconds


def _said(types: Types, arguments: tuple[Argument, ...], at: FunctionId) -> _Said | None:
    """The `timeout=` among the arguments, if there is or may be one."""
    for argument in arguments:
        if argument.keyword == "timeout":
            value = argument.value
            maker = types.maker(value, at)
            if isinstance(maker, CallEvent) and maker.arguments:
                value = maker.arguments[0].value  # httpx.Timeout(30), ClientTimeout(total=30)
            return _Said(_seconds(types, value, at))
    return _Said(None) if any(a.keyword == "**" for a in arguments) else None


def _seconds(types: Types, value: Expr, at: FunctionId) -> float | None:
    if isinstance(value, Name):
        value = _constant(types, value, at) or value
    if not isinstance(value, Literal):
        return None
    if value.kind == "none":
        return -1.0
    return float(value.value) if isinstance(value.value, int | float) else None


def _constant(types: Types, name: Name, at: FunctionId) -> Expr | None:
    """What the name is assigned once, in the function or in its module."""
    for place in (at, FunctionId(at.path, 0, 0)):
        function = types.program.function(place)
        found = [
            event.value
            for event in (function.graph.events if function is not None else ())
            if isinstance(event, AssignEvent) and event.target == name.id
        ]
        if found or (function is not None and any(p.name == name.id for p in function.parameters)):
            return found[0] if len(found) == 1 else None
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
