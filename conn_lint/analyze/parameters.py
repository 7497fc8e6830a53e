"""The value of a parameter: what all callers give for it, where they are known and agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.found import UNKNOWN, Found, Table, same, unpacked
from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.places import Places
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, ObjectRef
from conn_lint.model.flow import CallEvent
from conn_lint.model.location import Location
from conn_lint.model.summary import Function, Parameter

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.values import Values

_MOST_CALLERS = 20


class Parameters:
    """Answers for functions of the project."""

    def __init__(self, analysis: Analysis, values: Values) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._values = values
        self._places = Places(analysis.program)

    def of(self, name: str, at: FunctionId, function: Function) -> Found:
        """What the callers agree on; unknown where one is not a plain call, or there is none."""
        parameter = next((p for p in function.parameters if p.name == name), None)
        if parameter is None or parameter.kind == "*" or function.kind != "function":
            return UNKNOWN
        if parameter.kind == "**":
            handed = (file.handed(at, function) for file in self._values.files)
            whole = next((found for found in handed if found is not None), None)
            if whole is not None:
                return whole
        callers = self._analysis.callers.of(at)
        if not callers or len(callers) > _MOST_CALLERS:
            return UNKNOWN
        own = [caller for caller in callers if not self._is_for_another(caller, at)]
        return same([self._given(caller, parameter, at, function) for caller in own])

    def _is_for_another(self, caller: Caller, at: FunctionId) -> bool:
        """It makes an object of a subclass that has a constructor of its own, which calls this one, or does not."""
        event = self._program.event(caller.at, caller.node)
        ref = self._program.ref_of(at)
        if caller.how != "construct" or not isinstance(event, CallEvent):
            return False
        callee = self._analysis.types.infer(event.func, caller.at)
        if not isinstance(callee, ClassRef) or not isinstance(ref, FunctionRef):
            return False
        init = self._analysis.types.attributes.method(callee, "__init__")
        return init is not None and init != ref and self._program.head(ref).name == "__init__"

    def _given(
        self, caller: Caller, parameter: Parameter, at: FunctionId, function: Function
    ) -> Found:
        event = self._program.event(caller.at, caller.node)
        if not caller.sure or not isinstance(event, CallEvent):
            return UNKNOWN
        if caller.how not in ("call", "construct"):
            return UNKNOWN
        shift = self._shift(event, caller.at, at)
        if shift is None:
            return UNKNOWN
        given, named = self._values.arguments(event.arguments, caller.at)
        if parameter.kind == "**":
            return self._rest(named, function, self._places.location(caller.at, event.span))
        found = named.items.get(parameter.name)
        position = function.parameters.index(parameter) - shift
        if found is None and parameter.kind != "keyword" and 0 <= position < len(given):
            found = given[position]
        if found is not None:
            if found.source == "argument":
                where = self._places.location(caller.at, event.span)
                return found._replace(source="constant", location=where)
            return found
        if not named.whole or parameter.default is None:
            return UNKNOWN
        default = self._values.of(parameter.default, self._analysis.types.around(at, function))
        return default._replace(source="constant") if default.source == "argument" else default

    def _rest(self, named: Table, function: Function, where: Location) -> Found:
        """The keywords that no other parameter takes; those written in the call have their place there."""
        own = {p.name for p in function.parameters}
        rest = {name: found for name, found in named.items.items() if name not in own}
        table = unpacked(Found(Table(rest, named.whole), "constant", "", where))
        return Found(table, "constant")

    def _shift(self, event: CallEvent, caller: FunctionId, at: FunctionId) -> int | None:
        """How many parameters are filled by the object; None where something else is called."""
        ref = self._program.ref_of(at)
        callee = self._analysis.types.infer(event.func, caller)
        if isinstance(callee, FunctionRef) and isinstance(ref, FunctionRef):
            return int(callee.bound) if callee._replace(bound=False) == ref else None
        if isinstance(callee, ClassRef | ObjectRef):
            cls = ClassRef(callee.path, callee.head)
            name = "__init__" if isinstance(callee, ClassRef) else "__call__"
            return 1 if self._analysis.types.attributes.method(cls, name) == ref else None
        return None
