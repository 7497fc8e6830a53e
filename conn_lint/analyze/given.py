"""What a function gave the resource to: a thread, a process, a poller. To wait for that is no other wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from conn_lint.flow.aliases import key_of
from conn_lint.link.values import ClassRef, External, FunctionId, ModuleRef
from conn_lint.model.expression import Attribute, Expr, Lambda, children, walk
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    DefineEvent,
    Event,
    FlowGraph,
    IterateEvent,
    WithEnterEvent,
)

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.waits import Waits

_NUMBER = "fileno"  # the way by which anything is polled


class Given:
    """The names and results of one function that have the resource, which itself goes by `keys`."""

    def __init__(
        self,
        analysis: Analysis,
        waits: Waits,
        at: FunctionId,
        graph: FlowGraph,
        keys: Collection[str],
    ) -> None:
        self._analysis = analysis
        self._waits = waits
        self._at = at
        self._keys = set(keys)
        self._owners = {owner for key in keys if (owner := key.rpartition(".")[0])}
        self._having: set[str] = set()
        self._running: set[str] = set()  # those of them that run on their own
        before = -1
        while before != len(self._keys) + len(self._having) + len(self._running):
            before = len(self._keys) + len(self._having) + len(self._running)
            for event in graph.events:
                self._add(event)

    def is_waited_for(self, event: Event) -> bool:
        """The event waits for the resource itself, or for something that has it."""
        if not isinstance(event, CallEvent):
            return False
        receiver = key_of(event.func.value) if isinstance(event.func, Attribute) else None
        if receiver in self._having:
            return True
        wanted = self._keys | self._running
        return any(
            key_of(part) in wanted
            for argument in event.arguments
            for part in _wholes(argument.value)
        )

    def _add(self, event: Event | None) -> None:
        match event:
            case DefineEvent(name=name, captures=captures):
                if not self._keys.isdisjoint(captures):
                    self._keys.add(name)
            case AssignEvent(target=target, value=value):
                self._take(target, value)
            case (
                IterateEvent(result=result, value=value)
                | WithEnterEvent(result=result, value=value)
            ):
                self._take(f"%{result}", value)
            case CallEvent():
                self._call(event)
            case _:
                pass

    def _take(self, target: str, value: Expr) -> None:
        if key_of(value) in self._keys:
            self._keys.add(target)
        parts = {key for part in walk(value) if (key := key_of(part)) is not None}
        for known in (self._having, self._running):
            if not known.isdisjoint(parts):
                known.add(target)

    def _call(self, event: CallEvent) -> None:
        result = f"%{event.result}"
        receiver = key_of(event.func.value) if isinstance(event.func, Attribute) else None
        if receiver in self._keys:
            if isinstance(event.func, Attribute) and event.func.attr == _NUMBER:
                self._keys.add(result)
            return
        values = [argument.value for argument in event.arguments]
        has = any(self._has(value) for value in values)
        if has or any(key_of(part) in self._having for value in values for part in _wholes(value)):
            self._having.add(result)
            if receiver is not None and self._is_object(event):
                self._having.add(receiver)
        if has and self._waits.runs_apart(event, self._at):
            self._running.add(result)

    def _is_object(self, event: CallEvent) -> bool:
        """It is called on something that can keep what it is given: no module or class."""
        owner = event.func.value if isinstance(event.func, Attribute) else event.func
        known = self._analysis.types.infer(owner, self._at)
        return not isinstance(known, External | ModuleRef | ClassRef)

    def _has(self, value: Expr) -> bool:
        """The argument is or holds the resource, or a function or method that uses it."""
        return any(
            key_of(part) in self._keys
            or (isinstance(part, Lambda) and not self._keys.isdisjoint(part.names))
            or (isinstance(part, Attribute) and self._is_method(part))
            for part in _wholes(value)
        )

    def _is_method(self, part: Attribute) -> bool:
        """A method of the object on which the resource lies."""
        if key_of(part.value) not in self._owners:
            return False
        cls = self._analysis.selves.known(part.value, self._at, None)
        return (
            cls is not None and self._analysis.types.attributes.method(cls, part.attr) is not None
        )


def _wholes(expr: Expr) -> Iterator[Expr]:
    """The expression and what lies in it, but not that of which only an attribute is read."""
    todo = [expr]
    while todo:
        part = todo.pop()
        yield part
        if not isinstance(part, Attribute):
            todo.extend(children(part))
