"""Decorators, from their text in skeletons: what they are, and with which text they are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.labels import Registration
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Value
from conn_lint.model.expression import Literal
from conn_lint.model.flow import AssignEvent, CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_DECORATOR = re.compile(r"([\w.]+)\s*(?:\((.*)\)\s*)?\Z", re.DOTALL)
_FIRST_TEXT = re.compile(
    r"\s*(?:(?:path|rule|uri|url|endpoint)\s*=\s*)?[rRbBuUfF]{0,2}(\"\"\"|'''|\"|')(.*?)\1",
    re.DOTALL,
)
_METHODS = re.compile(r"\bmethods?\s*=\s*([\[({][^\])}]*|[\"'][^\"']*[\"'])")
_WORD = re.compile(r"[A-Za-z]+")
_PREFIXES = ("prefix", "url_prefix")


class Decoration(NamedTuple):
    """A decorator as written: the dotted name, and the text between its brackets."""

    callee: str
    arguments: str

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.callee.rpartition(".")[2]

    @property
    def first_text(self) -> str | None:
        """Its first argument, if that is a text."""
        found = _FIRST_TEXT.match(self.arguments)
        return found[2] if found else None

    @property
    def methods(self) -> tuple[str, ...]:
        """The verbs in `methods=[...]`."""
        found = _METHODS.search(self.arguments)
        return tuple(_WORD.findall(found[1])) if found else ()


class Resolved(NamedTuple):
    """What a decorator's name stands for, and what it is an attribute of."""

    receiver: Value | None
    value: Value | None


def read_decoration(text: str) -> Decoration | None:
    """The parts of a decorator; None for one that is no plain name or call of one."""
    found = _DECORATOR.match(text)
    return Decoration(found[1], found[2] or "") if found else None


class Decorators:
    """Resolves the names of decorators where they stand, without the tree of what they decorate."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._types = analysis.types
        self._program = analysis.program

    def of(self, ref: FunctionRef | ClassRef) -> list[Decoration]:
        """The decorators of a function or class, from top to bottom."""
        found = map(read_decoration, self._program.head(ref).decorators)
        return [decoration for decoration in found if decoration is not None]

    def resolve(self, ref: FunctionRef | ClassRef, decoration: Decoration) -> Resolved:
        """What the name of the decorator stands for."""
        first, *rest = decoration.callee.split(".")
        receiver: Value | None = None
        value = self._first(ref, first)
        for attr in rest:
            receiver = value
            value = (
                self._types.holders.attribute(attr)
                if value is None
                else self._types.attributes.of(value, attr)
            )
        return Resolved(receiver, value)

    def _first(self, ref: FunctionRef | ClassRef, name: str) -> Value | None:
        parent = self._program.head(ref).parent
        if parent < 0:
            return self._types.module_name(ref.path, name)
        around = self._program.files[ref.path].skeleton.heads[parent]
        if around.kind == "class":
            index = self._program.members(ref.path, parent).get(name)
            if index is not None:
                return FunctionRef(ref.path, index)
            at = self._program.function_id(ClassRef(ref.path, parent))
        else:
            at = self._program.function_id(FunctionRef(ref.path, parent))
        return self._types.name(name, at or FunctionId(ref.path, 0, 0))

    def registration(
        self, ref: FunctionRef | ClassRef, decoration: Decoration, attr: str
    ) -> Registration:
        """How it registers what it decorates: the route has the prefix of its router."""
        path = decoration.first_text
        if path is not None and (not path or path.startswith("/")):
            path = self._prefix(ref, decoration) + path
        return Registration(attr, path, decoration.methods)

    def _prefix(self, ref: FunctionRef | ClassRef, decoration: Decoration) -> str:
        """The `prefix=` with which the receiver was made at module level."""
        first, _, _ = decoration.callee.partition(".")
        found = self._types.symbols.in_module(ref.path, first)
        if not isinstance(found, Assigned):
            return ""
        at = FunctionId(found.path, 0, 0)
        function = self._program.function(at)
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and event.target == found.name:
                maker = self._types.maker(event.value, at)
                for argument in maker.arguments if isinstance(maker, CallEvent) else ():
                    match argument.value:
                        case Literal(kind="str", value=str(text)):
                            if argument.keyword in _PREFIXES:
                                return text.rstrip("/")
                        case _:
                            pass
        return ""
