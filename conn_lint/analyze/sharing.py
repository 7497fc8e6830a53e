"""Raw connections that one process shares: made once, and used by handlers or threads at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.kept import Kept
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.walking import Reached
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import ClassRef, FunctionId
from conn_lint.model.expression import Attribute, Literal, Name, walk
from conn_lint.model.flow import CallEvent, expressions

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_USERS = 40
_OWN_THREAD = "check_same_thread"
_THREADS = frozenset({"to_thread", "run_in_executor", "submit", "Thread", "run_sync"})
_ALONE = frozenset(
    {"invocation", "run", "parse", "process", "rerun"}
)  # one at a time, or a process of its own


class User(NamedTuple):
    """A function that uses the shared connection, and the entry point that leads to it, if one is known."""

    at: FunctionId
    reached: Reached | None


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
        if function is not None and function.kind == "module":
            users = list(self._of_variables(solved))
        elif cls is not None:
            users = list(self._of_object(cls, solved, crossing=crossing))
        else:
            return ()
        return tuple(users)

    def _of_variables(self, solved: Solved) -> Iterator[User]:
        """Functions that read the module's variable, in its file or through an import, and are entered."""
        function = self._program.function(solved.at)
        assert function is not None
        names = Kept(self._analysis, solved.at, function).receiving(solved.nodes)
        for name in sorted(names):
            for path, number in self._analysis.mentioning(name):
                if number and self._sees(path, name, solved.at.path):
                    yield from self._entered(path, number, name)

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
                for reached in self._reached(at):
                    yield User(at, reached)
                    break

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
        skeleton = self._program.files[cls.path].skeleton
        units = {self._program.head(method).unit for method in self._program.methods(cls)}
        return any("lock" in name.lower() for unit in units for name in skeleton.units[unit].names)

    def _reads(self, at: FunctionId, attrs: set[str] | frozenset[str]) -> bool:
        names = self._program.files[at.path].skeleton.units[at.unit].names
        return not attrs.isdisjoint(names)

    def _runs_in_thread(self, cls: ClassRef, at: FunctionId) -> bool:
        """A method of the class gives this one to a thread."""
        function = self._program.function(at)
        wanted = function.name if function is not None else ""
        for method in self._program.methods(cls):
            other = self._program.function_id(method)
            function = self._program.function(other) if other is not None else None
            for event in function.graph.events if function is not None else ():
                if isinstance(event, CallEvent) and _last(event) in _THREADS:
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


def _last(event: CallEvent) -> str:
    func = event.func
    if isinstance(func, Attribute):
        return func.attr
    return func.id if isinstance(func, Name) else ""
