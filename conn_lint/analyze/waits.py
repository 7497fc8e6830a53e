"""What a call waits for: something outside the database, or a pause; directly or through functions of the project."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.timeouts import timeout_of
from conn_lint.analyze.untyped import Untyped, is_plain
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ObjectRef,
    Value,
)
from conn_lint.model.expression import Attribute, Expr, Lambda, Name, Temp, dotted
from conn_lint.model.flow import (
    CallEvent,
    Event,
    IterateEvent,
    WithEnterEvent,
)
from conn_lint.model.resource import Run, Wait

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

Category: TypeAlias = Literal["external", "pause"]

_MAX_CHAIN = 8


class Link(NamedTuple):
    """One call of the chain that leads to a wait."""

    at: FunctionId
    event: Event
    node: int


class Waiting(NamedTuple):
    """A wait: the calls that lead there (the last one is the library's), and its limit in seconds if known.

    `cached`: on the way lies a function that keeps what it got, so that most calls do not wait.
    """

    wait: Wait
    text: str
    links: tuple[Link, ...]
    timeout: float | None
    cached: bool = False


class Direct(NamedTuple):
    """A wait of a library, and its call as written."""

    wait: Wait
    text: str


class Waits:
    """Answers for each function once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._knowledge = analysis.knowledge
        self._types = analysis.types
        self._memo: dict[tuple[FunctionId, Category, ClassRef | None], Waiting | None] = {}
        self._named: dict[str, tuple[FunctionId, ...]] = {}
        self._aparts: dict[FunctionId, frozenset[int]] = {}
        self._calls_parameter: dict[tuple[FunctionId, str], bool] = {}
        self._untyped = Untyped(analysis)

    @functools.cached_property
    def _telling(self) -> re.Pattern[str]:
        """The names of methods that wait, of what the project imports."""
        packages = frozenset(
            item.module.partition(".")[0]
            for file in self._program.files.values()
            for item in file.skeleton.imports
        )
        names = self._knowledge.waiting_methods(packages)
        return re.compile("|".join(map(fnmatch.translate, sorted(names))) or r"\Z.")

    def function(
        self, at: FunctionId, category: Category, mine: ClassRef | None = None
    ) -> Waiting | None:
        """The first such wait in the function, or in what it calls: the direct ones first.

        `mine` is the class of the object whose method it is, where more is known of it than that.
        """
        return self._analysis.circles.answer(
            "waits", self._memo, (at, category, mine), None, lambda: self._find(at, category, mine)
        )

    def _find(self, at: FunctionId, category: Category, mine: ClassRef | None) -> Waiting | None:
        function = self._program.function(at)
        if function is None or function.graph.too_large:
            return None
        deeper: list[tuple[int, Event, tuple[FunctionId, ...]]] = []
        for node, event in enumerate(function.graph.events):
            if event is None or self._is_apart(event, at):
                continue
            direct = self._direct(event, at)
            if direct is not None:
                if direct.wait.category == category:
                    return self._waiting(node, event, at, direct)
                continue
            if targets := self.entered(event, at, mine):
                deeper.append((node, event, targets))
        for node, event, targets in deeper:
            found = self._through(node, event, at, targets, category, mine)
            if found is not None:
                return found
        return None

    def event(
        self,
        node: int,
        event: Event,
        at: FunctionId,
        category: Category,
        mine: ClassRef | None = None,
    ) -> Waiting | None:
        """What one event of a function waits for; `mine` as above."""
        if self._is_apart(event, at):
            return None
        direct = self._direct(event, at)
        if direct is not None:
            return (
                self._waiting(node, event, at, direct) if direct.wait.category == category else None
            )
        return self._through(node, event, at, self.entered(event, at, mine), category, mine)

    def _waiting(self, node: int, event: Event, at: FunctionId, direct: Direct) -> Waiting:
        limit = timeout_of(self._types, event, at, direct.wait)
        return Waiting(direct.wait, direct.text, (Link(at, event, node),), limit)

    def _through(
        self,
        node: int,
        event: Event,
        at: FunctionId,
        targets: tuple[FunctionId, ...],
        category: Category,
        mine: ClassRef | None,
    ) -> Waiting | None:
        own = mine or self._program.class_of(at)
        func = event.func if isinstance(event, CallEvent) else None
        for target in targets:
            if self._analysis.overrides.is_unlikely(own, target, at):
                continue
            receiver = self._analysis.selves.receiver(func, target, at, mine)
            inner = self.function(target, category, receiver)
            if inner is not None and len(inner.links) < _MAX_CHAIN:
                return Waiting(
                    inner.wait,
                    inner.text,
                    (Link(at, event, node), *inner.links),
                    inner.timeout,
                    inner.cached or self._keeps(target),
                )
        return None

    def _keeps(self, at: FunctionId) -> bool:
        """The function names a cache: what it got once it does not get again."""
        ref = self._program.ref_of(at)
        names = set(self._program.words.of(at.path, at.unit))
        if isinstance(ref, FunctionRef):
            names |= self._program.decorators(ref)
        return any("cache" in name.lower() and "clear" not in name.lower() for name in names)

    # One event

    def _direct(self, event: Event, at: FunctionId) -> Direct | None:
        """The library's call that the event is."""
        match event:
            case CallEvent():
                wait = self._external(self._callee(event, at))
                return Direct(wait, text_of(event)) if wait is not None else self._given(event, at)
            case IterateEvent(value=value):
                return self._method(value, at, ("__iter__", "__aiter__"))
            case WithEnterEvent(value=value):
                return self._method(value, at, ("__enter__", "__aenter__"))
            case _:
                return None

    def _callee(self, event: CallEvent, at: FunctionId) -> Value | None:
        """What is called; where a parameter without a type stands in front, by what callers give for it."""
        func = event.func
        callee = self._types.infer(func, at)
        if callee is None and isinstance(func, Attribute) and self._telling.match(func.attr):
            return None if is_plain(event) else self._untyped.value(func, at)
        return callee

    def _external(self, callee: Value | None) -> Wait | None:
        match callee:
            case External(name=name):
                return self._knowledge.wait_call(name.removeprefix("builtins."))
            case Instance(type=type_name):
                return self._knowledge.wait_call(f"{type_name}.__call__")
            case _:
                return None

    def _method(self, value: Expr, at: FunctionId, names: tuple[str, ...]) -> Direct | None:
        found = self._types.infer(value, at)
        if not isinstance(found, Instance):
            return None
        for name in names:
            wait = self._knowledge.wait_call(f"{found.type}.{name}")
            if wait is not None:
                return Direct(wait, found.type)
        return None

    def _given(self, event: CallEvent, at: FunctionId) -> Direct | None:
        """`to_thread(requests.get, url)`: the call that is made inside."""
        for expr in self._run(event, at):
            if isinstance(expr, Name | Attribute):
                wait = self._external(self._types.infer(expr, at))
                if wait is not None:
                    return Direct(wait, dotted(expr) or text_of(event))
        return None

    def entered(
        self, event: Event, at: FunctionId, mine: ClassRef | None = None
    ) -> tuple[FunctionId, ...]:
        """The functions of the project that run while the event does."""
        match event:
            case CallEvent(func=func):
                callee = self._analysis.selves.method(func, at, mine) or self._types.infer(func, at)
                found = list(self._targets(callee, event, at))
                for expr in self._run(event, at):
                    if isinstance(expr, Lambda):
                        if expr.function >= 0:
                            found.append(FunctionId(at.path, at.unit, expr.function))
                    elif not isinstance(expr, Temp):
                        found.extend(self._targets(self._types.infer(expr, at), None, at))
                return tuple(dict.fromkeys(found))
            case WithEnterEvent(value=value):
                return self._special(value, at, ("__enter__", "__aenter__"))
            case IterateEvent(value=value):
                return self._special(value, at, ("__iter__", "__aiter__", "__next__", "__anext__"))
            case _:
                return ()

    def _special(
        self, value: Expr, at: FunctionId, names: tuple[str, ...]
    ) -> tuple[FunctionId, ...]:
        found = self._types.infer(value, at)
        if not isinstance(found, ObjectRef):
            return ()
        methods = (self._types.attributes.method(found.cls, name) for name in names)
        ids = (self._program.function_id(m) for m in methods if m is not None)
        return tuple(at for at in ids if at is not None)

    def _targets(
        self, callee: Value | None, event: CallEvent | None, at: FunctionId
    ) -> Iterator[FunctionId]:
        match callee:
            case FunctionRef():
                for ref in (callee, *self._analysis.overrides.of(callee)):
                    found = self._program.function_id(ref)
                    if found is not None:
                        yield found
            case ClassRef():
                init = self._types.attributes.method(callee, "__init__")
                found = self._program.function_id(init) if init is not None else None
                if found is not None:
                    yield found
            case ObjectRef():
                method = self._types.attributes.method(callee.cls, "__call__")
                found = self._program.function_id(method) if method is not None else None
                if found is not None:
                    yield found
            case None if event is not None and isinstance(event.func, Attribute):
                yield from self._by_name(event.func.attr)
            case _:
                pass

    def _by_name(self, name: str) -> tuple[FunctionId, ...]:
        """The methods of a telling name that the project defines, if each of them waits for something external.

        Of an interface's methods one is enough.
        """
        if name not in self._named:
            self._named[name] = ()
            refs = self._analysis.overrides.by_name(name)
            found = tuple(at for ref in refs if (at := self._program.function_id(ref)) is not None)
            enough = any if self._analysis.overrides.is_interface(name) else all
            if enough(self.function(at, "external") is not None for at in found):
                self._named[name] = found
        return self._named[name]

    # What is run for somebody

    def _run(self, event: CallEvent, at: FunctionId) -> Iterator[Expr]:
        """The arguments that the call runs before it returns."""
        record = self._record(event, at)
        if record is not None:
            if record.waits:
                yield from _chosen(event, record)
            return
        callee = self._types.infer(event.func, at)
        if not isinstance(callee, FunctionRef):
            return
        for index, argument in enumerate(event.arguments):
            value = argument.value
            if not isinstance(value, Name | Attribute | Lambda):
                continue
            if isinstance(value, Name | Attribute) and not isinstance(
                self._types.infer(value, at), External | FunctionRef
            ):
                continue
            place = self._analysis.effects.place(callee, event, index)
            inner = self._program.function_id(callee)
            if place is not None and inner is not None and self._calls(inner, place):
                yield value

    def _calls(self, at: FunctionId, place: int) -> bool:
        """The function calls its parameter."""
        function = self._program.function(at)
        if function is None:
            return False
        name = function.parameters[place].name
        key = (at, name)
        if key not in self._calls_parameter:
            self._calls_parameter[key] = any(
                isinstance(event, CallEvent) and event.func == Name(name)
                for event in function.graph.events
            )
        return self._calls_parameter[key]

    def _record(self, event: CallEvent, at: FunctionId) -> Run | None:
        callee = self._types.infer(event.func, at)
        if isinstance(callee, External):
            return self._knowledge.run(callee.name)
        if callee is None and isinstance(event.func, Attribute):
            return self._knowledge.run(f".{event.func.attr}")
        return None

    def runs_apart(self, event: CallEvent, at: FunctionId) -> bool:
        """What the call is given runs on its own."""
        record = self._record(event, at)
        return record is not None and not record.waits

    def _is_apart(self, event: Event, at: FunctionId) -> bool:
        """The call only makes a coroutine, which then runs on its own: `create_task(f())`."""
        if not isinstance(event, CallEvent) or event.awaited:
            return False
        if at not in self._aparts:
            function = self._program.function(at)
            self._aparts[at] = frozenset(
                value.index
                for other in (function.graph.events if function is not None else ())
                if isinstance(other, CallEvent)
                and (record := self._record(other, at)) is not None
                and not record.waits
                for value in _chosen(other, record)
                if isinstance(value, Temp)
            )
        return event.result in self._aparts[at]


def _chosen(event: CallEvent, record: Run) -> Iterator[Expr]:
    positional = 0
    for argument in event.arguments:
        if record.argument in ("*", argument.keyword) or (
            argument.keyword is None and record.argument == str(positional)
        ):
            yield argument.value
        positional += argument.keyword is None
