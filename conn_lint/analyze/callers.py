"""Who calls a function: the edges of the call graph, walked against their direction and on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.indirect import Caller, Indirect
from conn_lint.analyze.inner import FACTORY, Inner
from conn_lint.analyze.mentions import OWN_NAMES
from conn_lint.analyze.references import LOOKING, last, wholes
from conn_lint.analyze.written import Written
from conn_lint.link.values import (
    ClassRef,
    FunctionId,
    FunctionRef,
    ObjectRef,
    Value,
)
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import (
    Attribute,
    Call,
    Container,
    Expr,
    Name,
    Subscript,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    CallEvent,
    Event,
    UseEvent,
    WithEnterEvent,
    expressions,
)
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_CONSTRUCTORS = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")
_ENTERING = ("__enter__", "__aenter__", "__exit__", "__aexit__")


class Callers:
    """Answers for each function and class once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._indirect = Indirect(analysis)
        self._inner = Inner(analysis, self.of)
        self._written = Written(analysis)
        self._of: dict[FunctionId, tuple[Caller, ...]] = {}
        self._of_class: dict[ClassRef, tuple[Caller, ...]] = {}

    def of(self, at: FunctionId) -> tuple[Caller, ...]:
        """The places outside tests that lead to a function, in order."""
        if at not in self._of:
            self._of[at] = ()
            self._of[at] = tuple(dict.fromkeys(self._find(at)))
        return self._of[at]

    def of_class(self, cls: ClassRef) -> tuple[Caller, ...]:
        """The places where objects of the class, or of a subclass, are made."""
        if cls not in self._of_class:
            self._of_class[cls] = ()
            names = self._analysis.mentions.class_names(cls)
            search = _Search(self._analysis, names, None, frozenset({cls}))
            keys = self._analysis.mentions.of_class(cls)
            units = self._read(keys, lambda key: self._written.may_make(key, names))
            self._of_class[cls] = tuple(
                dict.fromkeys(
                    caller
                    for key in units
                    for reference in search.in_unit(*key)
                    for caller in self._indirect.through(reference, cls)
                )
            )
        return self._of_class[cls]

    def _find(self, at: FunctionId) -> Iterator[Caller]:
        function = self._program.function(at)
        if function is None or function.kind in ("module", "class"):
            return
        if function.kind == "lambda" or (at.number != 0 and not self._is_method(at, function)):
            yield from self._inner.of(at, function)
            return
        ref = self._program.ref_of(at)
        if not isinstance(ref, FunctionRef):
            return
        head = self._program.head(ref)
        cls = self._class_around(ref)
        if cls is not None and head.name in _CONSTRUCTORS:
            yield from self.of_class(cls)
            yield from self._by_name(ref, cls)
        elif cls is not None and head.name in _ENTERING:
            yield from self._indirect.used(self.of_class(cls), self._indirect.entering(ref))
        elif cls is not None and head.name == "__call__":
            yield from self._indirect.registered(self.of_class(cls))
            yield from self._indirect.used(self.of_class(cls), self._indirect.calling(ref))
            yield from self._by_name(ref, cls)
        else:
            yield from self._by_name(ref, cls)

    def _is_method(self, at: FunctionId, function: Function) -> bool:
        """It is written directly in a class, be it in a unit of another function."""
        if function.parent < 0:
            return True
        around = self._program.function(FunctionId(at.path, at.unit, function.parent))
        return around is not None and around.kind == "class"

    def _class_around(self, ref: FunctionRef) -> ClassRef | None:
        parent = self._program.head(ref).parent
        if parent < 0:
            return None
        heads = self._program.files[ref.path].skeleton.heads
        return ClassRef(ref.path, parent) if heads[parent].kind == "class" else None

    def _by_name(self, ref: FunctionRef, cls: ClassRef | None) -> Iterator[Caller]:
        mentions = self._analysis.mentions
        name = self._program.head(ref).name
        keys = mentions.of_function(ref) if cls is None else mentions.of_method(ref, cls)
        names = mentions.names_of(name)
        units = self._read(keys, lambda key: self._written.may_mean(key, names, ref, cls))
        search = _Search(self._analysis, names, ref, frozenset())
        for key in mentions.saying(units, names):
            for caller in search.in_unit(*key):
                yield from self._indirect.through(caller, ref)

    def _read(
        self, keys: Iterable[UnitKey], may_matter: Callable[[UnitKey], bool]
    ) -> list[UnitKey]:
        """Those of the units that may matter and lie outside tests and stubs, read all at once."""
        files = ((key, self._program.files[key[0]]) for key in keys)
        units = [k for k, file in files if not (file.is_test or file.is_stub) and may_matter(k)]
        self._program.load(units)
        return units


class _Search:
    """Looks through units for references to one function, or for the making of objects of classes."""

    def __init__(
        self,
        analysis: Analysis,
        names: frozenset[str],
        ref: FunctionRef | None,
        classes: frozenset[ClassRef],
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._names = names
        self._ref = ref
        self._classes = classes
        parent = analysis.program.head(ref).parent if ref is not None else -1
        self._cls = ClassRef(ref.path, parent) if ref is not None and parent >= 0 else None
        self._own = analysis.program.function_id(ref) if ref is not None else None
        self._alone = ref is not None and self._cls is not None and analysis.mentions.is_alone(ref)

    def in_unit(self, path: str, number: int) -> Iterator[Caller]:
        wanted = self._names | OWN_NAMES if self._classes else self._names
        if not self._program.words.mentions(path, number, wanted):
            return
        summary = self._program.unit(path, number)
        for index, function in enumerate(summary.functions if summary is not None else ()):
            at = FunctionId(path, number, index)
            for node in self._analysis.mentions.nodes(at, wanted):
                event = function.graph.events[node]
                if event is not None:
                    yield from self._in_event(event, node, at)
            yield from self._outside(function, at)

    def _in_event(self, event: Event, node: int, at: FunctionId) -> Iterator[Caller]:
        if isinstance(event, CallEvent):
            called = last(event.func)
            if called in self._names or (self._classes and called in OWN_NAMES):
                how = self._called(event, at)
                if how:
                    yield Caller(at, node, how, sure=how != "maybe")
            if isinstance(event.func, Attribute) and self._reads(event.func.value, at):
                yield Caller(at, node, "read")
            for index, argument in enumerate(event.arguments):
                if self._refers(argument.value, at) and not self._looks(event, at):
                    yield Caller(at, node, "pass", index)
        elif isinstance(event, UseEvent):
            if self._reads(event.value, at):
                yield Caller(at, node, "read")
        elif not isinstance(event, WithEnterEvent) and any(
            self._refers(expr, at) for expr in expressions(event)
        ):
            module = isinstance(event, AssignEvent) and at == FunctionId(at.path, 0, 0)
            contained = isinstance(event, AssignEvent) and isinstance(
                event.value, Container | Subscript
            )
            yield Caller(at, node, "table" if module and contained else "refer")

    def _looks(self, event: CallEvent, at: FunctionId) -> bool:
        """The call only looks at what it is given, under whatever name it was imported."""
        name = self._analysis.calls.external_name(event, at) or last(event.func)
        return name.rpartition(".")[2] in LOOKING

    def _called(self, event: CallEvent, at: FunctionId) -> str:
        callee = self._analysis.calls.callee(event, at)
        if isinstance(callee, ClassRef):
            return "construct" if self._makes(callee) else ""
        if self._is_it(callee, event.func, at):
            return "call"
        if callee is None and isinstance(event.func, Attribute) and self._may_be(event):
            return "maybe"
        return ""

    def _may_be(self, event: CallEvent) -> bool:
        """Of something unknown the method of that name is called, and no other class has one that fits."""
        if self._ref is None or self._cls is None:
            return False
        given = len(event.arguments)
        if any(a.keyword in ("*", "**") for a in event.arguments):
            given = -1
        if self._alone or self._analysis.mentions.is_alone(self._ref, given):
            return True
        name = self._program.head(self._ref).name
        if self._analysis.mentions.is_common(name):
            return False
        return self._ref in self._analysis.overrides.by_name(name)

    def _makes(self, callee: ClassRef) -> bool:
        return any(cls in self._types.attributes.ancestry(callee) for cls in self._classes)

    def _is_it(self, value: Value | None, func: Expr, at: FunctionId) -> bool:
        """The value is the function, or the method of a base that it overrides."""
        if not isinstance(value, FunctionRef) or self._ref is None:
            return False
        found = value._replace(bound=False)
        if found == self._ref:
            return True
        if self._cls is None or not isinstance(func, Attribute) or func.attr not in self._names:
            return False
        maker = self._types.maker(func.value, at)
        if isinstance(maker, CallEvent) and maker.func == Name("super"):
            return False  # the base's own method is meant, whoever overrides it
        owner = self._types.infer(func.value, at)
        if isinstance(owner, ObjectRef):
            owner = owner.cls
        elif isinstance(owner, ClassRef) and self._is_named(owner, func.value):
            return False  # `Base.run(self)` means the base's own method, too
        ancestry = self._types.attributes.ancestry(self._cls)
        return isinstance(owner, ClassRef) and owner != self._cls and owner in ancestry

    def _is_named(self, cls: ClassRef, expr: Expr) -> bool:
        """The class is called by its name, and not by one that may stand for a subclass."""
        return last(expr) in self._analysis.mentions.names_of(self._program.head(cls).name)

    def _refers(self, expr: Expr, at: FunctionId) -> bool:
        """The expression mentions the function (or class) without calling it."""
        for part in wholes(expr):
            if last(part) in self._names:
                value = self._types.infer(part, at)
                if isinstance(value, ClassRef) and self._classes and self._makes(value):
                    return True
                if self._is_it(value, part, at) and at != self._own:
                    return True
        return False

    def _reads(self, expr: Expr, at: FunctionId) -> bool:
        """A property is read."""
        if self._ref is None or self._cls is None or not self._is_property():
            return False
        for part in walk(expr):
            if isinstance(part, Attribute) and part.attr in self._names:
                owner = self._types.infer(part.value, at)
                if isinstance(owner, ObjectRef):
                    method = self._types.attributes.method(owner.cls, part.attr)
                    ancestry = self._types.attributes.ancestry(self._cls)
                    if method == self._ref or (method is not None and owner.cls in ancestry):
                        return True
                elif owner is None and self._alone:
                    return True
        return False

    def _is_property(self) -> bool:
        assert self._ref is not None
        return bool(self._program.decorators(self._ref) & {"property", "cached_property"})

    def _outside(self, function: Function, at: FunctionId) -> Iterator[Caller]:
        """Decorators, defaults and annotations; they are evaluated around the function."""
        around = FunctionId(at.path, at.unit, function.parent) if function.parent >= 0 else None
        scope = around if around is not None else FunctionId(at.path, 0, 0)
        for expr in function.decorators:
            if self._refers(expr.func if isinstance(expr, Call) else expr, scope):
                factory = FACTORY if isinstance(expr, Call) else -1
                yield Caller(at, -1, "decorate", factory)
            elif self._refers(expr, scope):
                yield Caller(at, -1, "inject", outside=expr if isinstance(expr, Call) else None)
        for parameter in function.parameters:
            for part in (parameter.default, parameter.annotation):
                if part is not None:
                    yield from self._injected(part, scope, at)
            default = parameter.default
            if isinstance(default, Name | Attribute) and self._refers(default, scope):
                yield from self._called_as(parameter.name, function, at)
            if self._classes:
                given = self._types.injection.dependency(parameter, at, function)
                if isinstance(given, ClassRef) and self._makes(given):
                    yield Caller(at, -1, "inject")

    def _called_as(self, name: str, function: Function, at: FunctionId) -> Iterator[Caller]:
        """Calls of a parameter whose default is the function."""
        for node, event in enumerate(function.graph.events):
            if isinstance(event, CallEvent) and event.func == Name(name):
                yield Caller(at, node, "call")

    def _injected(self, expr: Expr, scope: FunctionId, at: FunctionId) -> Iterator[Caller]:
        for part in walk(expr):
            if isinstance(part, Call):
                for index, argument in enumerate(part.arguments):
                    if isinstance(argument.value, Name | Attribute) and self._refers(
                        argument.value, scope
                    ):
                        yield Caller(at, -1, "inject", index, outside=part)
