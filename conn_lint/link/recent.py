"""What was asked for lately, so that what takes much room need not all be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")


class Recent(Generic[Key, Item]):
    """A memo for what can be had again. Once the younger of its two generations weighs more than `limit`, the older
    one is forgotten: what is asked for again and again stays, and to ask is as fast as a dict.
    """

    __slots__ = ("_filled", "_limit", "_old", "_weigh", "young")

    def __init__(self, limit: int, weigh: Callable[[Item], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self.young: dict[Key, Item] = {}
        self._old: dict[Key, Item] = {}
        self._filled = 0

    def get(self, key: Key) -> Item | None:
        """What was put under this key, if it is still there."""
        found = self.young.get(key)
        if found is None:
            found = self._old.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Key, item: Item) -> None:
        """Keep it for now."""
        self.young[key] = item
        self._filled += self._weigh(item)
        if self._filled > self._limit:
            self._old = self.young
            self.young = {}
            self._filled = 0

    def keep(self, key: Key, item: Item) -> Item:
        """As `put`, and gives it back."""
        self.put(key, item)
        return item
