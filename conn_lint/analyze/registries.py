"""Sessions that no variable carries: a registry at module level gives each request its own (`db.session`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from conn_lint.link.values import ClassRef, FunctionId, Instance, ObjectRef
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Expr, Name, dotted, walk
from conn_lint.model.flow import AssignEvent, CallEvent, Event, StoreEvent, expressions
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.waits import Waits

_MAX_DEPTH = 3
_OWN = frozenset({"cls", "self"})


class Registries:
    """Which names of a function stand for the registry, and which functions use it at all."""

    def __init__(self, analysis: Analysis, waits: Waits) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._waits = waits
        self._words: frozenset[str] | None = None
        self._classes: dict[
            str, frozenset[str]
        ] = {}  # whose attribute the word is, where it is a class's
        self._put: dict[
            str, tuple[frozenset[str], Resource]
        ] = {}  # on which classes the project puts one
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
            given = {
                name
                for name in self._analysis.knowledge.attributes_giving(types)
                if name.partition(".")[0] in imported
            }
            words = {name.rpartition(".")[2] for name in given}
            self._classes = {
                word: self._below(owner.rpartition(".")[2])
                for owner, _, word in (name.rpartition(".") for name in given)
                if self._is_inherited(owner)
            }
            makers = {name.rpartition(".")[2] for name in types}
            found = frozenset(words | self._variables(makers) | self._on_classes(types, imported))
            self._words = frozenset(self._analysis.demand.with_aliases(found))
        return self._words

    def _is_inherited(self, owner: str) -> bool:
        """Classes of the project have the attribute: no call gives an object of its type."""
        last = owner.rpartition(".")[2]
        return last[:1].isupper() and not self._analysis.knowledge.value_resources(owner)

    def _below(self, base: str) -> frozenset[str]:
        """The names of the classes that may inherit from one of the name."""
        found: set[str] = set()
        todo = [base]
        while todo:
            for name in self._analysis.mentions.named_below(todo.pop()) - found:
                found.add(name)
                todo.append(name)
        return frozenset(found)

    def units(self) -> set[UnitKey]:
        """The units outside tests that may use a registry."""
        return {
            key
            for word in self.words()
            for key in self._analysis.mentioning(word)
            if word not in self._classes or self._is_of_class(key, word)
        }

    def _is_of_class(self, key: UnitKey, word: str) -> bool:
        """The unit's text takes the word from such a class, or a method from its own."""
        wanted = self._classes[word] | _OWN
        return any(name.rpartition(".")[2] in wanted for name in self._program.receivers(key, word))

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

    def _on_classes(self, types: set[str], imported: set[str]) -> set[str]:
        """Attributes by which the project makes it known to classes: `Base.query = session.query_property()`."""
        makers = {
            name.rpartition(".")[2]
            for name in self._analysis.knowledge.calls_giving(types)
            if name.partition(".")[0] in imported and not name.endswith("__")
        }
        for key in sorted({key for word in makers for key in self._analysis.mentioning(word)}):
            summary = self._program.unit(*key)
            for index, function in enumerate(summary.functions if summary is not None else ()):
                at = FunctionId(*key, index)
                for event in function.graph.events:
                    put = _put(event, function)
                    resource = self._resource(put[2], at) if put is not None else None
                    if put is not None and resource is not None:
                        owner, word, _ = put
                        below = {owner} | self._below(owner)
                        known = self._put.get(word, (frozenset(), resource))[0]
                        self._put[word] = (known | below, resource)
                        self._classes[word] = self._classes.get(word, frozenset()) | below
        return set(self._put)

    def keys(self, at: FunctionId) -> dict[str, Resource]:
        """The names and attributes in the function that stand for a registry."""
        if at not in self._keys:
            self._keys[at] = {}
            function = self._program.function(at)
            if (
                function is not None
                and function.kind == "function"
                and self._program.words.mentions(at.path, at.unit, self.words())
            ):
                self._keys[at] = dict(self._found(at, function))
        return self._keys[at]

    def _found(self, at: FunctionId, function: Function) -> Iterable[tuple[str, Resource]]:
        seen: set[Expr] = set()
        for event in function.graph.events:
            for whole in expressions(event) if event is not None else ():
                for expr in walk(whole):
                    key = _key(expr, function, self._analysis.selves.own_name(at))
                    if key and expr not in seen and key.rpartition(".")[2] in self.words():
                        seen.add(expr)
                        resource = self._resource(expr, at)
                        if resource is not None:
                            yield key, resource

    def _resource(self, expr: Expr, at: FunctionId) -> Resource | None:
        value = self._types.infer(expr, at)
        if value is None and isinstance(expr, Attribute) and expr.attr in self._put:
            classes, resource = self._put[expr.attr]
            owner = self._types.infer(expr.value, at)
            cls = owner.cls if isinstance(owner, ObjectRef) else owner
            if isinstance(cls, ClassRef) and self._program.head(cls).name in classes:
                return resource
            return None
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


def _put(event: Event | None, function: Function) -> tuple[str, str, Expr] | None:
    """The class, its attribute and the value, if the event gives it one."""
    match event:
        case StoreEvent(target=Attribute(value=Name(id=owner), attr=attr), value=value):
            return owner, attr, value
        case AssignEvent(target=attr, value=value) if function.kind == "class":
            return function.name, attr, value
        case _:
            return None


def _key(expr: Expr, function: Function, own: str) -> str:
    """`db.session`, `models.User.query` or `Session`, if that is no variable of the function itself."""
    whole = dotted(expr)
    if whole is None:
        return ""
    first = whole.partition(".")[0]
    return whole if first not in function.locals or (first == own and whole != own) else ""
