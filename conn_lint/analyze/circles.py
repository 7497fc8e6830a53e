"""Keeps answers that were found inside a circle of questions from being remembered too early."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

_MAX_TRIES = 3

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Circles:
    """The questions being answered, outermost first.

    A question that is asked again while it is being answered gets a preliminary answer. What was concluded from
    it, up to that question, is asked again later rather than kept; after a few tries it is kept all the same, so
    that large circles cost no more than that.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, int] = {}
        self._lowest: list[int] = []
        self._tries: Counter[Hashable] = Counter()

    def answer(
        self,
        kind: str,
        memo: dict[Key, Answer],
        key: Key,
        first: Answer,
        find: Callable[[], Answer],
    ) -> Answer:
        """What `memo` holds under the key, else what `find` finds; whoever asks meanwhile gets `first`.

        `kind` tells apart questions of different memos with equal keys.
        """
        if key in memo:
            self._met((kind, key))
            return memo[key]
        memo[key] = first
        with self._around((kind, key)) as kept:
            found = find()
        memo[key] = found
        if not kept():
            del memo[key]
        return found

    def _met(self, question: Hashable) -> None:
        """An answer was taken from memory: preliminary if the question is still open."""
        depth = self._open.get(question)
        if depth is not None and self._lowest:
            self._lowest[-1] = min(self._lowest[-1], depth)

    @contextlib.contextmanager
    def _around(self, question: Hashable) -> Iterator[Callable[[], bool]]:
        """Answers a question; what it gives tells afterwards whether the answer may be kept."""
        depth = len(self._open)
        self._open[question] = depth
        self._lowest.append(depth)
        lowest = depth
        try:
            yield lambda: lowest >= depth or self._tries[question] >= _MAX_TRIES
        finally:
            lowest = self._lowest.pop()
            del self._open[question]
            self._tries[question] += 1
            if self._lowest and lowest < depth:
                self._lowest[-1] = min(self._lowest[-1], lowest)
