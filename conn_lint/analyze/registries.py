"""Sessions that no variable carries: a registry at module level gives each request its own (`db.session`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conn_lint.flow import spelling
from conn_lint.link.values import ClassRef, FunctionId, Instance
from conn_lint.model.expression import Attribute, Expr, Name, walk
from conn_lint.model.flow import AssignEvent, CallEvent, Event, expressions
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.waits import Waits

_MAX_DEPTH = 3


class Registries:
    """Which names of a function stand for the registry, and which functions use it at all."""

    def __init__(self, analysis: Analysis, waits: Waits) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._waits = waits
        self._words: frozenset[str] | None = None
        self._keys: dict[FunctionId, dict[str, Resource]] = {}
        self._uses: dict[FunctionId, bool] = {}

    def words(self) -> frozenset[str]:
        """The last names under which a registry is used: attributes of libraries, variables of the project."""
        if self._words is None:
            self._words = frozenset()
            types = {r.value for r in self._analysis.knowledge.resources if _is_registry(r)}
            imported = {
                item.module.partition(".")[0]
                for file in self._program.files.values()
                for item in file.skeleton.imports
            }
            words = {
                name.rpartition(".")[2]
                for name in self._analysis.knowledge.attributes_giving(types)
                if name.partition(".")[0] in imported
            }
            makers = {name.rpartition(".")[2] for name in types}
            found = frozenset(words | self._variables(makers))
            self._words = frozenset(self._analysis.demand.with_aliases(found))
        return self._words

    def _variables(self, makers: set[str]) -> set[str]:
        """Module variables that are made by such a call."""
        found: set[str] = set()
        for path, number in {key for word in makers for key in self._analysis.mentioning(word)}:
            at = FunctionId(path, 0, 0)
            function = self._program.function(at) if number == 0 else None
            for event in function.graph.events if function is not None else ():
                if isinstance(event, AssignEvent) and self._resource(event.value, at) is not None:
                    found.add(event.target)
        return found

    def keys(self, at: FunctionId) -> dict[str, Resource]:
        """The names and attributes in the function that stand for a registry."""
        if at not in self._keys:
            self._keys[at] = {}
            function = self._program.function(at)
            names = self._program.files[at.path].skeleton.units[at.unit].names
            if (
                function is not None
                and function.kind == "function"
                and not self.words().isdisjoint(names)
            ):
                self._keys[at] = dict(self._found(at, function))
        return self._keys[at]

    def _found(self, at: FunctionId, function: Function) -> Iterable[tuple[str, Resource]]:
        seen: set[Expr] = set()
        for event in function.graph.events:
            for whole in expressions(event) if event is not None else ():
                for expr in walk(whole):
                    key = _key(expr, function)
                    if key and expr not in seen and key.rpartition(".")[2] in self.words():
                        seen.add(expr)
                        resource = self._resource(expr, at)
                        if resource is not None:
                            yield key, resource

    def _resource(self, expr: Expr, at: FunctionId) -> Resource | None:
        value = self._types.infer(expr, at)
        if not isinstance(value, Instance):
            return None
        found = self._analysis.knowledge.value_resources(value.type)
        return next((resource for resource in found if _is_registry(resource)), None)

    def uses(self, at: FunctionId, depth: int = 0) -> bool:
        """The function, or one that it calls, uses a registry."""
        if at not in self._uses:
            self._uses[at] = bool(self.keys(at))
            function = self._program.function(at)
            if not self._uses[at] and function is not None and depth < _MAX_DEPTH:
                self._uses[at] = any(
                    self.uses(target, depth + 1)
                    for event in function.graph.events
                    if isinstance(event, CallEvent)
                    for target in self.targets(event, at)
                )
        return self._uses[at]

    def targets(
        self, event: Event, at: FunctionId, mine: ClassRef | None = None
    ) -> tuple[FunctionId, ...]:
        """The functions that a call runs; `mine` is the class of the object whose method `at` is."""
        return self._waits.entered(event, at, mine)


def _is_registry(resource: Resource) -> bool:
    return resource.kind == "factory" and resource.lazy


def _key(expr: Expr, function: Function) -> str:
    """`db.session` or `Session`, if that is no variable of the function itself."""
    match expr:
        case Attribute(value=Name(id=owner), attr=attr) if owner not in function.locals:
            return spelling.key(owner, attr)
        case Name(id=name) if name not in function.locals:
            return name
        case _:
            return ""
