"""Which methods release what an attribute of their object holds: by a call, a `with`, a helper, a registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.flow.world import Change
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Expr, Name, walk
from conn_lint.model.flow import AssignEvent, CallEvent, Event, ReturnEvent, WithEnterEvent
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Releasing:
    """Looks at one method at a time."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def events(self, method: FunctionRef) -> list[tuple[Event, str]]:
        """The events of a method, each with the name of the object's own parameter."""
        at = self._program.function_id(method)
        function = self._program.function(at) if at is not None else None
        if function is None or not function.parameters:
            return []
        me = function.parameters[0].name
        return [(event, me) for event in function.graph.events if event is not None]

    def by_method(self, method: FunctionRef, attr: str, resource: Resource) -> bool:
        """The method releases what `self.attr` holds, or what a property gives of it."""
        at = self._program.function_id(method)
        named = self._program.mentions(method, {attr})
        if at is None or (not named and not self._properties(method, attr)):
            return False
        function = self._program.function(at)
        if function is None or not function.parameters:
            return False
        me = Name(function.parameters[0].name)
        return any(
            self._place(at, function, Attribute(me, name), resource)
            for name in (attr, *self._properties(method, attr))
        )

    def _properties(self, method: FunctionRef, attr: str) -> tuple[str, ...]:
        """Properties of the method's class that give what `self.attr` holds."""
        parent = self._program.head(method).parent
        found = []
        for other in self._program.methods(ClassRef(method.path, parent)) if parent >= 0 else ():
            head = self._program.head(other)
            if not any(name.endswith("property") for name in self._program.decorators(other)):
                continue
            if self._program.mentions(other, {attr}) and any(
                isinstance(event, ReturnEvent) and event.value == Attribute(Name(me), attr)
                for event, me in self.events(other)
            ):
                found.append(head.name)
        return tuple(found)

    def _place(
        self, at: FunctionId, function: Function, place: Attribute, resource: Resource
    ) -> bool:
        """Whether the function releases what `place` (`self.conn`) holds, by a name of its own or by a helper."""
        aliases: set[Expr] = {place}
        for event in function.graph.events:
            if isinstance(event, AssignEvent) and any(
                a in list(walk(event.value)) for a in aliases
            ):
                aliases.add(Name(event.target))
        for event in function.graph.events:
            match event:
                case CallEvent(func=Attribute(value=value, attr=attr)) if value in aliases:
                    if (
                        attr in resource.release
                        or attr in resource.loses_slot
                        or attr == "__exit__"
                    ):
                        return True
                case WithEnterEvent(value=value, is_async=is_async) if value in aliases:
                    meaning = resource.async_with if is_async else resource.with_
                    if meaning not in ("ends-transaction", "absent"):
                        return True
                case _:
                    pass
            if isinstance(event, CallEvent) and self._argument(at, event, aliases, resource):
                return True
        return False

    def _argument(
        self, at: FunctionId, event: CallEvent, aliases: set[Expr], resource: Resource
    ) -> bool:
        """`pool.putconn(self.conn)`, `closing(self.conn)`, `stack.callback(self.conn.close)`, `helper(self.conn)`."""
        for index, argument in enumerate(event.arguments):
            value = argument.value
            if (
                isinstance(value, Attribute)
                and value.value in aliases
                and value.attr in resource.release
            ):
                return True
            if value not in aliases:
                continue
            func = event.func
            if isinstance(func, Attribute) and func.attr in resource.release_on_owner:
                return True
            callee = self._analysis.calls.callee(event, at)
            if isinstance(callee, FunctionRef):
                place = self._analysis.effects.place(callee, event, index)
                if place is not None and (
                    self._analysis.effects.parameter(callee, place, resource) is Change.RELEASE
                ):
                    return True
            name = self._analysis.calls.external_name(event, at)
            attr = func.attr if isinstance(func, Attribute) else ""
            for wrap in self._analysis.knowledge.wrap(name or f".{attr}"):
                if wrap.effect in ("closes-on-exit", "takes-ownership"):
                    return True
        return False
