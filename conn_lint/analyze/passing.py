"""Callables that are given to a call of a framework: `add_url_rule("/x", view_func=f)`, `Depends(f)`, `lifespan=f`."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias

from conn_lint.analyze.conditions import Conditions, fits
from conn_lint.analyze.labels import Entered, Registration, entry_label
from conn_lint.analyze.matching import dotted_name
from conn_lint.analyze.references import last as last_of
from conn_lint.knowledge.frameworks import CallWord, Record, Table
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ObjectRef,
    Value,
)
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Container,
    Expr,
    Lambda,
    Literal,
    Name,
    Temp,
)
from conn_lint.model.flow import CallEvent, DefineEvent
from conn_lint.model.framework import Hook, Recognition

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+\Z")
AnyCall: TypeAlias = CallEvent | Call


class Passing:
    """Asks what is called, and which of its arguments the framework will call."""

    def __init__(self, analysis: Analysis, conditions: Conditions) -> None:
        self._analysis = analysis
        self._types = analysis.types
        self._frameworks = analysis.knowledge.frameworks
        self._conditions = conditions
        self._function_names = frozenset(
            head.name
            for file in analysis.program.files.values()
            for head in file.skeleton.heads
            if head.kind == "function"
        )

    def as_what(self, call: AnyCall, index: int, at: FunctionId) -> Entered | Hook | None:
        """What argument number `index` is registered as."""
        last = self._conditions.original(at.path, last_of(call.func))
        frameworks = self._frameworks
        if self._may_register(call, index, last, at):
            hook = self._record(frameworks.hooks, call, index, at)
            if hook is not None:
                return hook
            entry = self._record(frameworks.entries, call, index, at)
            if entry is not None:
                how = self._registration(call, last)
                return Entered(entry, entry_label(entry, self._name(call, index, at), "", how))
        return self._decorating(call, index, at)

    def _may_register(self, call: AnyCall, index: int, last: str, at: FunctionId) -> bool:
        """A look at names alone, since `.get` and `.append` are called everywhere."""
        words = [last]
        if isinstance(call.func, Attribute):
            words.append(f"{last_of(call.func.value)}.{last}")
        for known in self._call_words:
            for word in words:
                found = known.get(word)
                if found is None or not is_handler(call.arguments, index, found.places):
                    continue
                if (
                    "" in found.roots
                    or not isinstance(call.func, Attribute)
                    or not found.roots.isdisjoint(self._conditions.imports(at.path))
                ):
                    return True
        return False

    @functools.cached_property
    def _call_words(self) -> tuple[dict[str, CallWord], ...]:
        modules = self._conditions.modules
        return (
            self._frameworks.entries.call_words(modules),
            self._frameworks.hooks.call_words(modules),
        )

    @functools.cached_property
    def _decorator_words(self) -> frozenset[str]:
        modules = self._conditions.modules
        frameworks = self._frameworks
        return frameworks.entries.decorator_words(modules) | frameworks.hooks.decorator_words(
            modules
        )

    def _record(
        self, table: Table[Record], call: AnyCall, index: int, at: FunctionId
    ) -> Record | None:
        value = self._types.infer(call.func, at)
        records = [record for name in self._callees(value) for record in table.called(name)]
        if value is None and isinstance(call.func, Attribute):
            records.extend(self._by_receivers_name(table, call.func))
        for record in records:
            if (
                is_handler(call.arguments, index, record.handler)
                and can_be_called(call.arguments[index].value, record)
                and self._conditions.hold(record, at.path)
            ):
                return record
        return None

    def _by_receivers_name(self, table: Table[Record], func: Attribute) -> Iterator[Record]:
        """Records of calls on an object of which nothing but its name is known."""
        name = last_of(func.value)
        for record in table.fallbacks(func.attr):
            fallback = record.fallback
            if record.match == "call" and fallback is not None and fits(name, fallback.receivers):
                libraries = {receiver.partition(".")[0] for receiver in record.receivers}
                if not libraries.isdisjoint(self._conditions.project_imports):
                    yield record

    def _callees(self, value: Value | None) -> list[str]:
        """The dotted names of what is called; a class of the project has those of its bases."""
        match value:
            case External(name=name):
                return [name]
            case Instance(type=name):
                return [f"{name}.__call__"]
            case FunctionRef():
                return [dotted_name(self._analysis, value)]
            case ClassRef():
                bases = self._types.attributes.ancestry(value)
                names = [base.name for base in bases if isinstance(base, External)]
                return [dotted_name(self._analysis, value), *names]
            case _:
                return []

    def _decorating(self, call: AnyCall, index: int, at: FunctionId) -> Entered | Hook | None:
        """A decorator that is called by hand: `app.route("/x")(view)`, `app.task(work)`."""
        if index != 0 or call.arguments[0].keyword is not None:
            return None
        made = self._types.maker(call.func, at) if isinstance(call.func, Temp) else call.func
        made = call if not isinstance(made, CallEvent | Call) else made
        last = self._conditions.original(at.path, last_of(made.func))
        frameworks = self._frameworks
        if last not in self._decorator_words:
            return None
        if made is call and not self._is_function(call.arguments[0].value, at):
            return None
        value = self._types.infer(made.func, at)
        if not isinstance(value, External):
            return None
        entry = frameworks.entries.decorated(value.name)
        if entry is not None and self._conditions.hold(entry, at.path):
            how = self._registration(made, last)
            return Entered(entry, entry_label(entry, self._name(call, index, at), "", how))
        hook = frameworks.hooks.decorated(value.name)
        return hook if hook is not None and self._conditions.hold(hook, at.path) else None

    def _is_function(self, value: Expr, at: FunctionId) -> bool:
        """A function of the project, or an object that is called like one: a decorator that takes no arguments
        is given it.
        """
        if isinstance(value, Lambda):
            return True
        if isinstance(value, Temp):  # `actor(SendMail())`
            made = self._types.infer(value, at)
            cls = ClassRef(made.path, made.head) if isinstance(made, ObjectRef) else None
            return cls is not None and self._types.attributes.method(cls, "__call__") is not None
        name = self._conditions.original(at.path, last_of(value))
        if name not in self._function_names:
            return False
        root: Expr = value
        while isinstance(root, Attribute):
            root = root.value
        function = self._analysis.program.function(at)
        if not isinstance(root, Name) or function is None:
            return False
        if function.kind != "module" and root.id in function.locals:
            defined = any(
                isinstance(event, DefineEvent) and event.name == root.id
                for event in function.graph.events
            )
            if not defined:  # a variable: what it holds is rarely a function, and dear to find out
                return False
        return isinstance(self._types.infer(value, at), FunctionRef)

    def _name(self, call: AnyCall, index: int, at: FunctionId) -> str:
        """What the callable is called: of `V.as_view()`, the class."""
        value: Expr = call.arguments[index].value
        if isinstance(value, Container) and len(value.items) == 1:
            value = value.items[0]
        maker = value if isinstance(value, Call) else self._types.maker(value, at)
        if isinstance(maker, Call | CallEvent):
            func = maker.func
            value = func.value if isinstance(func, Attribute) and func.attr[:1].islower() else func
        if isinstance(value, Literal):
            return str(value.value).rpartition(".")[2]
        return last_of(value)

    @staticmethod
    def _registration(call: AnyCall, last: str) -> Registration:
        path: str | None = None
        methods: tuple[str, ...] = ()
        for place, argument in enumerate(call.arguments):
            match argument.value:
                case Literal(kind="str", value=str(text)) if path is None and (
                    argument.keyword in (None, "path", "rule", "command") and place < 2
                ):
                    path = text
                case Container(items=items) if argument.keyword == "methods":
                    words = [item.value for item in items if isinstance(item, Literal)]
                    methods = tuple(word for word in words if isinstance(word, str))
                case _:
                    pass
        return Registration(last, path, methods)

    def registered_class(self, value: Expr, at: FunctionId) -> ClassRef | None:
        """The class of the project that `V.as_view()` or `V` stands for."""
        maker = value if isinstance(value, Call) else self._types.maker(value, at)
        if isinstance(maker, Call | CallEvent) and isinstance(maker.func, Attribute):
            value = maker.func.value
        found = self._types.infer(value, at)
        return found if isinstance(found, ClassRef) else None


def is_handler(arguments: tuple[Argument, ...], index: int, places: Collection[str]) -> bool:
    """The argument number `index` stands at one of the places: a position, or a keyword."""
    argument = arguments[index]
    if argument.keyword is not None:
        return argument.keyword in places
    before = arguments[:index]
    if any(a.keyword == "*" for a in before):
        return False
    return str(sum(1 for a in before if a.keyword is None)) in places


def can_be_called(value: Expr, record: Recognition) -> bool:
    """It is no constant, but for a text that names the callable where the record allows that."""
    if not isinstance(value, Literal):
        return True
    return (
        record.by_text
        and isinstance(value.value, str)
        and DOTTED.match(value.value.replace(":", ".")) is not None
    )
