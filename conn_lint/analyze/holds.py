"""Where a resource is held: a function is solved for each way in which it comes to have one.

A *context* is a function with a resource in one of its names, held or idle. Calls that pass the resource on
are contexts of their own, asked for with the situation at the call, so that what is found in a callee
rests on a caller that really holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.carrying import CarryMeaning
from conn_lint.analyze.contexts import Context, Held, Holder, Outcome, Place
from conn_lint.analyze.given import Given
from conn_lint.analyze.keeping import GLOBAL, OBJECT, Keeping, class_of_role
from conn_lint.analyze.listening import is_told
from conn_lint.analyze.registries import Registries
from conn_lint.analyze.roles import LENT, OWN
from conn_lint.analyze.waits import Category, Waiting, Waits
from conn_lint.flow import spelling
from conn_lint.flow.aliases import role_of
from conn_lint.flow.holding import Holding
from conn_lint.flow.solve import solve, successors
from conn_lint.flow.world import START, Situation, World
from conn_lint.link.values import ClassRef, FunctionId
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import Event, FlowGraph, StoreEvent, YieldEvent
from conn_lint.model.location import Span
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

CATEGORIES: tuple[Category, ...] = ("external", "pause")


class Holds:
    """Answers for each context once; all that is found on the way is in `found`."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self.keeping = Keeping(analysis)
        self.waits = Waits(analysis)
        self.found: dict[tuple[str, int, Span, Category], Held] = {}
        self.registries = Registries(analysis, self.waits)
        self.callers: dict[FunctionId, FunctionId] = {}  # who first passed it on to a function
        self._outcomes: dict[Context, Outcome] = {}
        self._stored: dict[tuple[FunctionId, str, str], dict[str, str]] = {}

    # Contexts

    def outcome(
        self,
        context: Context,
        resource: Resource,
        holder: Holder,
        since: Place | None,
    ) -> Outcome:
        """What becomes of the resource in the function."""
        first = Outcome(context.situation, "", None)
        return self._analysis.circles.answer(
            "holds",
            self._outcomes,
            context,
            first,
            lambda: self._solved(context, resource, holder, since) or first,
        )

    def _solved(
        self,
        context: Context,
        resource: Resource,
        holder: Holder,
        since: Place | None,
    ) -> Outcome | None:
        function = self._program.function(context.at)
        if function is None or function.graph.too_large:
            return None
        roles = {context.name: context.role}
        if context.role == GLOBAL:
            roles = dict.fromkeys(self.registries.keys(context.at), OWN)
            roles[f"@{GLOBAL}"] = GLOBAL
        for attr, role in self.kept(context.role, resource).items():
            roles[spelling.key(context.name, attr)] = role
        start = World(context.situation, frozenset(roles.items()), frozenset())
        return self._run(context.at, function, resource, {}, start, holder, since, context.mine)

    def site(
        self, at: FunctionId, resource: Resource, nodes: Mapping[int, str], holder: Holder
    ) -> Outcome | None:
        """Follow what a function acquires itself."""
        function = self._program.function(at)
        if function is None or function.graph.too_large:
            return None
        (start,) = START
        return self._run(at, function, resource, nodes, start, holder, None)

    def yielded(self, at: FunctionId, resource: Resource, nodes: Mapping[int, str]) -> bool | None:
        """Whether a generator yields what it acquires while it is in use; None if it does not yield it."""
        function = self._program.function(at)
        if function is None or function.graph.too_large:
            return None
        meaning = CarryMeaning(self._analysis, at, function, resource, nodes)
        meaning.begin(self, Holder("", resource, at), None)
        domain = Holding(spelling.spelled(function.graph, _stored_on_self(function)), meaning)
        states = solve(successors(domain.graph), domain, START)
        found = [
            world.situation
            for node, event in enumerate(domain.graph.events)
            if isinstance(event, YieldEvent) and event.value is not None
            for world in states.get(node, ())
            if role_of(event.value, world.roles) == OWN
        ]
        return Situation.BUSY in found if found else None

    def throughout(self, at: FunctionId, holder: Holder) -> None:
        """Something is held during the whole function: every wait in it counts."""
        function = self._program.function(at)
        for node, event in enumerate(function.graph.events if function is not None else ()):
            if event is not None:
                self._note(at, node, event, holder, (holder.at, holder.event or event))

    def _run(
        self,
        at: FunctionId,
        function: Function,
        resource: Resource,
        nodes: Mapping[int, str],
        start: World,
        holder: Holder,
        since: Place | None,
        mine: ClassRef | None = None,
    ) -> Outcome:
        wanted = {
            (owner, attr)
            for key, _ in start.roles
            for owner, _, attr in [key.rpartition(".")]
            if owner
        }
        graph = spelling.spelled(function.graph, wanted | _stored_on_self(function))
        meaning = CarryMeaning(self._analysis, at, function, resource, nodes)
        meaning.begin(self, holder, since, mine)
        domain = Holding(graph, meaning)
        meaning.begun_at = domain.begun_at
        states = solve(successors(graph), domain, {start})
        begun = _events(function, domain.begun_at)
        for node, event in enumerate(function.graph.events):
            if event is None or node in meaning.entered_at or node not in states:
                continue
            busy = [world for world in states[node] if world.situation is Situation.BUSY]
            if busy and not self._waits_for_it(at, node, event, graph, busy):
                earlier = [e for e in begun if e.span < event.span]
                own = (at, earlier[-1]) if earlier else None
                inner = meaning.begun.get(earlier[-1].span) if earlier else None
                began = inner or own or since or _first(at, begun)
                self._note(at, node, event, holder, began, mine, _names(busy))
        worlds = states.get(FlowGraph.EXIT, set())
        last = begun[-1] if begun else None
        lent = meaning.lent_on and bool(meaning.lends)
        return Outcome(
            _summed_up(worlds, start.situation),
            LENT if lent else next(iter(sorted(domain.returned(worlds))), ""),
            (meaning.begun.get(last.span) or (at, last)) if last is not None else None,
        )

    def _note(
        self,
        at: FunctionId,
        node: int,
        event: Event,
        holder: Holder,
        since: Place | None,
        mine: ClassRef | None = None,
        names: frozenset[str] = frozenset(),
    ) -> None:
        for category in CATEGORIES:
            waiting = self.waits.event(node, event, at, category, mine)
            if category == "pause" and waiting is not None and names:
                function = self._program.function(at)
                if function is not None and is_told(function, names):
                    return
            if waiting is not None and not self._through_sibling(at, waiting):
                key = (at.path, at.unit, event.span, category)
                self.found.setdefault(key, Held(at, node, event, waiting, holder, since, names))
                return

    def _waits_for_it(
        self, at: FunctionId, node: int, event: Event, graph: FlowGraph, worlds: list[World]
    ) -> bool:
        """The event only waits for the resource itself, or for a thread or process that was given it."""
        waiting = self.waits.event(node, event, at, "pause")
        spelled = graph.events[node]
        if waiting is None or len(waiting.links) > 1 or spelled is None:
            return False
        keys = {key for world in worlds for key, role in world.roles if role == OWN}
        return Given(self._analysis, self.waits, at, graph, keys).is_waited_for(spelled)

    def _through_sibling(self, at: FunctionId, waiting: Waiting) -> bool:
        """The wait is what another implementation of the holder's own interface would do."""
        mine = self._program.class_of(at)
        links = waiting.links
        return any(
            self._analysis.overrides.is_unlikely(mine, link.at, before.at)
            for before, link in itertools.pairwise(links)
        )

    # Objects that keep it

    def kept(self, role: str, resource: Resource) -> dict[str, str]:
        """The attributes of an object on which the resource lies, with their roles."""
        if not role.startswith(OBJECT):
            return {}
        cls, how = class_of_role(role)
        if how.startswith("="):
            return {how[1:]: OWN}
        if how:
            init = self._analysis.types.attributes.method(cls, "__init__")
            at = self._program.function_id(init) if init is not None else None
            return self.stored(at, int(how), resource) if at is not None else {}
        return {
            attr: kept.role
            for attr, kept in self.keeping.by_type(cls).items()
            if kept.resource.name == resource.name
        }

    def stored(self, at: FunctionId, place: int, resource: Resource) -> dict[str, str]:
        """The attributes on which a constructor stores its parameter, or objects made with it."""
        function = self._program.function(at)
        if function is None or place >= len(function.parameters) or function.graph.too_large:
            return {}
        key = (at, function.parameters[place].name, resource.name)
        if key not in self._stored:
            self._stored[key] = {}
            start = World(
                Situation.IDLE, frozenset({(function.parameters[place].name, OWN)}), frozenset()
            )
            meaning = CarryMeaning(self._analysis, at, function, resource, {})
            meaning.begin(self, Holder("", resource, at), None)
            domain = Holding(function.graph, meaning)
            solve(successors(function.graph), domain, {start})
            self._stored[key] = dict(meaning.kept_on)
        return self._stored[key]


def _names(worlds: Iterable[World]) -> frozenset[str]:
    """What a function calls the resource, in plain and dotted names."""
    keys = {key for world in worlds for key, role in world.roles if role == OWN}
    return frozenset(key for key in keys if key.replace(".", "").isidentifier())


def _stored_on_self(function: Function) -> set[tuple[str, str]]:
    """The attributes that the function stores on its first parameter."""
    if not function.parameters:
        return set()
    me = function.parameters[0].name
    found = set()
    for event in function.graph.events:
        match event:
            case StoreEvent(target=Attribute(value=Name(id=owner), attr=attr)) if owner == me:
                found.add((me, attr))
            case _:
                pass
    return found


def _events(function: Function, nodes: set[int]) -> list[Event]:
    """The events of the nodes in the order of their places."""
    found = [event for node in nodes if (event := function.graph.events[node]) is not None]
    return sorted(found, key=lambda event: event.span)


def _first(at: FunctionId, begun: list[Event]) -> Place | None:
    return (at, begun[0]) if begun else None


def _summed_up(worlds: set[World], start: Situation) -> Situation:
    """Held on some way out counts as held."""
    situations = {world.situation for world in worlds}
    for situation in (Situation.BUSY, Situation.IDLE, Situation.RELEASED, Situation.RETURNED):
        if situation in situations:
            return situation
    return start
