"""Whether a pool can take the place of connections that are opened one by one, and who would borrow from it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from conn_lint.analyze.homes import Homes
from conn_lint.analyze.nesting import Nesting
from conn_lint.analyze.packages import Packages
from conn_lint.analyze.places import Places
from conn_lint.analyze.references import last, wholes
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.using import use_of
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.creation import Application, Borrower, Borrowing
from conn_lint.model.expression import Attribute, Expr, Name, Temp, walk
from conn_lint.model.flow import (
    CallEvent,
    Event,
    ReturnEvent,
    StoreEvent,
    WithExitEvent,
    expressions,
    result_of,
)
from conn_lint.model.location import Location
from conn_lint.model.option import Option
from conn_lint.model.resource import Resource, StandIn
from conn_lint.model.site import Fate
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_CLOSING = ("closes", "shuts-down")  # what the end of an `async with` does


class Borrowings:
    """Answers for the acquisitions of a run."""

    def __init__(self, analysis: Analysis, solved: tuple[Solved, ...]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)
        self._packages = Packages(analysis)
        self._homes = Homes(analysis)
        self._nesting = Nesting(analysis, solved)
        self._solved = solved

    def of(self, location: Location) -> Borrowing | None:
        """How what is opened there could be borrowed; None where it cannot be told that all who use it give it back,
        or where one who waits for his turn could keep others from giving theirs back.
        """
        solved = self.opened_at(location)
        return self._of(solved) if solved is not None else None

    def opened_at(self, location: Location) -> Solved | None:
        """What is opened there."""
        return self._by_place.get(location)

    @functools.cached_property
    def _by_place(self) -> dict[Location, Solved]:
        return {self._places.location(one.at, one.event.span): one for one in self._solved}

    def _of(self, solved: Solved) -> Borrowing | None:
        pool = self._analysis.knowledge.resource(solved.resource.instead)
        checkout = self._checkout(pool) if pool is not None and _can_lend(pool) else None
        if pool is None or checkout is None or self.is_given_something(solved):
            return None
        users = self._users(solved)
        if not users or not all(map(self._gives_back, users)):
            return None
        is_made_by_user = users == (solved,)
        sharing = {user.at for user in (self._beside(solved) if is_made_by_user else users)}
        if self._nesting.may_nest(sharing):
            return None
        in_one_file = all(user.at.path == solved.at.path for user in users)
        found = self._pooled(pool, checkout)
        return msgspec.structs.replace(
            found,
            home=(
                self._homes.of(solved.at.path, {user.at for user in users})
                if in_one_file and pool.is_async and pool.async_with == "shuts-down"
                else None
            ),
            maker="" if is_made_by_user else self._program.qualname(solved.at),
            users=tuple(map(self._borrower, users)),
        )

    def may_wait_for_itself(self, found: Borrowing, location: Location) -> bool:
        """One who has something of such a pool might come to one of those who would borrow, or the other way round."""
        pool = self._analysis.knowledge.resource(found.pool)
        solved = self.opened_at(location)
        if pool is None or solved is None:
            return True
        return self._nesting.with_holders({user.at for user in self._users(solved)}, pool)

    def application(self, location: Location) -> Application | None:
        """The application that may open and close what is made there, since it alone leads there; not what is given
        to others.
        """
        solved = self.opened_at(location)
        if solved is None or solved.returned_roles or not solved.resource.is_async:
            return None
        if solved.resource.async_with not in _CLOSING:
            return None
        return self._homes.application(solved.at)

    def in_place(self, location: Location) -> Borrowing | None:
        """The pool that could take the place of the one connection that is opened there, at the import of the file;
        None where other files use that, too.
        """
        solved = self.opened_at(location)
        pool = self._analysis.knowledge.resource(solved.resource.instead) if solved else None
        checkout = self._checkout(pool) if pool is not None and _can_lend(pool) else None
        if solved is None or pool is None or checkout is None or pool.is_async:
            return None
        module = self._program.files[location.path].module.rpartition(".")[2]
        for path, file in self._program.files.items():
            imported = {
                part for item in file.skeleton.imports for part in (item.module, item.name or "")
            }
            near = any(name.rpartition(".")[2] in (module, "") for name in imported)
            named = any(path in self._program.words.files_with(name) for name in solved.names)
            if path != location.path and near and named:
                return None
        return self._pooled(pool, checkout)

    def _pooled(self, pool: Resource, checkout: Resource) -> Borrowing:
        """How the pool is made and lends."""
        stands_in = pool.stands_in
        if stands_in is None and pool.is_async and _sizes(pool)[0].position == 0:
            stands_in = StandIn("named")
        package = pool.value.partition(".")[0]
        return Borrowing(
            pool=pool.name,
            is_async=pool.is_async,
            take=checkout.acquire[0].rpartition(".")[2],
            limit=next(
                (
                    o.parameter
                    for o in checkout.options
                    if o.role == "wait" and o.default == "forever"
                ),
                "",
            ),
            gives=_gives(checkout) or "call",
            give=checkout.release_on_owner[0] if checkout.release_on_owner else "",
            commits=_at_end(checkout) == "ends-transaction-then-returns",
            waits=(stands_in is not None and stands_in.waits)
            or not any(map(_raises, (*pool.options, *checkout.options))),
            sizes=tuple(option.parameter for option in _sizes(pool))
            if pool.is_async or stands_in is not None
            else (),
            stands_in=stands_in,
            home=None,
            foreign="" if self._packages.has(package) else package,
            maker="",
            users=(),
        )

    def _borrower(self, user: Solved) -> Borrower:
        function = self._program.function(user.at)
        assert function is not None
        use = use_of(user, function, self._places, self._analysis.knowledge.is_detached)
        events = function.graph.events
        by_block = all(isinstance(events[node], WithExitEvent) for node in user.released_at)
        location = self._places.location(user.at, user.event.span)
        return Borrower(location, use.names, () if by_block else use.releases)

    def _checkout(self, pool: Resource) -> Resource | None:
        for resource in self._analysis.knowledge.resources:
            owners = {name.rpartition(".")[0] for name in resource.acquire}
            if (
                resource.kind == "checkout"
                and pool.value in owners
                and resource.is_async == pool.is_async
                and _gives(resource)
            ):
                return resource
        return None

    def is_given_something(self, solved: Solved) -> bool:
        """What decides the connection is worked out by the function, or given to it."""
        function = self._program.function(solved.at)
        return function is None or function.kind != "function" or bool(self.given(solved, function))

    def given(self, solved: Solved, function: Function) -> frozenset[str]:
        """The names of its function that decide the connection."""
        own = {*function.locals, *(parameter.name for parameter in function.parameters)}
        made = {
            result: event
            for event in function.graph.events
            if event is not None and (result := result_of(event)) is not None
        }
        found: set[str] = set()
        waiting = list(expressions(solved.event))
        while waiting:
            for part in walk(waiting.pop()):
                if isinstance(part, Name) and part.id in own:
                    found.add(part.id)
                elif isinstance(part, Temp) and part.index in made:
                    waiting += expressions(made.pop(part.index))
        return frozenset(found)

    def _users(self, solved: Solved) -> tuple[Solved, ...]:
        """Those who get it and have to release it; none where that is not known of all."""
        if not solved.returned_roles:
            return (solved,)
        function = self._program.function(solved.at)
        ref = self._program.ref_of(solved.at)
        if function is None or not isinstance(ref, FunctionRef) or solved.at.number:
            return ()
        if function.parameters or function.decorators or function.is_generator:
            return ()
        if function.is_async != solved.resource.is_async:
            return ()
        returns = sum(isinstance(event, ReturnEvent) for event in function.graph.events)
        if (
            returns != 1
            or self._program.head(ref).parent >= 0
            or self._analysis.demand.in_tests(function.name)
        ):
            return ()
        found: list[Solved] = []
        for caller in self._analysis.callers.of(solved.at):
            there = self._analysis.sites.solved(caller.at)
            user = next((one for one in there if caller.node in one.nodes), None)
            if caller.how != "call" or user is None:
                return ()
            if user not in found:
                found.append(user)
        called = {(user.at, node) for user in found for node in user.nodes}
        return tuple(found) if self.references(ref) <= called else ()

    def references(self, ref: FunctionRef) -> set[tuple[FunctionId, int]]:
        """The events that mean the function; a place of its own (-1) for each that means it and does not call it."""
        names = self._analysis.mentions.names_of(self._program.head(ref).name)
        keys = self._analysis.mentions.of_function(ref)
        self._program.load(keys)
        found: set[tuple[FunctionId, int]] = set()
        for path, number in keys:
            summary = self._program.unit(path, number)
            for index, function in enumerate(summary.functions if summary is not None else ()):
                at = FunctionId(path, number, index)
                for node in self._analysis.mentions.nodes(at, names):
                    event = function.graph.events[node]
                    exprs = expressions(event) if event is not None else ()
                    meant = [expr for expr in exprs if self._means(expr, ref, names, at)]
                    if meant:
                        calls = isinstance(event, CallEvent) and meant == [event.func]
                        found.add((at, node if calls else -1))
        return found

    def _means(self, expr: Expr, ref: FunctionRef, names: frozenset[str], at: FunctionId) -> bool:
        for part in wholes(expr):
            meant = self._analysis.types.infer(part, at) if last(part) in names else None
            if isinstance(meant, FunctionRef) and meant._replace(bound=False) == ref:
                return True
        return False

    def _gives_back(self, user: Solved) -> bool:
        """In a function of its kind: one who waits for his turn in a coroutine would stop the loop, one in a generator
        takes a thread that others may need to give theirs back.
        """
        function = self._program.function(user.at)
        if function is None or function.is_async != user.resource.is_async or function.is_generator:
            return False
        return (
            user.fate is Fate.ALWAYS
            and bool(user.released_at)
            and not (user.returned_roles or user.stored_on or user.gave)
            and not any(_sets_up(event, user.names) for event in function.graph.events)
        )

    def _beside(self, solved: Solved) -> Iterator[Solved]:
        """Those who open the same in the same file, and might share the pool."""
        for other in self._solved:
            if other.at.path == solved.at.path and other.resource.name == solved.resource.name:
                yield other


def _sizes(pool: Resource) -> tuple[Option, ...]:
    """Its least number of connections, where it is not none by itself, and its greatest."""
    found = {option.role: option for option in pool.options}
    if (least := found.get("min-size")) is not None and least.default == 0:
        del found["min-size"]
    return tuple(found[role] for role in ("min-size", "max-size") if role in found)


def _sets_up(event: Event | None, names: frozenset[str]) -> bool:
    """`conn.autocommit = True`, `conn.set_session(...)`: it would stay so for others."""
    match event:
        case StoreEvent(target=Attribute(value=Name(id=name))):
            return name in names
        case CallEvent(func=Attribute(value=Name(id=name), attr=attr)):
            return name in names and attr.startswith("set_")
        case _:
            return False


def _raises(option: Option) -> bool:
    return option.role == "wait" and option.default == "raises-at-once"


def _gives(checkout: Resource) -> Literal["call", "close", "with"] | None:
    """How a connection goes back to its pool: the end of a `with` comes first, where it rolls back or commits."""
    at_end = _at_end(checkout)
    if checkout.call.endswith("with-only") and at_end == "ends-transaction-then-returns":
        return "with"
    if checkout.is_async:
        return "with" if at_end == "returns" and checkout.release_on_owner else None
    if checkout.release_on_owner:
        return "call"
    return "close" if checkout.release and checkout.call == "plain" else None


def _at_end(resource: Resource) -> str:
    """What the end of its `with` does."""
    return resource.async_with if resource.is_async else resource.with_


def _can_lend(pool: Resource) -> bool:
    """It takes what a connection is given, besides its sizes: as the facts say, or behind them, or by name where it
    is awaited.
    """
    if pool.kind != "pool" or not (sizes := _sizes(pool)):
        return False
    if pool.stands_in is not None:
        return pool.share in ("threads", "tasks")
    if len(sizes) != 2:
        return False
    if pool.is_async:
        return pool.call in ("await", "await-or-async-with") and all(o.parameter for o in sizes)
    return pool.share == "threads" and [option.position for option in sizes] == [0, 1]
