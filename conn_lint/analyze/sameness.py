"""Whether two calls, wherever they stand, are given the same: what an expression rests on, followed across files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from conn_lint.analyze.inputs import Inputs, is_asked_anew
from conn_lint.link.symbols import Assigned
from conn_lint.link.types import argument_at
from conn_lint.link.values import External, FunctionId, ModuleRef, Value
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Conditional,
    Container,
    Expr,
    FString,
    Lambda,
    Literal,
    Name,
    Operator,
    Star,
    Subscript,
    Temp,
    Unknown,
)
from conn_lint.model.flow import AssignEvent, CallEvent, Event
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

Essence: TypeAlias = tuple[object, ...]
"""Equal for expressions that give the same; None stands for what cannot be told."""

_MAX_DEPTH = 12
_ADDRESS = ("url", "host", "port", "database")
_TELLING = frozenset({"none", "ellipsis"})  # literals that are their kind


class Sameness:
    """Answers for expressions of flow graphs and the calls that are made with them."""

    def __init__(self, analysis: Analysis) -> None:
        self._program = analysis.program
        self._types = analysis.types
        self._values = analysis.values
        self._inputs = Inputs(analysis)

    def call(self, event: CallEvent, at: FunctionId) -> Essence | None:
        """What a call comes to: its callee and all it is given."""
        return None if event.awaited else self._call(event, at, 0)

    def value(self, expr: Expr, at: FunctionId) -> Essence | None:
        """What an expression comes to; None where that cannot be told."""
        return self._of(expr, at, 0)

    def address(self, resource: Resource, event: CallEvent, at: FunctionId) -> Essence | None:
        """The server that a call connects to, by all arguments that say it; None where none does."""
        said: dict[str, Essence | None] = {}
        for option in resource.options:
            position = () if option.position is None else (str(option.position),)
            for place in (option.parameter, *option.also, *position):
                given = argument_at(event.arguments, place) if place else None
                if option.role in _ADDRESS and not option.inside and given is not None:
                    said[option.role] = self._of(given.value, at, 0)
        if not said:
            return None
        return self._together("server", *(given and (role, given) for role, given in said.items()))

    def only_event(self, path: str, name: str) -> AssignEvent | None:
        """The one plain statement of a module, outside any block, that binds the name; None if anything else does."""
        imports = self._program.files[path].skeleton.imports
        function = self._program.function(FunctionId(path, 0, 0))
        if function is None or any(item.bound == name for item in imports):
            return None
        if self._values.is_set_elsewhere(Assigned(path, name)):
            return None
        found = {
            event
            for event in function.graph.events
            if isinstance(event, AssignEvent) and event.target == name
        }
        if len(found) != 1:
            return None
        event = found.pop()
        block = function.statements[event.statement].block if event.statement >= 0 else -1
        return event if block >= 0 and function.blocks[block].owner < 0 else None

    def _call(self, event: CallEvent, at: FunctionId, depth: int) -> Essence | None:
        parts = [self._of(event.func, at, depth + 1)]
        named = [a for a in event.arguments if _has_name(a)]
        plain = [a for a in event.arguments if not _has_name(a)]
        for argument in (*plain, *sorted(named, key=lambda a: a.keyword or "")):
            given = self._of(argument.value, at, depth + 1)
            parts.append(given and (argument.keyword, given))
        return self._together("call", *parts)

    def _together(self, word: str, *parts: Essence | None) -> Essence | None:
        return None if any(part is None for part in parts) else (word, *parts)

    def _of(self, expr: Expr, at: FunctionId, depth: int) -> Essence | None:
        if depth > _MAX_DEPTH:
            return None
        match expr:
            case Literal(kind=kind, value=value):
                told = value is not None or kind in _TELLING
                return ("literal", kind, value) if told else None
            case Name(id=name):
                return self._name(name, at, depth + 1)
            case Attribute(value=value, attr=attr):
                return self._attribute(value, attr, at, depth + 1)
            case Temp():
                event = self._types.maker(expr, at)
                if not isinstance(event, CallEvent) or event.awaited or is_asked_anew(event):
                    return None
                return self._call(event, at, depth)
            case Lambda() | Unknown():
                return None
            case FString(parts=parts):
                return self._all("text", parts, at, depth)
            case Operator(op=op, operands=parts):
                return self._all(op, parts, at, depth)
            case Container(kind=kind, items=items, keys=keys):
                known = [key for key in keys if key is not None]
                if len(known) != len(keys):
                    return None
                return self._all(kind, (*known, *items), at, depth)
            case Subscript(value=value, index=index):
                return self._all("item", (value, index), at, depth)
            case Conditional(test=test, body=body, orelse=orelse):
                return self._all("if", (test, body, orelse), at, depth)
            case Star(value=value):
                return self._all("*", (value,), at, depth)
            case _:
                return None

    def _all(self, word: str, parts: Iterable[Expr], at: FunctionId, depth: int) -> Essence | None:
        return self._together(word, *(self._of(part, at, depth + 1) for part in parts))

    def _attribute(self, value: Expr, attr: str, at: FunctionId, depth: int) -> Essence | None:
        owner = self._of(value, at, depth)
        if owner is None:
            return None
        if owner[0] == "module":
            found = self._types.symbols.member(ModuleRef(*owner[1:]), attr)  # type: ignore[arg-type]
            return self._symbol(found, depth)
        if owner[0] == "external":
            return ("external", f"{owner[1]}.{attr}")
        return ("attribute", owner, attr)

    def _name(self, name: str, at: FunctionId, depth: int) -> Essence | None:
        function = self._program.function(at)
        if function is None:
            return None
        if function.kind == "module":
            return self._symbol(self._types.symbols.in_module(at.path, name), depth)
        if function.kind != "function" or function.parent >= 0:
            return None
        if name in function.locals and name not in function.global_names:
            value = self._inputs.only_value(name, at)
            if value is None or any(parameter.name == name for parameter in function.parameters):
                return None
            return self._of(value, at, depth)
        return self._symbol(self._types.symbols.in_module(at.path, name), depth)

    def _symbol(self, found: Value | Assigned | None, depth: int) -> Essence | None:
        match found:
            case None:
                return None
            case External(name=name):
                return ("external", name)
            case ModuleRef(path=path, folder=folder):
                return ("module", path, folder)
            case Assigned(path=path, name=name):
                own: Essence = ("variable", path, name)
                event = self.only_event(path, name)
                value = event.value if event is not None else None
                if value is None or not self._is_plain(value, path):
                    return own
                return self._of(value, FunctionId(path, 0, 0), depth + 1) or own
            case _:
                return (type(found).__name__, *found)

    def _is_plain(self, value: Expr, path: str) -> bool:
        """A constant or a setting: what says the same in another file gives the same."""
        match value:
            case Literal() | FString() | Operator() | Subscript() | Attribute() | Name():
                return True
            case Temp():
                event: Event | None = self._types.maker(value, FunctionId(path, 0, 0))
                if not isinstance(event, CallEvent):
                    return False
                callee = self._of(event.func, FunctionId(path, 0, 0), 0)
                return callee is not None and callee[0] == "external"
            case _:
                return False


def _has_name(argument: Argument) -> bool:
    return argument.keyword is not None and not argument.keyword.startswith("*")
