"""Finds who can hold something: acquisitions, context managers that lend, parameters, attributes, decorators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from conn_lint.analyze import lending
from conn_lint.analyze.calls import text_of
from conn_lint.analyze.contexts import Context as Holding
from conn_lint.analyze.contexts import Holder, Lent
from conn_lint.analyze.dependencies import Dependencies
from conn_lint.analyze.holds import CATEGORIES, Holds
from conn_lint.analyze.keeping import GLOBAL, can_be_held, role_of_object
from conn_lint.analyze.roles import OWN
from conn_lint.analyze.sites import Solved
from conn_lint.flow.world import Situation
from conn_lint.link import hints
from conn_lint.link.values import (
    ClassRef,
    Context,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ObjectRef,
)
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Call, Temp
from conn_lint.model.flow import CallEvent, WithEnterEvent, YieldEvent
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function, Parameter

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_ROUNDS = 6


class Holders:
    """Follows all of them through `holds`."""

    def __init__(self, analysis: Analysis, solved: Iterable[Solved]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._solved = [s for s in solved if not self._program.files[s.at.path].is_test]
        self.holds = Holds(analysis)
        self._lent: dict[FunctionRef, Lent | None] = {}
        self._dependencies = Dependencies(analysis, self.holds, self.lent)

    def run(self) -> None:
        """Follow everything that is held anywhere outside tests."""
        for solved in self._solved:
            if self._is_holder(solved.resource) and self._may_wait(solved.at):
                holder = Holder(
                    f"{text_of(solved.event)}()", solved.resource, solved.at, solved.event
                )
                roles = dict.fromkeys(solved.nodes, solved.acquired.role)
                self.holds.site(solved.at, solved.resource, roles, holder)
        lenders = self._lenders()
        for at in self._borrowers(lenders):
            self._borrowed(at)
        candidates, keepers = self._candidates(lenders)
        for at in self._functions_of(self._with_blocks(keepers)):
            self._entered(at)
        for at in candidates:
            self._given(at)
        self._registered()

    def _registered(self) -> None:
        """Functions that use a session of a registry."""
        registries = self.holds.registries
        for at in self._functions_of(registries.units()):
            found = registries.keys(at)
            if found and self._may_wait(at):
                key = min(found)
                resource = found[key]
                context = Holding(at, "", GLOBAL, resource.name, Situation.IDLE)
                self.holds.outcome(context, resource, Holder(key, resource, at), None)

    def _is_holder(self, resource: Resource) -> bool:
        if resource.kind == "transaction":
            return resource.opens != "none"  # else it only marks a part of a session's life
        return can_be_held(resource)

    def _may_wait(self, at: FunctionId) -> bool:
        return any(self.holds.waits.function(at, category) for category in CATEGORIES)

    # Generators that lend

    def _lenders(self) -> set[FunctionRef]:
        """Generators that yield what they acquired or borrowed."""
        found: set[FunctionRef] = set()
        todo = {solved.at for solved in self._solved}
        for _ in range(_MAX_ROUNDS):
            new = {
                ref
                for at in todo
                if isinstance(ref := self._program.ref_of(at), FunctionRef)
                and ref not in found
                and self.lent(ref) is not None
            }
            if not new:
                break
            found |= new
            todo = set(self._borrowers(new))
        return found

    def lent(self, ref: FunctionRef) -> Lent | None:
        """What the function lends."""
        ref = ref._replace(bound=False)
        if ref not in self._lent:
            self._lent[ref] = None
            self._lent[ref] = self._find_lent(ref)
        return self._lent[ref]

    def _find_lent(self, ref: FunctionRef) -> Lent | None:
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        if at is None or function is None or not function.is_generator:
            return None
        if not lending.lends(self._analysis, at, function):
            return None
        for solved in self._analysis.sites.solved(at):
            if self._is_holder(solved.resource):
                busy = self.holds.yielded(
                    at, solved.resource, dict.fromkeys(solved.nodes, solved.acquired.role)
                )
                if busy is not None:
                    return Lent(solved.resource, busy)
        for node, _, lent in self._borrowings(at, function):
            busy = self.holds.yielded(at, _as_manager(lent), {node: OWN})
            if busy is not None:
                return Lent(lent.resource, busy or lent.busy)
        return self._by_type(at, function)

    def _by_type(self, at: FunctionId, function: Function) -> Lent | None:
        """It yields something of a type that can be held, wherever that comes from."""
        for event in function.graph.events:
            if isinstance(event, YieldEvent) and event.value is not None:
                value = self._types.infer(event.value, at)
                resource = (
                    self.holds.keeping.resource_of(value.type)
                    if isinstance(value, Instance)
                    else None
                )
                if resource is not None:
                    return Lent(resource, not resource.lazy)
        return None

    def _borrowings(
        self, at: FunctionId, function: Function
    ) -> Iterator[tuple[int, CallEvent, Lent]]:
        for node, event in enumerate(function.graph.events):
            if isinstance(event, CallEvent):
                callee = self._analysis.calls.callee(event, at)
                if isinstance(callee, FunctionRef) and self._is_manager(callee):
                    lent = self.lent(callee)
                    if lent is not None:
                        yield node, event, lent

    def _is_manager(self, ref: FunctionRef) -> bool:
        return not self._program.decorators(ref).isdisjoint(
            {"contextmanager", "asynccontextmanager"}
        )

    def _borrowers(self, lenders: set[FunctionRef]) -> list[FunctionId]:
        """The functions that may call one of them."""
        words = {self._program.head(ref).name for ref in lenders if self._is_manager(ref)}
        return self._mentioning(words)

    def _with_blocks(self, keepers: set[ClassRef]) -> set[UnitKey]:
        """The units that mention what may acquire, or a class that keeps it, and have a `with`."""
        words = self._analysis.demand.giving | {self._program.head(cls).name for cls in keepers}
        return set(self._analysis.mentioning("with", words))

    def _mentioning(self, words: Iterable[str]) -> list[FunctionId]:
        """The functions of the units outside tests that mention a word."""
        return self._functions_of(self._keys(words))

    def _keys(self, words: Iterable[str]) -> set[UnitKey]:
        named = self._analysis.demand.with_aliases(words)
        return {key for word in named for key in self._analysis.mentioning(word)}

    def _typed_in(self, types: Iterable[str]) -> set[UnitKey]:
        """The units that may say of something that it has one of the types, or make an object of one."""
        files, words = self._program.files, self._program.words
        return {
            key
            for word in self._analysis.demand.with_aliases(types)
            for key in self._analysis.mentioning(word)
            if not files[key[0]].is_test
            and (
                self._analysis.demand.everything
                or words.calls(*key, {word})
                or self._program.may_be_type(key, word)
            )
        }

    def _functions_of(self, keys: set[UnitKey]) -> list[FunctionId]:
        keys = {
            key
            for key in keys
            if not self._program.files[key[0]].is_test and not self._program.files[key[0]].is_stub
        }
        self._program.load(sorted(keys))
        found: list[FunctionId] = []
        for path, number in sorted(keys):
            summary = self._program.unit(path, number)
            functions = summary.functions if summary is not None else ()
            found.extend(FunctionId(path, number, index) for index in range(len(functions)))
        return found

    def _borrowed(self, at: FunctionId) -> None:
        function = self._program.function(at)
        if function is None or function.graph.too_large or not self._may_wait(at):
            return
        for node, event, lent in self._borrowings(at, function):
            holder = Holder(f"{text_of(event)}()", lent.resource, at, event)
            self.holds.site(at, _as_manager(lent), {node: OWN}, holder)

    def _entered(self, at: FunctionId) -> None:
        """Blocks of context managers of which only the type of what they give is known."""
        function = self._program.function(at)
        if function is None or function.graph.too_large:
            return
        for node, event in enumerate(function.graph.events):
            if not isinstance(event, WithEnterEvent):
                continue
            if not isinstance(self._types.infer(event.value, at), ObjectRef | Context):
                continue
            value = self._types.infer(Temp(event.result), at)
            resource = (
                self.holds.keeping.resource_of(value.type) if isinstance(value, Instance) else None
            )
            if resource is not None and self._may_wait(at):
                maker = self._types.maker(event.value, at)
                text = f"{text_of(maker)}()" if isinstance(maker, CallEvent) else "with"
                holder = Holder(text, resource, at, event)
                manager = _as_manager(Lent(resource, not resource.lazy))
                self.holds.site(at, manager, {node: OWN}, holder)

    # Parameters, attributes, decorators

    def _candidates(self, lenders: set[FunctionRef]) -> tuple[list[FunctionId], set[ClassRef]]:
        """The functions that may have a parameter or attribute that can be held; the classes of such attributes."""
        given = {self._program.head(ref).name for ref in lenders}
        types = self._type_words()
        types |= self._named_annotations(given | types)
        classes = self._keepers(solved.at for solved in self._solved)
        types |= {self._program.head(cls).name for cls in classes}
        functions: list[FunctionId] = []
        for _ in range(_MAX_ROUNDS):
            keys = self._typed_in(types)
            keys |= self._keys(given)
            functions = self._functions_of(keys)
            more = self._keepers(functions) - classes
            if not more:
                break
            classes |= more
            types |= {self._program.head(cls).name for cls in more}
        classes |= {below for cls in classes for below in self._analysis.overrides.below(cls)}
        methods = {
            (method.path, self._program.head(method).unit)
            for cls in classes
            for method in self._program.methods(cls)
        }
        return self._functions_of({(at.path, at.unit) for at in functions} | methods), classes

    def _keepers(self, functions: Iterable[FunctionId]) -> set[ClassRef]:
        """The classes of these functions whose objects keep something that can be held."""
        classes = {cls for at in functions if (cls := self._class_at(at)) is not None}
        return {cls for cls in classes if self.holds.keeping.by_type(cls)}

    def _class_at(self, at: FunctionId) -> ClassRef | None:
        """The class whose method or body the function is."""
        function = self._program.function(at)
        if function is not None and function.kind == "class":
            ref = self._program.ref_of(at)
            return ref if isinstance(ref, ClassRef) else None
        return self._program.class_of(at)

    def _type_words(self) -> set[str]:
        """Last parts of the types of what can be held, of libraries that the project imports."""
        imported = {
            item.module.partition(".")[0]
            for file in self._program.files.values()
            for item in file.skeleton.imports
        }
        held = [
            resource for resource in self._analysis.knowledge.resources if self._is_holder(resource)
        ]
        types = {resource.value for resource in held if can_be_held(resource)}
        marks = {name for r in held if r.kind == "transaction" for name in r.acquire}
        return {
            name.rpartition(".")[2] for name in types | marks if name.partition(".")[0] in imported
        }

    def _named_annotations(self, words: set[str]) -> set[str]:
        """`SessionDep = Annotated[Session, Depends(...)]`: the names of such types."""
        modules = {
            key
            for word in words
            for key in self._analysis.mentioning(word, {*hints.WRAPPERS, "Union"})
            if key[1] == 0
        }
        return {
            name
            for at in self._functions_of(modules)
            if at.number == 0
            for name in self.holds.keeping.named_annotations(at)
        }

    def _given(self, at: FunctionId) -> None:
        function = self._program.function(at)
        if function is None or function.kind != "function" or function.graph.too_large:
            return
        for place, parameter in enumerate(function.parameters):
            self._parameter(at, function, place, parameter)
        for decorator in function.decorators:
            value = self._types.infer(
                decorator.func if isinstance(decorator, Call) else decorator,
                self._types.around(at, function),
            )
            resource = (
                self._analysis.knowledge.acquisition(value.name)
                if isinstance(value, External)
                else None
            )
            if (
                resource is not None
                and resource.kind == "transaction"
                and self._is_holder(resource)
            ):
                self.holds.throughout(at, Holder("the decorator's transaction", resource, at))

    def _parameter(
        self, at: FunctionId, function: Function, place: int, parameter: Parameter
    ) -> None:
        value = self._types.name(parameter.name, at)
        given = self._types.injection.dependency(parameter, at, function)
        resource: Resource | None = None
        role, busy = OWN, False
        lent = self.lent(given) if isinstance(given, FunctionRef) else None
        if lent is not None:
            resource, busy = lent.resource, lent.busy
        elif isinstance(value, Instance):
            resource = self.holds.keeping.resource_of(value.type)
        elif isinstance(value, ObjectRef):
            kept = self.holds.keeping.by_type(value.cls)
            lazy = [k.resource for k in kept.values() if k.resource.lazy]
            if lazy:
                resource, role = lazy[0], role_of_object(value.cls, "")
        if resource is None or not self._may_wait(at):
            return
        busy = busy or not resource.lazy
        since = None
        if not busy and given is not None:
            since = self._dependencies.begun(at, function, place, given, resource)
            busy = since is not None
        attrs = sorted(self.holds.kept(role, resource))
        text = f"{parameter.name}.{attrs[0]}" if attrs else parameter.name
        if isinstance(given, FunctionRef):
            text = f"{parameter.name} (from {self._program.head(given).name})"
        context = Holding(
            at, parameter.name, role, resource.name, Situation.BUSY if busy else Situation.IDLE
        )
        self.holds.outcome(context, resource, Holder(text, resource, at), since)


def _as_manager(lent: Lent) -> Resource:
    """The resource as a context manager of the project gives it."""
    begins = (*lent.resource.begins, "__enter__") if lent.busy else lent.resource.begins
    return msgspec.structs.replace(
        lent.resource,
        call="async-with-only" if lent.resource.is_async else "with-only",
        with_="returns",
        async_with="returns",
        async_with_awaited=None,
        begins=begins,
    )
