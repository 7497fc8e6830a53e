"""What frameworks give to parameters: by dependency injection, and to handlers by their decorators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.link.symbols import Assigned
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ModuleRef,
    ObjectRef,
    Value,
    agreed,
)
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Container,
    Expr,
    Name,
    Subscript,
)
from conn_lint.model.flow import AssignEvent, CallEvent, ReturnEvent, YieldEvent
from conn_lint.model.summary import Function, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conn_lint.link.types import Types

_MAX_GROUPS = 3


class Injection:
    """Reads `x: T = Depends(get)`, `x: Annotated[T, Depends(get)]` and names for such annotations."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._memo: dict[tuple[FunctionId, str], FunctionRef | ClassRef | None] = {}

    def dependency(
        self, parameter: Parameter, at: FunctionId, function: Function
    ) -> FunctionRef | ClassRef | None:
        """The function or class of the project whose result the parameter is."""
        key = (at, parameter.name)
        if key not in self._memo:
            self._memo[key] = None
            self._memo[key] = self._find(parameter, self._types.around(at, function))
        return self._memo[key]

    def _find(self, parameter: Parameter, at: FunctionId) -> FunctionRef | ClassRef | None:
        for expr, place in self._marks(parameter, at):
            found = self.marked(expr, parameter.annotation, place)
            if found is not None:
                return found
        return None

    def _marks(self, parameter: Parameter, at: FunctionId) -> list[tuple[Expr, FunctionId]]:
        """The default, and what stands beside the type in an annotation."""
        found: list[tuple[Expr, FunctionId]] = []
        if parameter.default is not None:
            found.append((parameter.default, at))
        annotation = parameter.annotation
        if isinstance(annotation, Name | Attribute):
            written = self.written(annotation, at)
            if written is not None:
                annotation, at = written
        if isinstance(annotation, Subscript) and isinstance(annotation.index, Container):
            found.extend((item, at) for item in annotation.index.items[1:])
        return found

    def marked(
        self, expr: Expr, annotation: Expr | None, at: FunctionId
    ) -> FunctionRef | ClassRef | None:
        """What `Depends(get)` is passed; the annotation's class where that is left out."""
        call = expr if isinstance(expr, Call) else self._types.maker(expr, at)
        if not isinstance(call, Call | CallEvent):
            return None
        func = self._types.infer(call.func, at)
        mark = self._types.catalogue.injected(func.name) if isinstance(func, External) else None
        if mark is None:
            return None
        given = _given(call.arguments, mark)
        value = self._types.infer(given, at) if given is not None else None
        if given is None and annotation is not None:
            value = self._types.infer(_plain(annotation), at)
        if value is None and given is not None:
            value = self._factory(given, at)
        return value if isinstance(value, FunctionRef | ClassRef) else None

    def _factory(self, given: Expr, at: FunctionId) -> Value | None:
        """`Depends(make())`, where make returns a function written in it."""
        call = given if isinstance(given, Call) else self._types.maker(given, at)
        func = self._types.infer(call.func, at) if isinstance(call, Call | CallEvent) else None
        if not isinstance(func, FunctionRef):
            return None
        program = self._types.program
        inner = program.function_id(func)
        function = program.function(inner) if inner is not None else None
        if inner is None or function is None:
            return None
        return agreed(
            self._types.infer(event.value, inner)
            for event in function.graph.events
            if isinstance(event, ReturnEvent) and event.value is not None
        )

    def value(self, given: FunctionRef | ClassRef) -> Value | None:
        """What the parameter is: what the function returns or yields, or an object of the class."""
        if isinstance(given, ClassRef):
            return ObjectRef(given.path, given.head)
        found = self._types.returned(given)
        if found is not None:
            return found
        program = self._types.program
        at = program.function_id(given)
        function = program.function(at) if at is not None else None
        if at is None or function is None or not function.is_generator:
            return None
        return agreed(
            self._types.infer(event.value, at)
            for event in function.graph.events
            if isinstance(event, YieldEvent) and event.value is not None
        )

    def handled(self, name: str, at: FunctionId, function: Function) -> Value | None:
        """What a framework calls a handler with, which its decorator tells."""
        types = self._types
        if function.kind != "function":
            return None
        names = [parameter.name for parameter in function.parameters]
        place = names.index(name) - (types.program.class_of(at) is not None)
        for dotted in self._decorators(at, function):
            given = types.catalogue.handled(dotted, function.name, place)
            if given is not None:
                return Instance(types.catalogue.canonical(given))
        cls = types.program.class_of(at)
        if cls is None or not types.program.head(cls).bases:
            return None
        for base in types.attributes.ancestry(cls):
            if isinstance(base, External):
                given = types.catalogue.handled(base.name, function.name, place)
                if given is not None:
                    return Instance(types.catalogue.canonical(given))
        return None

    def _decorators(self, at: FunctionId, function: Function, depth: int = 0) -> Iterator[str]:
        """What decorates a function; under `@group.command()` also what decorates the group."""
        types = self._types
        for decorator in function.decorators:
            func = decorator.func if isinstance(decorator, Call) else decorator
            of = func.value if isinstance(func, Attribute) and depth < _MAX_GROUPS else None
            group = self._beside(of, at) if isinstance(of, Name) else None
            handler = types.program.function(group) if group is not None else None
            if group is not None and handler is not None:
                yield from self._decorators(group, handler, depth + 1)
                continue
            value = types.infer(func, types.around(at, function))
            if isinstance(value, External):
                yield value.name
            elif isinstance(func, Attribute):
                yield f".{func.attr}"

    def _beside(self, name: Name, at: FunctionId) -> FunctionId | None:
        """The function that a name means where `at` is written: a method of the same class, or one of the module."""
        program = self._types.program
        cls = program.class_of(at)
        index = program.members(cls.path, cls.head).get(name.id) if cls is not None else None
        value = (
            FunctionRef(at.path, index)
            if index is not None
            else self._types.module_name(at.path, name.id)
        )
        return program.function_id(value) if isinstance(value, FunctionRef) else None

    def written(self, annotation: Expr, at: FunctionId) -> tuple[Expr, FunctionId] | None:
        """What a module variable that is used as an annotation was assigned, and where."""
        types = self._types
        found: object = None
        if isinstance(annotation, Name):
            found = types.symbols.in_module(at.path, annotation.id)
        elif isinstance(annotation, Attribute):
            owner = types.infer(annotation.value, at)
            if isinstance(owner, ModuleRef):
                found = types.symbols.member(owner, annotation.attr)
        if not isinstance(found, Assigned):
            return None
        module = FunctionId(found.path, 0, 0)
        function = types.program.function(module)
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and event.target == found.name:
                return event.value, module
        return None


def _plain(annotation: Expr) -> Expr:
    """The type in `Annotated[T, ...]`."""
    if isinstance(annotation, Subscript) and isinstance(annotation.index, Container):
        return annotation.index.items[0]
    return annotation


def _given(arguments: tuple[Argument, ...], mark: tuple[str, str]) -> Expr | None:
    position, keyword = mark
    positional = [a.value for a in arguments if a.keyword is None]
    for argument in arguments:
        if argument.keyword == keyword:
            return argument.value
    return positional[int(position)] if int(position) < len(positional) else None
