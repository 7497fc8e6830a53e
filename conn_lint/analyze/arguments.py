"""What becomes of a resource that is given to a call: released, kept, wrapped, lent, or given to a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.roles import BOUND, CLOSING, KEPT, OWN, PENDING, WRAP
from conn_lint.flow.world import UNTOUCHED, Change, Effect
from conn_lint.link.types import argument_at
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Argument, Attribute, Literal
from conn_lint.model.flow import CallEvent
from conn_lint.model.resource import Resource, Wrap

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_STORING_METHODS = frozenset(
    {
        "append",
        "appendleft",
        "add",
        "insert",
        "extend",
        "put",
        "put_nowait",
        "push",
        "setdefault",
        "update",
    }
)


class Arguments:
    """Answers for one resource in one function."""

    def __init__(self, analysis: Analysis, at: FunctionId, resource: Resource) -> None:
        self._analysis = analysis
        self._knowledge = analysis.knowledge
        self._types = analysis.types
        self._calls = analysis.calls
        self._at = at
        self._resource = resource

    def effect(self, event: CallEvent, role: str, index: int) -> Effect:
        """The effect of giving a value of that role as argument number `index`."""
        if role.startswith(BOUND):
            return (
                Effect(Change.ESCAPE)
                if role.removeprefix(BOUND) in self._resource.release
                else UNTOUCHED
            )
        if role.startswith(BOUND):
            return Effect(Change.ESCAPE)
        func = event.func
        if isinstance(func, Attribute) and func.attr in self._resource.release_on_owner:
            return Effect(Change.RELEASE)
        callee = self._calls.callee(event, self._at)
        name = self._calls.external_name(event, self._at)
        if name is not None and name in self._resource.release_by:
            return Effect(Change.RELEASE)
        if name == "builtins.getattr" and role == OWN:
            return self._fetched(event)
        if name is not None or callee is None:
            return self._external_argument(event, role, index, name)
        if isinstance(callee, FunctionRef):
            return self._passed(callee, event, role, index)
        if isinstance(callee, ClassRef):
            return self._constructed(callee, event, role, index)
        return Effect(Change.GIVE)

    def _fetched(self, event: CallEvent) -> Effect:
        """`getattr(x, "close", None)` gives a way to release it; a name that is computed may."""
        given = event.arguments[1].value if len(event.arguments) > 1 else None
        if not isinstance(given, Literal):
            return Effect(Change.GIVE)
        released = given.value in (*self._resource.release, *self._resource.loses_slot)
        return Effect(Change.NONE, f"{BOUND}{given.value}") if released else UNTOUCHED

    def _external_argument(
        self, event: CallEvent, role: str, index: int, name: str | None
    ) -> Effect:
        argument = event.arguments[index]
        attr = event.func.attr if isinstance(event.func, Attribute) else ""
        if attr in _STORING_METHODS:
            return Effect(Change.GIVE)
        if name is not None:
            other = self._knowledge.acquisition(name)
            if other is not None:
                return self._used_by(other, argument.keyword, index)
        for wrap in self._knowledge.wrap(name or f".{attr}"):
            if wrap.effect == "binds" or not _concerns(wrap, event, argument):
                continue
            match wrap.effect:
                case "closes-on-exit":
                    return Effect(Change.NONE, CLOSING + (wrap.method or "close"))
                case "same":
                    if event.awaited and role == PENDING:
                        return Effect(Change.OPEN, OWN)
                    return Effect(Change.NONE, role)
                case "borrows":
                    return Effect(Change.BEGIN if self._resource.lazy else Change.NONE)
                case _:
                    return Effect(Change.ESCAPE)
        if name is None and attr and (method := self._analysis.only_method(attr)) is not None:
            return self._passed(method._replace(bound=True), event, role, index)
        harmless = self._knowledge.is_harmless((name or f".{attr}").removeprefix("builtins."))
        return UNTOUCHED if harmless else Effect(Change.GIVE)

    def _used_by(self, other: Resource, keyword: str | None, index: int) -> Effect:
        """Another resource is made with it: `sessionmaker(bind=engine)`, `Redis(connection_pool=pool)`."""
        place = keyword if keyword is not None else str(index)
        if place in other.takes:
            return Effect(Change.ESCAPE)
        if place in other.borrows or other.kind == "factory":
            return Effect(Change.NONE, KEPT)
        return Effect(Change.GIVE)

    def _passed(self, callee: FunctionRef, event: CallEvent, role: str, index: int) -> Effect:
        place = self._analysis.effects.place(callee, event, index)
        if place is None:
            return Effect(Change.GIVE)
        change = self._analysis.effects.parameter(callee, place, self._resource)
        if change is Change.ESCAPE and role.startswith(WRAP):
            change = Change.GIVE
        if change is Change.RETURN:
            return Effect(Change.BEGIN if self._resource.lazy else Change.NONE, role)
        if change is Change.NONE and self._resource.lazy:
            change = Change.BEGIN
        return Effect(change)

    def _constructed(self, cls: ClassRef, event: CallEvent, role: str, index: int) -> Effect:
        init = self._types.attributes.method(cls, "__init__")
        place = None
        if init is not None:
            place = self._analysis.effects.place(init._replace(bound=True), event, index)
        if init is None or place is None:
            return Effect(Change.GIVE)
        attr = self._analysis.owners.kept_on(init, place)
        if attr is None:
            change = self._analysis.effects.parameter(init, place, self._resource)
            return Effect(change)
        if attr == "" or role != OWN:
            return Effect(Change.GIVE)
        return Effect(Change.NONE, f"{WRAP}{cls.path}|{cls.head}|{attr}")


def _concerns(wrap: Wrap, event: CallEvent, argument: Argument) -> bool:
    """The record speaks of this argument; one given by keyword is taken for it where only a position is known."""
    if wrap.argument in ("*", "") or argument_at(event.arguments, wrap.argument) == argument:
        return True
    return wrap.argument.isdigit() and argument.keyword is not None
