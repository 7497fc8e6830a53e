"""Loops that make something anew on each pass, in the function itself or through functions that it calls.

A loop counts if, without anything raising, the place comes again within it. So a loop that ends once it has
succeeded (a retry, a fall-back) is none; neither is one whose variable decides the connection, nor a `while` that
sleeps between its passes, nor a count of connections that are all kept: a pool is filled.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.listening import listening, listens_on
from conn_lint.analyze.origins import Origin
from conn_lint.analyze.outcomes import answer_after, taken, turned_off
from conn_lint.analyze.pages import is_pressed
from conn_lint.analyze.scopes import Scope
from conn_lint.analyze.waits import Waits
from conn_lint.analyze.walking import Link, Place
from conn_lint.flow.guarding import reachable
from conn_lint.flow.solve import successors
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Container, Literal, Name, Temp, walk
from conn_lint.model.flow import (
    AwaitEvent,
    CallEvent,
    Edge,
    Event,
    FlowGraph,
    Raised,
    ReturnEvent,
    expressions,
)
from conn_lint.model.summary import Function, Loop

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAPPING = frozenset({"map", "imap", "imap_unordered", "starmap", "map_async", "starmap_async"})
_RUNNING = frozenset(
    {"submit", "Thread", "Process", "apply", "apply_async", "run_in_executor", "to_thread", "spawn"}
)
_MAX_DEPTH = 6
_MAX_UNSURE_DEPTH = 4  # where a step on the way may also not be taken
_MAX_TURNS = 1
_MAX_PLACES = 200


class Repeat(NamedTuple):
    """A call (or creation) that a loop repeats: where it stands, the loop, and the way down to the creation."""

    at: FunctionId
    node: int
    loop: Loop | None  # None: a function that is mapped over items
    links: tuple[Link, ...]


class Repeats(NamedTuple):
    """All loops that repeat one creation. `always`: no way leads to it but through one of them."""

    found: tuple[Repeat, ...]
    always: bool


NO_REPEATS = Repeats((), False)


class Looping:
    """Answers for creations."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._waits = Waits(analysis)

    def directly(
        self,
        at: FunctionId,
        nodes: tuple[int, ...],
        origins: frozenset[Origin],
        answer: bool | None = None,
    ) -> Loop | None:
        """The innermost loop of the function that makes the event happen anew on each pass."""
        return next(self.nested(at, nodes, origins, answer), None)

    def nested(
        self,
        at: FunctionId,
        nodes: tuple[int, ...],
        origins: frozenset[Origin],
        answer: bool | None = None,
    ) -> Iterator[Loop]:
        """All loops of the function that do so, the innermost first.

        `answer`: whether what a call gives then is true, where that is known.
        """
        function = self._program.function(at)
        if function is None or not nodes or nodes[0] < 0:
            return
        event = function.graph.events[nodes[0]]
        if event is None or event.loop < 0:
            return
        lifetimes = self._analysis.lifetimes
        if lifetimes.scope(at, nodes) is not Scope.EACH or lifetimes.repairs(at, nodes):
            return
        edges = successors(function.graph)
        if answer is not None:
            edges = taken(function, edges, nodes[0], answer)
        number = event.loop
        while number >= 0:
            loop = function.loops[number]
            decided = {Origin("loop", "", number), Origin("chosen", "", number)} & origins
            filled = self._counts(loop, at) and lifetimes.collects(at, nodes)
            if (
                not decided
                and not filled
                and self._repeats(at, function, loop, nodes, edges)
                and not is_pressed(self._analysis, at, loop, nodes)
            ):
                yield loop
            number = loop.parent

    def through_callers(
        self, at: FunctionId, nodes: tuple[int, ...], origins: frozenset[Origin]
    ) -> Repeats:
        """The calls in loops that lead to the event, the nearest on each way."""
        start = self._analysis.reach.around(at, nodes, origins)
        if start is None or self._is_kept_on_request(at, nodes):
            return NO_REPEATS
        listens = listens_on(self._analysis, at, nodes)
        found: list[Repeat] = []
        always = True
        ways: dict[Place, tuple[Link, ...]] = {start: ()}
        turns: Counter[Place] = Counter()  # how many steps on the way may also not be taken
        todo = deque([start])
        while todo and len(ways) < _MAX_PLACES:
            place = todo.popleft()
            if self._is_remembered(place):
                always = False
                continue
            callers = self._callers(place)
            always &= bool(callers)
            for caller in callers:
                if not self._analysis.reach.is_possible(place, caller):
                    continue
                links = (Link(caller, place.at), *ways[place])
                above = self._analysis.reach.above(place, caller)
                turn = turns[place] + (not self._happens(place, caller))
                if (
                    above is None
                    or turn > _MAX_TURNS
                    or self._is_kept_on_request(caller.at, (caller.node,))
                ):
                    always = False
                elif (repeat := self._repeat(place, caller, links)) is not None and not (
                    listens and _is_while(repeat)
                ):
                    found.append(repeat)
                elif len(links) >= (_MAX_UNSURE_DEPTH if turn else _MAX_DEPTH):
                    always = False
                elif above not in ways:
                    ways[above] = links
                    turns[above] = turn
                    todo.append(above)
        return Repeats(tuple(found), always and bool(found))

    def _happens(self, place: Place, caller: Caller) -> bool:
        """Called so, the function gives no result without the event, or another that does the same.

        An early `return False` gives none.
        """
        if isinstance(place.at, ClassRef) or min(place.nodes, default=-1) < 0:
            return True
        function = self._program.function(place.at)
        if function is None:
            return False
        edges = self._analysis.reach.edges(place.at, function, caller)
        same = self._alike(place.at, place.nodes, function)
        empty = {n for n, event in enumerate(function.graph.events) if _returns_nothing(event)}
        ways = reachable(edges, [FlowGraph.ENTRY], without=same | empty, normal=True)
        return FlowGraph.EXIT not in ways

    def _alike(self, at: FunctionId, nodes: tuple[int, ...], function: Function) -> set[int]:
        """The nodes and those of the function's other acquisitions, or other calls of the same callee."""
        same = set(nodes)
        made = {node for solved in self._analysis.sites.solved(at) for node in solved.nodes}
        if made & same:
            same |= made
        first = function.graph.events[nodes[0]]
        callee = self._analysis.calls.callee(first, at) if isinstance(first, CallEvent) else None
        if callee is not None:
            same |= {
                node
                for node, event in enumerate(function.graph.events)
                if isinstance(event, CallEvent) and self._analysis.calls.callee(event, at) == callee
            }
        return same

    def _is_kept_on_request(self, at: FunctionId, nodes: tuple[int, ...]) -> bool:
        return self._analysis.lifetimes.scope(at, nodes) is Scope.REQUEST

    def _callers(self, place: Place) -> tuple[Caller, ...]:
        """The places that certainly run the function, and not only when something has raised."""
        return tuple(c for c in self._analysis.reach.callers(place) if c.sure and self._runs(c))

    def _runs(self, caller: Caller) -> bool:
        function = self._program.function(caller.at)
        if function is None or caller.node < 0:
            return caller.how == "wrap"
        if caller.how not in ("call", "construct", "enter", "read", "pass"):
            return False
        event = function.graph.events[caller.node]
        if caller.how == "pass" and isinstance(event, CallEvent):
            func = event.func
            name = func.attr if isinstance(func, Attribute) else getattr(func, "id", "")
            if name not in _RUNNING and name not in _MAPPING:
                return False
        edges = successors(function.graph)
        calm = reachable(edges, [FlowGraph.ENTRY], normal=True)
        ends = reachable(edges, [caller.node], normal=True)
        return caller.node in calm and FlowGraph.EXIT in ends

    def _is_remembered(self, place: Place) -> bool:
        """A decorator keeps what the function gives, or the class has one object."""
        if isinstance(place.at, ClassRef):
            return bool(self._analysis.singletons.of(place.at))
        ref = self._program.ref_of(place.at)
        if not isinstance(ref, FunctionRef):
            return False
        return self._analysis.entries.memo(ref) is not None or self._analysis.singletons.remembers(
            ref
        )

    def _repeat(self, place: Place, caller: Caller, links: tuple[Link, ...]) -> Repeat | None:
        function = self._program.function(caller.at)
        if function is None or caller.node < 0:
            return None
        event = function.graph.events[caller.node]
        if caller.how == "pass" and isinstance(event, CallEvent):
            name = (
                event.func.attr
                if isinstance(event.func, Attribute)
                else getattr(event.func, "id", "")
            )
            if name in _MAPPING and caller.argument == 0:
                if self._is_step(place):
                    return None
                varies = any(o.kind in ("param", "choice") for o in place.origins)
                return None if varies else Repeat(caller.at, caller.node, None, links)
        if caller.how in ("inside", "made", "refer", "inject", "wrap"):
            return None
        origins = self._analysis.reach.seen_from(place, caller)
        loop = self.directly(caller.at, (caller.node,), origins, self._answer(place, caller))
        if loop is None or any(o.kind in ("loop", "stranger") for o in origins):
            return None
        if self._counts(loop, caller.at) and self._is_left_with(place, function, event):
            return None
        return Repeat(caller.at, caller.node, loop, links)

    def _is_left_with(self, place: Place, function: Function, call: Event | None) -> bool:
        """What is called keeps what it makes beside others, and its caller has no use for it."""
        if isinstance(place.at, ClassRef) or not isinstance(call, CallEvent):
            return False
        if not self._analysis.lifetimes.collects(place.at, place.nodes):
            return False
        results = {call.result}
        for event in function.graph.events:
            if event is None or event == call:
                continue
            used = {p.index for e in expressions(event) for p in walk(e) if isinstance(p, Temp)}
            if not used.isdisjoint(results):
                if not isinstance(event, AwaitEvent):
                    return False
                results.add(event.result)
        return True

    def _is_step(self, place: Place) -> bool:
        """A framework runs it, each time apart from the others: `steps.map(op)` is no loop of one process."""
        if isinstance(place.at, ClassRef):
            return False
        ref = self._program.ref_of(place.at)
        return isinstance(ref, FunctionRef) and self._analysis.entries.of(ref) is not None

    def _answer(self, place: Place, caller: Caller) -> bool | None:
        """Whether what the call gives is true, once the event has happened."""
        if (
            caller.how != "call"
            or isinstance(place.at, ClassRef)
            or min(place.nodes, default=-1) < 0
        ):
            return None
        function = self._program.function(place.at)
        if function is None or function.is_generator:
            return None
        edges = self._analysis.reach.edges(place.at, function, caller)
        return answer_after(function, edges, place.nodes)

    def _repeats(
        self,
        at: FunctionId,
        function: Function,
        loop: Loop,
        nodes: tuple[int, ...],
        edges: Mapping[int, Sequence[Edge]],
    ) -> bool:
        """The event comes again within the loop, and nothing waits in between or turns off the flag that it needs."""
        events = function.graph.events
        outside = {
            node
            for node, event in enumerate(events)
            if event is not None and not loop.span.contains(event.span)
        }
        if loop.kind == "while" or self._counts(loop, at):
            pauses = {node for node, event in enumerate(events) if self._pauses(node, event, at)}
            outside |= pauses | listening(function, loop, pauses)
        outside |= turned_off(function, edges, nodes, loop)
        after = [
            edge.target
            for node in nodes
            for edge in edges.get(node, ())
            if not isinstance(edge.kind, Raised)
        ]
        found = reachable(edges, after, without=outside | {0, 1, 2}, normal=True)
        return not found.isdisjoint(nodes)

    def _counts(self, loop: Loop, at: FunctionId) -> bool:
        """`for attempt in range(5)`: the passes are turns, not things."""
        maker = self._analysis.types.maker(loop.iterable, at)
        return isinstance(maker, CallEvent) and maker.func == Name("range")

    def _pauses(self, node: int, event: Event | None, at: FunctionId) -> bool:
        """The event sleeps, or waits for something to come; directly or through the project's functions."""
        return event is not None and self._waits.event(node, event, at, "pause") is not None


def _returns_nothing(event: Event | None) -> bool:
    if not isinstance(event, ReturnEvent):
        return False
    value = event.value
    items = value.items if isinstance(value, Container) else (value,)
    return all(item is None or isinstance(item, Literal) for item in items)


def _is_while(repeat: Repeat) -> bool:
    return repeat.loop is not None and repeat.loop.kind == "while"
