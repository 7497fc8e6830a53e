"""What events mean for a resource while it is watched how long it is held: calls take it into functions and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.contexts import Context, Holder, Place
from conn_lint.analyze.keeping import GLOBAL, OBJECT, class_of_role, role_of_object
from conn_lint.analyze.meaning import EventMeaning
from conn_lint.analyze.roles import DERIVED, LENT, OWN, PENDING, ROW
from conn_lint.flow.guarding import is_optional
from conn_lint.flow.world import UNTOUCHED, Change, Effect, Situation
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name, Temp, walk
from conn_lint.model.flow import (
    CallEvent,
    DefineEvent,
    Event,
    StoreEvent,
    WithEnterEvent,
    WithExitEvent,
    expressions,
    result_of,
)
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
_MAX_DEPTH = 4


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
        self.lent_on = False  # it is yielded
        self.begun_at: set[int] = set()  # the nodes that began it, as the domain finds them
        self._holds: Holds
        self._holder: Holder
        self._since: Place | None = None
        self._mine: ClassRef | None = None

    def begin(
        self, holds: Holds, holder: Holder, since: Place | None, mine: ClassRef | None = None
    ) -> None:
        """Say for whom the function is solved, and on an object of which class."""
        self._holds, self._holder, self._since, self._mine = holds, holder, since, mine

    def method(self, node: int, role: str, name: str) -> Effect:
        """The call `x.name(...)`: of an object that keeps the resource it goes into the object's class."""
        if not role.startswith(OBJECT):
            return self._plain_method(node, role, name)
        first, _, rest = name.partition(".")
        if rest:
            inner = self._holds.kept(role, self.resource).get(first)
            return self.method(node, inner, rest) if inner is not None else UNTOUCHED
        cls, _ = class_of_role(role)
        method = self._types.attributes.method(cls, first)
        return self._entered(node, method, 0, role) if method is not None else UNTOUCHED

    def _plain_method(self, node: int, role: str, name: str) -> Effect:
        """A method of the resource itself, or of something derived from it."""
        if role == ROW:
            return Effect(Change.NONE, ROW)
        effect = super().method(node, role, name)
        if role != OWN:
            return effect
        if name in self.resource.expiring and self._holds.keeping.expires:
            return effect._replace(role=ROW)
        event = self.events[node]
        callee = self._calls.callee(event, self.at) if isinstance(event, CallEvent) else None
        if isinstance(callee, External) and self._is_cursor(callee.name):
            return effect._replace(role=DERIVED)
        if isinstance(callee, FunctionRef):
            self._enter_owner(node, callee)
        return effect

    def _is_cursor(self, name: str) -> bool:
        given = self._knowledge.acquisition(name)
        return name.endswith(".cursor") or (given is not None and given.kind == "cursor")

    def _enter_owner(self, node: int, method: FunctionRef) -> None:
        """The resource is an object of a project class: what it owns is held in its methods."""
        self.entered_at.add(node)
        parent = self._analysis.program.head(method).parent
        if parent < 0:
            return
        cls = ClassRef(method.path, parent)
        at = self._analysis.program.function_id(method)
        function = self._analysis.program.function(at) if at is not None else None
        for owned in self._analysis.owners.owned(cls):
            if at is not None and function is not None and function.parameters:
                role = role_of_object(cls, f"={owned.attr}")
                self._into(node, at, function.parameters[0].name, role, owned.resource)

    def argument(self, node: int, role: str, index: int) -> Effect:
        """X is the call's argument number `index`."""
        event = self.events[node]
        carried = role in (OWN, DERIVED) or role.startswith(OBJECT)
        if not isinstance(event, CallEvent) or not carried:
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
        if callee is None and isinstance(event.func, Attribute):
            found = self._by_name(node, event, index, role)
            if found is not None:
                return found
        if role != OWN:
            return UNTOUCHED
        effect = super().argument(node, role, index)
        known = effect.change in (Change.GIVE, Change.ESCAPE)
        return effect._replace(change=Change.NONE) if known else effect

    def _by_name(self, node: int, event: CallEvent, index: int, role: str) -> Effect | None:
        """A method of an unknown object, whose name only methods of the project can mean."""
        assert isinstance(event.func, Attribute)
        effects = []
        for ref in self._analysis.overrides.by_name(event.func.attr):
            place = self._analysis.effects.place(ref, event, index)
            if place is not None:
                effects.append(self._entered(node, ref, place, role))
        busy = [effect for effect in effects if effect.change is Change.BEGIN]
        return next(iter(busy or effects), None)

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
        event = self.events[node]
        func = event.func if isinstance(event, CallEvent) else None
        own = func and self._analysis.selves.method(func, self.at, self._mine)
        ref = own or ref
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
        name = function.parameters[place].name
        if place == 0 and role.startswith(OBJECT) and self._analysis.program.class_of(at):
            used = self._touches(at, role, 0)
        else:
            used = name in _names_read(function)
        return self._into(node, at, name, role, self.resource) if used else None

    def _touches(self, at: FunctionId, role: str, depth: int) -> bool:
        """The function uses what the object keeps, and does not only have it; or it gives the object away."""
        program = self._analysis.program
        names = set(program.words.of(at.path, at.unit))
        if not names.isdisjoint(self._holds.kept(role, self.resource)):
            return True
        cls, _ = class_of_role(role)
        ref = program.ref_of(at)
        if not isinstance(ref, FunctionRef) or depth > _MAX_DEPTH:
            return True
        for name in self._analysis.owners.own_calls(ref, frozenset(names)):
            method = self._types.attributes.method(cls, name)
            inner = program.function_id(method) if method is not None else None
            if inner is not None and inner != at and self._touches(inner, role, depth + 1):
                return True
        return False

    def _into(
        self, node: int, at: FunctionId, name: str, role: str, resource: Resource
    ) -> Effect | None:
        event = self.events[node]
        assert event is not None
        self.entered_at.add(node)
        func = event.func if isinstance(event, CallEvent) else None
        mine = self._analysis.selves.receiver(func, at, self.at, self._mine)
        context = Context(at, name, role, resource.name, self.situation, mine)
        self._holds.callers.setdefault(at, self.at)
        since = self._began(event) if self.situation is Situation.BUSY else None
        outcome = self._holds.outcome(context, resource, self._holder, since)
        if self.situation is Situation.IDLE and outcome.begun is not None:
            self.begun[event.span] = outcome.begun
        returned = outcome.returned if outcome.returned in (OWN, LENT) else ""
        if outcome.situation is self.situation:
            return Effect(Change.NONE, returned)
        return Effect(_CHANGES.get(outcome.situation, Change.NONE), returned)

    def _began(self, event: Event) -> Place | None:
        """What last made it busy before the event."""
        found = [
            e for n in self.begun_at if (e := self.events[n]) is not None and e.span < event.span
        ]
        if not found:
            return self._since
        last = max(found, key=lambda e: e.span)
        return self.begun.get(last.span) or (self.at, last)

    def inner(self, node: int, function: int, name: str) -> Effect:
        """A function written in this one is called, and uses the resource as `name`."""
        at = FunctionId(self.at.path, self.at.unit, function)
        return self._into(node, at, name, OWN, self.resource) or UNTOUCHED

    def acquired(self, node: int) -> tuple[Situation, str] | None:
        """The situation and the result's role if this event is the acquisition itself."""
        if node in self.sites and isinstance(self.events[node], WithEnterEvent):
            lazy = self.resource.lazy and "__enter__" not in self.resource.begins
            return (Situation.IDLE if lazy else Situation.BUSY), OWN
        return super().acquired(node)

    def everywhere(self, node: int) -> Effect:
        """A call, while a registry is followed: whatever it runs may use the same."""
        event = self.events[node]
        effects = []
        if self.situation in (Situation.BUSY, Situation.IDLE) and isinstance(event, CallEvent):
            for target in self._holds.registries.targets(event, self.at, self._mine):
                if target != self.at and self._holds.registries.uses(target):
                    effects.append(self._into(node, target, "", GLOBAL, self.resource))
        known = [effect for effect in effects if effect is not None]
        busy = [effect for effect in known if effect.change is Change.BEGIN]
        return next(iter(busy or known), UNTOUCHED)

    def on_self(self, node: int, name: str, attr: str) -> Effect:
        """The call `self.name(...)` while `self.attr` holds the resource."""
        cls = self._analysis.program.class_of(self.at)
        return (
            self.method(node, role_of_object(cls, f"={attr}"), name)
            if cls is not None
            else UNTOUCHED
        )

    @property
    def me(self) -> str:
        """The name of the object whose method the function is."""
        parameters = self.function.parameters
        is_method = self._analysis.program.class_of(self.at) is not None
        return parameters[0].name if parameters and is_method else ""

    def entered(self, node: int, role: str) -> Effect:
        """A with-block begins: a lazy session holds nothing yet."""
        if role == DERIVED:
            return Effect(Change.NONE, DERIVED)
        if role == LENT:
            return Effect(Change.NONE, OWN)
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
        event = self.events[node]
        if isinstance(event, WithExitEvent) and role in (OWN, PENDING):
            # Whoever writes `with connect() as conn` takes it for a close, which another rule tells.
            made = isinstance(event.value, Temp) and event.value.index in self._made_here()
            if self.resource.kind == "transaction" or made:
                return Effect(Change.RELEASE)
        return super().left(node, role)

    def _made_here(self) -> set[int]:
        """The results of the acquisition."""
        return {
            result for node in self.sites if (result := result_of(self.events[node])) is not None
        }

    def _with_object(self, node: int, role: str, names: tuple[str, ...]) -> Effect:
        cls, _ = class_of_role(role)
        for name in names:
            method = self._types.attributes.method(cls, name)
            if method is not None:
                effect = self._entered(node, method, 0, role)
                return effect._replace(role=effect.role or role)
        return Effect(Change.NONE, role)

    def attribute(self, node: int, role: str, name: str) -> Effect:
        """`x.name` is read: of an object whose transaction is over, it is read anew."""
        if role == ROW and self.situation is Situation.IDLE:
            return Effect(Change.BEGIN)
        return super().attribute(node, role, name)

    def yielded(self, node: int, role: str) -> Effect:
        """It is lent: whoever borrows it is followed there."""
        if role == OWN and not is_optional(self.function.graph, node, self.function.locals):
            self.lent_on = True
        return UNTOUCHED

    def called(self, node: int, role: str) -> Effect:
        """X itself is called."""
        if role.startswith(OBJECT):
            return self.method(node, role, "__call__")
        if role == OWN and self.resource.kind == "factory":
            return Effect(Change.NONE, OWN)  # a registry gives the one session that it has
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


def _names_read(function: Function) -> set[str]:
    """The names that the function reads, inner functions too."""
    found = {
        part.id
        for event in function.graph.events
        if event is not None
        for expr in expressions(event)
        for part in walk(expr)
        if isinstance(part, Name)
    }
    captured = {
        name
        for event in function.graph.events
        if isinstance(event, DefineEvent)
        for name in event.captures
    }
    return found | captured
