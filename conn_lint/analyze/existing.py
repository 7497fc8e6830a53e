"""What the project makes once already: a variable of a module, or a function that keeps what it made."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from conn_lint.analyze.importing import Importing
from conn_lint.analyze.places import Places
from conn_lint.analyze.pooled import Pooled
from conn_lint.analyze.sameness import Sameness
from conn_lint.analyze.sites import Solved
from conn_lint.link.values import FunctionRef
from conn_lint.model.creation import Borrowing, Creation, Held
from conn_lint.model.expression import Attribute, Expr, Name, Subscript, Temp
from conn_lint.model.flow import AssignEvent, CallEvent, ReturnEvent, StoreEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.borrowing import Borrowings

_MAKES_ONE = "process"


class Existing:
    """Answers for the creations of a run."""

    def __init__(self, analysis: Analysis, created: Iterable[tuple[Creation, Solved]]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)
        self._same = Sameness(analysis)
        self._pooled = Pooled(analysis, self._same)
        self._importing = Importing(analysis.program)
        self._created = tuple(created)

    def of(self, creation: Creation) -> Held | None:
        """One that was made in the same way, or, of pools, for the same server: the file's own comes first."""
        solved = self._made(creation)
        if solved is None:
            return None
        resource, path = creation.resource, creation.location.path
        own = self._same.call(solved.event, solved.at)
        server = self._same.address(resource, solved.event, solved.at)
        near: Held | None = None
        for other, made, name in self._nearest(path):
            if other.resource.name != resource.name or other.location == creation.location:
                continue
            is_same = own is not None and own == self._same.call(made.event, made.at)
            is_near = server is not None and server == self._same.address(
                resource, made.event, made.at
            )
            if not (is_same or is_near):
                continue
            held = self._held(creation, other, name, same=is_same)
            if held is not None and is_same:
                return held
            near = near or held
        return near

    def lending(self, creation: Creation, found: Borrowing, borrowings: Borrowings) -> Borrowing:
        """The same, with the pool that the project has, if that lends what is opened there: its connections are made
        in the same way, and nobody who has one waits for another.
        """
        solved = self._made(creation)
        path = creation.location.path
        for other, made, variable in self._nearest(path):
            if solved is None or other.resource.name != found.pool:
                continue
            if not self._pooled.opens_such(made, solved):
                continue
            held = self._held(creation, other, variable, same=True)
            if held is None:
                continue
            if borrowings.may_wait_for_itself(found, creation.location):
                break
            new = not held.called and self._importing.is_new_to_tests(path, other.location.path)
            waits = self._pooled.lets_wait(made)
            held = msgspec.structs.replace(held, opens=new, waits=waits)
            return msgspec.structs.replace(found, held=held)
        return found

    def _made(self, creation: Creation) -> Solved | None:
        return next((solved for one, solved in self._created if one is creation), None)

    def _nearest(self, path: str) -> list[tuple[Creation, Solved, str]]:
        """All that is kept, that of the file itself first."""
        return sorted(
            self._kept, key=lambda kept: (kept[0].location.path != path, kept[0].location)
        )

    def _held(self, creation: Creation, other: Creation, name: str, *, same: bool) -> Held | None:
        path = other.location.path
        module = ""
        if path != creation.location.path:
            module = self._importing.text(creation.location.path, path)
            if not module or name.startswith("_"):
                return None
        called = not other.at_import
        return Held(other.location, module, name, called, same, serves=self._serves(path))

    @functools.cached_property
    def _kept(self) -> tuple[tuple[Creation, Solved, str], ...]:
        """All that is made once and can be asked for, each with the name of its variable or function."""
        return tuple(
            (creation, solved, name)
            for creation, solved in self._created
            if creation.entry is None
            and not (solved.released_at or solved.ended_by_with)
            and (name := self._name(solved))
        )

    def _name(self, solved: Solved) -> str:
        function = self._program.function(solved.at)
        if function is None or solved.event.awaited:
            return ""
        if function.kind == "module":
            return next(self._variables(solved, function), "")
        return function.name if self._keeps(solved, function) else ""

    def _variables(self, solved: Solved, function: Function) -> Iterator[str]:
        made = Temp(solved.event.result)
        for name in sorted(solved.names):
            event = self._same.only_event(solved.at.path, name)
            if event is not None and event.value == made and not _is_changed(function, name):
                yield name

    def _keeps(self, solved: Solved, function: Function) -> bool:
        """A function that anybody can call, and that gives what it made once to all."""
        ref = self._program.ref_of(solved.at)
        if not isinstance(ref, FunctionRef) or self._program.head(ref).parent >= 0:
            return False
        if function.parameters or function.is_async or function.is_generator:
            return False
        memo = self._analysis.entries.memo(ref)
        if memo is not None:
            once = memo.scope == _MAKES_ONE and memo.verdict == "singleton"
        else:
            scope = self._analysis.lifetimes.scope(solved.at, solved.nodes)
            once = scope.value == _MAKES_ONE and not function.decorators
        names = _names(solved, function)
        returned = [e.value for e in function.graph.events if isinstance(e, ReturnEvent)]
        results = (Temp(solved.event.result), *map(Name, names))
        is_it = bool(returned) and all(value in results for value in returned)
        return once and is_it and not any(_is_changed(function, name) for name in names)

    def _serves(self, path: str) -> bool:
        """Requests enter in this file."""
        heads = self._program.files[path].skeleton.heads
        return any(
            self._analysis.entries.of(FunctionRef(path, index)) is not None
            for index, head in enumerate(heads)
            if head.kind == "function"
        )


def _names(solved: Solved, function: Function) -> set[str]:
    """The names that are bound to what is made, globals among them."""
    names = set(solved.names)
    made: set[Expr] = {Temp(solved.event.result)}
    for event in function.graph.events:
        if isinstance(event, AssignEvent) and event.value in made:
            names.add(event.target)
            made.add(Name(event.target))
    return names


def _is_changed(function: Function, name: str) -> bool:
    """The function sets something up on it, or calls a method of it."""
    for event in function.graph.events:
        match event:
            case StoreEvent(target=target):
                if _root(target.value) == name:
                    return True
            case CallEvent(func=Attribute(value=value)):
                if _root(value) == name:
                    return True
            case _:
                pass
    return False


def _root(expr: Expr) -> str:
    while isinstance(expr, Attribute | Subscript):
        expr = expr.value
    return expr.id if isinstance(expr, Name) else ""
