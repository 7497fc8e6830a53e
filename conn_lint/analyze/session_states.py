"""Statements that leave something in a session of the server, and the creation whose connection runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.places import Places
from conn_lint.link.symbols import Assigned
from conn_lint.link.types import argument_at
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, ModuleRef, ObjectRef
from conn_lint.model.expression import Attribute, Call, Expr, Name, Temp
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    ReturnEvent,
    WithEnterEvent,
    YieldEvent,
)
from conn_lint.model.passage import SessionState
from conn_lint.model.route import Route, Routed, StateUse
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_RUNS = frozenset(
    {"execute", "executemany", "exec_driver_sql", "fetch", "fetchval", "fetchrow", "scalar", "scalars", "query", "run"}
)  # fmt: skip
"""Methods that run the SQL they are given first."""
_GIVEN = ("bind", "engine", "0")
"""Where a session or a factory of them is told its engine."""
_DEEPEST = 14


class SessionStates:
    """Looks at the units that run SQL, where some route leads through a pooler in transaction mode."""

    def __init__(
        self,
        analysis: Analysis,
        made: Mapping[tuple[FunctionId, int], Routed],
        routes: Sequence[Routed],
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._places = Places(analysis.program)
        self._servers = analysis.knowledge.servers
        self._kept = frozenset(routed.creation.location for routed in routes)
        self._made = made
        self._routes = routes

    def all(self) -> Iterator[StateUse]:
        """Each call, by file and line."""
        if not any(_pooled(routed) for routed in self._routes):
            return
        found = [use for key in self._units() for use in self._in_unit(*key)]
        yield from sorted(found, key=lambda use: use.location)

    def _units(self) -> list[tuple[str, int]]:
        words = _RUNS | self._servers.session_methods
        keys = {key for word in words for key in self._analysis.mentioning(word)}
        mine = sorted(key for key in keys if not self._program.files[key[0]].is_test)
        self._program.load(mine)
        return mine

    def _in_unit(self, path: str, number: int) -> Iterator[StateUse]:
        summary = self._program.unit(path, number)
        for index, function in enumerate(summary.functions if summary is not None else ()):
            at = FunctionId(path, number, index)
            for event in function.graph.events:
                if isinstance(event, CallEvent) and isinstance(event.func, Attribute):
                    use = self._use(event, event.func, at)
                    if use is not None:
                        yield use

    def _use(self, event: CallEvent, func: Attribute, at: FunctionId) -> StateUse | None:
        state = self._state(event, func, at)
        if state is None:
            return None
        routed = self._maker(func.value, at, 0)
        route = _pooled(routed) if routed is not None else None
        if route is None or routed is None or routed.creation.location not in self._kept:
            return None
        return StateUse(
            self._places.location(at, event.span),
            self._places.statement(at, event),
            text_of(event),
            routed.creation.resource.name,
            state,
            route,
        )

    def _state(self, event: CallEvent, func: Attribute, at: FunctionId) -> SessionState | None:
        if func.attr not in _RUNS:
            return self._servers.session_method(func.attr)
        given = argument_at(event.arguments, "0")
        sql = self._sql(given.value, at) if given is not None else None
        return self._servers.session_state(sql) if sql else None

    def _sql(self, expr: Expr, at: FunctionId) -> str | None:
        """The text, also of `text("...")` and its like around it."""
        found = self._analysis.values.of(expr, at).text
        if found is not None:
            return found
        maker = self._types.maker(expr, at) if isinstance(expr, Temp) else expr
        if isinstance(maker, CallEvent | Call):
            given = argument_at(maker.arguments, "0")
            return self._analysis.values.of(given.value, at).text if given is not None else None
        return None

    # From what runs the SQL to what was made

    def _maker(self, expr: Expr, at: FunctionId, depth: int) -> Routed | None:
        if depth > _DEEPEST:
            return None
        match expr:
            case Name(id=name):
                return self._of_name(name, at, depth + 1)
            case Attribute():
                return self._of_attribute(expr, at, depth + 1)
            case Temp():
                return self._of_result(expr, at, depth + 1)
            case _:
                return None

    def _of_name(self, name: str, at: FunctionId, depth: int) -> Routed | None:
        owner = self._program.local_to(name, at)
        if owner is not None and (function := self._program.function(owner)) is not None:
            return self._assigned(name, owner, function, depth)
        return self._of_module(self._types.symbols.in_module(at.path, name), depth)

    def _of_module(self, found: object, depth: int) -> Routed | None:
        if not isinstance(found, Assigned):
            return None
        at = FunctionId(found.path, 0, 0)
        function = self._program.function(at)
        return None if function is None else self._assigned(found.name, at, function, depth)

    def _assigned(self, name: str, at: FunctionId, function: Function, depth: int) -> Routed | None:
        found = {
            id(made): made
            for event in function.graph.events
            if isinstance(event, AssignEvent) and event.target == name
            if (made := self._maker(event.value, at, depth)) is not None
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _of_attribute(self, expr: Attribute, at: FunctionId, depth: int) -> Routed | None:
        owner = self._types.infer(expr.value, at)
        if isinstance(owner, ModuleRef):
            return self._of_module(self._types.symbols.member(owner, expr.attr), depth)
        if isinstance(owner, ObjectRef | ClassRef):
            cls = owner.cls if isinstance(owner, ObjectRef) else owner
            for base in self._types.attributes.ancestry(cls):
                if isinstance(base, ClassRef):
                    for where, value, _ in self._types.attributes.assignments(base, expr.attr):
                        made = self._maker(value, where, depth)
                        if made is not None:
                            return made
            return None
        return self._maker(expr.value, at, depth)  # a connection's own part

    def _of_result(self, expr: Temp, at: FunctionId, depth: int) -> Routed | None:
        if (at, expr.index) in self._made:
            return self._made[at, expr.index]
        match self._types.maker(expr, at):
            case AwaitEvent(value=value) | WithEnterEvent(value=value):
                return self._maker(value, at, depth)
            case CallEvent() as call:
                return self._of_call(call, at, depth)
            case _:
                return None

    def _of_call(self, call: CallEvent, at: FunctionId, depth: int) -> Routed | None:
        callee = self._types.infer(call.func, at)
        if isinstance(callee, FunctionRef):
            return self._given_by(callee._replace(bound=False), depth)
        for place in _GIVEN:
            given = argument_at(call.arguments, place)
            made = self._maker(given.value, at, depth) if given is not None else None
            if made is not None:
                return made
        if isinstance(call.func, Attribute):
            return self._maker(call.func.value, at, depth)
        return self._maker(call.func, at, depth)  # `Session()` of `Session = sessionmaker(engine)`

    def _given_by(self, ref: FunctionRef, depth: int) -> Routed | None:
        """What a function of the project returns, or lends."""
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        for event in function.graph.events if function is not None else ():
            if isinstance(event, ReturnEvent | YieldEvent) and event.value is not None:
                made = self._maker(event.value, at, depth) if at is not None else None
                if made is not None:
                    return made
        return None


def _pooled(routed: Routed) -> Route | None:
    """A route through a pooler in transaction mode; what more than an example says comes first."""
    found = [r for r in routed.routes if r.pooler is not None and r.pooler.mode == "transaction"]
    return next((r for r in found if not r.is_example), found[0] if found else None)
