"""Whether a pool opens its connections with just what a single one is opened with, so that it can lend one instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from conn_lint.analyze.references import end_of, last
from conn_lint.analyze.sameness import Essence, Sameness
from conn_lint.analyze.sites import Solved
from conn_lint.model.expression import Argument, Attribute, Container, Literal, Name
from conn_lint.model.option import Role
from conn_lint.model.resource import StandIn

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_Given: TypeAlias = dict[str, Essence]
"""What connections are opened with, by keyword; a "#" with its place for what has no name, "**" for a table."""

_OF_POOL: frozenset[Role] = frozenset(
    {"wait", "min-size", "size", "max-size", "overflow", "recycle", "stale-check"}
)
_OPENS = "connect"
_CREATOR = "creator"
_PLAIN = StandIn("named")


class Pooled:
    """Answers for pools and connections of a run."""

    def __init__(self, analysis: Analysis, same: Sameness) -> None:
        self._analysis = analysis
        self._same = same

    def opens_such(self, pool: Solved, single: Solved) -> bool:
        """The pool's connections are made in the same way as the single one: nothing more is given, and nothing less.

        Classes that the facts take for a kind of the pool (one without a lock, one that keeps nothing) are none.
        """
        name = self._analysis.calls.external_name(pool.event, pool.at)
        if name is None or end_of(name) != end_of(pool.resource.value):
            return False
        func = single.event.func
        if not (isinstance(func, Name | Attribute) and last(func).lower() == _OPENS):
            return False  # a class of its own, with connections of its own
        own = self._named(single.event.arguments, single, 0)
        return own is not None and own == self._of_pool(pool, single)

    def lets_wait(self, pool: Solved) -> bool:
        """Who comes when all are lent waits, by itself or with what this one is given."""
        resource = pool.resource
        if not any(o.role == "wait" and o.default == "raises-at-once" for o in resource.options):
            return True
        if resource.stands_in is None or not resource.stands_in.waits:
            return False
        return all(self._has(pool, text) for text in resource.stands_in.also)

    def _has(self, pool: Solved, text: str) -> bool:
        """The pool is given this very argument."""
        keyword, _, value = text.partition("=")
        return any(
            isinstance(argument.value, Literal)
            and argument.keyword == keyword
            and str(argument.value.value) == value
            for argument in pool.event.arguments
        )

    def _of_pool(self, pool: Solved, single: Solved) -> _Given | None:
        """What it gives to its connections."""
        how = pool.resource.stands_in or _PLAIN
        sizes = [o.position for o in pool.resource.options if o.role in _OF_POOL and not o.inside]
        skip = 1 + max((place for place in sizes if place is not None), default=-1)
        found = self._named(pool.event.arguments, pool, skip if how is _PLAIN else 0)
        if found is None:
            return None
        for option in pool.resource.options:
            if option.role in _OF_POOL and not option.inside:
                found.pop(option.parameter, None)
        for keyword in how.own:
            found.pop(keyword, None)
        for text in how.also:
            if self._has(pool, text):
                found.pop(text.partition("=")[0], None)
        match how.given:
            case "nested":
                return self._unpacked(pool, found, how.nested)
            case "creator":
                return found if self._connects(found, single) else None
            case _:
                return found

    def _connects(self, found: _Given, single: Solved) -> bool:
        """The first that it is given is the function that opens the single one, or its module; that is taken out."""
        creator = found.pop(_CREATOR, None) or found.pop("#0", None)
        func = self._same.value(single.event.func, single.at)
        if creator is None or func is None:
            return False
        return (
            creator == func or (*creator[:-1], f"{creator[-1]}.{last(single.event.func)}") == func
        )

    def _unpacked(self, pool: Solved, found: _Given, nested: str) -> _Given | None:
        """The table that it gives to its connections, as if these were given what is in it."""
        if nested not in found:
            return found
        del found[nested]
        table = next(a.value for a in pool.event.arguments if a.keyword == nested)
        if not isinstance(table, Container):
            whole = self._same.value(table, pool.at)
            return None if whole is None else {**found, "**": whole}
        for key, item in zip(table.keys, table.items, strict=False):
            value = self._same.value(item, pool.at)
            if not isinstance(key, Literal) or value is None or str(key.value) in found:
                return None
            found[str(key.value)] = value
        return found

    def _named(self, arguments: Iterable[Argument], solved: Solved, skip: int) -> _Given | None:
        """Each argument by its keyword; None where one is not known."""
        names = {
            option.position: option.parameter
            for option in solved.resource.options
            if option.position is not None and not option.inside and not option.calls
        }
        found: _Given = {}
        place = 0
        for argument in arguments:
            key = argument.keyword
            if key is None:
                key = names.get(place) or f"#{place - skip}"
                place += 1
            value = self._same.value(argument.value, solved.at)
            if key == "*" or key in found or value is None:
                return None
            found[key] = value
        return found
