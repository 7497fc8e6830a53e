"""Objects of project classes that keep a followed resource: on which attributes, by constructor or by type.

The role of such an object is "object:PATH|HEAD|HOW": HOW is the number of the constructor's parameter
through which it got the resource, "=attr" for the field of a class without a constructor of its own,
or "" where only the types of its attributes tell.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.roles import OWN
from conn_lint.link import hints
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Instance, ObjectRef
from conn_lint.model.expression import Attribute, Name, Subscript
from conn_lint.model.flow import AssignEvent, StoreEvent
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

OBJECT = "object:"
GLOBAL = "global"  # the role of a registry, which every function has
_MAX_DEPTH = 4
_KINDS = frozenset({"connection", "checkout"})


class Kept(NamedTuple):
    """What lies on an attribute: the resource, or an object that keeps it in turn."""

    role: str
    resource: Resource


def role_of_object(cls: ClassRef, how: str) -> str:
    """The role of an object of the class."""
    return f"{OBJECT}{cls.path}|{cls.head}|{how}"


def class_of_role(role: str) -> tuple[ClassRef, str]:
    """The class of an object by its role, and how it got the resource."""
    path, head, how = role.removeprefix(OBJECT).split("|")
    return ClassRef(path, int(head)), how


def can_be_held(resource: Resource) -> bool:
    """A connection, checkout or session of a database; what others lend is theirs to watch."""
    return resource.kind in _KINDS and resource.server in ("", "database")


class Keeping:
    """Answers for each class once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._typed: dict[ClassRef, dict[str, Kept]] = {}
        self._resources: dict[str, Resource | None] = {}

    @functools.cached_property
    def expires(self) -> bool:
        """Objects are read anew after a commit: nowhere does the project speak of the switch."""
        return not any(
            not self._program.files[path].is_test
            for path, _ in self._analysis.mentioning("expire_on_commit")
        )

    def resource_of(self, type_name: str) -> Resource | None:
        """What a value of the type is, if it can be held."""
        if type_name not in self._resources:
            found = [
                resource
                for resource in self._analysis.knowledge.value_resources(type_name)
                if can_be_held(resource)
            ]
            exact = [resource for resource in found if resource.name == type_name]
            self._resources[type_name] = next(iter(exact or found), None)
        if self._resources[type_name] is None:
            for base in self._analysis.knowledge.mro(type_name)[1:]:
                inherited = self.resource_of(base)
                if inherited is not None:
                    return inherited
        return self._resources[type_name]

    def by_type(self, cls: ClassRef, depth: int = 0) -> dict[str, Kept]:
        """The attributes of the class's objects whose types say that they keep something."""
        if cls not in self._typed:
            self._typed[cls] = {}
            found: dict[str, Kept] = {}
            for base in self._types.attributes.ancestry(cls):
                if isinstance(base, ClassRef):
                    for attr in self._attributes(base):
                        kept = self._kept(cls, attr, depth)
                        if kept is not None:
                            found.setdefault(attr, kept)
            self._typed[cls] = found
        return self._typed[cls]

    def _kept(self, cls: ClassRef, attr: str, depth: int) -> Kept | None:
        value = self._types.attributes.field(cls, attr)
        if value is None:
            for base in self._types.attributes.ancestry(cls)[1:]:
                if isinstance(base, ClassRef):
                    value = value or self._types.attributes.field(base, attr)
        if isinstance(value, Instance):
            resource = self.resource_of(value.type)
            return Kept(OWN, resource) if resource is not None else None
        if isinstance(value, ObjectRef) and depth < _MAX_DEPTH and value.cls != cls:
            inner = self.by_type(value.cls, depth + 1)
            if inner:
                return Kept(role_of_object(value.cls, ""), next(iter(inner.values())).resource)
        return None

    def _attributes(self, cls: ClassRef) -> set[str]:
        """What the class's body annotates and its constructor stores."""
        found: set[str] = set()
        body = self._program.function_id(cls)
        function = self._program.function(body) if body is not None else None
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and event.annotation is not None:
                found.add(event.target)
        index = self._program.members(cls.path, cls.head).get("__init__")
        at = self._program.function_id(FunctionRef(cls.path, index)) if index is not None else None
        init = self._program.function(at) if at is not None else None
        for event in init.graph.events if init is not None else ():
            match event:
                case StoreEvent(target=Attribute(value=Name(), attr=attr)):
                    found.add(attr)
                case _:
                    pass
        return found

    def named_annotations(self, at: FunctionId) -> set[str]:
        """Variables of a module that stand for the type of something that can be held."""
        function = self._program.function(at)
        found: set[str] = set()
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and isinstance(event.value, Subscript):
                value = hints.read(event.value, self._types, at)
                if isinstance(value, Instance) and self.resource_of(value.type) is not None:
                    found.add(event.target)
        return found

    def field_at(self, cls: ClassRef, place: int, keyword: str | None) -> str | None:
        """The field of a class without a constructor (a dataclass) that an argument fills."""
        body = self._program.function_id(cls)
        function = self._program.function(body) if body is not None else None
        fields = [
            event.target
            for event in (function.graph.events if function is not None else ())
            if isinstance(event, AssignEvent) and event.annotation is not None
        ]
        if keyword is not None:
            return keyword if keyword in fields else None
        return fields[place] if place < len(fields) else None
