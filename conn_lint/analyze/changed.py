"""Dicts that are changed after they were made: what is set later, on whatever condition, is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.found import UNKNOWN, Found, Table, unpacked
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Expr, Name, Subscript
from conn_lint.model.flow import CallEvent, DeleteEvent, StoreEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.link.types import Types

_OF_ONE_KEY = frozenset({"setdefault", "pop", "__setitem__"})
_OTHERWISE = frozenset({"popitem", "clear"})
_UPDATE = "update"
_DEEPEST = 2


class Changed:
    """Answers for the functions of a program; `value` tells what expressions are."""

    def __init__(self, types: Types, value: Callable[[Expr, FunctionId], Found]) -> None:
        self._types = types
        self._value = value

    def of(self, found: Found, name: str, at: FunctionId, function: Function) -> Found:
        """The dict of this name without what the function sets in it, itself or through one that it is given to."""
        if not isinstance(found.value, Table):
            return found
        items = dict(found.value.items)
        for key in self._keys(name, at, function, 0):
            if key is None:
                return found._replace(value=Table({}, whole=False))
            items[key] = UNKNOWN
        return found._replace(value=found.value._replace(items=items))

    def _keys(
        self, name: str, at: FunctionId, function: Function, depth: int
    ) -> Iterator[str | None]:
        """The keys that are set; None for one that cannot be told."""
        for event in function.graph.events:
            match event:
                case (
                    StoreEvent(target=Subscript(value=Name(id=other), index=index))
                    | DeleteEvent(target=Subscript(value=Name(id=other), index=index))
                ):
                    if other == name:
                        yield self._value(index, at).text
                case CallEvent(func=Attribute(value=Name(id=other), attr=attr)) if other == name:
                    yield from self._by_method(attr, event, at)
                case CallEvent() if depth < _DEEPEST:
                    yield from self._by_function(name, event, at, depth)
                case _:
                    pass

    def _by_method(self, attr: str, event: CallEvent, at: FunctionId) -> Iterator[str | None]:
        first = event.arguments[0] if event.arguments else None
        if attr in _OTHERWISE:
            yield None
        elif attr in _OF_ONE_KEY:
            yield self._value(first.value, at).text if first is not None else None
        elif attr == _UPDATE:
            for argument in event.arguments:
                if argument.keyword is not None and not argument.keyword.startswith("*"):
                    yield argument.keyword
                    continue
                table = unpacked(self._value(argument.value, at))
                yield from table.items
                if not table.whole:
                    yield None

    def _by_function(
        self, name: str, event: CallEvent, at: FunctionId, depth: int
    ) -> Iterator[str | None]:
        """What a function of the project does to the dict that it is given."""
        given = [n for n, a in enumerate(event.arguments) if a.value == Name(name)]
        if not given:
            return
        ref = self._types.infer(event.func, at)
        if not isinstance(ref, FunctionRef):
            return
        there = self._types.program.function_id(ref)
        function = self._types.program.function(there) if there is not None else None
        if there is None or function is None:
            return
        names = [p.name for p in function.parameters][int(ref.bound) :]
        for number in given:
            keyword = event.arguments[number].keyword
            if keyword is None and number < len(names):
                keyword = names[number]
            if keyword is not None and keyword in names:
                yield from self._keys(keyword, there, function, depth + 1)
