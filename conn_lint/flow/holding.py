"""Follows whether a resource is held: the worlds of ownership, with hand-overs that change nothing.

Who has the duty to release does not matter here: what is given away or stored is held all the same.
"""

from __future__ import annotations

from typing import Protocol

from conn_lint.flow.ownership import Ownership
from conn_lint.flow.world import Change, Effect, Meaning, Situation, World
from conn_lint.model.flow import Event, FlowGraph


class HoldMeaning(Meaning, Protocol):
    """What events mean can depend on whether the resource is held when they begin."""

    situation: Situation


class Holding(Ownership):
    """The domain. `begun_at` are the nodes at which it came to be held."""

    def __init__(self, graph: FlowGraph, meaning: HoldMeaning) -> None:
        super().__init__(graph, meaning, trusting=True)
        self._hold = meaning

    def _effect(self, world: World, node: int, event: Event) -> Effect:
        self._hold.situation = world.situation
        return super()._effect(world, node, event)

    def _acquire(
        self, world: World, node: int, event: Event, acquired: tuple[Situation, str]
    ) -> World:
        if acquired[0] is Situation.BUSY:
            self.begun_at.add(node)
        return super()._acquire(world, node, event, acquired)

    def _changed(
        self, situation: Situation, effect: Effect, node: int, *, raising: bool
    ) -> Situation:
        if effect.change in (Change.ESCAPE, Change.GIVE):
            return situation
        after = super()._changed(situation, effect, node, raising=raising)
        if after is Situation.BUSY and situation is not Situation.BUSY:
            self.begun_at.add(node)
        return after
