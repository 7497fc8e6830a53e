"""What events mean for a resource while it is watched how long it is held: calls take it into functions and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.contexts import Context, Holder, Place
from conn_lint.analyze.keeping import OBJECT, class_of_role, role_of_object
from conn_lint.analyze.meaning import EventMeaning
from conn_lint.analyze.roles import OWN, PENDING
from conn_lint.flow.world import UNTOUCHED, Change, Effect, Situation
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import CallEvent, StoreEvent, WithExitEvent
from conn_lint.model.location import Span
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.holds import Holds

_CHANGES = {
    Situation.BUSY: Change.BEGIN,
    Situation.IDLE: Change.END,
    Situation.RELEASED: Change.RELEASE,
}


class CarryMeaning(EventMeaning):
    """`situation` is that before the event, set by the domain."""

    def __init__(
        self,
        analysis: Analysis,
        at: FunctionId,
        function: Function,
        resource: Resource,
        sites: Mapping[int, str],
    ) -> None:
        super().__init__(analysis, at, function, resource, sites)
        self.situation = Situation.BUSY
        self.entered_at: set[int] = set()  # calls of functions that have it themselves
        self.kept_on: dict[
            str, str
        ] = {}  # attributes of self that it was stored on, with its roles
        self.begun: dict[Span, Place] = {}  # calls that began it, and where inside
        self._holds: Holds
        self._holder: Holder
        self._since: Place | None = None

    def begin(self, holds: Holds, holder: Holder, since: Place | None) -> None:
        """Say for whom the function is solved."""
        self._holds, self._holder, self._since = holds, holder, since

    def method(self, node: int, role: str, name: str) -> Effect:
        """The call `x.name(...)`: of an object that keeps the resource it goes into the object's class."""
        if not role.startswith(OBJECT):
            return super().method(node, role, name)
        first, _, rest = name.partition(".")
        if rest:
            inner = self._holds.kept(role, self.resource).get(first)
            return self.method(node, inner, rest) if inner is not None else UNTOUCHED
        cls, _ = class_of_role(role)
        method = self._types.attributes.method(cls, first)
        return self._entered(node, method, 0, role) if method is not None else UNTOUCHED

    def argument(self, node: int, role: str, index: int) -> Effect:
        """X is the call's argument number `index`."""
        event = self.events[node]
        if not isinstance(event, CallEvent) or not (role == OWN or role.startswith(OBJECT)):
            return super().argument(node, role, index) if role == PENDING else UNTOUCHED
        callee = self._calls.callee(event, self.at)
        if isinstance(callee, FunctionRef):
            place = self._analysis.effects.place(callee, event, index)
            if place is None:
                return UNTOUCHED
            if self._analysis.program.head(callee).name == "__init__":
                self._kept_by_base(callee, place)
            return self._entered(node, callee, place, role)
        if isinstance(callee, ClassRef):
            return self._made(node, callee, event, index, role)
        if role != OWN:
            return UNTOUCHED
        effect = super().argument(node, role, index)
        known = effect.change in (Change.GIVE, Change.ESCAPE)
        return effect._replace(change=Change.NONE) if known else effect

    def _kept_by_base(self, init: FunctionRef, place: int) -> None:
        """`super().__init__(session)` keeps it on the same object."""
        at = self._analysis.program.function_id(init)
        if at is not None:
            self.kept_on.update(self._holds.stored(at, place, self.resource))

    def _made(self, node: int, cls: ClassRef, event: CallEvent, index: int, role: str) -> Effect:
        """An object is made with it."""
        init = self._types.attributes.method(cls, "__init__")
        if init is None:
            argument = event.arguments[index]
            attr = self._holds.keeping.field_at(cls, index, argument.keyword)
            kept = attr is not None and role == OWN
            return Effect(Change.NONE, role_of_object(cls, f"={attr}") if kept else "")
        place = self._analysis.effects.place(init._replace(bound=True), event, index)
        if place is None:
            return UNTOUCHED
        effect = self._entered(node, init, place, role)
        return effect._replace(role=role_of_object(cls, str(place)) if role == OWN else "")

    def _entered(self, node: int, ref: FunctionRef, place: int, role: str) -> Effect:
        """A function of the project has it as its parameter number `place`."""
        if self.situation not in (Situation.BUSY, Situation.IDLE):
            return UNTOUCHED
        effects = [
            self._entered_one(node, other, place, role)
            for other in (ref, *self._analysis.overrides.of(ref._replace(bound=True)))
        ]
        busy = [e for e in effects if e is not None and e.change is Change.BEGIN]
        known = [e for e in effects if e is not None]
        return (busy or known or [UNTOUCHED])[0]

    def _entered_one(self, node: int, ref: FunctionRef, place: int, role: str) -> Effect | None:
        at = self._analysis.program.function_id(ref)
        function = self._analysis.program.function(at) if at is not None else None
        if at is None or function is None or place >= len(function.parameters):
            return None
        return self._into(node, at, function.parameters[place].name, role)

    def _into(self, node: int, at: FunctionId, name: str, role: str) -> Effect | None:
        event = self.events[node]
        assert event is not None
        self.entered_at.add(node)
        context = Context(at, name, role, self.resource.name, self.situation)
        since = self._since
        if self.situation is Situation.BUSY and since is None:
            since = (self.at, event)
        outcome = self._holds.outcome(context, self.resource, self._holder, since)
        if self.situation is Situation.IDLE and outcome.begun is not None:
            self.begun[event.span] = outcome.begun
        returned = outcome.returned if outcome.returned == OWN else ""
        if outcome.situation is self.situation:
            return Effect(Change.NONE, returned)
        return Effect(_CHANGES.get(outcome.situation, Change.NONE), returned)

    def inner(self, node: int, function: int, name: str) -> Effect:
        """A function written in this one is called, and uses the resource as `name`."""
        at = FunctionId(self.at.path, self.at.unit, function)
        return self._into(node, at, name, OWN) or UNTOUCHED

    def entered(self, node: int, role: str) -> Effect:
        """A with-block begins: a lazy session holds nothing yet."""
        if role.startswith(OBJECT):
            return self._with_object(node, role, ("__enter__", "__aenter__"))
        if (
            role in (OWN, PENDING)
            and self.resource.lazy
            and "__enter__" not in self.resource.begins
        ):
            return Effect(Change.NONE, OWN)
        return super().entered(node, role)

    def left(self, node: int, role: str) -> Effect:
        """A with-block ends."""
        if role.startswith(OBJECT):
            return self._with_object(node, role, ("__exit__", "__aexit__"))
        if self.resource.kind == "transaction" and isinstance(self.events[node], WithExitEvent):
            return Effect(Change.RELEASE)
        return super().left(node, role)

    def _with_object(self, node: int, role: str, names: tuple[str, ...]) -> Effect:
        cls, _ = class_of_role(role)
        for name in names:
            method = self._types.attributes.method(cls, name)
            if method is not None:
                effect = self._entered(node, method, 0, role)
                return effect._replace(role=effect.role or role)
        return Effect(Change.NONE, role)

    def called(self, node: int, role: str) -> Effect:
        """X itself is called."""
        if role.startswith(OBJECT):
            return self.method(node, role, "__call__")
        return super().called(node, role)

    def stored(self, node: int, role: str) -> Effect:
        """The resource is put on an object or into a container."""
        event = self.events[node]
        match event:
            case StoreEvent(target=Attribute(value=Name(id=owner), attr=attr)):
                parameters = self.function.parameters
                if parameters and owner == parameters[0].name:
                    self.kept_on[attr] = role
            case _:
                pass
        return UNTOUCHED

    def assigned(self, node: int, role: str, target: str) -> Effect:
        """The resource gets a name."""
        return UNTOUCHED

    def captured(self, node: int, role: str) -> Effect:
        """An inner function or lambda uses it."""
        return UNTOUCHED

    def returned(self, node: int, role: str) -> Effect:
        """The resource goes to the caller; an object that keeps it does not end the holding."""
        return super().returned(node, role) if role == OWN else UNTOUCHED
