"""What may raise in a function, what ends the process, and what swallows exceptions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conn_lint.analyze.lending import Lends
from conn_lint.link.values import FunctionId, FunctionRef, ObjectRef
from conn_lint.model.expression import Attribute, Container, Expr, Name
from conn_lint.model.flow import (
    CallEvent,
    IterateEvent,
    RaiseEvent,
    WithEnterEvent,
    WithExitEvent,
    YieldEvent,
)
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Raising:
    """Answers for the events of one function, while one resource is followed."""

    def __init__(
        self,
        analysis: Analysis,
        at: FunctionId,
        function: Function,
        resource: Resource,
        lends: Lends,
        sites: Iterable[int] = (),
    ) -> None:
        """`sites`: the nodes of its acquisition."""
        self._analysis = analysis
        self._knowledge = analysis.knowledge
        self._types = analysis.types
        self._calls = analysis.calls
        self._at = at
        self._function = function
        self._events = function.graph.events
        self._resource = resource
        self._lends = lends
        self._sites = sites
        self._givers: frozenset[FunctionRef] | None = None
        self._harmless: dict[int, bool] = {}
        self._ends: dict[int, bool] = {}
        self._enters: dict[int, WithEnterEvent] = {
            event.item: event for event in self._events if isinstance(event, WithEnterEvent)
        }

    def may_raise(self, node: int, *, base: bool) -> bool:
        """Whether an exception may leave the event."""
        event = self._events[node]
        if isinstance(event, YieldEvent):
            return self._yield_raises(base=base)
        if base or self.ends_process(node) or self._lends is Lends.LIFESPAN:
            return False
        match event:
            case CallEvent():
                return self._call_raises(node, event)
            case IterateEvent(value=Name() | Container(), is_async=False):
                return False
            case IterateEvent(value=value) | WithEnterEvent(value=value):
                return not self._made_calmly(value)
            case WithExitEvent(raising=True):
                return not (self.swallows(node) and self._swallows_all(event))
            case WithExitEvent(value=value):
                return not self._made_calmly(value)
            case _:
                return True

    def _made_calmly(self, value: Expr) -> bool:
        """The result of a harmless call: `range(3)`, `contextlib.suppress(Error)`."""
        maker = self._types.maker(value, self._at)
        return isinstance(maker, CallEvent) and self._calls.is_harmless(maker, self._at)

    def _yield_raises(self, *, base: bool) -> bool:
        """Fixtures are always resumed; a lifespan ends with the process; a manager gets the block's exception."""
        if self._lends in (Lends.FIXTURE, Lends.LIFESPAN):
            return False
        return base or bool(self._lends)

    def _call_raises(self, node: int, event: CallEvent) -> bool:
        if node not in self._harmless:
            checks = (*self._resource.open_checks, *self._resource.closed_checks)
            attr = event.func.attr if isinstance(event.func, Attribute) else ""
            self._harmless[node] = (
                attr in checks
                or self._calls.is_harmless(event, self._at)
                or self._calls.opens_nothing(event, self._at)
                or self._analysis.is_calm(self._calls.callee(event, self._at))
                or self._gave_the_owner(event)
                or self._closes_another(event)
            )
        return not self._harmless[node]

    def _closes_another(self, event: CallEvent) -> bool:
        """A `finally` first closes an object of the project that owns something: as calm as a library's close."""
        statements, blocks = self._function.statements, self._function.blocks
        if not statements or blocks[statements[event.statement].block].kind != "finally":
            return False
        if not isinstance(event.func, Attribute) or event.arguments:
            return False
        owner = self._types.infer(event.func.value, self._at)
        owned = (
            self._analysis.owners.resource_of(owner.cls) if isinstance(owner, ObjectRef) else None
        )
        return owned is not None and event.func.attr in owned.release

    def _gave_the_owner(self, event: CallEvent) -> bool:
        """`_pool()` after `_pool().getconn()`, where `_pool` keeps what it made: it gives the same once more."""
        if event.arguments:
            return False
        if self._givers is None:
            found = map(self._giver, self._sites)
            self._givers = frozenset(ref for ref in found if ref is not None)
        return bool(self._givers) and self._calls.callee(event, self._at) in self._givers

    def _giver(self, site: int) -> FunctionRef | None:
        """The function of the project that gave the acquisition's owner and keeps it, if there is one."""
        event = self._events[site]
        func = event.func if isinstance(event, CallEvent) else None
        owner = func.value if isinstance(func, Attribute) else None
        maker = self._types.maker(owner, self._at)
        if not isinstance(maker, CallEvent) or maker.arguments:
            return None
        callee = self._calls.callee(maker, self._at)
        if not isinstance(callee, FunctionRef):
            return None
        return callee if self._analysis.singletons.remembers(callee) else None

    def _swallows_all(self, event: WithExitEvent) -> bool:
        """`suppress(Exception)` lets nothing through."""
        enter = self._enters.get(event.item)
        maker = self._types.maker(enter.value, self._at) if enter else None
        arguments = maker.arguments if isinstance(maker, CallEvent) else ()
        return any(a.value in (Name("Exception"), Name("BaseException")) for a in arguments)

    def ends_process(self, node: int) -> bool:
        """A call that never returns."""
        known = self._ends.get(node)
        if known is None:
            known = self._ends[node] = self._is_end(node)
        return known

    def _is_end(self, node: int) -> bool:
        event = self._events[node]
        if isinstance(event, RaiseEvent):
            event = self._types.maker(event.value, self._at)
        if not isinstance(event, CallEvent):
            return False
        name = self._calls.external_name(event, self._at)
        return name is not None and self._knowledge.is_exit(name.removeprefix("builtins."))

    def swallows(self, node: int) -> bool:
        """The with-item left at this node suppresses exceptions."""
        event = self._events[node]
        if not isinstance(event, WithExitEvent):
            return False
        enter = self._enters.get(event.item)
        if enter is None:
            return False
        maker = self._types.maker(enter.value, self._at)
        if not isinstance(maker, CallEvent):
            return False
        name = self._calls.external_name(maker, self._at)
        return name is not None and self._knowledge.swallows(name)
