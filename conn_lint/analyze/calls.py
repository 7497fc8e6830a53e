"""What a call in a function comes to: the thing called, and the resource that it gives, if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conn_lint.flow.world import BOX, OWN
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ObjectRef,
    Value,
)
from conn_lint.model.expression import Attribute, Literal, Name
from conn_lint.model.flow import CallEvent
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


_LATER = ("none", "first-use", "on-enter", "explicit")


class Acquired(NamedTuple):
    """A resource that a call gives. `role`: it itself, or the place in a tuple; `via`: the project's own maker."""

    resource: Resource
    role: str = OWN
    via: FunctionRef | ClassRef | None = None


class Calls:
    """Resolves callees; every answer about a call is kept by the types below it."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._types = analysis.types
        self._knowledge = analysis.knowledge

    def callee(self, event: CallEvent, at: FunctionId) -> Value | None:
        """What is called."""
        return self._types.infer(event.func, at)

    def external_name(self, event: CallEvent, at: FunctionId) -> str | None:
        """The dotted name of what is called, if it lies outside the project."""
        match self.callee(event, at):
            case External(name=name):
                return name
            case Instance(type=type_name):
                return f"{type_name}.__call__"
            case _:
                return None

    def acquired(self, event: CallEvent, at: FunctionId) -> Acquired | None:
        """The resource that the call gives to the function."""
        value = self.callee(event, at)
        match value:
            case External() | Instance():
                name = self.external_name(event, at)
                resource = self._knowledge.acquisition(name) if name is not None else None
                if resource is None or self._is_not_owned(event, resource):
                    return None
                return Acquired(resource)
            case FunctionRef():
                fresh = self._analysis.effects.fresh(value)
                return None if fresh is None else Acquired(fresh.resource, fresh.role, value)
            case ClassRef():
                return self._instance(value)
            case ObjectRef():
                method = self._types.attributes.of(value, "__call__")
                if isinstance(method, FunctionRef):
                    fresh = self._analysis.effects.fresh(method)
                    return None if fresh is None else Acquired(fresh.resource, fresh.role, method)
                return None
            case _:
                return None

    def holds_nothing(self, event: CallEvent, at: FunctionId) -> Resource | None:
        """What the call makes that is told to keep no connection, and so is nothing to release."""
        name = self.external_name(event, at)
        resource = self._knowledge.acquisition(name) if name is not None else None
        if resource is None or not self._is_not_owned(event, resource):
            return None
        keywords = {argument.keyword for argument in event.arguments}
        given = keywords.intersection(condition for condition in resource.not_owned_if)
        return None if given else resource

    def _instance(self, cls: ClassRef) -> Acquired | None:
        """An object of a class that owns a resource, or that is one by inheritance."""
        owned = self._analysis.owners.resource_of(cls)
        if owned is not None:
            return Acquired(owned, OWN, cls)
        for base in self._types.attributes.ancestry(cls):
            if isinstance(base, External):
                resource = self._knowledge.acquisition(base.name)
                if resource is not None:
                    return Acquired(resource, OWN, cls)
        return None

    @staticmethod
    def _is_not_owned(event: CallEvent, resource: Resource) -> bool:
        """A keyword says that the call uses what somebody else owns, or that it will hold nothing."""
        for argument in event.arguments:
            value = argument.value
            last = value.attr if isinstance(value, Attribute) else getattr(value, "id", "")
            if f"{argument.keyword}={last}" in resource.not_owned_if:
                return True
            if argument.keyword in resource.not_owned_if and not (
                isinstance(value, Literal) and value.kind == "none"
            ):
                return True
        return False

    def opens_nothing(self, event: CallEvent, at: FunctionId) -> bool:
        """A constructor of something that only gets to work when it is used: `sessionmaker(engine)`."""
        name = self.external_name(event, at)
        other = self._knowledge.acquisition(name) if name is not None else None
        if other is None:
            return False
        return other.kind in ("factory", "config") or other.opens in _LATER

    def is_harmless(self, event: CallEvent, at: FunctionId) -> bool:
        """The call, in practice, does not raise."""
        name = self.external_name(event, at)
        if name is not None:
            return self._knowledge.is_harmless(name.removeprefix("builtins."))
        if isinstance(event.func, Attribute) and self.callee(event, at) is None:
            return self._knowledge.is_harmless(f".{event.func.attr}")
        return False


def text_of(event: CallEvent) -> str:
    """The callee as written, short: `self.pool.getconn`, `....execute`."""
    func = event.func
    parts: list[str] = []
    while isinstance(func, Attribute):
        parts.append(func.attr)
        func = func.value
    parts.append(func.id.partition("@")[0] if isinstance(func, Name) else "...")
    return ".".join(reversed(parts)) if len(parts) > 1 else parts[0]


__all__ = ["BOX", "Acquired", "Calls", "text_of"]
