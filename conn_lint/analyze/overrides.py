"""Which methods a call may come to: those of subclasses behind an abstract one, or all of a telling name."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Value

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_FOUND = 12
_TELLING = 8


class Overrides:
    """Asks of skeletons, once for each method."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._methods: dict[str, list[FunctionRef]] | None = None
        self._memo: dict[FunctionRef, tuple[FunctionRef, ...]] = {}

    def of(self, ref: FunctionRef) -> tuple[FunctionRef, ...]:
        """What subclasses put in place of a method that says nothing itself."""
        if not ref.bound:
            return ()
        if ref not in self._memo:
            self._memo[ref] = self._find(ref)
        return self._memo[ref]

    def _find(self, ref: FunctionRef) -> tuple[FunctionRef, ...]:
        head = self._program.head(ref)
        if head.parent < 0 or not self._is_abstract(ref):
            return ()
        found = [
            self._bound(FunctionRef(cls.path, index))
            for cls in self.below(ClassRef(ref.path, head.parent))
            if (index := self._program.members(cls.path, cls.head).get(head.name)) is not None
        ]
        return tuple(found[:_MAX_FOUND])

    def _bound(self, ref: FunctionRef) -> FunctionRef:
        return ref._replace(bound="staticmethod" not in self._program.decorators(ref))

    def _is_abstract(self, ref: FunctionRef) -> bool:
        if "abstractmethod" in self._program.decorators(ref):
            return True
        if not self._analysis.may_be_abstract(ref):
            return False
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        return function is not None and self._analysis.is_abstract(ref, function)

    def is_unlikely(self, one: ClassRef | None, target: FunctionId, caller: FunctionId) -> bool:
        """The method belongs to another way to do what the class does, and the caller does not name it.

        An object of one implementation hardly comes upon one of another behind their base.
        """
        other = self._program.class_of(target)
        if one is None or other is None or one == other:
            return False
        named = self._program.words.mentions(
            caller.path, caller.unit, {self._program.head(other).name}
        )
        return not named and self._are_siblings(one, other)

    def _are_siblings(self, one: ClassRef, other: ClassRef) -> bool:
        mine = [c for c in self._ancestry(one) if isinstance(c, ClassRef)]
        theirs = [c for c in self._ancestry(other) if isinstance(c, ClassRef)]
        return one not in theirs and other not in mine and not set(mine).isdisjoint(theirs)

    def _ancestry(self, cls: ClassRef) -> tuple[Value, ...]:
        return self._analysis.types.attributes.ancestry(cls)

    def below(self, cls: ClassRef) -> list[ClassRef]:
        """Subclasses, and theirs, by the names of their bases."""
        found: list[ClassRef] = []
        todo = [cls]
        while todo and len(found) < _MAX_FOUND:
            name = self._program.head(todo.pop()).name
            for below in self._program.classes_by_base.get(name, ()):
                if below not in found and not self._program.files[below.path].is_test:
                    found.append(below)
                    todo.append(below)
        return found

    def by_name(self, name: str) -> tuple[FunctionRef, ...]:
        """The methods of a name that hardly means two things, if few classes define it."""
        plain = name.strip("_")
        if len(name) < _TELLING or ("_" not in plain and plain == plain.lower()):
            return ()
        if self._methods is None:
            self._methods = defaultdict(list)
            for path, file in self._program.files.items():
                heads = file.skeleton.heads
                for index, head in enumerate(heads):
                    in_class = head.parent >= 0 and heads[head.parent].kind == "class"
                    if head.kind == "function" and in_class and not file.is_test:
                        self._methods[head.name].append(self._bound(FunctionRef(path, index)))
        found = [ref for ref in self._methods.get(name, ()) if not self._is_abstract(ref)]
        return tuple(found) if len(found) <= _MAX_FOUND else ()

    def is_interface(self, name: str) -> bool:
        """Some class only promises the method, so that those of this name are one thing."""
        self.by_name(name)
        return any(self._is_abstract(ref) for ref in (self._methods or {}).get(name, ()))
