"""Statements that leave something in a session of the server, and what opened the connection that runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.places import Places
from conn_lint.link.symbols import Assigned
from conn_lint.link.types import argument_at
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    ModuleRef,
    ObjectRef,
)
from conn_lint.model.database import Database
from conn_lint.model.expression import Attribute, Call, Expr, Name, Subscript, Temp
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    ReturnEvent,
    WithEnterEvent,
    YieldEvent,
)
from conn_lint.model.location import Location
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
_MOST_CALLERS = 20


class _Opened(NamedTuple):
    """What opened a connection, and the ways that it may lead; with the place of a creation."""

    resource: str
    routes: tuple[Route, ...]
    location: Location | None = None


class SessionStates:
    """Looks at the units that run SQL, where some route leads through a pooler in transaction mode."""

    def __init__(
        self,
        analysis: Analysis,
        made: Mapping[tuple[FunctionId, int], Routed],
        routes: Sequence[Routed],
        databases: Sequence[Database],
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._places = Places(analysis.program)
        self._servers = analysis.knowledge.servers
        self._kept = frozenset(routed.creation.location for routed in routes)
        self._made = made
        self._routes = routes
        self._databases = databases
        self._parameters: dict[tuple[FunctionId, str], _Opened | None] = {}

    def all(self) -> Iterator[StateUse]:
        """Each call, by file and line."""
        ways = (*(routed.routes for routed in self._routes), *map(_ways, self._databases))
        if not any(map(_pooled, ways)):
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
        opened = self._maker(func.value, at, 0)
        route = _pooled(opened.routes) if opened is not None else None
        if route is None or opened is None:
            return None
        if opened.location is not None and opened.location not in self._kept:
            return None
        return StateUse(
            self._places.location(at, event.span),
            self._places.statement(at, event),
            text_of(event),
            opened.resource,
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

    def _maker(self, expr: Expr, at: FunctionId, depth: int) -> _Opened | None:
        if depth > _DEEPEST:
            return None
        match expr:
            case Name(id=name):
                return self._of_name(name, at, depth + 1) or self._of_settings(expr, at)
            case Attribute():
                return self._of_attribute(expr, at, depth + 1) or self._of_settings(expr, at)
            case Subscript():
                return self._of_settings(expr, at)
            case Temp():
                return self._of_result(expr, at, depth + 1)
            case _:
                return None

    def _of_name(self, name: str, at: FunctionId, depth: int) -> _Opened | None:
        owner = self._program.local_to(name, at)
        if owner is not None and (function := self._program.function(owner)) is not None:
            found = self._assigned(name, owner, function, depth)
            return found or self._parameter(name, owner, function, depth)
        return self._of_module(self._types.symbols.in_module(at.path, name), depth)

    def _parameter(
        self, name: str, at: FunctionId, function: Function, depth: int
    ) -> _Opened | None:
        """What a parameter is; asked for in a circle, nothing."""
        key = (at, name)
        if key not in self._parameters:
            self._parameters[key] = None
            self._parameters[key] = self._given(name, at, function, depth)
        return self._parameters[key]

    def _given(self, name: str, at: FunctionId, function: Function, depth: int) -> _Opened | None:
        """What a parameter is: what a framework injects, or what all callers give that are known."""
        parameter = next((p for p in function.parameters if p.name == name), None)
        if parameter is None:
            return None
        source = self._types.injection.dependency(parameter, at, function)
        if isinstance(source, FunctionRef):
            return self._given_by(source, depth)
        found: dict[_Opened | None, None] = {}
        callers = self._analysis.callers.of(at)
        for caller in callers if len(callers) <= _MOST_CALLERS else ():
            event = self._program.event(caller.at, caller.node)
            if not caller.sure or caller.how != "call" or not isinstance(event, CallEvent):
                return None
            place = function.parameters.index(parameter)
            callee = self._types.infer(event.func, caller.at)
            shift = int(isinstance(callee, FunctionRef) and callee.bound)
            argument = argument_at(event.arguments, name)
            argument = argument or argument_at(event.arguments, str(max(place - shift, 0)))
            value = argument.value if argument is not None else None
            found[self._maker(value, caller.at, depth) if value is not None else None] = None
            if len(found) > 1:
                return None
        return next(iter(found), None)

    def _of_settings(self, expr: Expr, at: FunctionId) -> _Opened | None:
        """What stands for a database of the settings: by itself, or in a mapping of all."""
        is_item = isinstance(expr, Subscript)
        found = self._types.infer(expr.value if isinstance(expr, Subscript) else expr, at)
        facts = self._analysis.knowledge.databases
        handle = facts.handle(found.name) if isinstance(found, External) else None
        if handle is None or handle.by_alias is not is_item or not isinstance(found, External):
            return None
        alias: str | None = handle.alias
        if isinstance(expr, Subscript):
            alias = self._analysis.values.of(expr.index, at).text
        ways = tuple(w for d in self._databases if d.alias == alias for w in _ways(d))
        return _Opened(found.name, ways) if ways else None

    def _of_module(self, found: object, depth: int) -> _Opened | None:
        if not isinstance(found, Assigned):
            return None
        at = FunctionId(found.path, 0, 0)
        function = self._program.function(at)
        return None if function is None else self._assigned(found.name, at, function, depth)

    def _assigned(
        self, name: str, at: FunctionId, function: Function, depth: int
    ) -> _Opened | None:
        found = {
            id(made): made
            for event in function.graph.events
            if isinstance(event, AssignEvent) and event.target == name
            if (made := self._maker(event.value, at, depth)) is not None
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _of_attribute(self, expr: Attribute, at: FunctionId, depth: int) -> _Opened | None:
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

    def _of_result(self, expr: Temp, at: FunctionId, depth: int) -> _Opened | None:
        if (at, expr.index) in self._made:
            routed = self._made[at, expr.index]
            creation = routed.creation
            return _Opened(creation.resource.name, routed.routes, creation.location)
        match self._types.maker(expr, at):
            case AwaitEvent(value=value) | WithEnterEvent(value=value):
                return self._maker(value, at, depth)
            case CallEvent() as call:
                return self._of_call(call, at, depth)
            case _:
                return None

    def _of_call(self, call: CallEvent, at: FunctionId, depth: int) -> _Opened | None:
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

    def _given_by(self, ref: FunctionRef, depth: int) -> _Opened | None:
        """What a function of the project returns, or lends."""
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        for event in function.graph.events if function is not None else ():
            if isinstance(event, ReturnEvent | YieldEvent) and event.value is not None:
                made = self._maker(event.value, at, depth) if at is not None else None
                if made is not None:
                    return made
        return None


def _pooled(routes: Sequence[Route]) -> Route | None:
    """A route through a pooler in transaction mode; what more than an example says comes first."""
    found = [r for r in routes if r.pooler is not None and r.pooler.mode == "transaction"]
    return next((r for r in found if not r.is_example), found[0] if found else None)


def _ways(database: Database) -> tuple[Route, ...]:
    return tuple(Route(server, pooler, None, None) for server, pooler in database.servers)
