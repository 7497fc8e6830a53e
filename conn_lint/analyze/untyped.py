"""What a parameter without a type stands for: that which its callers give, where they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.origins import arguments_by_name
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Instance, Value
from conn_lint.model.expression import Attribute, Expr, Literal, Name
from conn_lint.model.flow import CallEvent
from conn_lint.model.summary import Function, Parameter

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_DEPTH = 3  # functions through which it is passed on
_MOST_CALLERS = 30
_PLAIN = frozenset(name for kind in (bytes, dict, list, set, str) for name in dir(kind))


class Untyped:
    """Asked only where a method of it would tell something; each parameter is looked at once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._found: dict[tuple[FunctionId, str], Value | None] = {}

    def value(self, expr: Expr, at: FunctionId, depth: int = 0) -> Value | None:
        """The value of `client`, `client.chat` or `self.client.chat`, where an untyped parameter lies behind it."""
        attrs: list[str] = []
        while isinstance(expr, Attribute):
            attrs.append(expr.attr)
            expr = expr.value
        function = self._program.function(at)
        if not isinstance(expr, Name) or function is None or depth > _MAX_DEPTH:
            return None
        if expr.id == self._analysis.origins.own_name(at, function):
            cls = self._program.class_of(at)
            found = self._field(cls, attrs.pop(), depth) if cls is not None and attrs else None
        else:
            found = self._parameter(expr.id, at, function, depth)
        for attr in reversed(attrs):
            if found is not None:
                found = self._types.attributes.of(found, attr)
        return found

    def _field(self, cls: ClassRef, attr: str, depth: int) -> Value | None:
        """What a constructor puts there as it is given."""
        for base in self._types.attributes.ancestry(cls):
            if isinstance(base, ClassRef):
                for at, value, annotation in self._types.attributes.assignments(base, attr):
                    function = self._program.function(at)
                    if isinstance(value, Name) and annotation is None and function is not None:
                        found = self._parameter(value.id, at, function, depth)
                        if found is not None:
                            return found
        return None

    def _parameter(self, name: str, at: FunctionId, function: Function, depth: int) -> Value | None:
        key = (at, name)
        if key not in self._found:
            self._found[key] = None
            parameter = next((p for p in function.parameters if p.name == name), None)
            if parameter is not None and _is_untyped(parameter):
                self._found[key] = self._agreed(parameter, at, function, depth)
        return self._found[key]

    def _agreed(
        self, parameter: Parameter, at: FunctionId, function: Function, depth: int
    ) -> Value | None:
        """The one thing that callers outside tests are known to give."""
        callers = self._analysis.callers.of(at)
        if len(callers) > _MOST_CALLERS:
            return None
        found = {
            value
            for caller in callers
            if not self._program.files[caller.at.path].is_test
            and isinstance(value := self._given(caller, parameter, function, depth), Instance)
        }
        return found.pop() if len(found) == 1 else None

    def _given(
        self, caller: Caller, parameter: Parameter, function: Function, depth: int
    ) -> Value | None:
        event = self._program.event(caller.at, caller.node)
        if not caller.sure or caller.how not in ("call", "construct"):
            return None
        if not isinstance(event, CallEvent):
            return None
        callee = self._analysis.calls.callee(event, caller.at)
        bound = isinstance(callee, ClassRef) or (isinstance(callee, FunctionRef) and callee.bound)
        given = (arguments_by_name(event.arguments, function, bound=bound) or {}).get(
            parameter.name
        )
        if given is None:
            return None
        known = self._types.infer(given, caller.at)
        return known if known is not None else self.value(given, caller.at, depth + 1)


def is_plain(event: CallEvent) -> bool:
    """It calls a method that texts and containers have; `get` of one if it is given a key that is no address."""
    name = event.func.attr if isinstance(event.func, Attribute) else ""
    if name != "get":
        return name in _PLAIN
    key = event.arguments[0].value if event.arguments else None
    return isinstance(key, Literal) and "/" not in str(key.value)


def _is_untyped(parameter: Parameter) -> bool:
    """Nothing but its callers can say what it is."""
    default = parameter.default
    plain = default is None or (isinstance(default, Literal) and default.kind == "none")
    return parameter.annotation is None and plain and parameter.kind not in ("*", "**")
