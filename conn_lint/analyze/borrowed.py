"""Who takes connections out of a pool, and whether each of them waits for one without an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.places import Places
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.tested import is_tested
from conn_lint.link.values import External, FunctionId, Instance
from conn_lint.model.expression import Attribute, Expr, Temp
from conn_lint.model.flow import AwaitEvent, CallEvent, WithEnterEvent
from conn_lint.model.option import Option
from conn_lint.model.pool import Taking
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Borrowed:
    """Answers for kinds of pools: those of one type are not told apart."""

    def __init__(self, analysis: Analysis, solved: tuple[Solved, ...]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)
        self._solved = solved
        self._found: dict[str, tuple[Taking, ...]] = {}

    def of(self, pool: Resource, path: str) -> tuple[Taking, ...]:
        """The calls that take a connection from pools of this type, by file and line.

        Of several programs in one project, each with its own source root, only that of the pool's file is meant.
        """
        root = self._program.files[path].root
        everywhere = self._everywhere(pool)
        return tuple(t for t in everywhere if self._program.files[t.location.path].root == root)

    def _everywhere(self, pool: Resource) -> tuple[Taking, ...]:
        if pool.name not in self._found:
            self._found[pool.name] = self._find(pool)
        return self._found[pool.name]

    def _find(self, pool: Resource) -> tuple[Taking, ...]:
        found = {
            taking.location: taking
            for one in self._solved
            if not self._program.files[one.at.path].is_test
            and one.acquired.via is None
            and self._takes_from(one.resource, pool)
            for taking in (self._taking(one.event, one.at, one.resource),)
        }
        for taking in (*self._by_name(pool), *self._within(pool)):
            found.setdefault(taking.location, taking)
        return tuple(found[location] for location in sorted(found))

    def _takes_from(self, checkout: Resource, pool: Resource) -> bool:
        return checkout.kind == "checkout" and any(self._methods(checkout, pool))

    def _methods(self, checkout: Resource, pool: Resource) -> Iterator[str]:
        canonical = self._analysis.knowledge.canonical
        for name in checkout.acquire:
            head, _, last = name.rpartition(".")
            if canonical(head) == canonical(pool.value):
                yield last

    def _by_name(self, pool: Resource) -> Iterator[Taking]:
        """Calls of such a method on something unknown which say how long they wait: they may be meant."""
        for checkout in self._analysis.knowledge.checkouts(pool.value):
            wait = next((option for option in checkout.options if option.role == "wait"), None)
            if wait is None or not wait.parameter:
                continue
            for method in self._methods(checkout, pool):
                for at, event, receiver in self._calls(method):
                    says = any(argument.keyword == wait.parameter for argument in event.arguments)
                    if says and self._is_unknown(receiver, at):
                        yield self._taking(event, at, checkout)

    def _within(self, pool: Resource) -> Iterator[Taking]:
        """Calls of the pool's own methods that borrow a connection for their time."""
        canonical = self._analysis.knowledge.canonical
        for method in pool.borrows_within:
            for at, event, receiver in self._calls(method):
                value = self._analysis.types.infer(receiver, at)
                if isinstance(value, Instance) and canonical(value.type) == canonical(pool.value):
                    yield self._taking(event, at, None)

    def _calls(self, method: str) -> Iterator[tuple[FunctionId, CallEvent, Expr]]:
        for path, number in self._program.words.calling(method):
            if self._program.files[path].is_test:
                continue
            summary = self._program.unit(path, number)
            for index, function in enumerate(summary.functions if summary else ()):
                at = FunctionId(path, number, index)
                for event in function.graph.events:
                    if (
                        isinstance(event, CallEvent)
                        and isinstance(event.func, Attribute)
                        and event.func.attr == method
                    ):
                        yield at, event, event.func.value

    def _is_unknown(self, receiver: Expr, at: FunctionId) -> bool:
        """Nothing is known of it, or only where it lies on a library's object (`request.app.state.pool`)."""
        value = self._analysis.types.infer(receiver, at)
        return value is None or isinstance(value, External)

    def _taking(self, event: CallEvent, at: FunctionId, resource: Resource | None) -> Taking:
        function = self._program.function(at)
        options = resource.options if resource is not None else ()
        option = next((o for o in options if o.role == "wait"), None)
        limited = option is not None and self._says(event, at, option)
        if not limited and function is not None:
            limited = self._is_given_a_limit(event, at, function) or self._is_in_a_limit(
                event, at, function
            )
        return Taking(
            location=self._places.location(at, event.span),
            call=text_of(event),
            limited=limited,
            limit=option.limit if option is not None else "",
            tested=is_tested(self._analysis, event, at),
        )

    def _says(self, event: CallEvent, at: FunctionId, option: Option) -> bool:
        """It says how long it waits; what cannot be told is taken for a limit."""
        given, named = self._analysis.values.arguments(event.arguments, at)
        found = named.items.get(option.parameter) if option.parameter else None
        if found is None and option.position is not None and option.position < len(given):
            found = given[option.position]
        if found is None:
            return not named.whole and bool(option.parameter)
        return not (found.is_known and found.value is None)

    def _is_given_a_limit(self, event: CallEvent, at: FunctionId, function: Function) -> bool:
        """The call stands within one that limits it: `asyncio.wait_for(pool.acquire(), 5)`."""
        for other in function.graph.events:
            if not isinstance(other, CallEvent) or Temp(event.result) not in (
                argument.value for argument in other.arguments
            ):
                continue
            name = self._analysis.types.infer(other.func, at)
            if isinstance(name, External):
                limiter = self._analysis.knowledge.settings.limiter(name.name)
                if limiter is not None and limiter.argument:
                    return True
        return False

    def _is_in_a_limit(self, event: CallEvent, at: FunctionId, function: Function) -> bool:
        """A block around the call ends it in time: `async with asyncio.timeout(5)`."""
        around: set[int] = set()
        statement = event.statement
        while statement >= 0 and statement not in around:
            around.add(statement)
            block = function.statements[statement].block
            statement = function.blocks[block].owner if block >= 0 else -1
        for other in function.graph.events:
            if not isinstance(other, WithEnterEvent) or other.statement not in around:
                continue
            maker = self._analysis.types.maker(other.value, at)
            while isinstance(maker, AwaitEvent):
                maker = self._analysis.types.maker(maker.value, at)
            if isinstance(maker, CallEvent) and maker.span != event.span:
                name = self._analysis.types.infer(maker.func, at)
                if isinstance(name, External) and self._analysis.knowledge.settings.limiter(
                    name.name
                ):
                    return True
        return False
