"""Which record on frameworks a function falls under: by its decorators, the bases of its class, its name."""

from __future__ import annotations

import fnmatch
import functools
from typing import TYPE_CHECKING, Generic, NamedTuple

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.conditions import Conditions, fits
from conn_lint.analyze.decorators import Decoration, Decorators
from conn_lint.analyze.labels import Registration
from conn_lint.knowledge.frameworks import Record, Table
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, Instance, Value
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import Recognition

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_DECORATED = "*decorated*"
_PLAIN = frozenset({"staticmethod", "classmethod", "property", "cached_property", "override"})


class Found(NamedTuple, Generic[Record]):
    """A record and how the code was registered."""

    record: Record
    how: Registration


class Matcher(Generic[Record]):
    """Finds records of one kind. Units are read only where a word in a skeleton gives reason to."""

    def __init__(
        self,
        analysis: Analysis,
        table: Table[Record],
        decorators: Decorators,
        conditions: Conditions,
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._table = table
        self._decorators = decorators
        self._conditions = conditions
        self._open: set[FunctionRef] = set()
        self._classes: dict[ClassRef, tuple[Record, ...]] = {}

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        return self._table.decorator_words(self._conditions.modules)

    def find(self, ref: FunctionRef) -> Found[Record] | None:
        """The record that the function falls under."""
        return (
            self._chosen(ref)
            or self._decorated(ref)
            or self._in_decorated_class(ref)
            or self._inherited(ref)
            or self._named(ref)
        )

    def _chosen(self, ref: FunctionRef) -> Found[Record] | None:
        """The user says so."""
        records = self._table.matching("function")
        for record in records:
            if is_called(self._analysis, ref, record.names):
                return Found(record, Registration())
        return None

    # Decorators

    def _decorated(self, ref: FunctionRef | ClassRef) -> Found[Record] | None:
        for decoration in self._decorators.of(ref):
            found = self._by_decorator(ref, decoration)
            if found is not None:
                return found
        return None

    def _in_decorated_class(self, ref: FunctionRef) -> Found[Record] | None:
        """A method of a class that is decorated, if the record says which methods are entered."""
        cls = self._class_around(ref)
        if cls is None or not self._program.head(cls).decorators:
            return None
        found = self._decorated(cls)
        if found is None or not self._is_method(ref, found.record):
            return None
        return found

    def _by_decorator(
        self, ref: FunctionRef | ClassRef, decoration: Decoration
    ) -> Found[Record] | None:
        if decoration.last in self._table.group_words and "." in decoration.callee:
            found = self._in_group(ref, decoration)
            if found is not None:
                return found
        fallbacks = self._table.fallbacks(decoration.last)
        if self._conditions.original(ref.path, decoration.last) not in self._words:
            return self._by_own_decorator(ref, decoration)
        receiver, value = self._decorators.resolve(ref, decoration)
        record = None
        if isinstance(value, External):
            record = self._table.decorated(value.name)
        elif isinstance(value, FunctionRef):
            record = self._table.decorated(dotted_name(self._analysis, value))
            if record is None:
                return self._wrapped(value)
        if record is None:
            record = self._fallback(fallbacks, ref, decoration, receiver)
        if record is None or not self._conditions.hold(record, ref.path):
            return None
        if record.functions and not fits(self._program.head(ref).name, record.functions):
            return None
        return Found(
            record, self._decorators.registration(ref, decoration, _attr(record, decoration.callee))
        )

    def _in_group(
        self, ref: FunctionRef | ClassRef, decoration: Decoration
    ) -> Found[Record] | None:
        """It registers with a function of the project that a decorator has made a group of its own."""
        group = self._decorators.resolve(ref, decoration).receiver
        if not isinstance(group, FunctionRef) or group._replace(bound=False) in self._open:
            return None
        self._open.add(group._replace(bound=False))
        found = self._decorated(group)
        self._open.discard(group._replace(bound=False))
        if found is None or decoration.last not in found.record.groups:
            return None
        return Found(found.record, Registration(decoration.last))

    def _fallback(
        self,
        records: tuple[Record, ...],
        ref: FunctionRef | ClassRef,
        decoration: Decoration,
        receiver: Value | None,
    ) -> Record | None:
        """A record for a receiver of which nothing is known; of several that whose library the file imports."""
        name = decoration.callee.rpartition(".")[0].rpartition(".")[2]
        if not name or not self._is_unknown(receiver):
            return None
        text = decoration.first_text
        here = self._conditions.imports(ref.path)
        somewhere = self._conditions.project_imports
        nearby: Record | None = None
        for record in records:
            fallback = record.fallback
            if fallback is None or (
                fallback.path and (text is None or (text and not text.startswith("/")))
            ):
                continue
            libraries = {own.partition(".")[0] for own in (*record.receivers, *record.names)}
            is_named = fits(name, fallback.receivers)
            if not libraries.isdisjoint(here) and (
                is_named or (receiver is None and fallback.path)
            ):
                return record
            if nearby is None and is_named and not libraries.isdisjoint(somewhere):
                nearby = record
        return nearby

    def _is_unknown(self, receiver: Value | None) -> bool:
        catalogue = self._analysis.types.catalogue
        match receiver:
            case None:
                return True
            case Instance(type=name):
                return not catalogue.is_type(name) and not name.startswith("builtins.")
            case External(name=name):
                return not catalogue.knows_module(name) and not name.startswith("builtins.")
            case _:
                return False

    def _by_own_decorator(
        self, ref: FunctionRef | ClassRef, decoration: Decoration
    ) -> Found[Record] | None:
        """A decorator of the project itself, in whose body one of the table's is used."""
        if "." in decoration.callee or self._program.head(ref).parent >= 0:
            return None
        value = self._analysis.types.symbols.in_module(ref.path, decoration.callee)
        return self._wrapped(value) if isinstance(value, FunctionRef) else None

    def _wrapped(self, decorator: FunctionRef) -> Found[Record] | None:
        head = self._program.head(decorator)
        if not self._program.mentions(decorator, self._words):
            return None
        summary = self._program.unit(decorator.path, head.unit)
        for number, function in enumerate(summary.functions if summary is not None else ()):
            at = FunctionId(decorator.path, head.unit, number)
            for event in function.graph.events:
                if not isinstance(event, CallEvent):
                    continue
                callee = self._analysis.types.infer(event.func, at)
                record = (
                    self._table.decorated(callee.name) if isinstance(callee, External) else None
                )
                if record is not None and self._conditions.hold(record, decorator.path):
                    return Found(record, Registration(text_of(event).rpartition(".")[2]))
        return None

    # Classes

    def records_of(self, cls: ClassRef) -> tuple[Record, ...]:
        """The records of the bases of a class, nearest first."""
        if cls not in self._classes:
            self._classes[cls] = ()
            found: dict[int, Record] = {}
            if self._program.head(cls).bases:
                for base in self._analysis.types.attributes.ancestry(cls):
                    name = self._base_name(base, cls)
                    for record in self._table.inherited(name) if name else ():
                        if self._conditions.hold(record, cls.path):
                            found[id(record)] = record
            self._classes[cls] = tuple(found.values())
        return self._classes[cls]

    def _base_name(self, base: Value, cls: ClassRef) -> str:
        match base:
            case External(name=name):
                return name
            case ClassRef() if base != cls:
                return (
                    f"{self._program.files[base.path].module}.{self._program.head(base).qualname}"
                )
            case _:
                return ""

    def _inherited(self, ref: FunctionRef) -> Found[Record] | None:
        cls = self._class_around(ref)
        if cls is None or not self._program.head(cls).bases:
            return None
        for record in self.records_of(cls):
            if self._is_method(ref, record):
                return Found(record, Registration(self._program.head(ref).name))
        return None

    def _is_method(self, ref: FunctionRef, record: Recognition) -> bool:
        head = self._program.head(ref)
        for pattern in record.methods:
            if pattern == _DECORATED:
                if self._program.decorators(ref) - _PLAIN:
                    return True
            elif fnmatch.fnmatchcase(head.name, pattern):
                return True
        return False

    def methods(self, cls: ClassRef, record: Recognition) -> tuple[FunctionRef, ...]:
        """The methods of a class, inherited ones too, that the record names."""
        found: dict[str, FunctionRef] = {}
        for base in self._analysis.types.attributes.ancestry(cls):
            for method in self._program.methods(base) if isinstance(base, ClassRef) else ():
                if self._is_method(method, record):
                    found.setdefault(self._program.head(method).name, method)
        return tuple(found.values())

    def _class_around(self, ref: FunctionRef) -> ClassRef | None:
        parent = self._program.head(ref).parent
        if parent < 0 or self._program.files[ref.path].skeleton.heads[parent].kind != "class":
            return None
        return ClassRef(ref.path, parent)

    # Names

    def _named(self, ref: FunctionRef) -> Found[Record] | None:
        head = self._program.head(ref)
        is_method = self._class_around(ref) is not None
        if head.parent >= 0 and not is_method:
            return None
        for record in self._table.matching("name"):
            patterns = record.methods if is_method else record.names
            if (
                fits(head.name, patterns)
                and self._conditions.hold(record, ref.path)
                and self._conditions.parameters_fit(record, ref)
                and not (record.unmentioned and not self._conditions.is_unmentioned(ref))
            ):
                return Found(record, Registration(head.name))
        return None


def dotted_name(analysis: Analysis, ref: FunctionRef | ClassRef) -> str:
    """The name of a function or class of the project, from its top module on."""
    return f"{analysis.program.files[ref.path].module}.{analysis.program.head(ref).qualname}"


def is_called(analysis: Analysis, ref: FunctionRef | ClassRef, names: tuple[str, ...]) -> bool:
    """The dotted name of a function or class of the project is one of these; `*` stands for one part."""
    parts = dotted_name(analysis, ref).split(".")
    return any(
        len(wanted) == len(parts)
        and all(fnmatch.fnmatchcase(p, w) for p, w in zip(parts, wanted, strict=True))
        for wanted in (name.split(".") for name in names)
    )


def _attr(record: Recognition, callee: str) -> str:
    """The part of a decorator's name that the record has: `tree.command`, or its last."""
    return next((a for a in record.attrs if callee.endswith(f".{a}")), callee.rpartition(".")[2])
