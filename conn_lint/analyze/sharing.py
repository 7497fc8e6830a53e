"""Raw connections that one process shares: made once, and used by handlers or threads at the same time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.kept import Kept
from conn_lint.analyze.references import last
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.walking import Reached
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Instance
from conn_lint.model.expression import Attribute, Expr, Literal, Temp, walk
from conn_lint.model.flow import AssignEvent, CallEvent, StoreEvent, expressions
from conn_lint.model.framework import Hook
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_USERS = 40
_MAX_STARTS = 3  # calls from start-up code to the function that connects
_LOCK = re.compile(r"(?<![bc])lock", re.IGNORECASE)  # no block, no clock
_OWN_THREAD = "check_same_thread"
_THREADS = frozenset({"to_thread", "run_in_executor", "submit", "Thread", "run_sync"})
_ALONE = frozenset(
    {"invocation", "run", "parse", "process", "rerun"}
)  # one at a time, or a process of its own


class User(NamedTuple):
    """A function that uses the shared connection, and the entry point that leads to it, if one is known."""

    at: FunctionId
    reached: Reached | None


class OnObject(NamedTuple):
    """Where start-up code puts something: the last name of the object, and the attribute."""

    owner: str
    attr: str


class Sharing:
    """Answers for acquisitions."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def users(self, solved: Solved) -> tuple[User, ...]:
        """Who uses it at the same time; empty where it is not shared, or where sharing is safe."""
        resource = solved.resource
        crossing = resource.kind == "embedded" and _crosses_threads(solved.event)
        if not crossing and (resource.kind != "connection" or resource.server == "other"):
            return ()
        function = self._program.function(solved.at)
        cls = self._program.class_of(solved.at)
        if function is None:
            return ()
        if function.kind == "module":
            bound = Kept(self._analysis, solved.at, function).receiving(solved.nodes)
            return tuple(self._of_variables(bound, solved.at.path))
        found = list(self._of_object(cls, solved, crossing=crossing)) if cls is not None else []
        names, places = _left_behind(function, solved.nodes)
        outer = names.intersection(function.global_names)
        if not found and (outer or places) and self._starts(solved.at, _MAX_STARTS):
            found.extend(self._of_variables(outer, solved.at.path))
            found.extend(self._of_holders(places, resource))
        found.extend(self._of_closures(names - outer, solved.at))
        return tuple(found)

    def _of_closures(self, names: AbstractSet[str], at: FunctionId) -> Iterator[User]:
        """Inner functions that use a variable of this one, and are entered by another way: it registers them."""
        summary = self._program.unit(at.path, at.unit) if names else None
        for index, inner in enumerate(summary.functions if summary is not None else ()):
            user = FunctionId(at.path, at.unit, index)
            used = names & set(inner.captures)
            if any(self._program.local_to(name, user) == at for name in used):
                for reached in self._first(user, other_than=at):
                    yield User(user, reached)

    def _starts(self, at: FunctionId, depth: int) -> bool:
        """The function runs once, when its process starts: a hook, a module's body, or what only these call."""
        function = self._program.function(at)
        if function is None or self._program.files[at.path].is_test:
            return False
        if function.kind == "module":
            return self._analysis.entries.script(at.path) is None
        ref = self._program.ref_of(at)
        if isinstance(ref, FunctionRef):
            hook = self._analysis.entries.hook(ref)
            if hook is not None:
                return hook.phase != "shutdown"
            if self._analysis.entries.of(ref) is not None:
                return False
        callers = self._analysis.callers.of(at)
        return bool(depth and callers) and all(
            caller.sure and (self._is_hook(caller) or self._starts(caller.at, depth - 1))
            for caller in callers
        )

    def _is_hook(self, caller: Caller) -> bool:
        """The function is given to a call that registers it as start-up code."""
        event = self._program.event(caller.at, caller.node)
        if caller.how != "pass" or not isinstance(event, CallEvent):
            return False
        found = self._analysis.entries.passed(event, caller.argument, caller.at)
        return isinstance(found, Hook) and found.phase != "shutdown"

    def _of_variables(self, names: Iterable[str], home: str) -> Iterator[User]:
        """Functions that read the module's variable, in its file or through an import, and are entered."""
        for name in sorted(names):
            for path, number in self._analysis.mentioning(name):
                if number and self._sees(path, name, home):
                    yield from self._entered(path, number, name)

    def _of_holders(self, kept: Iterable[OnObject], resource: Resource) -> Iterator[User]:
        """Functions that read it from the object that it was put on (`app.state.conn`), and are entered."""
        for place in sorted(kept):
            for path, number in self._analysis.mentioning(place.attr):
                if self._program.files[path].is_test:
                    continue
                summary = self._program.unit(path, number)
                for index, function in enumerate(summary.functions if summary is not None else ()):
                    at = FunctionId(path, number, index)
                    if any(self._means(part, place, at, resource) for part in _parts(function)):
                        yield from (User(at, reached) for reached in self._first(at))

    def _means(self, part: Expr, place: OnObject, at: FunctionId, resource: Resource) -> bool:
        """By its type, else by the last two names: `app.state.conn` is what `request.app.state.conn` is."""
        if not isinstance(part, Attribute) or part.attr != place.attr:
            return False
        value = self._analysis.types.infer(part, at)
        if isinstance(value, Instance):
            return value.type == resource.value
        return last(part.value) == place.owner

    def _sees(self, path: str, name: str, home: str) -> bool:
        """The name means that module's variable in the file."""
        if self._program.files[path].is_test:
            return False
        imported = any(
            item.bound in (name, "*") for item in self._program.files[path].skeleton.imports
        )
        if path != home and not imported:
            return False
        return path == home or self._analysis.types.symbols.in_module(path, name) == Assigned(
            home, name
        )

    def _entered(self, path: str, number: int, name: str) -> Iterator[User]:
        summary = self._program.unit(path, number)
        for index, function in enumerate(summary.functions if summary is not None else ()):
            if name in function.captures and name not in function.locals:
                at = FunctionId(path, number, index)
                yield from (User(at, reached) for reached in self._first(at))

    def _first(self, at: FunctionId, other_than: FunctionId | None = None) -> tuple[Reached, ...]:
        """The nearest entry point that leads to the function by another way, if nothing is locked there."""
        names = self._program.words.of(at.path, at.unit)
        if any(_LOCK.search(name) for name in names):
            return ()
        others = (
            reached
            for reached in self._reached(at)
            if all(link.caller.at != other_than for link in reached.links)
        )
        return tuple(itertools.islice(others, 1))

    def _reached(self, at: FunctionId) -> Iterator[Reached]:
        for reached in self._analysis.reach.of(at, (), frozenset()):
            if reached.entered.entry.per not in _ALONE and reached.sure:
                yield reached

    def _of_object(self, cls: ClassRef, solved: Solved, *, crossing: bool) -> Iterator[User]:
        """Methods that use what an object holds which is made at import, or which the class itself gives to threads."""
        attrs = {
            owned.attr
            for owned in self._analysis.owners.owned(cls)
            if owned.resource.name == solved.resource.name
        } | solved.stored_on
        if not attrs or self._is_locked(cls):
            return
        methods = [
            at
            for method in self._program.methods(cls)
            if (at := self._program.function_id(method)) is not None
            and at != solved.at
            and self._reads(at, attrs)
        ]
        if crossing:
            yield from (User(at, None) for at in methods if self._runs_in_thread(cls, at))
        if self._analysis.made_at_import(cls):
            for at in methods[:_MAX_USERS]:
                for reached in self._reached(at):
                    if not crossing or self._is_threaded(reached):
                        yield User(at, reached)
                        break

    def _is_locked(self, cls: ClassRef) -> bool:
        units = {self._program.head(method).unit for method in self._program.methods(cls)}
        words = self._program.words
        return any(_LOCK.search(name) for unit in units for name in words.of(cls.path, unit))

    def _reads(self, at: FunctionId, attrs: set[str] | frozenset[str]) -> bool:
        return self._program.words.mentions(at.path, at.unit, attrs)

    def _runs_in_thread(self, cls: ClassRef, at: FunctionId) -> bool:
        """A method of the class gives this one to a thread."""
        function = self._program.function(at)
        wanted = function.name if function is not None else ""
        for method in self._program.methods(cls):
            other = self._program.function_id(method)
            function = self._program.function(other) if other is not None else None
            for event in function.graph.events if function is not None else ():
                if isinstance(event, CallEvent) and last(event.func) in _THREADS:
                    for expr in expressions(event):
                        if any(isinstance(p, Attribute) and p.attr == wanted for p in walk(expr)):
                            return True
        return False

    def _is_threaded(self, reached: Reached) -> bool:
        """The entry point is no coroutine, so that several run in threads."""
        top = reached.links[0].caller.at if reached.links else None
        function = self._program.function(top) if top is not None else None
        return function is not None and not function.is_async


def _crosses_threads(event: CallEvent) -> bool:
    """The check that a connection stays in its thread is switched off."""
    return any(
        a.keyword == _OWN_THREAD and isinstance(a.value, Literal) and a.value.value is False
        for a in event.arguments
    )


def _left_behind(
    function: Function, nodes: Collection[int]
) -> tuple[set[str], frozenset[OnObject]]:
    """The variables that get what the nodes make, and the attributes of other objects."""
    events = function.graph.events
    made = {Temp(event.result) for n in nodes if isinstance(event := events[n], CallEvent)}
    names: set[str] = set()
    places: set[OnObject] = set()
    for event in events:
        match event:
            case AssignEvent(target=target, value=value) if value in made:
                names.add(target)
            case StoreEvent(target=Attribute(value=owner, attr=attr), value=value) if value in made:
                holder = last(owner)
                if holder not in ("", "self", "cls"):
                    places.add(OnObject(holder, attr))
            case _:
                pass
    return names, frozenset(places)


def _parts(function: Function) -> Iterator[Expr]:
    for event in function.graph.events:
        if event is not None:
            for expr in expressions(event):
                yield from walk(expr)
