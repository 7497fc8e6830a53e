"""Classes that own what they store on their objects: who acquires, who releases, and what an object is then."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from conn_lint.analyze.releasing import Releasing
from conn_lint.flow.world import Change
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name, walk
from conn_lint.model.flow import (
    CallEvent,
    StoreEvent,
    expressions,
)
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.sites import Solved

_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")
_ENTERING = ("__enter__", "__aenter__")
_CLOSERS = ("close", "aclose", "disconnect", "shutdown", "stop")
_MAX_TURNS = 4
_MOST_BASES = 10  # a base that is named by itself, or by its own base, never ends


class Owned(NamedTuple):
    """A resource that methods of a class put on `self.attr`."""

    attr: str
    resource: Resource
    acquirers: tuple[str, ...]


class Owners:
    """Answers for each class once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._attributes = analysis.types.attributes
        self._releasing = Releasing(analysis)
        self._owned: dict[ClassRef, tuple[Owned, ...]] = {}
        self._resources: dict[ClassRef, Resource | None] = {}
        self._calls: dict[FunctionRef, frozenset[str]] = {}
        self._releasers: dict[tuple[ClassRef, str, str], frozenset[str]] = {}

    def resource_of(self, cls: ClassRef) -> Resource | None:
        """What an object of the class is, if its methods acquire something that other methods of it release."""
        if cls not in self._resources:
            self._resources[cls] = None
            self._resources[cls] = self._as_resource(cls)
        return self._resources[cls]

    def _as_resource(self, cls: ClassRef) -> Resource | None:
        for owned in self.owned(cls):
            if owned.resource.must_release == "no":
                continue
            begins, releases = self._net(cls, owned)
            public = releases - frozenset(_CONSTRUCTORS)
            if not public or not begins or (releases & frozenset(_CONSTRUCTORS)):
                continue
            eager = not begins.isdisjoint(_CONSTRUCTORS)
            need = "no" if "__del__" in public else owned.resource.must_release
            return msgspec.structs.replace(
                self._spec(cls, owned.resource, begins, public),
                opens="at-call" if eager else "explicit",
                release_awaited=tuple(sorted(public & self._awaited(cls))),
                with_="closes" if "__exit__" in public else "absent",
                async_with="closes" if "__aexit__" in public else "absent",
                must_release=need,
                lazy=not eager,
                enter_begins=not begins.isdisjoint(_ENTERING),
            )
        return None

    def _spec(
        self, cls: ClassRef, base: Resource, begins: frozenset[str], releases: frozenset[str]
    ) -> Resource:
        """The resource that an object is, by the methods that begin and release."""
        return msgspec.structs.replace(
            base,
            name=f"{cls.path}:{self._program.head(cls).qualname}",
            acquire=(),
            call="plain",
            opens="explicit",
            release=tuple(sorted(releases, key=lambda name: (name not in _CLOSERS, name))),
            release_awaited=(),
            release_on_owner=(),
            release_by=(),
            loses_slot=(),
            async_with_awaited=None,
            lazy=True,
            begins=tuple(sorted(begins)),
            ends=(),
            idle_methods=(),
            open_checks=(),
            closed_checks=(),
            borrows=(),
            takes=(),
        )

    def _awaited(self, cls: ClassRef) -> frozenset[str]:
        """The methods that do nothing unless they are awaited."""
        program = self._program
        return frozenset(
            program.head(method).name
            for method in self._methods(cls)
            if (at := program.function_id(method)) is not None
            and (function := program.function(at)) is not None
            and function.is_async
        )

    def _net(self, cls: ClassRef, owned: Owned) -> tuple[frozenset[str], frozenset[str]]:
        """The methods after which an object holds the resource, and those after which it does not.

        Some acquire or release directly; what the others do follows from the flow of their calls on the object.
        """
        begins = self._beginning(cls, owned)
        direct = self.direct_releasers(cls, owned.attr, owned.resource)
        releases = direct - begins
        if owned.resource.lazy:
            begins -= direct  # it opens and closes again by itself
        methods = {self._program.head(m).name: m for m in self._methods(cls)}
        for turn in range(_MAX_TURNS):
            spec = self._spec(cls, owned.resource, begins, releases)
            spec = msgspec.structs.replace(spec, name=f"{spec.name}#{owned.attr}{turn}")
            more_begins: set[str] = set()
            more_releases: set[str] = set()
            for name, method in methods.items():
                if name in begins or name in releases:
                    continue
                calls = self.own_calls(method, begins | releases)
                if not calls:
                    continue
                change = self._analysis.effects.parameter(method, 0, spec)
                if change is Change.RELEASE:
                    more_releases.add(name)
                elif change is not Change.END and (
                    change is Change.BEGIN or not calls.isdisjoint(begins)
                ):
                    more_begins.add(name)
            if not more_begins and not more_releases:
                break
            begins, releases = begins | more_begins, releases | more_releases
        return begins, releases

    def _beginning(self, cls: ClassRef, owned: Owned) -> frozenset[str]:
        """The methods that acquire directly: they store it, or wake what is stored if that is lazy."""
        if not owned.resource.lazy:
            return frozenset(owned.acquirers)
        lazy = owned.resource
        calm = {*lazy.release, *lazy.ends, *lazy.idle_methods}
        return frozenset(
            self._program.head(method).name
            for method in self._methods(cls)
            if self._program.mentions(method, {owned.attr})
            if (called := self._called_on(method, owned.attr))
            and (called - calm if "*" in lazy.begins else called & set(lazy.begins))
        )

    def _called_on(self, method: FunctionRef, attr: str) -> frozenset[str]:
        """What the method reads or calls of `self.attr`."""
        return frozenset(
            part.attr
            for event, me in self._releasing.events(method)
            for expr in expressions(event)
            for part in walk(expr)
            if isinstance(part, Attribute) and part.value == Attribute(Name(me), attr)
        )

    def owned(self, cls: ClassRef) -> tuple[Owned, ...]:
        """What methods of the class and its bases acquire and keep on the object."""
        if cls not in self._owned:
            self._owned[cls] = ()
            found: dict[str, tuple[Resource, list[str]]] = {}
            for method in self._methods(cls):
                at = self._program.function_id(method)
                if at is None or not self._analysis.may_hold(at):
                    continue
                name = self._program.head(method).name
                for solved in self._analysis.sites.solved(at):
                    for attr in solved.stored_on:
                        found.setdefault(attr, (solved.resource, []))[1].append(name)
            self._owned[cls] = tuple(
                Owned(attr, resource, tuple(names)) for attr, (resource, names) in found.items()
            )
        return self._owned[cls]

    def _methods(self, cls: ClassRef) -> list[FunctionRef]:
        """Methods of the class and its bases; what redefines one without super() hides it."""
        seen: dict[str, FunctionRef] = {}
        extended: list[FunctionRef] = []
        for base in self._attributes.ancestry(cls):
            if isinstance(base, ClassRef):
                for method in self._program.methods(base):
                    name = self._program.head(method).name
                    if name not in seen:
                        seen[name] = method
                    elif method != seen[name] and self._calls_super(seen[name]):
                        extended.append(method)
        return [*seen.values(), *extended]

    def _calls_super(self, method: FunctionRef) -> bool:
        return self._program.mentions(method, {"super"})

    def releasers(self, cls: ClassRef, attr: str, resource: Resource) -> frozenset[str]:
        """The methods after which the resource on `self.attr` is no longer held, direct or through others."""
        names = self.direct_releasers(cls, attr, resource)
        if not names:
            return names
        methods = [(self._program.head(m).name, m) for m in self._methods(cls)]
        while True:
            more = {name for name, m in methods if name not in names and self.own_calls(m, names)}
            if not more:
                return names
            names |= more

    def direct_releasers(self, cls: ClassRef, attr: str, resource: Resource) -> frozenset[str]:
        """The methods that release what `self.attr` holds by themselves."""
        key = (cls, attr, resource.name)
        if key not in self._releasers:
            self._releasers[key] = frozenset(
                self._program.head(method).name
                for method in self._methods(cls)
                if self._releasing.by_method(method, attr, resource)
            )
        return self._releasers[key]

    def own_calls(self, method: FunctionRef, among: frozenset[str]) -> frozenset[str]:
        """Which of these names the method reads or calls of its own object."""
        if not self._program.mentions(method, among):
            return frozenset()
        if method not in self._calls:
            self._calls[method] = self._own_calls(method)
        return self._calls[method] & among

    def _own_calls(self, method: FunctionRef) -> frozenset[str]:
        found: set[str] = set()
        for event, me in self._releasing.events(method):
            for expr in expressions(event):
                for part in walk(expr):
                    if isinstance(part, Attribute) and part.value == Name(me):
                        found.add(part.attr)
        return frozenset(found)

    def is_released(self, cls: ClassRef, attr: str, resource: Resource) -> bool:
        """A method of the class or of a base releases it, or some code of the program may do so."""
        if self.releasers(cls, attr, resource):
            return True
        return self._released_outside(cls, attr, {*resource.release, *resource.loses_slot})

    def _released_outside(self, cls: ClassRef, attr: str, names: set[str]) -> bool:
        """Some code that is no method of another class reads the attribute where it also releases something."""
        related = {base for base in self._attributes.ancestry(cls) if isinstance(base, ClassRef)}
        for path, number in self._analysis.demand.mentioning(attr, names):
            summary = self._program.unit(path, number)
            functions = summary.functions if summary is not None else ()
            owner = self._program.class_of(FunctionId(path, number, 0))
            if owner in related:
                continue
            me = ""
            if owner is not None and cls not in self._attributes.ancestry(owner):
                # `self.attr` is its own there; `self.other.attr` may be ours.
                me = (
                    functions[0].parameters[0].name if functions and functions[0].parameters else ""
                )
            if any(_reads_attribute(function, attr, me) for function in functions):
                return True
        return False

    def first_acquisition(self, cls: ClassRef) -> Solved | None:
        """Where an object of the class first acquires what it owns."""
        for owned in self.owned(cls):
            for method in self._methods(cls):
                if self._program.head(method).name in owned.acquirers:
                    at = self._program.function_id(method)
                    for solved in self._analysis.sites.solved(at) if at is not None else ():
                        if owned.attr in solved.stored_on:
                            return solved
        return None

    def kept_on(self, init: FunctionRef, place: int, depth: int = 0) -> str | None:
        """The attribute on which a constructor keeps a parameter; "" if it is kept in another way, None if not."""
        at = self._program.function_id(init)
        function = self._program.function(at) if at is not None else None
        if function is None or place >= len(function.parameters) or depth > _MOST_BASES:
            return ""
        name, me = Name(function.parameters[place].name), Name(function.parameters[0].name)
        found: str | None = None
        for event in function.graph.events:
            match event:
                case StoreEvent(target=Attribute(value=owner, attr=attr), value=value) if (
                    owner == me
                ):
                    if value == name or name in list(walk(value)):
                        found = attr
                case StoreEvent(value=value) if name in list(walk(value)):
                    return ""
                case CallEvent(arguments=arguments) if any(name == a.value for a in arguments):
                    assert at is not None
                    if found is None:
                        found = self._kept_by_base(at, event, name, depth)
                case _:
                    pass
        return found

    def _kept_by_base(self, at: FunctionId, event: CallEvent, name: Name, depth: int) -> str:
        """Where `super().__init__(conn)` keeps it; "" if it goes elsewhere."""
        callee = self._analysis.calls.callee(event, at)
        if isinstance(callee, FunctionRef) and self._program.head(callee).name == "__init__":
            index = next(i for i, a in enumerate(event.arguments) if a.value == name)
            place = self._analysis.effects.place(callee, event, index)
            if place is not None:
                return self.kept_on(callee._replace(bound=False), place, depth + 1) or ""
        return ""


def _reads_attribute(function: Function, attr: str, but_of: str) -> bool:
    """The function reads `x.attr` of something else than the name `but_of`."""
    return any(
        isinstance(part, Attribute) and part.attr == attr and part.value != Name(but_of)
        for event in function.graph.events
        if event is not None
        for expr in expressions(event)
        for part in walk(expr)
    )


__all__ = ["FunctionId", "Owned", "Owners"]
