"""Follows whether a resource is held: the worlds of ownership, with hand-overs that change nothing.

Who has the duty to release does not matter here: what is given away or stored is held all the same.
"""

from __future__ import annotations

from typing import Protocol

from conn_lint.flow.ownership import Ownership
from conn_lint.flow.reading import strongest
from conn_lint.flow.world import OWN, Change, Effect, Meaning, Situation, World
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import CallEvent, Event, FlowGraph, WithEnterEvent


class HoldMeaning(Meaning, Protocol):
    """What events mean can depend on whether the resource is held when they begin."""

    situation: Situation

    @property
    def me(self) -> str:
        """The name of the object whose method the function is."""

    def everywhere(self, node: int) -> Effect:
        """A call, while something is followed that every function has."""

    def on_self(self, node: int, name: str, attr: str) -> Effect:
        """The call `self.name(...)` while `self.attr` holds the resource."""


class Holding(Ownership):
    """The domain. `begun_at` are the nodes at which it came to be held."""

    def __init__(self, graph: FlowGraph, meaning: HoldMeaning) -> None:
        super().__init__(graph, meaning, trusting=True)
        self._hold = meaning
        self._me = meaning.me

    def _remembered(self, world: World, node: int, event: Event) -> Effect:
        """What an event does depends on the situation, and callees are told who holds: ask anew."""
        return self._effect(world, node, event)

    def _effect(self, world: World, node: int, event: Event) -> Effect:
        self._hold.situation = world.situation
        effect = super()._effect(world, node, event)
        if ("@global", "global") in world.roles and isinstance(event, CallEvent):
            effect = strongest([effect, self._hold.everywhere(node)])
        match event:
            case CallEvent(func=Attribute(value=Name(id=me), attr=name)) if me == self._me:
                roles = dict(world.roles)
                kept = [
                    key for key, role in roles.items() if key.startswith(f"{me}.") and role == OWN
                ]
                if me not in roles and kept:
                    inside = self._hold.on_self(node, name, kept[0].partition(".")[2])
                    return strongest([effect, inside])
            case _:
                pass
        return effect

    def _acquire(
        self, world: World, node: int, event: Event, acquired: tuple[Situation, str]
    ) -> World:
        if acquired[0] is Situation.BUSY:
            self.begun_at.add(node)
        after = super()._acquire(world, node, event, acquired)
        if isinstance(event, WithEnterEvent):
            return after._replace(roles=after.roles | {(f"@{event.item}", acquired[1])})
        return after

    def _changed(
        self, situation: Situation, effect: Effect, node: int, *, raising: bool
    ) -> Situation:
        if effect.change in (Change.ESCAPE, Change.GIVE):
            return situation
        if raising and effect.change is Change.BEGIN and situation is Situation.IDLE:
            return situation  # a first query mostly fails for want of a connection
        after = super()._changed(situation, effect, node, raising=raising)
        if after is Situation.BUSY and situation is not Situation.BUSY:
            self.begun_at.add(node)
        return after
