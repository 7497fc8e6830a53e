"""Ties the parts of phase two together and drives them until nothing more is asked for."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.callers import Callers
from conn_lint.analyze.calls import Calls
from conn_lint.analyze.catalogue import KnowledgeCatalogue
from conn_lint.analyze.circles import Circles
from conn_lint.analyze.demand import Demand
from conn_lint.analyze.effects import Effects
from conn_lint.analyze.endings import Endings
from conn_lint.analyze.entries import Entries
from conn_lint.analyze.lifetimes import Lifetimes
from conn_lint.analyze.mentions import Mentions
from conn_lint.analyze.origins import Origins
from conn_lint.analyze.overrides import Overrides
from conn_lint.analyze.owners import Owners
from conn_lint.analyze.reach import Reach
from conn_lint.analyze.repeats import Looping
from conn_lint.analyze.selfclosing import self_closing
from conn_lint.analyze.selves import Selves
from conn_lint.analyze.singletons import Singletons
from conn_lint.analyze.sites import Sites, Solved
from conn_lint.analyze.values import Values
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import LoadUnits, Program, SourceFile, TextOf
from conn_lint.link.types import Types
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, Value
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.flow import AssignEvent, CallEvent, Raised, RaiseEvent, StoreEvent
from conn_lint.model.summary import DocumentSummary, Function

if TYPE_CHECKING:
    from conn_lint.analyze.surroundings import Surroundings
    from conn_lint.analyze.versions import Versions

_MAX_ROUNDS = 40
_RESTLESS = frozenset({"assert", "for", "import", "raise", "with", "yield"})
_BUSY = (_RESTLESS | {"await", "return"}) - {"raise"}


class Analysis:
    """Everything that is asked of one program; with `everything` all of it is parsed."""

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        load: LoadUnits,
        text: TextOf,
        knowledge: Knowledge,
        documents: tuple[DocumentSummary, ...] = (),
        *,
        versions: tuple[tuple[str, str], ...] = (),
        everything: bool = False,
    ) -> None:
        self.knowledge = knowledge
        self._stated = versions
        self.documents = documents
        self.above: tuple[DocumentSummary, ...] = ()  # what lies above the project...
        self.below = ""  # ...which is this folder there
        self.program = Program(files, load, text)
        self.demand = Demand(self.program.words, files, knowledge, everything=everything)
        self.types = Types(self.program, KnowledgeCatalogue(knowledge))
        self.circles = Circles()
        self.calls = Calls(self)
        self.effects = Effects(self)
        self.owners = Owners(self)
        self.sites = Sites(self)
        self.endings = Endings(self)
        self.mentions = Mentions(self)
        self.callers = Callers(self)
        self.entries = Entries(self)
        self.overrides = Overrides(self)
        self.selves = Selves(self)
        self.lifetimes = Lifetimes(self)
        self.singletons = Singletons(self)
        self.origins = Origins(self)
        self.reach = Reach(self)
        self.looping = Looping(self)
        self.values = Values(self)
        self.types.holders.units = self.demand.holders
        self._calm: dict[FunctionId, bool] = {}
        self._methods: dict[str, list[FunctionRef]] | None = None

    def run(self) -> tuple[Solved, ...]:
        """All acquisitions of the program, solved; words are added until no function makes a new one known."""
        new = self.demand.seeds()
        seen: set[UnitKey] = set()
        found: dict[FunctionId, tuple[Solved, ...]] = {}
        for _ in range(_MAX_ROUNDS):
            units = self.demand.add(new)
            if not units:
                break
            self.program.load(sorted(units - seen))
            again = units & seen
            seen |= units
            if again:
                self._forget()
            for key in sorted(seen if again else units):
                for at in self._functions(key):
                    found[at] = self.sites.solved(at)
            new = self._carriers(found) - self.demand.words
        solved = [solved for at in sorted(found) for solved in found[at]]
        return (*solved, *self_closing(self, solved))

    @functools.cached_property
    def versions(self) -> Versions:
        """Which versions of libraries the program runs with."""
        from conn_lint.analyze.versions import Versions  # noqa: PLC0415 - few runs ask for it

        return Versions(self.documents, self._stated)

    @functools.cached_property
    def surroundings(self) -> Surroundings:
        """The ways in which the program's settings files set it up."""
        from conn_lint.analyze.surroundings import Surroundings  # noqa: PLC0415 - few runs ask for it

        return Surroundings(self)

    def runs_with(self, module: str, version: str) -> bool | None:
        """Whether the library that a dotted name belongs to is of this version or later; None: it cannot be told."""
        from conn_lint.analyze.versions import distributions  # noqa: PLC0415

        return self.versions.reaches(distributions(self.knowledge.libraries, module), version)

    def _forget(self) -> None:
        """New words can change what functions seen before give."""
        self.effects = Effects(self)
        self.owners = Owners(self)
        self.sites = Sites(self)

    def _functions(self, key: UnitKey) -> list[FunctionId]:
        summary = self.program.unit(*key)
        if summary is None:
            return []
        return [FunctionId(*key, index) for index in range(len(summary.functions))]

    def _carriers(self, found: Mapping[FunctionId, tuple[Solved, ...]]) -> set[str]:
        """Names of functions that give something fresh, of classes that own, of variables that hold factories."""
        words: set[str] = set()
        for at, results in found.items():
            ref = self.program.ref_of(at)
            if isinstance(ref, FunctionRef) and self.effects.fresh(ref) is not None:
                words.add(self.program.head(ref).name)
            for solved in results:
                if solved.stored_on and (cls := self.program.class_of(at)) is not None:
                    words |= self._owning(cls)
            words |= self._factories(at)
        return words

    def _owning(self, cls: ClassRef) -> set[str]:
        """The class and its subclasses, if objects of it are to be released."""
        if self.owners.resource_of(cls) is None:
            return set()
        return self.demand.subclasses(self.program.head(cls).name)

    def _factories(self, at: FunctionId) -> set[str]:
        """Variables and attributes that a factory is put into: calling them acquires."""
        function = self.program.function(at)
        if function is None:
            return set()
        words: set[str] = set()
        for event in function.graph.events:
            match event:
                case AssignEvent(target=target, value=value):
                    name = target
                case StoreEvent(target=Attribute(attr=attr), value=value):
                    name = attr
                case _:
                    continue
            maker = self.types.maker(value, at)
            if not isinstance(maker, CallEvent):
                continue
            if self._may_be_factory(maker):
                acquired = self.calls.acquired(maker, at)
                if acquired is not None and acquired.resource.kind == "factory":
                    words.add(name)
            elif self._binds(maker, at):
                words.add(name)
        return words

    def _binds(self, event: CallEvent, at: FunctionId) -> bool:
        """It gives a call that acquires some of its arguments: `partial(create, size=5)`."""
        callee = self.types.infer(event.func, at)
        if not isinstance(callee, External) or not self.knowledge.binds(callee.name):
            return False
        bound = self.types.called(callee, event.arguments, at, event.func)
        return isinstance(bound, External) and self.knowledge.acquisition(bound.name) is not None

    def _may_be_factory(self, event: CallEvent) -> bool:
        func = event.func
        last = (
            func.attr if isinstance(func, Attribute) else func.id if isinstance(func, Name) else ""
        )
        return last in self.demand.words

    # What the parts ask of each other

    def may_hold(self, at: FunctionId) -> bool:
        """A call in the unit of the function may acquire something."""
        return self.demand.may_acquire(at.path, at.unit)

    def mentioning(self, name: str, others: Collection[str] = ()) -> list[UnitKey]:
        """The units that mention `name`, and one of the others if there are any."""
        return self.demand.mentioning(name, others)

    def made_at_import(self, cls: ClassRef) -> bool:
        """An object of the class is made at module level: it lives as long as the process."""
        name = self.program.head(cls).name
        for path, number in self.demand.mentioning(name):
            at = FunctionId(path, 0, 0)
            function = self.program.function(at) if number == 0 else None
            for event in function.graph.events if function is not None else ():
                if isinstance(event, CallEvent) and self.calls.callee(event, at) == cls:
                    return True
        return False

    def only_method(self, name: str) -> FunctionRef | None:
        """The method of this name, if one class of the project alone defines it."""
        if self._methods is None:
            self._methods = defaultdict(list)
            for path, file in self.program.files.items():
                for index, head in enumerate(file.skeleton.heads):
                    if head.kind == "function" and head.parent >= 0:
                        self._methods[head.name].append(FunctionRef(path, index))
        found = self._methods.get(name, [])
        if len(found) != 1:
            return None
        parent = self.program.head(found[0]).parent
        heads = self.program.files[found[0].path].skeleton.heads
        return found[0] if heads[parent].kind == "class" else None

    def is_calm(self, callee: Value | None) -> bool:
        """A project function or constructor in which nothing can raise."""
        if isinstance(callee, ClassRef):
            init = self.types.attributes.method(callee, "__init__")
            if init is None:
                bases = self.types.attributes.ancestry(callee)
                return all(isinstance(base, ClassRef) for base in bases)
            return self.is_calm(init)
        if not isinstance(callee, FunctionRef):
            return False
        if self._is_restless(callee):
            return False
        at = self.program.function_id(callee)
        function = self.program.function(at) if at is not None else None
        if (
            at is None
            or function is None
            or function.graph.too_large
            or self.is_abstract(callee, function)
        ):
            return False
        if at not in self._calm:
            self._calm[at] = False
            self._calm[at] = all(
                isinstance(event := function.graph.events[edge.source], CallEvent)
                and (
                    self.calls.is_harmless(event, at)
                    or self.calls.opens_nothing(event, at)
                    or self.is_calm(self.calls.callee(event, at))
                )
                for edge in function.graph.edges
                if isinstance(edge.kind, Raised)
            )
        return self._calm[at]

    def _is_restless(self, ref: FunctionRef) -> bool:
        """The skeleton tells that something beside a call may raise."""
        return self._has_alone(ref, _RESTLESS)

    def _has_alone(self, ref: FunctionRef, keywords: frozenset[str]) -> bool:
        """The function has one of these keywords, and no inner function whose it could be."""
        heads = self.program.files[ref.path].skeleton.heads
        unit = self.program.unit_head(ref.path, heads[ref.head].unit)
        around = ref.head + 1 < len(heads) and heads[ref.head + 1].unit == heads[ref.head].unit
        if unit != ref.head or around or self.program.mentions(ref, {"lambda"}):
            return False
        return self.program.mentions(ref, keywords)

    def may_be_abstract(self, ref: FunctionRef) -> bool:
        """As far as the skeleton tells, the body says nothing."""
        number = self.program.head(ref).unit
        return not (self._has_alone(ref, _BUSY) or self.program.words.stores_any(ref.path, number))

    def is_abstract(self, ref: FunctionRef, function: Function) -> bool:
        """The body says nothing: an interface, whose implementations may do anything."""
        events = [event for event in function.graph.events if event is not None]
        return all(isinstance(event, RaiseEvent) for event in events) and (
            self.program.files[ref.path].is_stub
            or self.program.class_of(self.program.function_id(ref) or FunctionId(ref.path, 0, 0))
            is not None
        )
