"""From a place up through its callers to the entry points that lead there.

The walk goes against the direction of calls. It stops at memos, at start-up hooks and at code that runs at import.
With each function it carries the origins of what decides the connection, so that one that depends on the request
is told from one that is the same for all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.kept import Scope
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.origins import Origin, arguments_by_name, choices, through
from conn_lint.flow.guarding import as_called, reachable
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
from conn_lint.model.flow import AssignEvent, CallEvent, Edge, FlowGraph
from conn_lint.model.framework import Hook
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_PLACES = 20_000
_BUILTINS = "builtins."  # texts and containers may be empty


class Link(NamedTuple):
    """One step of a chain, from the caller's side: `caller` leads to the next function."""

    caller: Caller
    to: FunctionId | ClassRef


class Reached(NamedTuple):
    """The nearest entry point that leads to a place, the chain from it down."""

    entered: Entered
    links: tuple[Link, ...]
    differs: bool  # what decides the connection comes from the request
    sure: bool


class Place(NamedTuple):
    """A function, or (`at` a class) the making of its objects, with what decides the connection there.

    `nodes` are those of the event in the function that leads on.
    """

    at: FunctionId | ClassRef
    origins: frozenset[Origin]
    nodes: tuple[int, ...] = ()


class Reach:
    """Answers for each place once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._memo: dict[Place, tuple[Reached, ...]] = {}
        self._fields: dict[Origin, bool] = {}

    def of(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin]
    ) -> tuple[Reached, ...]:
        """The entry points from which the event at `nodes` happens anew each time, nearest first."""
        place = self.around(at, nodes, origins)
        if place is None:
            return ()
        if place not in self._memo:
            self._memo[place] = tuple(self._walk(place))
        return self._memo[place]

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
        seen = {self._key(start)}
        done: set[FunctionId | ClassRef] = set()  # entry points that need no other way
        todo = deque([start])
        while todo and len(parents) < _MAX_PLACES:
            place = todo.popleft()
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
                if above is None or (key := self._key(above)) in seen:
                    continue
                if self.is_possible(place, caller):
                    seen.add(key)
                    parents[above] = (place, link)
                    todo.append(above)
                    if isinstance(self._entered(above), Entered) and not self._differs(above):
                        done.add(above.at)
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
            makers = self._analysis.callers.of_class(origin.owner)
            self._fields[origin] = not makers or any(self.seen_from(place, m) for m in makers)
        return self._fields[origin]

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
        event = self._event(caller)
        if not isinstance(event, CallEvent):
            return None
        return entries.passed(event, caller.argument, caller.at)

    def _event(self, caller: Caller) -> object:
        function = self._program.function(caller.at)
        if function is None or caller.node < 0:
            return None
        return function.graph.events[caller.node]

    def is_possible(self, place: Place, caller: Caller) -> bool:
        """What the call leaves out does not keep the function from getting there."""
        if isinstance(place.at, ClassRef) or min(place.nodes, default=-1) < 0:
            return True
        function = self._program.function(place.at)
        if function is None:
            return True
        edges = self.edges(place.at, function, caller)
        return not reachable(edges, [FlowGraph.ENTRY]).isdisjoint(place.nodes)

    def edges(
        self, at: FunctionId, function: Function, caller: Caller
    ) -> Mapping[int, Sequence[Edge]]:
        """The ways through the function that are open when it is called there."""
        edges = successors(function.graph)
        event = self._event(caller)
        if caller.how != "call" or not isinstance(event, CallEvent):
            return edges
        callee = self._analysis.calls.callee(event, caller.at)
        bound = isinstance(callee, FunctionRef) and callee.bound
        given = arguments_by_name(event.arguments, function, bound=bound)
        if given is None:
            return edges
        absent = {p.name for p in function.parameters if given.get(p.name, p.default) == NONE}
        present = {
            name
            for name, value in given.items()
            if name not in absent and self._is_there(value, caller.at)
        }
        objects = {name for name in present if self._is_object(given[name], caller.at)}
        return as_called(function.graph, edges, absent, present, objects)

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
        if caller.node < 0 or caller.how == "inside":
            return Place(caller.at, origins, (caller.node,))
        return self.around(caller.at, (caller.node,), origins)

    def _is_one(self, place: Place, caller: Caller) -> bool:
        """The class that is called there has one object."""
        event = self._event(caller)
        made = (
            self._analysis.calls.callee(event, caller.at) if isinstance(event, CallEvent) else None
        )
        once = self._analysis.singletons.of(made) if isinstance(made, ClassRef) else ""
        return once == "made" or (once == "kept" and isinstance(place.at, ClassRef))

    def seen_from(self, place: Place, caller: Caller) -> frozenset[Origin]:
        """The origins in the caller's terms."""
        event = self._event(caller)
        chosen = self._choice(place, caller, event)
        return chosen | self._translated(place, caller, event) if place.origins else chosen

    def _choice(self, place: Place, caller: Caller, event: object) -> frozenset[Origin]:
        """What chooses the object, where another class's method may as well be called there."""
        if caller.how != "call" or not isinstance(event, CallEvent):
            return frozenset()
        if isinstance(place.at, ClassRef) or not isinstance(event.func, Attribute):
            return frozenset()
        callee = self._analysis.calls.callee(event, caller.at)
        if not isinstance(callee, FunctionRef):
            return frozenset()
        if self._program.function_id(callee._replace(bound=False)) == place.at:
            return frozenset()
        function = self._program.function(caller.at)
        first = function.parameters[0].name if function is not None and function.parameters else ""
        if event.func.value == Name(first) and self._program.class_of(caller.at) is not None:
            return frozenset()  # its own object: the same on each pass, whatever is put on it
        return choices(self._analysis.origins.of(event.func.value, caller.at))

    def _translated(self, place: Place, caller: Caller, event: object) -> frozenset[Origin]:
        origins = place.origins
        if isinstance(place.at, ClassRef) or caller.how == "construct":
            return self._seen_from_maker(place, caller, event)
        if caller.how in ("inside", "wrap"):
            return origins
        function = self._program.function(place.at)
        if function is not None and function.parent >= 0:
            own = {p.name for p in function.parameters}
            captured = {o for o in origins if o.kind == "param" and o.name not in own}
            if captured:
                rest = self._translated(place._replace(origins=origins - captured), caller, event)
                return rest | self._captured(place.at, frozenset(captured), caller)
        if not isinstance(event, CallEvent):
            return through(origins, None)
        trace = self._analysis.origins.of
        if caller.how == "call" and function is not None:
            callee = self._analysis.calls.callee(event, caller.at)
            bound = isinstance(callee, FunctionRef) and callee.bound
            given = arguments_by_name(event.arguments, function, bound=bound)
            if given is None:
                return through(origins, None)
            return through(origins, {n: trace(e, caller.at) for n, e in given.items()})
        others = [a.value for i, a in enumerate(event.arguments) if i != caller.argument]
        rest = frozenset(o for expr in others for o in trace(expr, caller.at))
        return through(origins, {"*": rest})

    def _captured(
        self, at: FunctionId, origins: frozenset[Origin], caller: Caller
    ) -> frozenset[Origin]:
        """Origins that are parameters of the functions around: as they are, or as given where it was asked for."""
        if caller.maker is None:
            return (
                origins
                if (caller.at.path, caller.at.unit) == (at.path, at.unit)
                else through(origins, None)
            )
        around = FunctionId(
            at.path, at.unit, max(getattr(self._program.function(at), "parent", 0), 0)
        )
        made = Caller(*caller.maker, "call")
        return self._translated(Place(around, origins), made, self._event(made))

    def _seen_from_maker(self, place: Place, caller: Caller, event: object) -> frozenset[Origin]:
        """The object is made there: its fields are the arguments."""
        cls = place.at if isinstance(place.at, ClassRef) else self._program.class_of(place.at)
        if cls is None or not isinstance(event, CallEvent):
            return place.origins
        made = self._analysis.calls.callee(event, caller.at)
        owner = made if isinstance(made, ClassRef) else cls
        init = self._analysis.types.attributes.method(owner, "__init__")
        at = self._program.function_id(init) if init is not None else None
        function = self._program.function(at) if at is not None else None
        trace = self._analysis.origins.of
        given: dict[str, frozenset[Origin]] | None = None
        if function is not None:
            exprs = arguments_by_name(event.arguments, function, bound=True)
            if exprs is not None:
                given = {n: trace(e, caller.at) for n, e in exprs.items()}
        else:
            given = {"*": frozenset(o for a in event.arguments for o in trace(a.value, caller.at))}
        mine = frozenset(
            Origin("param", o.name) if o.kind in ("field", "param") else o for o in place.origins
        )
        return through(mine, given)
