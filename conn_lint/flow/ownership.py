"""Follows one resource through a function: who refers to it, and whether it is held, given back or handed over.

A state is a set of *worlds*. A world says in which situation the resource is, which names refer to it in which
role, and which conditions are known to hold, so that `if conn:` and `if opened: ... if opened:` are not lost.
What a call does to the resource is asked of a `Meaning`; this module knows no library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from conn_lint.flow import conditions
from conn_lint.flow.aliases import role_of, roles_without
from conn_lint.flow.reading import bound_method, captures, pinned, receiver, strongest
from conn_lint.flow.world import (
    BOX,
    OWN,
    PART,
    PENDING,
    UNTOUCHED,
    Change,
    Effect,
    Meaning,
    Situation,
    World,
)
from conn_lint.model.expression import Attribute, Expr, Name, Operator, Subscript, walk
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    DefineEvent,
    DeleteEvent,
    Edge,
    EdgeKind,
    Event,
    FlowGraph,
    Guard,
    Handler,
    Next,
    Raised,
    RaiseEvent,
    ReturnEvent,
    StoreEvent,
    Swallowed,
    Unmatched,
    WithEnterEvent,
    WithExitEvent,
    YieldEvent,
    expressions,
    result_of,
)

_OPEN = (Situation.BUSY, Situation.IDLE)


class Ownership:
    """The domain. Besides the worlds it records what happened on the way: releases, hand-overs, losses."""

    def __init__(self, graph: FlowGraph, meaning: Meaning, *, trusting: bool = False) -> None:
        """`trusting`: strangers that are given the resource only use it."""
        self.graph = graph
        self.meaning = meaning
        self.trusting = trusting
        self.calm = False  # nothing raises but what raises by a statement
        self.makers: Mapping[int, int] = {
            result: node
            for node, event in enumerate(graph.events)
            if (result := result_of(event)) is not None
        }
        self.facts = conditions.Facts(graph)
        self.pinned = pinned(graph)
        self.captures = captures(graph)
        self.inner = {
            event.name: event
            for event in graph.events
            if isinstance(event, DefineEvent) and event.kind == "function" and event.function >= 0
        }
        self._effects: dict[tuple[int, frozenset[tuple[str, str]]], Effect] = {}
        self.released_at: set[int] = set()
        self.escaped_at: set[int] = set()
        self.lost_at: set[int] = set()
        self.kept_at: set[int] = set()
        self.begun_at: set[int] = set()
        self.gave = False
        self.given_only = True  # all that left went to strangers

    def returned(self, worlds: Iterable[World]) -> frozenset[str]:
        """The roles in which the resource leaves the function, of the worlds at its normal end."""
        return frozenset(
            role
            for world in worlds
            if world.situation is Situation.RETURNED
            for key, role in world.roles
            if key == "@return"
        )

    def widen(self, state: World, *, much: bool) -> World:
        """Without what is known of conditions, and in the end without names: too many worlds meet at a node."""
        roles: frozenset[tuple[str, str]] = frozenset() if much else state.roles
        return World(state.situation, roles, frozenset())

    def transfer(
        self, state: World, node: int, edges: Sequence[Edge]
    ) -> Iterator[tuple[int, World]]:
        """Where the world can go on, and what it is there."""
        event = self.graph.events[node]
        if event is None:
            for edge in edges:
                if self._is_open(edge.kind):
                    for world in self._guarded(state, edge.kind):
                        yield edge.target, world
            return
        normal = ends = None
        for edge in edges:
            kind = edge.kind
            if type(kind) is Raised:
                if self._may_raise(state, node, event, kind):
                    yield edge.target, self._apply(state, node, event, raising=True)
                continue
            ends = self.meaning.ends_process(node) if ends is None else ends
            if ends or (isinstance(kind, Swallowed) and not self.meaning.swallows(node)):
                continue
            if normal is None:
                normal = self._apply(state, node, event, raising=False)
            if type(kind) is Next and type(event) is not AssignEvent:
                yield edge.target, normal
                continue
            for split in self._split(normal, event):
                for world in self._guarded(split, kind):
                    yield edge.target, world

    def _split(self, world: World, event: Event) -> tuple[World, ...]:
        """A flag that stands for a condition: one world for each of its values."""
        if not isinstance(event, AssignEvent) or not isinstance(event.value, Operator):
            return (world,)
        facts = self.facts.split(world.facts, event.target, event.value)
        return tuple(World(world.situation, world.roles, found) for found in facts)

    def _is_open(self, kind: EdgeKind) -> bool:
        """Whether an exception in flight can take the edge."""
        if isinstance(kind, Handler):
            return self.meaning.catches(kind)
        return not isinstance(kind, Unmatched) or self.meaning.lets_through(kind)

    def _may_raise(self, world: World, node: int, event: Event, kind: Raised) -> bool:
        if self.calm and not isinstance(event, RaiseEvent):
            return False
        if not self.meaning.may_raise(node, kind.base):
            return False
        roles = world.roles
        match event:
            case WithEnterEvent(value=value):
                # Entering the resource itself: either nothing was opened, or it cannot fail to begin.
                return not role_of(value, roles)
            case AwaitEvent(value=value):
                return role_of(value, roles) != PENDING
            case CallEvent(arguments=arguments, awaited=True):
                return not any(role_of(a.value, roles) == PENDING for a in arguments)
            case AssignEvent(value=Subscript(value=value)):
                return not role_of(value, roles).startswith(BOX)
            case _:
                return True

    def _guarded(self, world: World, guard: EdgeKind) -> tuple[World, ...]:
        if not isinstance(guard, Guard):
            return (world,)
        if world.roles and (known := self._truth(guard.test, world)) is not None:
            return (world,) if known is guard.outcome else ()
        facts = self.facts.refine(world.facts, guard.test, guard.outcome)
        return () if facts is None else (world._replace(facts=facts),)

    def _truth(self, test: Expr, world: World) -> bool | None:
        """What the resource being open says about a test, if anything."""
        subject, asked = conditions.subject(test, self.graph, self.makers)
        if subject is None:
            return None
        role = role_of(subject, world.roles)
        if not role:
            return None
        if asked.method:
            return self.meaning.check(test, role, asked.method) if role == OWN else None
        return asked.truth_if_present

    def _apply(self, world: World, node: int, event: Event, *, raising: bool) -> World:
        """The world after the event. While it raises, nothing is acquired or bound, but a release counts."""
        acquired = None if raising else self.meaning.acquired(node)
        if acquired is not None:
            return self._acquire(world, node, event, acquired)
        if not world.roles:
            return world if raising else self._noted(world, event)
        effect = self._remembered(world, node, event)
        if effect.change is Change.GIVE:
            # Who writes `with conn:` keeps the duty, whatever the block gives it to.
            kept = self.trusting or any(
                key[0] == "@" and key != "@return" for key, _ in world.roles
            )
            self.gave |= not kept
            effect = effect._replace(change=Change.NONE if kept else Change.GIVE)
        situation = self._changed(world.situation, effect, node, raising=raising)
        if situation is Situation.RETURNED:
            if world.situation is not Situation.RETURNED:
                returned = frozenset({("@return", effect.role)})
                return World(situation, world.roles | returned, frozenset())
        elif situation not in _OPEN and not (
            situation is Situation.RELEASED and self.meaning.reopens
        ):
            return World(situation, frozenset(), frozenset())
        if raising:
            return World(situation, self._live(world.roles, event), world.facts)
        roles = self._live(world.roles, event)
        result = result_of(event)
        if result is not None:
            roles = roles_without(roles, f"%{result}")
            if effect.role:
                roles |= {(f"%{result}", effect.role)}
        roles, facts = self._bound(world, roles, event)
        return World(situation, roles, facts)

    def _bound(
        self, world: World, roles: frozenset[tuple[str, str]], event: Event
    ) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
        """Roles and facts once the event has bound or unbound its names."""
        facts = world.facts
        match event:
            case AssignEvent(target=target, value=value):
                role = self._role(value, roles)
                roles = roles_without(roles, target)
                if role:
                    roles |= {(target, role)}
                facts = self.facts.assigned(facts, target, value, bool(role))
            case WithEnterEvent(value=value, item=item):
                role = role_of(value, world.roles)
                if role:
                    roles |= {(f"@{item}", role)}
            case WithExitEvent(item=item):
                roles = roles_without(roles, f"@{item}")
            case DeleteEvent(target=Name(id=name)):
                roles = roles_without(roles, name)
                facts = self.facts.forgotten(facts, name)
            case DefineEvent(name=name):
                roles = roles_without(roles, name)
            case StoreEvent(target=target):
                facts = self.facts.stored(facts, target)
            case _:
                pass
        return roles, facts

    def _noted(self, world: World, event: Event) -> World:
        """The world after an event that cannot touch the resource, as nothing refers to it."""
        facts = world.facts
        match event:
            case AssignEvent(target=target, value=value):
                facts = self.facts.assigned(facts, target, value, False)
            case DeleteEvent(target=Name(id=name)):
                facts = self.facts.forgotten(facts, name)
            case StoreEvent(target=target):
                facts = self.facts.stored(facts, target)
            case _:
                return world
        return world if facts is world.facts else World(world.situation, world.roles, facts)

    def _acquire(
        self, world: World, node: int, event: Event, acquired: tuple[Situation, str]
    ) -> World:
        if world.situation is Situation.BUSY:
            self.lost_at.add(node)
        situation, role = acquired
        roles = frozenset({(f"%{result_of(event)}", role)})
        return World(situation, roles, world.facts)

    def _changed(
        self, situation: Situation, effect: Effect, node: int, *, raising: bool
    ) -> Situation:
        change = effect.change
        if situation is Situation.RELEASED and change in (Change.OPEN, Change.BEGIN):
            return situation if raising else Situation.BUSY
        if situation is Situation.RETURNED and change is Change.RELEASE:
            self.released_at.add(node)
            return Situation.RELEASED  # a with or finally closes what is on its way out
        if situation not in _OPEN or change is Change.NONE:
            return situation
        match change:
            case Change.RELEASE:
                self.released_at.add(node)
                return Situation.RELEASED
            case Change.ESCAPE | Change.GIVE:
                self.kept_at.add(node)
                self.given_only &= change is Change.GIVE
                self.escaped_at.add(node)
                return Situation.ESCAPED
            case Change.RETURN:
                return Situation.RETURNED
            case Change.OPEN if raising:
                return situation
            case Change.OPEN:
                if situation is Situation.IDLE:
                    self.begun_at.add(node)
                return Situation.BUSY
            case Change.BEGIN:
                return Situation.BUSY
            case Change.END:
                return Situation.IDLE

    def _remembered(self, world: World, node: int, event: Event) -> Effect:
        """Worlds that differ in their facts alone are met often."""
        key = (node, world.roles)
        if key not in self._effects:
            self._effects[key] = self._effect(world, node, event)
        return self._effects[key]

    def _effect(self, world: World, node: int, event: Event) -> Effect:
        roles = world.roles
        if not roles:
            return UNTOUCHED
        match event:
            case CallEvent():
                return self._call_effect(roles, node, event)
            case AwaitEvent(value=value) if role := role_of(value, roles):
                return self.meaning.awaited(node, role)
            case WithEnterEvent(value=value) if role := role_of(value, roles):
                return self.meaning.entered(node, role)
            case WithExitEvent(item=item) if role := dict(roles).get(f"@{item}", ""):
                return self.meaning.left(node, role)
            case ReturnEvent(value=value) if value is not None and (
                role := self._role(value, roles)
            ):
                return self.meaning.returned(node, role)
            case YieldEvent(value=value) if value is not None and (
                role := self._role(value, roles)
            ):
                return self.meaning.yielded(node, role)
            case StoreEvent(value=value) if role := self._role(value, roles):
                return self.meaning.stored(node, role)
            case AssignEvent(target=target, value=value) if role := self._role(value, roles):
                return self.meaning.assigned(node, role, target)
            case _:
                return self._read_effect(roles, node, event)

    def _role(self, expr: Expr, roles: frozenset[tuple[str, str]]) -> str:
        """The role of a value that is about to be kept somewhere."""
        role = role_of(expr, roles)
        if role:
            return role
        if bound := bound_method(expr, roles):
            return f"bound:{bound}" if self.meaning.is_release(bound) else ""
        if not self.meaning.has_parts:
            return ""
        while isinstance(expr, Attribute | Subscript):
            expr = expr.value
            if role_of(expr, roles) in (OWN, PART):
                return PART
        return ""

    def _call_effect(
        self, roles: frozenset[tuple[str, str]], node: int, event: CallEvent
    ) -> Effect:
        effects = []
        func = event.func
        if role := role_of(func, roles):
            effects.append(self.meaning.called(node, role))
        elif isinstance(func, Name) and func.id in self.inner:
            define = self.inner[func.id]
            for name in define.captures:
                if (name, OWN) in roles:
                    effects.append(self.meaning.inner(node, define.function, name))
        elif isinstance(func, Attribute):
            role, path = receiver(func, roles)
            if role:
                effects.append(self.meaning.method(node, role, path))
        if any((name, OWN) in roles for name in self.captures.get(node, ())):
            effects.append(self.meaning.captured(node, OWN))
        for index, argument in enumerate(event.arguments):
            if role := role_of(argument.value, roles):
                effects.append(self.meaning.argument(node, role, index))
            else:
                for part in walk(argument.value):
                    if method := bound_method(part, roles):
                        effects.append(self.meaning.argument(node, f"bound:{method}", index))
        return strongest(effects)

    def _read_effect(self, roles: frozenset[tuple[str, str]], node: int, event: Event) -> Effect:
        """Names captured by a lambda or an inner function; attributes read of a lazy resource."""
        if any((name, OWN) in roles for name in self.captures.get(node, ())):
            return self.meaning.captured(node, OWN)
        for expr in expressions(event):
            if isinstance(expr, Attribute) and (role := role_of(expr.value, roles)):
                return self.meaning.attribute(node, role, expr.attr)
        return UNTOUCHED

    def _live(self, roles: frozenset[tuple[str, str]], event: Event) -> frozenset[tuple[str, str]]:
        """Without the results of earlier statements, which nothing can refer to any more."""
        statement = event.statement
        return frozenset(
            (key, role)
            for key, role in roles
            if key[0] != "%" or self.pinned.get(int(key[1:]), statement) == statement
        )
