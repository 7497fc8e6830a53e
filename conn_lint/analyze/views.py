"""What decides a connection, told in the terms of who calls: parameters become arguments, fields their makers'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.origins import Origin, arguments_by_name, choices, through
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Expr, Name, Temp
from conn_lint.model.flow import AssignEvent, CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_FIELDS = ("field", "row")


class Views:
    """Translates from functions and classes to the places that lead to them."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def of(
        self, at: FunctionId | ClassRef, origins: frozenset[Origin], caller: Caller
    ) -> frozenset[Origin]:
        """The origins at `at` as the caller sees them."""
        event = self._program.event(caller.at, caller.node)
        chosen = self._choice(at, origins, caller, event)
        return chosen | self._translated(at, origins, caller, event) if origins else chosen

    def _choice(
        self,
        at: FunctionId | ClassRef,
        origins: frozenset[Origin],
        caller: Caller,
        event: object,
    ) -> frozenset[Origin]:
        """What chooses the object, where its fields decide, or another class's method may be called as well."""
        if caller.how != "call" or not isinstance(event, CallEvent):
            return frozenset()
        if isinstance(at, ClassRef) or not isinstance(event.func, Attribute):
            return frozenset()
        callee = self._analysis.calls.callee(event, caller.at)
        if not isinstance(callee, FunctionRef):
            return frozenset()
        function = self._program.function(caller.at)
        own = self._analysis.origins.own_name(caller.at, function) if function is not None else ""
        if own and event.func.value == Name(own):
            return frozenset()  # its own object: the same on each pass, whatever is put on it
        receiver = event.func.value
        if self._program.function_id(callee._replace(bound=False)) != at:
            return choices(self._analysis.origins.of(receiver, caller.at))
        fields = frozenset(o for o in origins if o.kind in _FIELDS)
        if not fields:
            return frozenset()
        made = self._made(receiver, caller.at)
        if made is not None and all(o.kind == "field" for o in fields):
            return choices(self._seen_from_maker(at, fields, caller, made))
        return choices(self._analysis.origins.of(receiver, caller.at))

    def _made(self, receiver: Expr, at: FunctionId) -> CallEvent | None:
        """The call in the same function that makes the object."""
        function = self._program.function(at)
        if isinstance(receiver, Name) and function is not None:
            values = [
                event.value
                for event in function.graph.events
                if isinstance(event, AssignEvent) and event.target == receiver.id
            ]
            receiver = values[0] if len(values) == 1 else receiver
        maker = self._analysis.types.maker(receiver, at) if isinstance(receiver, Temp) else None
        if not isinstance(maker, CallEvent):
            return None
        return maker if isinstance(self._analysis.calls.callee(maker, at), ClassRef) else None

    def _translated(
        self,
        at: FunctionId | ClassRef,
        origins: frozenset[Origin],
        caller: Caller,
        event: object,
    ) -> frozenset[Origin]:
        if isinstance(at, ClassRef) or caller.how == "construct":
            return self._seen_from_maker(at, origins, caller, event)
        if caller.how in ("inside", "wrap"):
            return origins
        function = self._program.function(at)
        if function is not None and function.parent >= 0:
            own = {p.name for p in function.parameters}
            captured = frozenset(o for o in origins if o.kind == "param" and o.name not in own)
            if captured:
                rest = self._translated(at, origins - captured, caller, event)
                return rest | self._captured(at, captured, caller)
        if not isinstance(event, CallEvent):
            return through(origins, None)
        trace = self._analysis.origins.of
        if caller.how == "call" and function is not None:
            callee = self._analysis.calls.callee(event, caller.at)
            bound = isinstance(callee, FunctionRef) and callee.bound
            given = arguments_by_name(event.arguments, function, bound=bound)
            if given is None:
                return through(origins, None)
            return through(origins, {n: trace(e, caller.at) for n, e in given.items()})
        others = [a.value for i, a in enumerate(event.arguments) if i != caller.argument]
        return through(origins, {"*": frozenset(o for e in others for o in trace(e, caller.at))})

    def _captured(
        self, at: FunctionId, origins: frozenset[Origin], caller: Caller
    ) -> frozenset[Origin]:
        """Origins that are parameters of the functions around: as they are, or as given where it was asked for."""
        if caller.maker is None:
            near = (caller.at.path, caller.at.unit) == (at.path, at.unit)
            return origins if near else through(origins, None)
        function = self._program.function(at)
        around = at._replace(number=max(function.parent if function is not None else 0, 0))
        made = Caller(*caller.maker, "call")
        return self._translated(around, origins, made, self._program.event(made.at, made.node))

    def _seen_from_maker(
        self,
        at: FunctionId | ClassRef,
        origins: frozenset[Origin],
        caller: Caller,
        event: object,
    ) -> frozenset[Origin]:
        """The object is made there: its fields are the arguments."""
        cls = at if isinstance(at, ClassRef) else self._program.class_of(at)
        if cls is None or not isinstance(event, CallEvent):
            return origins
        made = self._analysis.calls.callee(event, caller.at)
        owner = made if isinstance(made, ClassRef) else cls
        init = self._analysis.types.attributes.method(owner, "__init__")
        constructor = self._program.function_id(init) if init is not None else None
        function = self._program.function(constructor) if constructor is not None else None
        trace = self._analysis.origins.of
        given: dict[str, frozenset[Origin]] | None = None
        if function is not None:
            exprs = arguments_by_name(event.arguments, function, bound=True)
            if exprs is not None:
                given = {n: trace(e, caller.at) for n, e in exprs.items()}
        else:  # a data class: its arguments are named as its fields, those without a name may be any
            given = {"*": frozenset()}
            for argument in event.arguments:
                known = argument.keyword is not None and argument.keyword != "**"
                name = argument.keyword if known and argument.keyword is not None else "*"
                given[name] = given.get(name, frozenset()) | trace(argument.value, caller.at)
        mine = frozenset(
            Origin("param", o.name) if o.kind in ("field", "param") else o for o in origins
        )
        return through(mine, given)
