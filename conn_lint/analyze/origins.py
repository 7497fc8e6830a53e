"""Where the values that decide a connection come from: fixed settings, a parameter, a loop's variable.

Two requests can share a connection only if both would open the same one. So for the arguments of the call that
opens it we ask which parameters and loop variables they are made of. Settings, the environment, module variables
and literals are nobody's: the connection is the same for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.references import last
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Expr,
    Lambda,
    Literal,
    Name,
    Subscript,
    Temp,
    Unknown,
    children,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    IterateEvent,
    ReturnEvent,
    StoreEvent,
    WithEnterEvent,
    YieldEvent,
)
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_DEPTH = 12
_SETTINGS = frozenset(
    {"config", "configuration", "settings", "conf", "env", "environ", "app", "application", "bot",
     "app_config", "app_settings", "cfg", "secrets", "options", "opts", "constants", "conn_params", "args"}
)  # fmt: skip
_OF_REQUEST = frozenset({"request", "websocket", "current_user"})
"""Module variables of frameworks that stand for another thing in each request."""
_OF_USER = frozenset({"session_state"})
"""Attributes of frameworks that hold what one user has said or chosen."""
_MANNER = frozenset(
    {"timeout", "connect_timeout", "read_timeout", "socket_timeout", "socket_connect_timeout", "headers", "cookies",
     "params", "follow_redirects", "limits", "retries", "max_retries", "event_hooks", "connector", "echo", "future",
     "autocommit", "client_encoding", "charset", "application_name", "client_name", "cursor_factory", "cursorclass",
     "row_factory", "decode_responses", "max_connections", "pool_size", "max_overflow", "isolation_level", "trust_env",
     "check_same_thread", "loop", "logger", "json_serialize", "raise_for_status", "http_client", "http_options"}
)  # fmt: skip
"""Keywords that say how to connect, not to what or as whom."""
_COLUMNS = ("Column", "_column", "Field", "ForeignKey", "relationship")
"""How names end by which a class's body declares the columns of its rows; `field` and a plain `Field` are others."""


class Origin(NamedTuple):
    """`kind` is param (of the function itself), loop (`number` of the function's loops), field (`name` of an object
    of the class at `owner`; `number` is 1 where its name says that it is a setting), row (the column `name` of the
    rows that are objects of `owner`), or stranger (of an unpacked argument).

    Of what only chooses the object whose method is called, and so its fields or which of several implementations,
    they are choice (a parameter) and chosen (a loop).
    """

    kind: str
    name: str
    number: int = -1
    owner: ClassRef | None = None


class Origins:
    """Traces values through a function's own assignments and its class's attributes."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._assigned: dict[FunctionId, dict[str, list[Expr]]] = {}
        self._fields: dict[tuple[ClassRef, str], frozenset[Origin]] = {}
        self._given: dict[FunctionRef, frozenset[Origin]] = {}

    def of_call(self, event: CallEvent, at: FunctionId) -> frozenset[Origin]:
        """What decides to what the call connects, and as whom."""
        found: set[Origin] = set()
        for argument in event.arguments:
            if argument.keyword not in _MANNER:
                found |= self.of(argument.value, at)
        if isinstance(event.func, Attribute):
            found |= self.of(event.func.value, at)
        function = self._analysis.program.function(at)
        if function is not None and function.kind == "module":
            around = _loops_around(event, function)
            found = {o for o in found if o.kind != "loop" or o.number in around}
        return frozenset(found)

    def of(self, expr: Expr, at: FunctionId) -> frozenset[Origin]:
        """The parameters, loop variables and fields that the value is made of."""
        return frozenset(self._walk(expr, at, _MAX_DEPTH, set()))

    def own_name(self, at: FunctionId, function: Function) -> str:
        """The name that a method has for its own object or class."""
        if self._analysis.program.class_of(at) is None or not function.parameters:
            return ""
        return "" if Name("staticmethod") in function.decorators else function.parameters[0].name

    def _walk(
        self, expr: Expr, at: FunctionId, depth: int, seen: set[tuple[FunctionId, str]]
    ) -> Iterator[Origin]:
        if depth == 0:
            return
        if isinstance(expr, Attribute):
            path = _path(expr)
            if path is not None:
                field = self._field(path, at)
                if field is not None:
                    yield from field
                    return
                if not _OF_USER.isdisjoint(path):
                    yield Origin("stranger", path[-1])
                    return
                own = {"args"} if path[0] in _OF_REQUEST else set()
                if not _SETTINGS.isdisjoint(path[1:]) and not own.intersection(path[1:]):
                    return
            yield from self._walk(expr.value, at, depth, seen)
        elif isinstance(expr, Name):
            yield from self._name(expr.id, at, depth, seen)
        elif isinstance(expr, Temp):
            yield from self._result(expr, at, depth, seen)
        elif isinstance(expr, Lambda):
            return
        elif isinstance(expr, Subscript) and (key := self._keyword(expr.value, expr.index, at)):
            yield Origin("param", key)
        else:
            for part in children(expr):
                yield from self._walk(part, at, depth, seen)

    def _result(
        self, expr: Temp, at: FunctionId, depth: int, seen: set[tuple[FunctionId, str]]
    ) -> Iterator[Origin]:
        match self._analysis.types.maker(expr, at):
            case CallEvent(func=func, arguments=arguments, loop=loop) as event:
                name = self._analysis.calls.external_name(event, at)
                if name is not None and self._analysis.knowledge.is_fresh_name(name):
                    yield from self._each_time(loop, at)
                option = self._option(func, arguments, at)
                if option:
                    yield Origin("param", option)
                    return
                if isinstance(func, Attribute):
                    own = self._of_own_method(func, at)
                    # of its own object that counts which the method gives, not all that is put on it here
                    yield from (
                        own if own is not None else self._walk(func.value, at, depth - 1, seen)
                    )
                for argument in arguments:
                    yield from self._walk(argument.value, at, depth - 1, seen)
            case AwaitEvent(value=value) | WithEnterEvent(value=value):
                yield from self._walk(value, at, depth - 1, seen)
            case IterateEvent(loop=loop) as event:
                yield Origin("loop", "", self._loop_of(event, at, loop))
                for origin in self._walk(event.value, at, depth - 1, seen):
                    if origin.kind == "loop":  # the items are those of an item of an outer loop
                        yield origin
            case YieldEvent():
                yield Origin("stranger", "yield")
            case _:
                pass

    def _each_time(self, loop: int, at: FunctionId) -> Iterator[Origin]:
        """What the function makes anew: on each pass of the loops around, and (-1) in each call of it."""
        function = self._analysis.program.function(at)
        while loop >= 0 and function is not None:
            yield Origin("loop", "", loop)
            loop = function.loops[loop].parent
        yield Origin("loop", "", -1)

    def _option(self, func: Expr, arguments: tuple[Argument, ...], at: FunctionId) -> str:
        """`kwargs.get("name")`: the keyword that callers may give, as if it were a parameter."""
        if not isinstance(func, Attribute) or func.attr not in ("get", "pop") or not arguments:
            return ""
        return self._keyword(func.value, arguments[0].value, at)

    def _keyword(self, options: Expr, key: Expr, at: FunctionId) -> str:
        function = self._analysis.program.function(at)
        if function is None or not isinstance(options, Name) or not isinstance(key, Literal):
            return ""
        taken = any(p.kind == "**" and p.name == options.id for p in function.parameters)
        return str(key.value) if taken and key.kind == "str" else ""

    def _of_own_method(self, func: Attribute, at: FunctionId) -> frozenset[Origin] | None:
        """`self.url()`: the fields that it is made of; None for another call."""
        function = self._analysis.program.function(at)
        if function is None or func.value != Name(self.own_name(at, function) or "@"):
            return None
        method = self._analysis.types.infer(func, at)
        if not isinstance(method, FunctionRef):
            return None
        ref = method._replace(bound=False)
        if ref not in self._given:
            self._given[ref] = frozenset()
            made = self._analysis.program.function_id(ref)
            inner = self._analysis.program.function(made) if made is not None else None
            self._given[ref] = frozenset(
                origin
                for event in (inner.graph.events if inner is not None else ())
                if isinstance(event, ReturnEvent) and event.value is not None and made is not None
                for origin in self.of(event.value, made)
                if origin.kind in ("field", "row")
            )
        return self._given[ref]

    def _loop_of(self, event: IterateEvent, at: FunctionId, around: int) -> int:
        """The loop whose next item is asked for."""
        function = self._analysis.program.function(at)
        assert function is not None
        for number, loop in enumerate(function.loops):
            if loop.kind != "while" and loop.iterable == event.value and loop.parent == around:
                return number
        return around

    def _name(
        self, name: str, at: FunctionId, depth: int, seen: set[tuple[FunctionId, str]]
    ) -> Iterator[Origin]:
        if (at, name) in seen:
            return
        seen.add((at, name))
        function = self._analysis.program.function(at)
        if function is not None and function.kind == "module":
            for value in self._values(at, function).get(name, ()):
                for origin in self._walk(value, at, depth - 1, seen):
                    if (
                        origin.kind == "loop"
                    ):  # all else in a module is made once, and the same for all
                        yield origin
            return
        while function is not None and name not in function.locals and "@" not in name:
            if function.parent < 0 or name in function.global_names:
                if name in _OF_REQUEST:
                    yield Origin("stranger", name)
                return  # a module's variable
            at = FunctionId(at.path, at.unit, function.parent)
            function = self._analysis.program.function(at)
        if function is None or function.kind == "module":
            return
        taken = any(p.name == name for p in function.parameters) and name not in _SETTINGS
        if taken and name != self.own_name(at, function):
            yield Origin("param", name)
        for value in self._values(at, function).get(name, ()):
            yield from self._walk(value, at, depth - 1, seen)

    def _values(self, at: FunctionId, function: Function) -> dict[str, list[Expr]]:
        """What is assigned to each name; putting something into it counts too."""
        if at not in self._assigned:
            found: dict[str, list[Expr]] = {}
            for event in function.graph.events:
                if isinstance(event, AssignEvent):
                    found.setdefault(event.target, []).append(event.value)
                elif isinstance(event, StoreEvent) and isinstance(event.target.value, Name):
                    found.setdefault(event.target.value.id, []).append(event.value)
            self._assigned[at] = found
        return self._assigned[at]

    def _field(self, path: list[str], at: FunctionId) -> frozenset[Origin] | None:
        """`self.x` in a method: what the class's own methods put there."""
        cls = self._analysis.program.class_of(at)
        function = self._analysis.program.function(at)
        if cls is None or function is None or not function.parameters or len(path) < 2:
            return None
        if path[0] != self.own_name(at, function):
            return None
        return self._of_field(cls, path[1])

    def _of_field(self, cls: ClassRef, attr: str) -> frozenset[Origin]:
        key = (cls, attr)
        if key not in self._fields:
            self._fields[key] = frozenset()
            found: set[Origin] = set()
            attributes = self._analysis.types.attributes
            for base in attributes.ancestry(cls):
                if isinstance(base, ClassRef):
                    for at, value, annotation in attributes.assignments(base, attr):
                        kind = self._declared(value, annotation, at)
                        if kind:
                            found.add(Origin(kind, attr, owner=cls))
                        found.update(self._stored(value, at, cls))
            self._fields[key] = frozenset(found)
        return self._fields[key]

    def _declared(self, value: Expr, annotation: Expr | None, at: FunctionId) -> str:
        """In a class's body: what each object has of its own, by a column (row) or a field."""
        function = self._analysis.program.function(at)
        if function is None or function.kind != "class":
            return ""
        marks = {last(part) for part in walk(annotation)} if annotation is not None else set()
        if "ClassVar" in marks:
            return ""
        maker = self._analysis.types.maker(value, at)
        name = last(maker.func) if isinstance(maker, CallEvent) else ""
        if "Mapped" in marks or (name.endswith(_COLUMNS) and name != "Field"):
            return "row"
        return "field" if value == Unknown() or name in ("Field", "field") else ""

    def _stored(self, value: Expr, at: FunctionId, cls: ClassRef) -> Iterator[Origin]:
        """Origins of a stored value, as seen from an object: a constructor's parameter is a field of it."""
        function = self._analysis.program.function(at)
        constructs = function is not None and function.name in ("__init__", "__new__")
        if constructs and isinstance(value, Name) and value.id in _SETTINGS:
            yield Origin("field", value.id, 1, owner=cls)
        for origin in self.of(value, at):
            if origin.kind == "param" and origin.name not in _SETTINGS:
                if constructs:
                    yield Origin("field", origin.name, owner=cls)
                else:
                    yield Origin("stranger", origin.name)
            elif origin.kind in ("field", "row"):
                yield origin


def choices(origins: frozenset[Origin]) -> frozenset[Origin]:
    """The origins of an object as those of the choice of its method."""
    kinds = {"param": "choice", "choice": "choice", "loop": "chosen", "chosen": "chosen"}
    return frozenset(o._replace(kind=kinds[o.kind]) for o in origins if o.kind in kinds)


def through(
    origins: frozenset[Origin], given: dict[str, frozenset[Origin]] | None
) -> frozenset[Origin]:
    """Origins of a callee's values as its caller sees them; `given` are those of the arguments by parameter.

    Without `given` (the call is somebody else's) parameters come from strangers.
    """
    found: set[Origin] = set()
    for origin in origins:
        if origin.kind == "loop":
            found.add(Origin("stranger", "loop"))
        elif origin.kind == "choice":
            found |= choices((given or {}).get(origin.name, frozenset()))
        elif origin.kind == "chosen":
            pass
        elif origin.kind != "param":
            found.add(origin)
        elif given is None:
            found.add(Origin("stranger", origin.name))
        elif origin.name in given:
            found |= given[origin.name]
        else:
            found |= given.get("*", frozenset())
    return frozenset(found)


def arguments_by_name(
    arguments: tuple[Argument, ...], function: Function, *, bound: bool
) -> dict[str, Expr] | None:
    """The arguments of a call by the callee's parameters; None if some are unpacked."""
    names = [p.name for p in function.parameters if p.kind in ("positional", "normal")]
    if bound:
        names = names[1:]
    given: dict[str, Expr] = {}
    position = 0
    for argument in arguments:
        if argument.keyword in ("*", "**"):
            return None
        if argument.keyword is not None:
            given[argument.keyword] = argument.value
        elif position < len(names):
            given[names[position]] = argument.value
            position += 1
    return given


def _path(expr: Attribute) -> list[str] | None:
    parts = [expr.attr]
    value = expr.value
    while isinstance(value, Attribute):
        parts.append(value.attr)
        value = value.value
    if not isinstance(value, Name):
        return None
    return [value.id, *reversed(parts)]


def _loops_around(event: CallEvent, function: Function) -> set[int]:
    """The numbers of the loops in which the call stands."""
    found: set[int] = set()
    number = event.loop
    while number >= 0:
        found.add(number)
        number = function.loops[number].parent
    return found
