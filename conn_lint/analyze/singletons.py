"""What the project makes once: objects that `__new__` or a metaclass keeps, results that its own decorators keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from conn_lint.analyze.scopes import Scope
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import CallEvent
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

Once: TypeAlias = Literal["", "kept", "made"]

_METACLASS = "metaclass="
_LASTING = (Scope.PROCESS, Scope.THREAD)
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")


class Singletons:
    """Answers for classes and functions."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._classes: dict[ClassRef, Once] = {}
        self._memos: dict[FunctionRef, bool] = {}

    def of(self, cls: ClassRef) -> Once:
        """`made`: its constructor runs once. `kept`: it has one object, whose `__init__` runs each time."""
        if cls not in self._classes:
            self._classes[cls] = ""
            self._classes[cls] = self._find(cls)
        return self._classes[cls]

    def remembers(self, ref: FunctionRef | ClassRef) -> bool:
        """A decorator keeps for good what the function gives; of a constructor, its object is made once."""
        memo = self._analysis.entries.memo(ref)
        if isinstance(ref, ClassRef):
            return memo is not None or self._by_own_decorator(ref)
        cls = self._class_of(ref)
        if memo is not None and (memo.scope != "instance" or cls is None):
            return True
        if cls is not None and self._program.head(ref).name in _CONSTRUCTORS:
            return self.of(cls) == "made"
        return self._by_own_decorator(ref)

    def _class_of(self, ref: FunctionRef) -> ClassRef | None:
        parent = self._program.head(ref).parent
        heads = self._program.files[ref.path].skeleton.heads
        is_method = parent >= 0 and heads[parent].kind == "class"
        return ClassRef(ref.path, parent) if is_method else None

    def _find(self, cls: ClassRef) -> Once:
        if self.remembers(cls) or self._analysis.entries.instance(cls) == "once":
            return "made"
        found: Once = ""
        for base in self._analysis.types.attributes.ancestry(cls):
            if not isinstance(base, ClassRef):
                continue
            meta = self._metaclass(base)
            if meta is not None and self._keeps(meta, "__call__"):
                return "made"
            if self._keeps(base, "__new__"):
                found = "kept"
        return found

    def _metaclass(self, cls: ClassRef) -> ClassRef | None:
        for text in self._program.head(cls).bases:
            plain = text.replace(" ", "")
            if plain.startswith(_METACLASS):
                first, *rest = plain.removeprefix(_METACLASS).split(".")
                value = self._analysis.types.module_name(cls.path, first)
                for attr in rest:
                    value = self._analysis.types.attributes.of(value, attr)
                return value if isinstance(value, ClassRef) else None
        return None

    def _keeps(self, cls: ClassRef, name: str) -> bool:
        """The class's own method makes the object only if it is not there yet."""
        index = self._program.members(cls.path, cls.head).get(name)
        at = self._program.function_id(FunctionRef(cls.path, index)) if index is not None else None
        function = self._program.function(at) if at is not None else None
        if at is None or function is None:
            return False
        makes = [
            node
            for node, event in enumerate(function.graph.events)
            if isinstance(event, CallEvent)
            and isinstance(event.func, Attribute)
            and event.func.attr == name
        ]
        return self._are_once(at, makes)

    def _by_own_decorator(self, ref: FunctionRef | ClassRef) -> bool:
        return any(
            isinstance(value, FunctionRef) and self._is_memo(value)
            for value in self._analysis.entries.decorated_by(ref)
        )

    def _is_memo(self, decorator: FunctionRef) -> bool:
        """The function calls what it decorates only if it has no result of it yet."""
        if decorator not in self._memos:
            self._memos[decorator] = False
            at = self._program.function_id(decorator)
            calls = list(self._calls_of_parameters(at)) if at is not None else []
            self._memos[decorator] = bool(calls) and all(
                self._are_once(inner, [node]) for inner, node in calls
            )
        return self._memos[decorator]

    def _calls_of_parameters(self, outer: FunctionId) -> Iterator[tuple[FunctionId, int]]:
        """Where functions written in it call a parameter of a function around them."""
        summary = self._program.unit(outer.path, outer.unit)
        functions = summary.functions if summary is not None else ()
        for number, function in enumerate(functions):
            given = _parameters_around(functions, function, outer.number)
            for node, event in enumerate(function.graph.events if given else ()):
                if isinstance(event, CallEvent) and isinstance(event.func, Name):
                    name = event.func.id
                    if name in given and name not in function.locals:
                        yield FunctionId(outer.path, outer.unit, number), node

    def _are_once(self, at: FunctionId, nodes: list[int]) -> bool:
        lifetimes = self._analysis.lifetimes
        return bool(nodes) and all(lifetimes.scope(at, (node,)) in _LASTING for node in nodes)


def _parameters_around(
    functions: tuple[Function, ...], function: Function, outermost: int
) -> frozenset[str]:
    """The parameters of the functions around it, up to the outermost one; none if it does not lie in that."""
    names: set[str] = set()
    parent = function.parent
    while parent >= 0:
        names.update(p.name for p in functions[parent].parameters)
        if parent == outermost:
            return frozenset(names)
        parent = functions[parent].parent
    return frozenset()
