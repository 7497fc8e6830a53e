"""Symbolic flow graphs: what a function does, in which order, and which way it can go on.

Nothing here depends on a library: whether a call raises, acquires or releases is decided when the graph is solved.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import msgspec

from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Expr,
    Operator,
    Subscript,
    Temp,
    children,
)
from conn_lint.model.location import Span


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One imported name: `import module as bound` (name None) or `from module import name as bound`.

    `name` is "*" for a star import (then `bound` is "*"). `import a.b` without `as` binds `a` and has bound "a";
    `aliased` tells `import a.b as a` from it.
    """

    module: str
    name: str | None
    bound: str
    level: int
    line: int
    aliased: bool = False


class BaseEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`span` is relative to the unit; `statement` and `loop` index the function's tables (-1: none)."""

    span: Span
    statement: int
    loop: int


class CallEvent(BaseEvent, frozen=True, array_like=True, tag="call"):
    """A call, after its callee and arguments were evaluated. `awaited`: written `await f()`, one event for both."""

    func: Expr
    arguments: tuple[Argument, ...]
    result: int
    awaited: bool


class AwaitEvent(BaseEvent, frozen=True, array_like=True, tag="await"):
    """An await of something that is not itself a call."""

    value: Expr
    result: int


class AssignEvent(BaseEvent, frozen=True, array_like=True, tag="assign"):
    """A name is bound, by any kind of statement. `annotation` where it is written there."""

    target: str
    value: Expr
    annotation: Expr | None = None


class StoreEvent(BaseEvent, frozen=True, array_like=True, tag="store"):
    """An attribute or a subscript is assigned to. `annotation` where it is written there."""

    target: Attribute | Subscript
    value: Expr
    annotation: Expr | None = None


class UseEvent(BaseEvent, frozen=True, array_like=True, tag="use"):
    """An attribute or subscript is read, or a bare expression stands as a statement."""

    value: Expr


class DeleteEvent(BaseEvent, frozen=True, array_like=True, tag="delete"):
    target: Expr


class ReturnEvent(BaseEvent, frozen=True, array_like=True, tag="return"):
    """`return value`; also the body of a lambda. It goes on to the `finally`s and with-exits it passes."""

    value: Expr | None


class YieldEvent(BaseEvent, frozen=True, array_like=True, tag="yield"):
    value: Expr | None
    result: int
    delegated: bool


class RaiseEvent(BaseEvent, frozen=True, array_like=True, tag="raise"):
    value: Expr | None


class WithEnterEvent(BaseEvent, frozen=True, array_like=True, tag="enter"):
    """`item` pairs it with its WithExitEvents; `result` is what `as` would bind."""

    value: Expr
    result: int
    is_async: bool
    item: int


class WithExitEvent(BaseEvent, frozen=True, array_like=True, tag="exit"):
    """The end of a with-item, once for each way out of the block; `raising` when an exception passes."""

    value: Expr
    is_async: bool
    item: int
    raising: bool


class IterateEvent(BaseEvent, frozen=True, array_like=True, tag="iterate"):
    """The next item of `value` is asked for."""

    value: Expr
    result: int
    is_async: bool


class ImportEvent(BaseEvent, frozen=True, array_like=True, tag="import"):
    imports: tuple[Import, ...]


class DefineEvent(BaseEvent, frozen=True, array_like=True, tag="define"):
    """A function or class statement binds `name`. `function` indexes the unit, -1 where it is a unit of its own.

    `captures` are the names of this function that the inner one reads or writes.
    """

    name: str
    kind: str
    function: int
    captures: tuple[str, ...]


Event: TypeAlias = (
    CallEvent
    | AwaitEvent
    | AssignEvent
    | StoreEvent
    | UseEvent
    | DeleteEvent
    | ReturnEvent
    | YieldEvent
    | RaiseEvent
    | WithEnterEvent
    | WithExitEvent
    | IterateEvent
    | ImportEvent
    | DefineEvent
)


class Next(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="next"):
    """The event ended normally."""


class Raised(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="raised"):
    """The event raised. `base`: something that `except Exception` lets through (GeneratorExit at a yield)."""

    base: bool = False


class Handler(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="handler"):
    """From the point where an exception is dispatched to an except clause.

    `types` are the clause's types (empty: bare except), `before` those of the clauses above it. `group`: except*.
    """

    types: tuple[Expr, ...]
    before: tuple[Expr, ...] = ()
    base: bool = False
    group: bool = False


class Unmatched(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="unmatched"):
    """From the point of dispatch outwards: no clause matched. `bare`: there is a bare except, so it never happens."""

    types: tuple[Expr, ...]
    bare: bool = False
    base: bool = False


class Swallowed(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="swallowed"):
    """From the raising exit of a with-item to behind the block, if its context manager suppresses exceptions."""


class Guard(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="guard"):
    """Taken when `test` is true (or false). `and`, `or`, `not` are already branches; `test` is what is left."""

    test: Expr
    outcome: bool


EdgeKind: TypeAlias = Next | Raised | Handler | Unmatched | Swallowed | Guard


class Edge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    source: int
    target: int
    kind: EdgeKind


class FlowGraph(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Nodes are indexes into `events` (None: a point where ways meet). A function's ways out are two nodes.

    `too_large`: the function outgrew the limit; the graph is empty and nothing may be concluded from it.
    """

    ENTRY: ClassVar[int] = 0
    EXIT: ClassVar[int] = 1
    RAISED: ClassVar[int] = 2

    events: tuple[Event | None, ...]
    edges: tuple[Edge, ...]
    too_large: bool = False


def expressions(event: Event) -> tuple[Expr, ...]:
    """What the event evaluates or reads."""
    match event:
        case CallEvent(func=func, arguments=arguments):
            return (func, *(a.value for a in arguments))
        case StoreEvent(target=target, value=value):
            return (*children(target), value)
        case DeleteEvent(target=target):
            return (target,)
        case ReturnEvent(value=value) | YieldEvent(value=value) | RaiseEvent(value=value):
            return () if value is None else (value,)
        case (
            AwaitEvent(value=value)
            | AssignEvent(value=value)
            | UseEvent(value=value)
            | WithEnterEvent(value=value)
            | WithExitEvent(value=value)
            | IterateEvent(value=value)
        ):
            return (value,)
        case _:
            return ()


def result_of(event: Event | None) -> int | None:
    """The number of the `Temp` that the event makes, if it makes one."""
    match event:
        case (
            CallEvent(result=result)
            | AwaitEvent(result=result)
            | YieldEvent(result=result)
            | WithEnterEvent(result=result)
            | IterateEvent(result=result)
        ):
            return result
        case _:
            return None


def expand(expr: Expr, makers: dict[int, Event], depth: int = 40) -> Expr:
    """The expression with the calls behind its `Temp`s written out; `makers` maps results to their events."""
    if depth == 0:
        return expr
    match expr:
        case Temp(index=index):
            maker = makers.get(index)
            if isinstance(maker, CallEvent):
                arguments = tuple(
                    Argument(expand(a.value, makers, depth - 1), a.keyword) for a in maker.arguments
                )
                return Call(expand(maker.func, makers, depth - 1), arguments)
            return expr
        case Attribute(value=value, attr=attr):
            return Attribute(expand(value, makers, depth - 1), attr)
        case Operator(op=op, operands=operands):
            return Operator(op, tuple(expand(part, makers, depth - 1) for part in operands))
        case _:
            return expr
