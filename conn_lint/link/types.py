"""What an expression in a function stands for: names through scopes, calls through what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from conn_lint.link import hints
from conn_lint.link.attributes import Attributes
from conn_lint.link.binders import binders, in_force, makers
from conn_lint.link.holders import Holders
from conn_lint.link.injection import Injection
from conn_lint.link.program import Program
from conn_lint.link.recent import Recent
from conn_lint.link.symbols import Assigned, Symbols
from conn_lint.link.values import (
    ClassRef,
    Context,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ModuleRef,
    ObjectRef,
    Pair,
    Value,
    agreed,
)
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Conditional,
    Container,
    Expr,
    Literal,
    Name,
    Operator,
    Subscript,
    Temp,
)
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    Event,
    ImportEvent,
    ReturnEvent,
    WithEnterEvent,
    YieldEvent,
)
from conn_lint.model.summary import Function

_MAX_DEPTH = 60
_EVENTS = 12_000  # so many in each generation of the tables of functions


class Catalogue(Protocol):
    """What is known of things outside the project; names are dotted, methods are `Type.method`."""

    def knows_module(self, dotted: str) -> bool: ...

    def canonical(self, name: str) -> str:
        """The one name of a type that has several."""

    def is_type(self, name: str) -> bool: ...

    def has_member(self, type_name: str, attr: str) -> bool:
        """It is known what the library's own type does by this name."""

    def derived(self, name: str) -> frozenset[str]:
        """All names of the type, and of the known types derived from it."""

    def returned(self, name: str) -> str | None:
        """The type of what a call of `name` gives."""

    def attribute(self, type_name: str, attr: str) -> str | None:
        """The type of an attribute that is no method."""

    def handed_on(self, name: str, count: int) -> str | None:
        """The argument (position or keyword) that a call of `name` with so many by position gives back, if it does."""

    def gives_receiver(self, name: str) -> bool:
        """The method gives the object it is called on."""

    def handled(self, decorator: str, function: str, place: int) -> str | None:
        """The type of a handler's parameter, by its decorator."""

    def injected(self, name: str) -> tuple[str, str] | None:
        """The position and keyword of what a mark of dependency injection is passed."""


class Types:
    """Infers values; every answer is kept. None is unknown."""

    def __init__(self, program: Program, catalogue: Catalogue) -> None:
        self.program = program
        self.catalogue = catalogue
        self.symbols = Symbols(program, catalogue)
        self.attributes = Attributes(self)
        self._names: dict[tuple[FunctionId, str], Value | None] = {}
        self._results: dict[tuple[FunctionId, int], Value | None] = {}
        self._returns: dict[FunctionRef, Value | None] = {}
        self._makers: Recent[FunctionId, dict[int, Event]] = Recent(_EVENTS, len)
        self._bindings: Recent[FunctionId, Mapping[str, list[Event]]] = Recent(_EVENTS, len)
        self.holders = Holders(self)
        self.injection = Injection(self)
        self._depth = 0

    def infer(self, expr: Expr, at: FunctionId) -> Value | None:
        """What the expression stands for inside the function `at`."""
        if self._depth > _MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return self._infer(expr, at)
        finally:
            self._depth -= 1

    def _infer(self, expr: Expr, at: FunctionId) -> Value | None:
        match expr:
            case Name(id=name):
                return self.name(name, at)
            case Temp(index=index):
                return self._result(index, at)
            case Attribute(value=value, attr=attr):
                owner = self.infer(value, at)
                return (
                    self.holders.attribute(attr)
                    if owner is None
                    else self.attributes.of(owner, attr)
                )
            case Call(func=func, arguments=arguments):
                return self.called(self.infer(func, at), arguments, at, func)
            case Operator(op="or" | "and", operands=operands):
                return agreed([self.infer(part, at) for part in operands])
            case Conditional(body=body, orelse=orelse):
                return agreed([self.infer(body, at), self.infer(orelse, at)])
            case Subscript(value=value, index=Literal(kind="int", value=int() as number)):
                whole = self.infer(value, at)
                if isinstance(whole, Pair) and 0 <= number < len(whole.items):
                    return whole.items[number]
                return None
            case Container(kind="tuple" | "list", items=items):
                return Pair(tuple(self.infer(item, at) for item in items))
            case Literal(kind=kind):
                return None if kind in ("none", "ellipsis") else Instance(f"builtins.{kind}")
            case _:
                return None

    def name(self, name: str, at: FunctionId) -> Value | None:
        """What a name stands for inside the function `at`: its own scope, those around it, the module."""
        if at.unit == 0 and at.number == 0:
            return self.module_name(at.path, name)
        is_variable = "@" in name and name.rpartition("@")[2].isdecimal()  # a comprehension's own
        owner = at if is_variable else self.program.local_to(name, at)
        function = self.program.function(owner) if owner is not None else None
        if owner is None or function is None:
            return self.module_name(at.path, name)
        return self._local(name, owner, function)

    def module_name(self, path: str, name: str) -> Value | None:
        """What a name stands for at module level."""
        found = self.symbols.in_module(path, name)
        return self.settled(found)

    def settled(self, found: Value | Assigned | None) -> Value | None:
        """The value of a module variable in place of its name."""
        if not isinstance(found, Assigned):
            return found
        module = FunctionId(found.path, 0, 0)
        function = self.program.function(module)
        if function is None:
            return None
        value = self._local(found.name, module, function)
        return value if value is not None else self.holders.global_variable(found)

    def _local(self, name: str, at: FunctionId, function: Function) -> Value | None:
        key = (at, name)
        if key not in self._names:
            self._names[key] = None
            self._names[key] = self._bound(name, at, function)
        return self._names[key]

    def _bound(self, name: str, at: FunctionId, function: Function) -> Value | None:
        found: list[Value | None] = []
        imported: list[Value | None] = []
        if any(parameter.name == name for parameter in function.parameters):
            given = self._parameter(name, at, function)
            if given is not None:
                return given
        bindings = self._bindings.get(at) or self._bindings.keep(at, binders(function))
        for event in in_force(bindings.get(name, ()), function):
            match event:
                case AssignEvent(value=value, annotation=annotation):
                    if annotation is not None:
                        typed = hints.read(annotation, self, at)
                        if typed is not None:
                            return typed
                    if not (isinstance(value, Literal) and value.kind == "none"):
                        found.append(self.infer(value, at))
                case ImportEvent(imports=imports):
                    for item in imports:
                        if item.bound == name:
                            imported.append(self.settled(self.symbols.imported(item, at.path)))
                case _:
                    found.append(self._defined(name, at, function))
        known = [
            v for v in imported if isinstance(v, External) and self.catalogue.knows_module(v.name)
        ]
        return agreed(
            [*found, *(known or imported)]
        )  # of alternatives, the one of which something is known

    def _defined(self, name: str, at: FunctionId, function: Function) -> Value | None:
        """A function or class written in the function `at`."""
        ref = self.program.ref_of(at)
        if ref is None and function.kind != "module":
            return None
        members = self.program.members(at.path, ref.head if ref is not None else -1)
        if name not in members:
            return None
        head = self.program.files[at.path].skeleton.heads[members[name]]
        make = ClassRef if head.kind == "class" else FunctionRef
        return make(at.path, members[name])

    def _parameter(self, name: str, at: FunctionId, function: Function) -> Value | None:
        first = function.parameters[0].name if function.parameters else ""
        cls = self.program.class_of(at)
        if cls is not None and name == first:
            decorators = self.program.decorators(FunctionRef(at.path, self._head(at)))
            if "staticmethod" not in decorators:
                return cls if "classmethod" in decorators else ObjectRef(cls.path, cls.head)
        for parameter in function.parameters:
            if parameter.name == name:
                if parameter.annotation is not None:
                    typed = hints.read(parameter.annotation, self, self.around(at, function))
                    if typed is not None:
                        return typed
                given = self.injection.dependency(parameter, at, function)
                if given is not None:
                    return self.injection.value(given)
                default = parameter.default
                if default is not None and not isinstance(default, Literal):
                    return self.infer(default, self.around(at, function))
        return self.injection.handled(name, at, function)

    def _head(self, at: FunctionId) -> int:
        return self.program.files[at.path].skeleton.units[at.unit].head

    def around(self, at: FunctionId, function: Function) -> FunctionId:
        """The scope in which a function's annotations and defaults are evaluated."""
        if function.parent >= 0:
            return FunctionId(at.path, at.unit, function.parent)
        return FunctionId(at.path, 0, 0)

    def makers(self, at: FunctionId) -> dict[int, Event]:
        """The event behind each result of a function's graph."""
        return self._makers.get(at) or self._makers.keep(at, makers(self.program.function(at)))

    def maker(self, expr: Expr | None, at: FunctionId) -> Event | None:
        """The event that made the value, if the expression is the result of one."""
        return self.makers(at).get(expr.index) if isinstance(expr, Temp) else None

    def _result(self, index: int, at: FunctionId) -> Value | None:
        key = (at, index)
        if key not in self._results:
            self._results[key] = None
            match self.makers(at).get(index):
                case CallEvent(func=func, arguments=arguments):
                    value = self.called(self.infer(func, at), arguments, at, func)
                case AwaitEvent(value=awaited):
                    value = self.infer(awaited, at)
                case WithEnterEvent(value=manager):
                    value = self.entered(self.infer(manager, at))
                case _:
                    value = None
            self._results[key] = value
        return self._results[key]

    def called(
        self, func: Value | None, arguments: tuple[Argument, ...], at: FunctionId, callee: Expr
    ) -> Value | None:
        """What a call gives."""
        match func:
            case External(name="builtins.super") if not arguments:
                return self._super(at)
            case External(name=name):
                if self.catalogue.gives_receiver(name) and isinstance(callee, Attribute):
                    return self.infer(callee.value, at)
                count = sum(argument.keyword is None for argument in arguments)
                place = self.catalogue.handed_on(name, count)
                if place is not None:
                    given = argument_at(arguments, place)
                    return None if given is None else self.infer(given.value, at)
                whole = self.catalogue.handed_on(name, 1)  # its arguments by place are shifted
                if whole is not None and (given := argument_at(arguments, whole)) is not None:
                    found = self.infer(given.value, at)
                    return found if isinstance(found, External) else None
                given_type = self.catalogue.returned(name)
                if given_type is not None:
                    return Instance(given_type)
                last = name.rpartition(".")[2]
                return Instance(self.catalogue.canonical(name)) if last[:1].isupper() else None
            case Instance(type=type_name):
                given_type = self.catalogue.returned(f"{type_name}.__call__")
                return Instance(given_type) if given_type is not None else None
            case ClassRef(path=path, head=head):
                return ObjectRef(path, head)
            case FunctionRef():
                return self.returned(func)
            case ObjectRef():
                method = self.attributes.of(func, "__call__")
                return self.returned(method) if isinstance(method, FunctionRef) else None
            case _:
                return None

    def _super(self, at: FunctionId) -> Value | None:
        """The object seen as one of its next class."""
        cls = self.program.class_of(at)
        bases = self.attributes.bases(cls) if cls is not None else ()
        for base in bases:
            if isinstance(base, ClassRef):
                return ObjectRef(base.path, base.head)
            if isinstance(base, External) and self.catalogue.is_type(base.name):
                return Instance(self.catalogue.canonical(base.name))
        return None

    def returned(self, ref: FunctionRef) -> Value | None:
        """What a project function gives: its annotation, else what its returns agree on."""
        ref = ref._replace(bound=False)
        if ref not in self._returns:
            self._returns[ref] = None
            self._returns[ref] = self._returned(ref)
        return self._returns[ref]

    def _returned(self, ref: FunctionRef) -> Value | None:
        at = self.program.function_id(ref)
        function = self.program.function(at) if at is not None else None
        if at is None or function is None:
            return None
        decorators = self.program.decorators(ref)
        manager = bool(decorators & {"contextmanager", "asynccontextmanager"})
        if function.returns is not None:
            typed = hints.read(function.returns, self, self.around(at, function))
            if typed is not None:
                return Context(typed) if manager else typed
        wanted = YieldEvent if function.is_generator else ReturnEvent
        if function.is_generator and not manager:
            return None
        values = [
            self.infer(event.value, at)
            for event in function.graph.events
            if isinstance(event, wanted)
            and event.value is not None
            and not (isinstance(event.value, Literal) and event.value.kind == "none")
        ]
        common = agreed(values)
        return Context(common) if manager else common

    def entered(self, manager: Value | None) -> Value | None:
        """What `with manager as x` binds."""
        match manager:
            case Context(value=value):
                return value
            case Instance(type=type_name):
                given = self.catalogue.returned(f"{type_name}.__enter__")
                given = given or self.catalogue.returned(f"{type_name}.__aenter__")
                return Instance(given) if given is not None else manager
            case ObjectRef():
                for name in ("__enter__", "__aenter__"):
                    method = self.attributes.of(manager, name)
                    if isinstance(method, FunctionRef):
                        return self.returned(method)
                return manager
            case _:
                return None

    def member(self, module: ModuleRef, name: str) -> Value | None:
        """The attribute of a module of the project."""
        return self.settled(self.symbols.member(module, name))


def argument_at(arguments: tuple[Argument, ...], place: str) -> Argument | None:
    """The argument at a position ("0") or of a keyword."""
    if place.isdigit():
        positional = [a for a in arguments if a.keyword is None]
        return positional[int(place)] if int(place) < len(positional) else None
    return next((a for a in arguments if a.keyword == place), None)
