"""From a place up through its callers to the entry points that lead there.

The walk goes against the direction of calls. It stops at memos, at start-up hooks and at code that runs at import.
With each function it carries the origins of what decides the connection, so that one that depends on the request
is told from one that is the same for all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.origins import Origin, arguments_by_name
from conn_lint.analyze.scopes import Scope
from conn_lint.analyze.views import Views
from conn_lint.analyze.walking import Budget, Link, Place, Reached, Seen
from conn_lint.flow.guarding import as_called, is_for_script, reachable, tested_names
from conn_lint.flow.solve import successors
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Instance, ObjectRef
from conn_lint.model.expression import (
    NONE,
    Attribute,
    Container,
    Expr,
    FString,
    Literal,
    Name,
    Temp,
)
from conn_lint.model.finding import MORE
from conn_lint.model.flow import AssignEvent, CallEvent, Edge, FlowGraph
from conn_lint.model.framework import Hook
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_CONSTANTS = frozenset({"bool", "str", "int", "float"})
_BUILTINS = "builtins."  # texts and containers may be empty


class Reach:
    """Answers for each place once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._memo: dict[Place, tuple[Reached, ...]] = {}
        self._cut_short: set[Place] = set()
        self._fields: dict[Origin, bool] = {}
        self._views = Views(analysis)
        self._tested: dict[FunctionId, frozenset[str]] = {}
        self._open: dict[tuple[FunctionId, Caller], frozenset[int] | None] = {}

    def of(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin]
    ) -> tuple[Reached, ...]:
        """The entry points from which the event at `nodes` happens anew each time, nearest first.

        Not all of them, where many do.
        """
        place = self.around(at, nodes, origins)
        if place is None:
            return ()
        if place not in self._memo:
            self._memo[place] = tuple(self._walk(place))
        return self._memo[place]

    def is_cut_short(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin]
    ) -> bool:
        """There may be more of them than `of` gives."""
        return self.around(at, nodes, origins) in self._cut_short

    def labels(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin] = frozenset()
    ) -> tuple[str, ...]:
        """What leads there to the same end each time, by names; the last one says that there may be more."""
        labels = sorted(r.entered.label for r in self.of(at, nodes, origins) if not r.differs)
        return (*labels, MORE) if self.is_cut_short(at, nodes, origins) else tuple(labels)

    def around(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin]
    ) -> Place | None:
        """Whose callers make the event happen: the function's, the object's makers', or nobody's."""
        if self._analysis.lifetimes.repairs(at, nodes):
            return None
        match self._analysis.lifetimes.scope(at, nodes):
            case Scope.PROCESS | Scope.THREAD:
                return None
            case Scope.OBJECT:
                cls = self._analysis.program.class_of(at)
                once = cls is None or self._analysis.singletons.of(cls)
                return None if cls is None or once else Place(cls, origins)
            case _:
                return Place(at, origins, nodes)

    def _walk(self, start: Place) -> list[Reached]:
        found: dict[object, Reached] = {}
        parents: dict[Place, tuple[Place, Link] | None] = {start: None}
        seen = Seen()
        done: set[FunctionId | ClassRef] = set()  # entry points that need no other way
        todo, later = deque([start]), deque[Place]()
        budget = Budget()
        while (todo or (later and not found)) and not budget.is_spent(found, len(parents)):
            place = (todo or later).popleft()
            entered = self._entered(place)
            if isinstance(entered, Entered):
                self._add(found, entered, place, parents)
                continue
            if entered is None:
                continue
            for caller in self.callers(place):
                met = self._registered(caller)
                link = Link(caller, place.at)
                if isinstance(met, Hook):
                    continue
                if isinstance(met, Entered):
                    self._add(found, met, place, parents)
                    continue
                above = None if caller.at in done else self.above(place, caller)
                if above is None or above in parents or seen.covers(key := self._key(above)):
                    continue  # a recursion may lead back to where the walk began
                if self.is_possible(place, caller):
                    seen.add(key)
                    parents[above] = (place, link)
                    (later if above.is_settled else todo).append(above)
                    if isinstance(self._entered(above), Entered) and not self._differs(above):
                        done.add(above.at)
        if todo:
            self._cut_short.add(start)
        return sorted(found.values(), key=lambda r: (not r.sure, r.differs, len(r.links)))

    def _key(self, place: Place) -> Place:
        """Which event of a function leads on matters only where arguments can keep it from getting there."""
        function = None if isinstance(place.at, ClassRef) else self._program.function(place.at)
        if function is not None and function.parameters:
            return place
        return place._replace(nodes=())

    def _add(
        self,
        found: dict[object, Reached],
        entered: Entered,
        place: Place,
        parents: dict[Place, tuple[Place, Link] | None],
    ) -> None:
        chain: list[Link] = []
        current = place
        while (parent := parents[current]) is not None:
            current, link = parent
            chain.append(link)
        reached = Reached(
            entered=entered,
            links=tuple(chain),
            differs=self._differs(place),
            sure=all(link.caller.sure for link in chain),
        )
        identity = (entered.label, place.at)
        known = found.get(identity)
        if known is None or (known.differs and not reached.differs):
            found[identity] = reached

    def _differs(self, place: Place) -> bool:
        """Something that decides the connection is a parameter of the entry point, or not to be told."""
        decide = (o for o in place.origins if o.kind not in ("choice", "chosen"))
        return any(self._varies(origin) for origin in decide)

    def _varies(self, origin: Origin) -> bool:
        if origin.kind != "field" or origin.owner is None:
            return True
        if origin not in self._fields:
            self._fields[origin] = False
            place = Place(origin.owner, frozenset({origin}))
            callers = self._analysis.callers.of_class(origin.owner)
            makers = [maker for maker in callers if not self._is_for_script(maker)]
            self._fields[origin] = not makers or (
                origin.number < 0 and any(self.seen_from(place, m) for m in makers)
            )
        return self._fields[origin]

    def _is_for_script(self, maker: Caller) -> bool:
        """The object is made to try its class out, where that is run as a script: no entry point gets it."""
        function = self._program.function(maker.at)
        module = function is not None and function.kind == "module"
        return module and function is not None and is_for_script(function.graph, maker.node)

    def _entered(self, place: Place) -> Entered | bool | None:
        """The entry point that the place is; None where nothing leads on; True: ask its callers."""
        entries = self._analysis.entries
        if isinstance(place.at, ClassRef):
            return None if self._analysis.singletons.of(place.at) else True
        at = place.at
        function = self._program.function(at)
        if function is None or function.kind == "class" or self._program.files[at.path].is_test:
            return None
        if function.kind == "module":
            return entries.script(at.path)
        ref = self._program.ref_of(at)
        if not isinstance(ref, FunctionRef):
            return True
        if self._analysis.singletons.remembers(ref):
            return None
        entered = entries.of(ref)
        if entered is not None:
            return entered
        return None if entries.hook(ref) is not None else True

    def callers(self, place: Place) -> tuple[Caller, ...]:
        callers = self._analysis.callers
        if isinstance(place.at, ClassRef):
            return callers.of_class(place.at)
        ref = self._program.ref_of(place.at)
        if isinstance(ref, FunctionRef):
            memo = self._analysis.entries.memo(ref)
            cls = self._program.class_of(place.at)
            if memo is not None and cls is not None:
                return () if self._analysis.singletons.of(cls) else callers.of_class(cls)
        return callers.of(place.at)

    def _registered(self, caller: Caller) -> Entered | Hook | None:
        """What it means that the function is given to a call there."""
        entries = self._analysis.entries
        if caller.outside is not None and caller.argument >= 0:
            return None  # a default or annotation: the function that has it is asked next
        if caller.how != "pass":
            return None
        event = self._program.event(caller.at, caller.node)
        if not isinstance(event, CallEvent):
            return None
        return entries.passed(event, caller.argument, caller.at)

    def is_possible(self, place: Place, caller: Caller) -> bool:
        """Neither what the call leaves out nor its object's class keeps the function from getting there."""
        if self._analysis.selves.needs(place, caller) is None:
            return False
        if isinstance(place.at, ClassRef) or min(place.nodes, default=-1) < 0:
            return True
        key = (place.at, caller)
        if key not in self._open:
            function = self._program.function(place.at)
            self._open[key] = (
                None
                if function is None or not self._tested_in(place.at, function)
                else frozenset(reachable(self.edges(place.at, function, caller), [FlowGraph.ENTRY]))
            )
        nodes = self._open[key]
        return nodes is None or not nodes.isdisjoint(place.nodes)

    def edges(
        self, at: FunctionId, function: Function, caller: Caller
    ) -> Mapping[int, Sequence[Edge]]:
        """The ways through the function that are open when it is called there."""
        edges = successors(function.graph)
        event = self._program.event(caller.at, caller.node)
        tested = self._tested_in(at, function)
        if not tested:
            return edges
        if caller.how not in ("call", "construct") or not isinstance(event, CallEvent):
            return edges
        callee = self._analysis.calls.callee(event, caller.at)
        if isinstance(callee, ClassRef):
            init = self._analysis.types.attributes.method(callee, "__init__")
            if init is None or self._program.function_id(init) != at:
                return edges
        bound = isinstance(callee, ClassRef) or (isinstance(callee, FunctionRef) and callee.bound)
        given = arguments_by_name(event.arguments, function, bound=bound)
        if given is None:
            return edges
        values = {
            p.name: given.get(p.name, p.default) for p in function.parameters if p.name in tested
        }
        constants = {
            name: value
            for name, value in values.items()
            if isinstance(value, Literal) and value.kind in _CONSTANTS
        }
        absent = {name for name, value in values.items() if value == NONE}
        present = {
            name
            for name, value in given.items()
            if name in values and name not in absent and self._is_there(value, caller.at)
        }
        objects = {name for name in present if self._is_object(given[name], caller.at)}
        return as_called(function.graph, edges, absent, present, objects, constants)

    def _tested_in(self, at: FunctionId, function: Function) -> frozenset[str]:
        if at not in self._tested:
            names = {p.name for p in function.parameters}
            self._tested[at] = tested_names(function.graph) & names if names else frozenset()
        return self._tested[at]

    def _is_object(self, value: Expr, at: FunctionId) -> bool:
        found = self._analysis.types.infer(value, at)
        return isinstance(found, ObjectRef) or (
            isinstance(found, Instance) and not found.type.startswith(_BUILTINS)
        )

    def _is_there(self, value: Expr, at: FunctionId) -> bool:
        """The argument is hardly None: nothing in its function says so."""
        function = self._program.function(at)
        if not isinstance(value, Name) or function is None:
            return isinstance(value, Attribute | Container | FString | Literal | Temp)
        optional = any(p.name == value.id and p.default == NONE for p in function.parameters)
        return not optional and not any(
            isinstance(event, AssignEvent) and event.target == value.id and event.value == NONE
            for event in function.graph.events
        )

    def above(self, place: Place, caller: Caller) -> Place | None:
        """The caller as the next place, unless it remembers what it gets."""
        if caller.how == "construct" and self._is_one(place, caller):
            return None
        origins = self.seen_from(place, caller)
        if caller.how == "decorate":  # when what is decorated is defined, not when it is called
            function = self._program.function(caller.at)
            outer = FunctionId(
                caller.at.path, caller.at.unit, max(getattr(function, "parent", 0), 0)
            )
            return Place(FunctionId(caller.at.path, 0, 0) if outer == caller.at else outer, origins)
        needs = self._analysis.selves.needs(place, caller) or frozenset()
        if caller.node < 0 or caller.how == "inside":
            return Place(caller.at, origins, (caller.node,), needs)
        above = self.around(caller.at, (caller.node,), origins)
        return above._replace(needs=needs) if above is not None and needs else above

    def _is_one(self, place: Place, caller: Caller) -> bool:
        """The class that is called there has one object."""
        event = self._program.event(caller.at, caller.node)
        made = (
            self._analysis.calls.callee(event, caller.at) if isinstance(event, CallEvent) else None
        )
        once = self._analysis.singletons.of(made) if isinstance(made, ClassRef) else ""
        return once == "made" or (once == "kept" and isinstance(place.at, ClassRef))

    def seen_from(self, place: Place, caller: Caller) -> frozenset[Origin]:
        """The origins in the caller's terms."""
        return self._views.of(place.at, place.origins, caller)
