"""Finds the acquisitions in a function and what becomes of each: its fate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.calls import Acquired
from conn_lint.analyze.demand import PARTS
from conn_lint.analyze.keys import is_only_key
from conn_lint.analyze.leaving import first_skip
from conn_lint.analyze.meaning import EventMeaning
from conn_lint.analyze.outcomes import answer_after, taken
from conn_lint.flow.guarding import reachable
from conn_lint.flow.ownership import Ownership
from conn_lint.flow.solve import solve, successors
from conn_lint.flow.world import OWN, START, Situation, World
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import CallEvent, Edge, FlowGraph, RaiseEvent
from conn_lint.model.location import Span
from conn_lint.model.resource import Resource
from conn_lint.model.site import Fate
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Skipped(NamedTuple):
    """How a release is skipped: the kind of way out and the node where it begins (-1: unknown)."""

    how: str
    node: int


class Solved(NamedTuple):
    """One acquisition, solved within its function. `nodes` are its copies in the graph.

    `names` are those that refer to it, or to something derived from it; `gave`: strangers were given it.
    """

    at: FunctionId
    event: CallEvent
    nodes: tuple[int, ...]
    acquired: Acquired
    fate: Fate
    skipped: Skipped | None
    released_at: frozenset[int]
    ended_by_with: frozenset[int]
    closed_not_returned: frozenset[int]
    stored_on: frozenset[str]
    returned_roles: frozenset[str]
    names: frozenset[str] = frozenset()
    gave: bool = False

    @property
    def resource(self) -> Resource:
        """What is acquired."""
        return self.acquired.resource


class Sites:
    """Solves each function once. `holding_nothing` are calls of what was solved that make engines without a pool."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._solved: dict[FunctionId, tuple[Solved, ...]] = {}
        self.holding_nothing: dict[FunctionId, tuple[CallEvent, ...]] = {}

    def solved(self, at: FunctionId) -> tuple[Solved, ...]:
        """The acquisitions in the function, in order of their place."""
        return self._analysis.circles.answer("sites", self._solved, at, (), lambda: self._find(at))

    def _find(self, at: FunctionId) -> tuple[Solved, ...]:
        function = self._analysis.program.function(at)
        if function is None or function.graph.too_large:
            return ()
        return tuple(self._solve(at, function))

    def _solve(self, at: FunctionId, function: Function) -> list[Solved]:
        places: dict[Span, list[int]] = {}
        for node, event in enumerate(function.graph.events):
            if isinstance(event, CallEvent) and self._may_acquire(event):
                places.setdefault(event.span, []).append(node)
        if not places:
            return []
        edges = successors(function.graph)
        found = []
        idle: list[CallEvent] = []
        for span in sorted(places):
            event = function.graph.events[places[span][0]]
            assert isinstance(event, CallEvent)
            acquired = self._analysis.calls.acquired(event, at)
            if acquired is None and self._analysis.calls.holds_nothing(event, at) is not None:
                idle.append(event)
            if acquired is not None and is_only_key(
                event, at, function, acquired.resource.key_of, self._analysis.types
            ):
                continue
            if acquired is not None and acquired.resource.kind not in ("factory", *PARTS):
                found.append(
                    self._follow(at, function, event, tuple(places[span]), acquired, edges)
                )
        if idle:
            self.holding_nothing[at] = tuple(idle)
        return found

    def _may_acquire(self, event: CallEvent) -> bool:
        func = event.func
        if isinstance(func, Attribute):
            return func.attr in self._analysis.demand.words
        return not isinstance(func, Name) or func.id in self._analysis.demand.words

    def _follow(
        self,
        at: FunctionId,
        function: Function,
        event: CallEvent,
        nodes: tuple[int, ...],
        acquired: Acquired,
        edges: Mapping[int, Sequence[Edge]],
    ) -> Solved:
        meaning = EventMeaning(
            self._analysis, at, function, acquired.resource, dict.fromkeys(nodes, acquired.role)
        )
        edges = self._opened(at, function, acquired.resource, edges)
        domain = Ownership(function.graph, meaning)
        states = solve(edges, domain, START)
        fate = _fate(states, domain)
        if fate is Fate.HANDED_OVER and domain.gave:
            trusting = Ownership(function.graph, meaning, trusting=True)
            again = solve(edges, trusting, START)
            if _meant_to_keep(trusting, again):
                domain, states, fate = trusting, again, _fate(again, trusting)
        released, lost = frozenset(domain.released_at), bool(domain.lost_at)
        stored, returned = (
            frozenset(meaning.stored_on),
            domain.returned(states.get(FlowGraph.EXIT, ())),
        )
        if domain.kept_at:  # a function that keeps it on some path gives the same one again
            returned = frozenset()
        with_ = frozenset(meaning.ended_by_with)
        closed = frozenset(
            node
            for node in meaning.closed_not_returned
            if not _is_given_back(function, edges, node, acquired.resource)
        )
        skipped = None
        if fate is Fate.NOT_ON_ERROR:
            how, node = first_skip(domain, states, edges, lost=lost)
            skipped = Skipped(how, node)
        return Solved(
            at, event, nodes, acquired, fate, skipped, released, with_, closed, stored, returned,
            _names(states), domain.gave,
        )  # fmt: skip

    def _opened(
        self,
        at: FunctionId,
        function: Function,
        spec: Resource,
        edges: Mapping[int, Sequence[Edge]],
    ) -> Mapping[int, Sequence[Edge]]:
        """The edges without those taken only after `if not db.connect():`, where nothing has been opened."""
        for node, event in enumerate(function.graph.events):
            if (
                isinstance(event, CallEvent)
                and isinstance(event.func, Attribute)
                and event.func.attr in spec.begins
                and isinstance(callee := self._analysis.calls.callee(event, at), FunctionRef)
                and (answer := self._answer(callee, spec)) is not None
            ):
                edges = taken(function, edges, node, answer)
        return edges

    def _answer(self, opener: FunctionRef, spec: Resource) -> bool | None:
        """Whether what a method answers is true, once it has opened what its object owns."""
        at = self._analysis.program.function_id(opener._replace(bound=False))
        function = self._analysis.program.function(at) if at is not None else None
        if at is None or function is None or function.is_generator:
            return None
        opening = [n for s in self.solved(at) if s.stored_on for n in s.nodes]
        opening += [
            node
            for node, event in enumerate(function.graph.events)
            if isinstance(event, CallEvent)
            and isinstance(event.func, Attribute)
            and event.func.attr in spec.begins
            and event.func.value == Name(self._analysis.origins.own_name(at, function) or "@")
        ]
        return answer_after(function, successors(function.graph), opening) if opening else None

    def of_object(self, at: FunctionId, function: Function, spec: Resource) -> Solved | None:
        """A method that opens what its object owns, closes it at its end, and can miss the close."""
        edges = self._opened(at, function, spec, successors(function.graph))
        meaning = EventMeaning(self._analysis, at, function, spec, {})
        domain = Ownership(function.graph, meaning)
        start = World(Situation.IDLE, frozenset({(function.parameters[0].name, OWN)}), frozenset())
        states = solve(edges, domain, {start})
        if not domain.begun_at or not domain.released_at or domain.escaped_at:
            return None
        if _fate(states, domain) is not Fate.NOT_ON_ERROR:
            return None
        if any(world.situation is Situation.BUSY for world in states.get(FlowGraph.EXIT, ())):
            return None
        node = min(domain.begun_at)
        event = function.graph.events[node]
        if not isinstance(event, CallEvent):
            return None
        how, skip = first_skip(domain, states, edges, lost=False)
        cls = self._analysis.program.class_of(at)
        nothing: frozenset[int] = frozenset()
        return Solved(
            at, event, (node,), Acquired(spec, OWN, cls), Fate.NOT_ON_ERROR, Skipped(how, skip),
            frozenset(domain.released_at), nothing, nothing, frozenset(), frozenset(),
        )  # fmt: skip


def _is_given_back(
    function: Function, edges: Mapping[int, Sequence[Edge]], closed: int, spec: Resource
) -> bool:
    """After the close the pool gets it back all the same: `conn.close()`, then `pool.putconn(conn)`."""
    back = {
        node
        for node, event in enumerate(function.graph.events)
        if isinstance(event, CallEvent)
        and isinstance(event.func, Attribute)
        and event.func.attr in spec.release_on_owner
    }
    after = reachable(edges, [closed], without=back, normal=True)
    raised = any(isinstance(function.graph.events[node], RaiseEvent) for node in after)
    return not back.isdisjoint(after) and FlowGraph.EXIT not in after and not raised


def _names(states: Mapping[int, set[World]]) -> frozenset[str]:
    keys = {key for worlds in states.values() for world in worlds for key, _ in world.roles}
    return frozenset(key for key in keys if key.isidentifier())


def _meant_to_keep(trusting: Ownership, states: Mapping[int, set[World]]) -> bool:
    """With strangers taken for borrowers, the function releases it on every normal way out, or returns it."""
    if trusting.kept_at:
        return False
    normal = {world.situation for world in states.get(FlowGraph.EXIT, ())}
    if Situation.RETURNED in normal:
        return True
    return bool(trusting.released_at) and Situation.BUSY not in normal


def _fate(states: Mapping[int, set[World]], domain: Ownership) -> Fate:
    """What the states at the ways out and the events on the way come to."""
    normal = {world.situation for world in states.get(FlowGraph.EXIT, ())}
    raised = {world.situation for world in states.get(FlowGraph.RAISED, ())}
    if domain.escaped_at or Situation.RETURNED in normal:
        return Fate.HANDED_OVER
    leaks_normally = Situation.BUSY in normal or bool(domain.lost_at)
    leaks = leaks_normally or Situation.BUSY in raised
    if not leaks:
        return Fate.ALWAYS
    if domain.released_at:
        return Fate.NOT_ON_ERROR
    # A function that only ever ends by an exception serves until the process ends.
    return Fate.NEVER if leaks_normally or normal else Fate.UNKNOWN
