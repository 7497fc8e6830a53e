"""What `value.attr` stands for: members of modules, methods, properties, attributes assigned in a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.link import hints
from conn_lint.link.extended import Extended
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ModuleRef,
    ObjectRef,
    Value,
)
from conn_lint.model.expression import Attribute, Expr, Literal, Name
from conn_lint.model.flow import AssignEvent, StoreEvent

if TYPE_CHECKING:
    from conn_lint.link.types import Types

_PROPERTIES = {"property", "cached_property", "cachedproperty", "reify", "hybrid_property"}
_MAX_BASES = 20


class Attributes:
    """Looks attributes up; a class is looked through with its bases."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._program = types.program
        self._extended = Extended(types)
        self._bases: dict[ClassRef, tuple[Value, ...]] = {}
        self._ancestries: dict[ClassRef, tuple[Value, ...]] = {}
        self._unfinished = 0
        self._fields: dict[tuple[ClassRef, str], Value | None] = {}

    def of(self, value: Value | None, attr: str) -> Value | None:
        """What `value.attr` stands for."""
        match value:
            case External(name=name):
                given = self._types.catalogue.attribute(name, attr)
                return Instance(given) if given is not None else External(f"{name}.{attr}")
            case Instance(type=type_name):
                given = self._types.catalogue.attribute(type_name, attr)
                if given is not None:
                    return Instance(given)
                library = External(f"{type_name}.{attr}")
                if self._types.catalogue.has_member(type_name, attr):
                    return library  # a subclass that overrides it says nothing of the others
                return self._extended.attribute(type_name, attr) or library
            case ModuleRef():
                return self._types.member(value, attr)
            case ClassRef():
                return self._in_class(value, attr, bound=False)
            case ObjectRef():
                return self._in_class(value.cls, attr, bound=True)
            case _:
                return None

    def method(self, ref: ClassRef, name: str) -> FunctionRef | None:
        """The method as written in the class or the nearest base."""
        for cls in self.ancestry(ref):
            if isinstance(cls, ClassRef):
                index = self._program.members(cls.path, cls.head).get(name)
                if index is not None:
                    return FunctionRef(cls.path, index)
        return None

    def ancestry(self, ref: ClassRef) -> tuple[Value, ...]:
        """The class and its bases, depth first; strangers among them are External."""
        if ref in self._ancestries:
            return self._ancestries[ref]
        found: list[Value] = []
        todo: list[Value] = [ref]
        while todo and len(found) < _MAX_BASES:
            cls = todo.pop(0)
            if cls in found:
                continue
            found.append(cls)
            if isinstance(cls, ClassRef):
                todo = [*self.bases(cls), *todo]
        ancestry = tuple(found)
        if not self._unfinished:  # bases that are being resolved have none yet
            self._ancestries[ref] = ancestry
        return ancestry

    def bases(self, ref: ClassRef) -> tuple[Value, ...]:
        """The direct bases that can be resolved."""
        if ref not in self._bases:
            self._bases[ref] = ()
            self._unfinished += 1
            head = self._program.head(ref)
            found = []
            for text in head.bases:
                plain = text.partition("[")[0].partition("(")[0].strip()
                if plain and "=" not in plain and all(p.isidentifier() for p in plain.split(".")):
                    value = self._types.infer(_expr(plain), FunctionId(ref.path, 0, 0))
                    if isinstance(value, ClassRef | External):
                        found.append(value)
            self._unfinished -= 1
            self._bases[ref] = tuple(found)
        return self._bases[ref]

    def _in_class(self, ref: ClassRef, attr: str, *, bound: bool) -> Value | None:
        for cls in self.ancestry(ref):
            if isinstance(cls, External):
                if self._types.catalogue.is_type(cls.name):
                    return self.of(Instance(self._types.catalogue.canonical(cls.name)), attr)
                continue
            if not isinstance(cls, ClassRef):
                continue
            own = self.own(cls, attr, bound=bound)
            if own is not None:
                return own
        return None

    def own(self, cls: ClassRef, attr: str, *, bound: bool = True) -> Value | None:
        """What the class itself, without its bases, says of a member or field."""
        index = self._program.members(cls.path, cls.head).get(attr)
        if index is not None:
            return self._member(cls, index, bound=bound)
        return self.field(cls, attr)

    def _member(self, cls: ClassRef, index: int, *, bound: bool) -> Value | None:
        head = self._program.files[cls.path].skeleton.heads[index]
        if head.kind == "class":
            return ClassRef(cls.path, index)
        decorators = self._program.decorators(FunctionRef(cls.path, index))
        if bound and decorators & _PROPERTIES:
            return self._types.returned(FunctionRef(cls.path, index))
        takes_self = "staticmethod" not in decorators and (bound or "classmethod" in decorators)
        return FunctionRef(cls.path, index, takes_self)

    def field(self, cls: ClassRef, attr: str) -> Value | None:
        """The attribute as assigned in the class's body or on `self` in its methods."""
        key = (cls, attr)
        if key not in self._fields:
            self._fields[key] = None
            self._fields[key] = self._field(cls, attr)
        return self._fields[key]

    def _field(self, cls: ClassRef, attr: str) -> Value | None:
        found: set[Value] = set()
        for at, value, annotation in self.assignments(cls, attr):
            if annotation is not None:
                typed = hints.read(annotation, self._types, at)
                if typed is not None:
                    return typed
            given = self._types.infer(value, at)
            if given is not None:
                found.add(given)
        return found.pop() if len(found) == 1 else None

    def assignments(self, cls: ClassRef, attr: str) -> list[tuple[FunctionId, Expr, Expr | None]]:
        """All values that the class gives to an attribute of its objects or of itself; `None` left out."""
        found: list[tuple[FunctionId, Expr, Expr | None]] = []
        inner = self._program.unit_head(cls.path, self._program.head(cls).unit) >= 0
        bound = inner or self._program.words.binds(cls.path, attr)
        body = self._program.function_id(cls) if bound else None
        function = self._program.function(body) if body is not None else None
        if body is not None and function is not None:
            for event in function.graph.events:
                if isinstance(event, AssignEvent) and event.target == attr:
                    found.append((body, event.value, event.annotation))
        for method in self._program.methods(cls):
            number = self._program.head(method).unit
            if not self._program.words.stores(method.path, number, attr):
                continue
            at = self._program.function_id(method)
            function = self._program.function(at) if at is not None else None
            if at is None or function is None or not function.parameters:
                continue
            me = function.parameters[0].name
            for event in function.graph.events:
                match event:
                    case StoreEvent(target=Attribute(value=Name(id=owner), attr=name), value=value):
                        if owner == me and name == attr:
                            found.append((at, value, getattr(event, "annotation", None)))
                    case _:
                        pass
        return [
            item
            for item in found
            if item[2] is not None
            or not (isinstance(item[1], Literal) and item[1].kind in ("none", "ellipsis"))
        ]


def _expr(text: str) -> Expr:
    first, *rest = text.split(".")
    expr: Expr = Name(first)
    for attr in rest:
        expr = Attribute(expr, attr)
    return expr
