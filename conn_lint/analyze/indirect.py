"""Callers that do not name what they call: tables, aliases of annotations, providers, with-blocks, called objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.references import last
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, ObjectRef
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Call, Container, Expr, Name, Temp, walk
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    Event,
    StoreEvent,
    WithEnterEvent,
    expressions,
)
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Caller(NamedTuple):
    """One place that leads to a function. `node` is its event's, -1 where it lies outside the graph.

    `how` is call, construct (the class is called), pass (given to a call as argument number `argument`), refer,
    enter (a with-block), read (a property), decorate (the function decorates what is written there), wrap (it runs
    when the decorated `at` does), inject (a default or annotation of `at`), inside (written in `at`), made (given to
    `at`, which keeps it). `sure` is False where only the method's name says so.
    """

    at: FunctionId
    node: int
    how: str
    argument: int = -1
    sure: bool = True
    outside: Call | None = None  # the call outside the graph that it is given to
    maker: tuple[FunctionId, int] | None = None  # the call that gave it, if another gives it back


class Indirect:
    """Looks for those who use what a place keeps or makes."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types

    def through(self, caller: Caller, target: FunctionRef | ClassRef) -> Iterator[Caller]:
        """The caller itself, or, where it only puts the function somewhere, those who use it from there."""
        function = self._program.function(caller.at)
        event = function.graph.events[caller.node] if function and caller.node >= 0 else None
        if caller.how == "table" and isinstance(event, AssignEvent):
            yield from self._readers(event.target)
            yield from self._annotated(caller.at, event.target, target)
        elif caller.how == "pass" and function is not None and isinstance(event, CallEvent):
            kept = self._kept(event, caller) if isinstance(target, ClassRef) else None
            if kept is not None:
                yield from kept
                return
            yield caller
            if function.kind in ("class", "module") and self._is_provider(event, caller.at):
                yield from self._provided(caller.at, function, event)
        else:
            yield caller
            if caller.how == "refer" and isinstance(target, FunctionRef) and event is not None:
                yield from self._renamed(caller.at, function, event, target)

    def _renamed(
        self, at: FunctionId, function: Function | None, event: Event, target: FunctionRef
    ) -> Iterator[Caller]:
        """Who calls the function by the attribute or variable that it is put on there."""
        match event:
            case StoreEvent(target=Attribute(value=Name(), attr=name), value=value):
                cls = self._program.class_of(at)
            case AssignEvent(target=name, value=value) if function and function.kind == "class":
                ref = self._program.ref_of(at)
                cls = ref if isinstance(ref, ClassRef) else None
            case AssignEvent(target=name, value=value) if function and function.kind == "module":
                if isinstance(value, Name | Attribute):
                    keys = self._analysis.mentions.of_variable(name, at.path)
                    yield from self._calling_it(keys, name, target)
                return
            case _:
                return
        if cls is None:
            return
        units = {
            (method.path, self._program.head(method).unit)
            for own in (cls, *self._analysis.mentions.subclasses(cls))
            for method in self._program.methods(own)
            if self._program.mentions(method, {name})
        }
        if isinstance(value, Container):
            for place, inner in self._functions(sorted(units)):
                for node, other in enumerate(inner.graph.events):
                    if place != at and isinstance(other, CallEvent) and _mentions(other, name):
                        yield Caller(place, node, "refer", sure=False)
                        break
        else:
            yield from self._calling_it(sorted(units), name, target)

    def _calling_it(
        self, keys: Iterable[UnitKey], name: str, target: FunctionRef
    ) -> Iterator[Caller]:
        """Calls by the name that come to the function."""
        for place, inner in self._functions(keys):
            if self._program.files[place.path].is_test:
                continue
            for node, other in enumerate(inner.graph.events):
                if isinstance(other, CallEvent) and last(other.func) == name:
                    value = self._types.infer(other.func, place)
                    if isinstance(value, FunctionRef) and _same(value, target):
                        yield Caller(place, node, "call")

    def _kept(self, event: CallEvent, caller: Caller) -> list[Caller] | None:
        """Who makes objects of a class that a function of the project only keeps; None if it may make them itself."""
        callee = self._analysis.calls.callee(event, caller.at)
        if isinstance(callee, ClassRef):
            callee = self._types.attributes.method(callee, "__init__")
            callee = callee._replace(bound=True) if callee is not None else None
        if not isinstance(callee, FunctionRef):
            return None
        place = self._analysis.effects.place(callee, event, caller.argument)
        at = self._program.function_id(callee)
        function = self._program.function(at) if at is not None else None
        cls = self._program.class_of(at) if at is not None else None
        if place is None or function is None or cls is None or place >= len(function.parameters):
            return None
        name = Name(function.parameters[place].name)
        attrs: set[str] = set()
        for other in function.graph.events:
            match other:
                case StoreEvent(target=Attribute(value=Name(), attr=attr), value=value) if (
                    value == name
                ):
                    attrs.add(attr)
                case None:
                    pass
                case _:
                    if any(part == name for e in expressions(other) for part in walk(e)):
                        return None
        return list(self._makers(cls, attrs))

    def _makers(self, cls: ClassRef, attrs: set[str]) -> Iterator[Caller]:
        """Calls of attributes of its own in the class's methods."""
        for method in self._program.methods(cls):
            at = self._program.function_id(method)
            function = self._program.function(at) if at is not None else None
            for node, event in enumerate(function.graph.events if function is not None else ()):
                func = event.func if isinstance(event, CallEvent) else None
                own = isinstance(func, Attribute) and isinstance(func.value, Name)
                if at is not None and own and getattr(func, "attr", "") in attrs:
                    yield Caller(at, node, "construct")

    def _readers(self, name: str) -> Iterator[Caller]:
        """Who reads a module's container may call what lies in it."""
        for at, inner in self._functions(self._analysis.mentioning(name)):
            if at.unit == 0 or self._program.files[at.path].is_test:
                continue
            for node, other in enumerate(inner.graph.events):
                if other is not None and _mentions(other, name):
                    yield Caller(at, node, "refer", sure=False)
                    break

    def _annotated(
        self, module: FunctionId, name: str, target: FunctionRef | ClassRef
    ) -> Iterator[Caller]:
        """`Cache = Annotated[Redis, Depends(get_cache)]`: the functions with a parameter that is so annotated."""
        spellings = self._analysis.mentions.names_of(name)
        keys = {key for spelling in spellings for key in self._analysis.mentioning(spelling)}
        for at, function in self._functions(sorted(keys)):
            if self._program.files[at.path].is_test:
                continue
            for parameter in function.parameters:
                mark = parameter.annotation
                last = mark.attr if isinstance(mark, Attribute) else getattr(mark, "id", "")
                if last in spellings:
                    given = self._types.injection.dependency(parameter, at, function)
                    if given is not None and _same(given, target):
                        yield Caller(at, -1, "inject")

    def _is_provider(self, event: CallEvent, at: FunctionId) -> bool:
        """It gives something new for each use."""
        name = self._analysis.calls.external_name(event, at)
        return name is not None and self._analysis.knowledge.frameworks.is_provider(name)

    def _provided(self, at: FunctionId, function: Function, event: CallEvent) -> Iterator[Caller]:
        """Who asks the container for the product: `container.cache()`, `= Provide[Container.cache]`."""
        names = {
            other.target
            for other in function.graph.events
            if isinstance(other, AssignEvent) and other.value == Temp(event.result)
        }
        owner = self._program.ref_of(at) if function.kind == "class" else None
        for name in sorted(names):
            for place, user in self._functions(self._analysis.mentioning(name)):
                if place == at or self._program.files[place.path].is_test:
                    continue

                def asks(expr: Expr, name: str = name, where: FunctionId = place) -> bool:
                    return any(self._is_product(part, name, owner, where) for part in walk(expr))

                for node, other in enumerate(user.graph.events):
                    if isinstance(other, CallEvent) and asks(other.func):
                        yield Caller(place, node, "refer")
                for parameter in user.parameters:
                    if any(
                        e is not None and asks(e) for e in (parameter.default, parameter.annotation)
                    ):
                        yield Caller(place, -1, "inject")

    def _is_product(self, expr: Expr, name: str, owner: object, at: FunctionId) -> bool:
        if owner is None:
            return expr == Name(name)
        if not isinstance(expr, Attribute) or expr.attr != name:
            return False
        value = self._types.infer(expr.value, at)
        return (value.cls if isinstance(value, ObjectRef) else value) == owner

    def used(
        self, makers: Iterable[Caller], uses: Callable[[Event, FunctionId], str]
    ) -> Iterator[Caller]:
        """The events that use an object, in functions that can have one; `makers` are the places that make it."""
        seen: set[UnitKey] = set()
        for maker in makers:
            keys = {(maker.at.path, maker.at.unit)}
            function = self._program.function(maker.at)
            if function is not None and function.name:
                keys.update(self._getters(maker.at, function.name))
            if function is not None and function.kind == "module":
                for event in function.graph.events:
                    if isinstance(event, AssignEvent) and _made_by(event.value, maker, function):
                        for name in self._analysis.mentions.names_of(event.target):
                            keys.update(self._analysis.mentioning(name))
            keys = {key for key in keys - seen if not self._program.files[key[0]].is_test}
            seen |= keys
            self._program.load(keys)
            for at, inner in self._functions(sorted(keys)):
                for node, other in enumerate(inner.graph.events):
                    how = uses(other, at) if other is not None else ""
                    if how:
                        yield Caller(at, node, how)

    def _getters(self, at: FunctionId, name: str) -> Iterable[UnitKey]:
        """The units that may have what the function makes: they name it, or it is put on their common object."""
        cls = self._program.class_of(at)
        if cls is None or not name.startswith("__"):
            return self._analysis.mentioning(name)
        return [
            (method.path, self._program.head(method).unit) for method in self._program.methods(cls)
        ]

    def registered(self, makers: Iterable[Caller]) -> Iterator[Caller]:
        """Objects that are registered like functions where they are made: `actor(SendMail())`."""
        for maker in makers:
            function = self._program.function(maker.at)
            if function is None or maker.how != "construct" or maker.node < 0:
                continue
            calls = [
                (n, e) for n, e in enumerate(function.graph.events) if isinstance(e, CallEvent)
            ]
            for node, event in calls:
                for index, argument in enumerate(event.arguments):
                    is_it = _made_by(argument.value, maker, function)
                    if is_it and self._analysis.entries.passed(event, index, maker.at) is not None:
                        yield Caller(maker.at, node, "pass", index)

    def entering(self, ref: FunctionRef) -> Callable[[Event, FunctionId], str]:
        """With-blocks over objects that have the method."""
        return lambda event, at: (
            "enter" if isinstance(event, WithEnterEvent) and self._has(event.value, at, ref) else ""
        )

    def calling(self, ref: FunctionRef) -> Callable[[Event, FunctionId], str]:
        """Calls of objects that have the method `__call__`."""
        return lambda event, at: (
            "call" if isinstance(event, CallEvent) and self._has(event.func, at, ref) else ""
        )

    def _has(self, expr: Expr, at: FunctionId, method: FunctionRef) -> bool:
        value = self._types.infer(expr, at)
        name = self._program.head(method).name
        return (
            isinstance(value, ObjectRef)
            and self._types.attributes.method(value.cls, name) == method
        )

    def _functions(self, keys: Iterable[UnitKey]) -> Iterator[tuple[FunctionId, Function]]:
        for path, number in keys:
            summary = self._program.unit(path, number)
            for index, function in enumerate(summary.functions if summary is not None else ()):
                yield FunctionId(path, number, index), function


def _same(given: FunctionRef | ClassRef, target: FunctionRef | ClassRef) -> bool:
    if isinstance(given, FunctionRef):
        given = given._replace(bound=False)
    return given == target


def _made_by(value: Expr, maker: Caller, function: Function) -> bool:
    event = function.graph.events[maker.node] if maker.node >= 0 else None
    return isinstance(event, CallEvent) and value == Temp(event.result)


def _mentions(event: Event, name: str) -> bool:
    return any(
        isinstance(part, Name | Attribute)
        and (part.attr if isinstance(part, Attribute) else part.id) == name
        for expr in expressions(event)
        for part in walk(expr)
    )
