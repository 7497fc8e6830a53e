"""What a project adds to objects of a library's type: `bot.pool = ...`, methods of its `class Bot(commands.Bot)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.link.values import ClassRef, External, FunctionId, Instance, ObjectRef, Value
from conn_lint.model.expression import Attribute
from conn_lint.model.flow import StoreEvent

if TYPE_CHECKING:
    from conn_lint.link.types import Types

_MAX_CLASSES = 12


class Extended:
    """Asks the project's classes of such a type, then what is put on such objects elsewhere."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._found: dict[tuple[str, str], Value | None] = {}
        self._classes: dict[str, tuple[ClassRef, ...]] = {}

    def attribute(self, type_name: str, attr: str) -> Value | None:
        """What `attr` is on objects of the type, if all places that say so agree."""
        key = (type_name, attr)
        if key not in self._found:
            self._found[key] = None
            given = {*self._in_classes(type_name, attr), *self._stored(type_name, attr)}
            self._found[key] = given.pop() if len(given) == 1 else None
        return self._found[key]

    def _in_classes(self, type_name: str, attr: str) -> list[Value]:
        attributes = self._types.attributes
        found = [attributes.own(ref, attr) for ref in self._derived(type_name)]
        return [value for value in found if value is not None]

    def _stored(self, type_name: str, attr: str) -> list[Value]:
        """What is put on objects of the type by their users."""
        found: list[Value] = []
        for path, number in self._types.holders.units(attr):
            summary = self._types.program.unit(path, number)
            for index, function in enumerate(summary.functions if summary is not None else ()):
                at = FunctionId(path, number, index)
                for event in function.graph.events:
                    match event:
                        case StoreEvent(target=Attribute(value=on, attr=name), value=given) if (
                            name == attr and self._is_one(self._types.infer(on, at), type_name)
                        ):
                            value = self._types.infer(given, at)
                            if isinstance(value, Instance | ObjectRef):
                                found.append(value)
                        case _:
                            pass
        return found

    def _is_one(self, value: Value | None, type_name: str) -> bool:
        canonical = self._types.catalogue.canonical
        match value:
            case Instance(type=name):
                return canonical(name) in self._types.catalogue.derived(type_name)
            case ObjectRef():
                return value.cls in self._derived(type_name)
            case _:
                return False

    def _derived(self, type_name: str) -> tuple[ClassRef, ...]:
        """The project's classes of the type, by what their bases are called."""
        if type_name not in self._classes:
            self._classes[type_name] = ()
            kinds = self._types.catalogue.derived(type_name)
            found: dict[ClassRef, None] = {}
            todo = sorted({name.rpartition(".")[2] for name in kinds})
            while todo and len(found) < _MAX_CLASSES:
                for ref in self._types.program.classes_by_base.get(todo.pop(), ()):
                    bases = self._types.attributes.bases(ref)
                    if ref not in found and any(
                        base in found or _is(base, kinds) for base in bases
                    ):
                        found[ref] = None
                        todo.append(self._types.program.head(ref).name)
            self._classes[type_name] = tuple(found)
        return self._classes[type_name]


def _is(base: Value, kinds: frozenset[str]) -> bool:
    return isinstance(base, External) and base.name in kinds
