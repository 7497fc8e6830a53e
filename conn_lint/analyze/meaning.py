"""What the events of one function mean for one resource: the bridge from names and knowledge to the flow domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze import handlers, lending
from conn_lint.analyze.arguments import Arguments
from conn_lint.analyze.raising import Raising
from conn_lint.analyze.roles import (
    BOUND,
    BOX,
    CLOSING,
    DERIVED,
    INSIDE,
    KEPT,
    OWN,
    PART,
    PENDING,
    WRAP,
)
from conn_lint.flow.aliases import root_names
from conn_lint.flow.world import UNTOUCHED, Change, Effect, Situation
from conn_lint.link.values import ClassRef, External, FunctionId
from conn_lint.model.expression import Attribute, Expr, Name, Temp, walk
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    DefineEvent,
    Handler,
    StoreEvent,
    Unmatched,
    WithExitEvent,
    expressions,
)
from conn_lint.model.resource import Resource, WithMeaning
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_RELEASING: frozenset[WithMeaning] = frozenset(
    {"closes", "commits-then-closes", "returns", "ends-transaction-then-returns", "shuts-down"}
)


class EventMeaning:
    """Implements `flow.ownership.Meaning` for one resource in one function.

    `sites` are the nodes of its acquisition (one, or several copies of it in finally blocks) with the role of
    their result; a parameter that is followed has none.
    """

    def __init__(
        self,
        analysis: Analysis,
        at: FunctionId,
        function: Function,
        resource: Resource,
        sites: Mapping[int, str],
    ) -> None:
        self._analysis = analysis
        self._knowledge = analysis.knowledge
        self._types = analysis.types
        self._calls = analysis.calls
        self.at = at
        self.function = function
        self.resource = resource
        self.sites = sites
        self.events = function.graph.events
        self.lends = lending.lends(analysis, at, function)
        self.ended_by_with: set[int] = set()
        self.closed_not_returned: set[int] = set()
        self.stored_on: set[str] = set()
        self._used: frozenset[int] | None = None
        self._escaping: frozenset[str] | None = None
        self.reopens = resource.lazy and resource.opens == "explicit"
        self.has_parts = resource.kind == "client"
        self._arguments = Arguments(analysis, at, resource)
        self._raising = Raising(analysis, at, function, resource, self.lends, sites)

    def acquired(self, node: int) -> tuple[Situation, str] | None:
        """The situation and the result's role if this event is the acquisition itself."""
        role = self.sites.get(node)
        if role is None:
            return None
        resource, event = self.resource, self.events[node]
        awaited = isinstance(event, CallEvent) and event.awaited
        if resource.call in ("with-only", "async-with-only", "decorator-or-with"):
            return Situation.IDLE, PENDING
        if resource.call in ("await", "await-or-async-with") and not awaited and role == OWN:
            return Situation.IDLE, PENDING  # nothing happens before it is awaited or entered
        return (Situation.IDLE if resource.lazy else Situation.BUSY), role

    def method(self, node: int, role: str, name: str) -> Effect:
        """The call `x.name(...)`, x having the role."""
        if role.startswith(WRAP):
            return self._wrapper_method(role, name)
        if role == KEPT:
            return Effect(Change.NONE, KEPT)
        if role == DERIVED:
            released = "." in name and name.rpartition(".")[2] in self.resource.release
            return Effect(Change.RELEASE) if released else UNTOUCHED
        if role.startswith((BOX, CLOSING)):
            return UNTOUCHED
        if role == PART:
            return Effect(Change.NONE, self._part(node))
        return self._own_method(node, name)

    def _own_method(self, node: int, name: str) -> Effect:
        resource = self.resource
        if name in resource.release_awaited and self._is_dropped(node):
            return UNTOUCHED  # a coroutine that nobody awaits closes nothing
        if name in resource.loses_slot:
            self.closed_not_returned.add(node)
            return Effect(Change.RELEASE)
        if name in resource.release:
            return Effect(Change.RELEASE)
        if name in ("__enter__", "__aenter__"):
            return Effect(Change.OPEN, OWN)
        if name in ("__exit__", "__aexit__"):
            return self._after_with(node, resource.async_with if name[3] == "e" else resource.with_)
        event = self.events[node]
        if isinstance(event, CallEvent):
            callee = self._calls.callee(event, self.at)
            if isinstance(callee, External):
                operation = self._knowledge.operation(callee.name)
                if operation is not None and operation.same:
                    return Effect(Change.NONE, OWN)
                if operation is not None and self._leads_back(operation.returns):
                    return Effect(Change.NONE, DERIVED)
        if resource.lazy:
            return self._lazy_method(name)
        return Effect(Change.NONE, self._part(node)) if self.has_parts else UNTOUCHED

    def _part(self, node: int) -> str:
        """The role of what a client's method gives, if that is known to be a handle of the client's own."""
        event = self.events[node]
        callee = self._calls.callee(event, self.at) if isinstance(event, CallEvent) else None
        if not isinstance(callee, External) or not callee.name.rpartition(".")[2].startswith(
            "get_"
        ):
            return ""
        operation = self._knowledge.operation(callee.name)
        return PART if operation is not None and operation.returns else ""

    def _is_dropped(self, node: int) -> bool:
        """The call is neither awaited nor is its result used."""
        event = self.events[node]
        if not isinstance(event, CallEvent) or event.awaited:
            return False
        if self._used is None:
            self._used = frozenset(
                part.index
                for other in self.events
                if other is not None
                for expr in expressions(other)
                for part in walk(expr)
                if isinstance(part, Temp)
            )
        return event.result not in self._used

    def _leads_back(self, type_name: str) -> bool:
        """A value of this type (a cursor) knows its connection, which can be closed through it."""
        return bool(type_name) and self._knowledge.operation(f"{type_name}.connection") is not None

    def _lazy_method(self, name: str) -> Effect:
        resource = self.resource
        if name in resource.ends:
            return Effect(Change.END)
        if name in resource.idle_methods:
            return UNTOUCHED
        if name in resource.begins or "*" in resource.begins or not resource.begins:
            begin = Change.OPEN if resource.opens in ("explicit", "on-enter") else Change.BEGIN
            return Effect(begin)
        return UNTOUCHED

    def _wrapper_method(self, role: str, name: str) -> Effect:
        path, head, attr = role.removeprefix(WRAP).split("|")
        if name.startswith(f"{attr}.") and name.removeprefix(f"{attr}.") in self.resource.release:
            return Effect(Change.RELEASE, role)
        cls = ClassRef(path, int(head))
        if name in self._analysis.owners.releasers(cls, attr, self.resource):
            return Effect(Change.RELEASE, role)
        return Effect(Change.BEGIN if self.resource.lazy else Change.NONE)

    def attribute(self, node: int, role: str, name: str) -> Effect:
        """`x.name` is read. For an object of an owning class it may be a property that acquires."""
        if role == OWN and self.resource.lazy and name in self.resource.begins:
            return Effect(Change.OPEN)
        return UNTOUCHED

    def called(self, node: int, role: str) -> Effect:
        """X itself is called: what a keeper gives may keep it too."""
        if role.startswith(BOUND):
            return self._own_method(node, role.removeprefix(BOUND))
        return Effect(Change.NONE, KEPT) if role == KEPT else UNTOUCHED

    def is_release(self, name: str) -> bool:
        """`x.name` is a method that releases."""
        return name in self.resource.release or name in self.resource.loses_slot

    def awaited(self, node: int, role: str) -> Effect:
        """An awaitable gives the resource."""
        if role != PENDING:
            return Effect(Change.NONE, role)
        return Effect(Change.NONE if self.resource.lazy else Change.OPEN, OWN)

    def entered(self, node: int, role: str) -> Effect:
        """A with-block begins."""
        if role.startswith(WRAP):
            return Effect(Change.NONE, role)
        if role in (OWN, PENDING) or role.startswith(CLOSING):
            begins = role == PENDING or "__enter__" in self.resource.begins
            return Effect(Change.OPEN if begins else Change.NONE, OWN)
        return UNTOUCHED

    def left(self, node: int, role: str) -> Effect:
        """A with-block ends."""
        event = self.events[node]
        if not isinstance(event, WithExitEvent):
            return UNTOUCHED
        if role.startswith(CLOSING):
            method = role.removeprefix(CLOSING)
            if method in self.resource.loses_slot:
                self.closed_not_returned.add(node)
            return Effect(Change.RELEASE)
        if role.startswith(WRAP):
            return self._wrapper_method(role, "__aexit__" if event.is_async else "__exit__")
        if role not in (OWN, PENDING):
            return UNTOUCHED
        meaning = self.resource.with_
        if event.is_async:
            meaning = self.resource.async_with
            if role == OWN and self.resource.async_with_awaited is not None:
                meaning = self.resource.async_with_awaited
        return self._after_with(node, meaning)

    def _after_with(self, node: int, meaning: WithMeaning) -> Effect:
        if meaning == "ends-transaction":
            self.ended_by_with.add(node)
            return Effect(Change.END if self.resource.lazy else Change.NONE)
        # A `with` that the library does not offer is taken for a version that does.
        if meaning == "closes" and "close" in self.resource.loses_slot:
            self.closed_not_returned.add(node)
        return Effect(Change.RELEASE)

    def argument(self, node: int, role: str, index: int) -> Effect:
        """X is the call's argument number `index`."""
        event = self.events[node]
        if not isinstance(event, CallEvent) or role in (DERIVED, PART):
            return UNTOUCHED
        return self._arguments.effect(event, role, index)

    def returned(self, node: int, role: str) -> Effect:
        """The resource goes to the caller; a cursor of it does not take it along."""
        if role == DERIVED:
            return UNTOUCHED
        if role == PART or role.startswith(BOUND):
            return Effect(Change.ESCAPE)
        return Effect(Change.RETURN, role)

    def yielded(self, node: int, role: str) -> Effect:
        """The resource is yielded: lent for a while, or handed over."""
        if role == DERIVED:
            return UNTOUCHED
        if not self.lends:
            return Effect(Change.ESCAPE)
        return Effect(Change.BEGIN if self.resource.lazy else Change.NONE)

    def stored(self, node: int, role: str) -> Effect:
        """The resource is put on an object or into a container."""
        if role == DERIVED:
            return UNTOUCHED
        event = self.events[node]
        if isinstance(event, StoreEvent) and isinstance(event.target, Attribute):
            owner = event.target.value
            parameters = self.function.parameters
            if isinstance(owner, Name) and parameters and owner.id == parameters[0].name:
                self.stored_on.add(event.target.attr)
        return Effect(Change.ESCAPE)

    def assigned(self, node: int, role: str, target: str) -> Effect:
        """The resource gets a name: a global one keeps it beyond the function."""
        if role == INSIDE:
            return Effect(Change.ESCAPE)
        if role != DERIVED:
            outer = self.function.global_names + self.function.nonlocal_names
            if target in outer:
                return Effect(Change.ESCAPE)
        return UNTOUCHED

    def captured(self, node: int, role: str) -> Effect:
        """An inner function or lambda uses it: one that is only called here does not outlive the function."""
        event = self.events[node]
        if isinstance(event, DefineEvent) and event.name not in self._escaping_names():
            inner = FunctionId(self.at.path, self.at.unit, event.function)
            function = self._analysis.program.function(inner)
            if function is not None and not function.decorators:
                return UNTOUCHED
        if isinstance(event, AssignEvent) and event.target not in self._escaping_names():
            return UNTOUCHED
        if isinstance(event, CallEvent) and self._calls.is_harmless(event, self.at):
            return UNTOUCHED
        return Effect(Change.GIVE)

    def _escaping_names(self) -> frozenset[str]:
        """Names that are read otherwise than to be called."""
        if self._escaping is None:
            found: set[str] = set()
            for event in self.events:
                if event is None:
                    continue
                for number, expr in enumerate(expressions(event)):
                    if isinstance(event, CallEvent) and number == 0 and isinstance(expr, Name):
                        continue
                    found.update(root_names(expr, lambdas=False))
                    found.update(root_names(expr, lambdas=True))
                if isinstance(event, DefineEvent):
                    found.update(event.captures)
            self._escaping = frozenset(found)
        return self._escaping

    def inner(self, node: int, function: int, name: str) -> Effect:
        """A function written in this one is called, and uses the resource as `name`."""
        at = FunctionId(self.at.path, self.at.unit, function)
        change = self._analysis.effects.captured(at, name, self.resource)
        if change is Change.NONE and self.resource.lazy:
            change = Change.BEGIN
        return Effect(Change.NONE if change is Change.RETURN else change)

    def may_raise(self, node: int, base: bool) -> bool:
        """Whether an exception may leave the event."""
        return self._raising.may_raise(node, base=base)

    def ends_process(self, node: int) -> bool:
        """A call that never returns, or a raise that ends the process."""
        return self._raising.ends_process(node)

    def swallows(self, node: int) -> bool:
        """The with-item left at this node suppresses exceptions."""
        return self._raising.swallows(node)

    def catches(self, handler: Handler) -> bool:
        """Whether the clause can be entered with the kind of exception in flight."""
        return handlers.catches(handler)

    def lets_through(self, unmatched: Unmatched) -> bool:
        """Whether an exception can pass all clauses."""
        return handlers.lets_through(unmatched)

    def check(self, test: Expr, role: str, name: str) -> bool | None:
        """The truth of `x.name` or `x.name()` while the resource is open."""
        opposite = name.startswith("not ")
        plain = name.removeprefix("not ")
        if plain in self.resource.open_checks:
            return not opposite
        if plain in self.resource.closed_checks:
            return opposite
        return None
