"""What decides the value of an expression: nothing but the program, the object, or who calls the function."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionId
from conn_lint.model import creation
from conn_lint.model.expression import (
    Attribute,
    Expr,
    FString,
    Lambda,
    Literal,
    Name,
    Operator,
    Temp,
    Unknown,
    children,
)
from conn_lint.model.flow import AssignEvent, CallEvent, DefineEvent, ImportEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_RANKS: tuple[creation.Inputs, ...] = ("fixed", "object", "varies", "asked")
_FIXED, _OBJECT, _VARIES, _ASKED_FOR = range(4)
_MAX_DEPTH = 8
# Words for what is one request's, or another every time: names of objects, and parts of names of functions.
_OF_ONE = frozenset({"request", "session", "g", "current_user", "websocket", "current_task"})
_ASKED = frozenset({"current", "request", "tenant", "user", "token", "session", "auth", "headers"})
_ANEW = frozenset(
    {"next", "choice", "random", "randint", "uuid4", "uuid1", "time", "now", "utcnow", "token_hex"}
)
_SCHEMES = ("http://", "https://", "ws://", "wss://")


class Inputs:
    """Answers for expressions of flow graphs."""

    def __init__(self, analysis: Analysis) -> None:
        self._types = analysis.types
        self._program = analysis.program

    def of_all(self, values: Iterable[Expr], at: FunctionId) -> creation.Inputs:
        """What the values rest on at most."""
        return _RANKS[max((self._rank(value, at, 0) for value in values), default=_FIXED)]

    def _rank(self, expr: Expr, at: FunctionId, depth: int) -> int:
        if depth > _MAX_DEPTH:
            return _VARIES
        match expr:
            case Literal():
                return _FIXED
            case Name(id=name):
                return self._name(name, at, depth)
            case Attribute(attr=attr) if attr in _OF_ONE:
                return _ASKED_FOR
            case Attribute(value=Name(id=name)) if name == self._me(at):
                return _OBJECT
            case Temp():
                event = self._types.maker(expr, at)
                if not isinstance(event, CallEvent) or event.awaited:
                    return _VARIES
                if is_asked_anew(event):
                    return _ASKED_FOR
                parts = (event.func, *(argument.value for argument in event.arguments))
            case Lambda(names=names):
                parts = tuple(Name(name) for name in names)
            case Unknown(parts=()):
                return _VARIES
            case _:
                parts = children(expr)
        return max((self._rank(part, at, depth + 1) for part in parts), default=_FIXED)

    def _me(self, at: FunctionId) -> str:
        """The name of the object whose method it is."""
        function = self._program.function(at)
        if function is None or self._program.class_of(at) is None or not function.parameters:
            return ""
        return function.parameters[0].name if function.parent < 0 else ""

    def _name(self, name: str, at: FunctionId, depth: int) -> int:
        function = self._program.function(at)
        if function is None:
            return _VARIES
        if function.kind == "module" or name in function.global_names:
            return _FIXED
        if any(parameter.name == name for parameter in function.parameters):
            return _VARIES
        if name in function.locals or "@" in name:
            return self._local(name, at, function, depth)
        if self._is_around(name, at, function):
            return _VARIES
        return _ASKED_FOR if name in _OF_ONE else _FIXED

    def _local(self, name: str, at: FunctionId, function: Function, depth: int) -> int:
        """A name that is bound once, to something that is itself fixed."""
        values: set[Expr] = set()
        for event in function.graph.events:
            match event:
                case AssignEvent(target=target, value=value) if target == name:
                    values.add(value)
                case DefineEvent(name=target) if target == name:
                    return _VARIES
                case ImportEvent(imports=imports) if any(i.bound == name for i in imports):
                    return _FIXED
                case _:
                    pass
        if len(values) != 1:
            return _VARIES
        return self._rank(values.pop(), at, depth + 1)

    def _is_around(self, name: str, at: FunctionId, function: Function) -> bool:
        """A function around this one has the name."""
        while function.parent >= 0:
            at = at._replace(number=function.parent)
            outer = self._program.function(at)
            if outer is None:
                return True
            function = outer
            if function.kind in ("function", "lambda") and name in function.locals:
                return True
        return False

    def names_host(self, expr: Expr, at: FunctionId, depth: int = 0) -> bool:
        """An address whose host the code says: in a text, a setting, or the object that asks."""
        if depth > _MAX_DEPTH:
            return False
        match expr:
            case FString(parts=(Literal(value=str(text)), *rest)):
                if text in _SCHEMES and rest:
                    return self.names_host(rest[0], at, depth + 1)
                return "://" in text
            case FString(parts=(first, *_)) | Operator(operands=(first, *_)):
                return self.names_host(first, at, depth + 1)
            case Temp():
                event = self._types.maker(expr, at)
                if isinstance(event, CallEvent) and isinstance(event.func, Attribute):
                    return self.names_host(event.func.value, at, depth + 1)
            case Name(id=name):
                value = self.only_value(name, at)
                if value is not None:
                    return self.names_host(value, at, depth + 1)
            case _:
                pass
        return self._rank(expr, at, depth) < _VARIES

    def only_value(self, name: str, at: FunctionId) -> Expr | None:
        """What a name of the function is bound to, if that is one thing."""
        function = self._program.function(at)
        if function is None or function.kind == "module":
            return None
        values = {
            event.value
            for event in function.graph.events
            if isinstance(event, AssignEvent) and event.target == name
        }
        return values.pop() if len(values) == 1 else None


def is_asked_anew(event: CallEvent) -> bool:
    """By its name the call gives what belongs to one request, or something else each time."""
    match event.func:
        case Name(id=name):
            words = name
        case Attribute(value=Name(), attr="get") if not event.arguments:
            return True  # the value of a context
        case Attribute(attr=name):
            words = name
        case _:
            return False
    return words in _ANEW or not _ASKED.isdisjoint(words.lower().split("_"))
