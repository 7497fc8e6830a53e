"""What is kept on an object that each request has anew (`flask.g`), and whether anybody releases it there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from conn_lint.analyze.scopes import Scope, scope_of
from conn_lint.analyze.sites import Solved
from conn_lint.flow.world import Change
from conn_lint.link.values import External, FunctionId, FunctionRef
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Expr, Name, Temp
from conn_lint.model.flow import AssignEvent, AwaitEvent, CallEvent, StoreEvent, WithEnterEvent
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_WRAPPERS = frozenset({"closing", "aclosing"})
_GETTING = frozenset({"get", "pop", "setdefault"})  # give what is kept


class OnRequest:
    """Asked only of what a function stores on an attribute and hands to nobody else."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def is_left(self, solved: Solved) -> bool:
        """It is stored on the request's object, and nothing in the program may release it from there.

        Whoever names that object, or gets what the function gives, and releases something may mean this.
        """
        function = self._program.function(solved.at)
        if function is None or solved.released_at or solved.gave or solved.returned_roles:
            return False
        owners = {target.value for target in _stores(function, solved)}
        names = {self._global(owner, solved.at) for owner in owners}
        if not names or None in names:
            return False
        callers = {caller.at[:2] for caller in self._analysis.callers.of(solved.at)}
        keys = callers | {key for name in names if name for key in self._naming(name, owners)}
        return not any(self._may_release(key, solved.resource) for key in sorted(keys))

    def _global(self, owner: Expr, at: FunctionId) -> str | None:
        """The full name of a library's object that is each request's own."""
        value = self._analysis.types.infer(owner, at)
        memo = self._analysis.entries.memo_of(value.name) if isinstance(value, External) else None
        of_request = memo is not None and scope_of(memo) is Scope.REQUEST
        return value.name if of_request and isinstance(value, External) else None

    def _naming(self, name: str, owners: Collection[Expr]) -> Iterator[UnitKey]:
        """The units that may speak of the object, by whatever name their files import it."""
        last = name.rpartition(".")[2]
        bound = {last, *(owner.id for owner in owners if isinstance(owner, Name))}
        for file in self._program.files.values():
            bound |= {item.bound for item in file.skeleton.imports if item.name == last}
        for word in bound:
            yield from self._analysis.mentioning(word)

    def _may_release(self, key: UnitKey, resource: Resource) -> bool:
        words = {*resource.release, *resource.loses_slot}
        if self._program.files[key[0]].is_test:
            return False
        summary = self._program.unit(*key)
        for index, function in enumerate(summary.functions if summary is not None else ()):
            at = FunctionId(*key, index)
            for event in function.graph.events:
                match event:
                    case CallEvent() if self._releases(event, at, function, words, resource):
                        return True
                    case WithEnterEvent(value=value) if not _is_lent(value, function):
                        if resource.with_ != "ends-transaction":
                            return True
                    case _:
                        pass
        return False

    def _releases(
        self,
        event: CallEvent,
        at: FunctionId,
        function: Function,
        words: AbstractSet[str],
        resource: Resource,
    ) -> bool:
        """A call of something's `close()`, unless that is a cursor, or of a function that closes what it is given."""
        func = event.func
        name = func.attr if isinstance(func, Attribute) else getattr(func, "id", "")
        if name in _WRAPPERS:
            return True
        if isinstance(func, Attribute) and name in words:
            return not _is_lent(func.value, function)
        callee = self._analysis.calls.callee(event, at)
        if not isinstance(callee, FunctionRef) or not self._program.mentions(callee, words):
            return False
        places = (
            self._analysis.effects.place(callee, event, index)
            for index in range(len(event.arguments))
        )
        return any(
            place is not None
            and self._analysis.effects.parameter(callee, place, resource) is Change.RELEASE
            for place in places
        )


def _is_lent(expr: Expr, function: Function) -> bool:
    """What another object gave by a method of its own, as a connection gives cursors: it is not the thing itself."""
    events = function.graph.events
    given = {
        event.result
        for event in events
        if isinstance(event, CallEvent)
        and isinstance(event.func, Attribute)
        and event.func.attr not in _GETTING
    }
    for event in events:
        match event:
            case AwaitEvent() | WithEnterEvent() if isinstance(event.value, Temp):
                given |= {event.result} if event.value.index in given else set()
            case _:
                pass
    if isinstance(expr, Temp):
        return expr.index in given
    values = [e.value for e in events if isinstance(e, AssignEvent) and Name(e.target) == expr]
    return bool(values) and all(isinstance(v, Temp) and v.index in given for v in values)


def _stores(function: Function, solved: Solved) -> Iterator[Attribute]:
    """The attributes that the function stores it on."""
    results = {solved.event.result}
    for event in function.graph.events:
        match event:
            case AwaitEvent(value=Temp(index=index), result=result) if index in results:
                results.add(result)
            case StoreEvent(target=Attribute() as target, value=Temp(index=index)):
                if index in results:
                    yield target
            case StoreEvent(target=Attribute() as target, value=Name(id=name)):
                if name in solved.names:
                    yield target
            case _:
                pass
