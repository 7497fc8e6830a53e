"""Creations for rules: every call of a library that makes something, with what leads to it again and again."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.makings import Makings
from conn_lint.analyze.origins import Origin
from conn_lint.analyze.places import Places
from conn_lint.analyze.repeats import Repeat
from conn_lint.analyze.scopes import Scope
from conn_lint.analyze.sharing import Sharing
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.walking import Link, Place, Reached
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, Instance
from conn_lint.model.creation import Creation, EntryWay, LoopWay
from conn_lint.model.expression import Attribute, Expr, Temp, dotted
from conn_lint.model.finding import Step
from conn_lint.model.flow import CallEvent
from conn_lint.model.location import Location
from conn_lint.model.summary import Loop

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_KINDS = frozenset({"connection", "client", "pool", "embedded", "target-session"})
_MAX_STEPS = 12
_PER = "invocation"


class Creations:
    """Built from the acquisitions of a run."""

    def __init__(self, analysis: Analysis, solved: tuple[Solved, ...]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)
        self._solved = solved
        self._sharing = Sharing(analysis)
        self._makings = Makings(analysis, solved, self._places)
        self._alive: dict[Place, bool] = {}

    @property
    def all(self) -> tuple[Creation, ...]:
        """Every creation outside tests, by file and line."""
        return tuple(creation for creation, _ in self.solved)

    @functools.cached_property
    def solved(self) -> tuple[tuple[Creation, Solved], ...]:
        """The same, each with the acquisition that it is."""
        found = [(self._creation(one), one) for one in self._solved if self._creates(one)]
        return tuple(sorted(found, key=lambda pair: pair[0].location))

    def reached(self) -> Iterator[tuple[Creation, Solved, tuple[Reached, ...]]]:
        """Each creation with all entry points that lead there, nearest first."""
        for solved in filter(self._creates, self._solved):
            origins = self._analysis.origins.of_call(solved.event, solved.at)
            reached = self._analysis.reach.of(solved.at, solved.nodes, origins)
            yield self._creation(solved), solved, reached

    def _creates(self, solved: Solved) -> bool:
        """The library's own call, or that of a class of the project which is the library's by inheritance."""
        if solved.resource.kind not in _KINDS or self._program.files[solved.at.path].is_test:
            return False
        if self._is_handle(solved):
            return False
        via = solved.acquired.via
        if via is None:
            return True
        return isinstance(via, ClassRef) and self._analysis.owners.resource_of(via) is None

    def _is_handle(self, solved: Solved) -> bool:
        """An open connection gives another handle to what it has open: duckdb's `connection.cursor()`."""
        func = solved.event.func
        if not isinstance(func, Attribute):
            return False
        owner = self._analysis.types.infer(func.value, solved.at)
        return isinstance(owner, Instance) and owner.type == solved.resource.value

    def _creation(self, solved: Solved) -> Creation:
        at, event = solved.at, solved.event
        function = self._program.function(at)
        assert function is not None
        origins = self._analysis.origins.of_call(event, at)
        scope = self._analysis.lifetimes.scope(at, solved.nodes)
        reached = self._analysis.reach.of(at, solved.nodes, origins)
        shared = [r for r in reached if not r.differs]
        loops, always = self._loops(solved, origins)
        return Creation(
            location=self._places.location(at, event.span),
            statement=self._places.statement(at, event),
            call=text_of(event),
            function=self._program.qualname(at),
            module=self._program.files[at.path].module,
            resource=solved.resource,
            lifetime=scope.value,
            only_result=bool(solved.released_at or solved.ended_by_with) and not solved.stored_on,
            at_import=function.kind in ("module", "class"),
            entry=self._way(shared[0], len(shared)) if shared else None,
            differs=bool(reached) and not shared,
            loops=loops,
            loops_always=always,
            makers=() if reached else self._makers(solved, origins, scope),
            users=tuple(self._users(solved)),
            making=self._makings.of(solved, shared),
            reach=self._analysis.reach.labels(at, solved.nodes, origins),
            ways=self._ways(shared),
        )

    def _ways(self, shared: Sequence[Reached]) -> tuple[Location, ...]:
        callers = (link.caller for reached in shared for link in reached.links)
        return tuple(sorted({self._places.of_node(c.at, c.node) for c in callers}))

    def _makers(
        self, solved: Solved, origins: frozenset[Origin], scope: Scope
    ) -> tuple[Location, ...]:
        """Places in one process that get one each: callers of the function that hands it out, makers of its objects."""
        function = self._program.function(solved.at)
        constructs = function is not None and function.name in ("__init__", "__new__")
        kept = bool(solved.stored_on) and (constructs or scope is Scope.OBJECT)
        handed = bool(solved.returned_roles) or kept
        if function is None or not handed or scope in (Scope.PROCESS, Scope.THREAD):
            return ()
        place = self._analysis.reach.around(solved.at, solved.nodes, origins)
        if place is None or self._is_memoised(place):
            return ()
        found: set[Location] = set()
        for caller in self._analysis.reach.callers(place):
            if caller.how == "refer":  # another name for it, which makes none by itself
                continue
            above = self._analysis.reach.above(place, caller)
            if above is None or above.origins or not caller.sure or not self._lives(above, 0):
                continue
            found.add(self._places.of_node(caller.at, caller.node))
        return () if self._are_apart(found) else tuple(sorted(found))

    def _are_apart(self, makers: Collection[Location]) -> bool:
        """Each stands in a program of its own, and makes its one."""
        paths = {maker.path for maker in makers}
        return len(paths) == len(makers) and all(map(self._is_program, paths))

    def _is_program(self, path: str) -> bool:
        """No file imports it, and it is run: a script, or the file of a serverless function."""
        if path in self._program.imported:
            return False
        heads = self._program.files[path].skeleton.heads
        return (
            not heads
            or self._program.runs_as_script(path)
            or any(
                entered is not None and entered.entry.per == _PER
                for index, head in enumerate(heads)
                if head.kind == "function" and head.parent < 0
                for entered in (self._analysis.entries.of(FunctionRef(path, index)),)
            )
        )

    def _is_memoised(self, place: Place) -> bool:
        ref = None if isinstance(place.at, ClassRef) else self._program.ref_of(place.at)
        return ref is not None and self._analysis.entries.memo(ref) is not None

    def _lives(self, place: Place, depth: int) -> bool:
        """Code of a process that lives on comes there, and not only once for all."""
        if self._is_memoised(place) or depth > _MAX_STEPS:
            return False
        if not isinstance(place.at, ClassRef):
            function = self._program.function(place.at)
            if function is None or function.kind in ("module", "class"):
                if function is None:
                    return False
                return not self._program.words.mentions(place.at.path, 0, {"__name__"})
            ref = self._program.ref_of(place.at)
            if isinstance(ref, FunctionRef) and self._analysis.entries.hook(ref) is not None:
                return True
            if self._analysis.endings.ends_process(place.at):
                return False
        if place in self._alive:
            return self._alive[place]
        self._alive[place] = False
        reach = self._analysis.reach
        found = any(
            (above := reach.above(place, caller)) is not None and self._lives(above, depth + 1)
            for caller in reach.callers(place)
        )
        self._alive[place] = found
        return found

    def _users(self, solved: Solved) -> Iterator[Step]:
        for user in self._sharing.users(solved):
            name = self._program.qualname(user.at)
            label = user.reached.entered.label if user.reached is not None else "a thread"
            yield Step(self._places.of_node(user.at, -1), name, f"used here ({label})")

    def _way(self, reached: Reached, count: int) -> EntryWay:
        entered = reached.entered
        top = reached.links[0].caller.at if reached.links else None
        steps = tuple(self.steps(reached.links))
        first = steps[0] if steps else None
        return EntryWay(
            label=entered.label,
            per=entered.entry.per,
            framework=entered.entry.framework,
            location=first.location if first is not None else self._places.nowhere,
            function=self._program.qualname(top) if top is not None else "",
            steps=steps[:_MAX_STEPS],
            count=count,
            sure=reached.sure,
        )

    def steps(self, links: tuple[Link, ...]) -> Iterator[Step]:
        """A chain of calls, from the top down."""
        for link in links:
            caller = link.caller
            location = self._places.of_node(caller.at, caller.node)
            name = self._program.qualname(caller.at) or self._program.files[caller.at.path].module
            note = f"leads to {self._name(link.to)}"
            yield Step(
                location, name, note if caller.sure else f"{note}, by the method's name alone"
            )

    def _name(self, to: FunctionId | ClassRef) -> str:
        if isinstance(to, ClassRef):
            return self._program.head(to).qualname
        return self._program.qualname(to)

    def _loops(
        self, solved: Solved, origins: frozenset[Origin]
    ) -> tuple[tuple[LoopWay, ...], bool]:
        at, nodes = solved.at, solved.nodes
        around = tuple(self._analysis.looping.nested(at, nodes, origins))
        if around:
            return (self._loop_way(Repeat(at, nodes[0], around[0], ()), around[-1]),), True
        if self._analysis.lifetimes.scope(at, nodes) in (Scope.PROCESS, Scope.THREAD):
            return (), False
        repeats = self._analysis.looping.through_callers(at, nodes, origins)
        ways = {(r.at, r.node): self._loop_way(r) for r in repeats.found}
        return tuple(ways.values()), repeats.always

    def _loop_way(self, repeat: Repeat, outer: Loop | None = None) -> LoopWay:
        function = self._program.function(repeat.at)
        assert function is not None
        event = function.graph.events[repeat.node]
        assert event is not None
        below = repeat.links[1:]
        return LoopWay(
            location=self._places.location(repeat.at, event.span),
            statement=self._places.statement(repeat.at, event),
            call=text_of(event) if isinstance(event, CallEvent) else "",
            function=self._program.qualname(repeat.at),
            line=self._places.line(repeat.at, repeat.loop.span) if repeat.loop else 0,
            items=self._items(repeat.loop, repeat.at),
            steps=tuple(self.steps(below)),
            direct=not repeat.links,
            reach=self._analysis.reach.labels(repeat.at, (repeat.node,)),
            outer=self._places.line(repeat.at, outer.span) if outer else 0,
        )

    def _items(self, loop: Loop | None, at: FunctionId) -> str:
        """What the loop runs over, if it has a name."""
        expr: Expr | None = loop.iterable if loop is not None else None
        if isinstance(expr, Temp):
            maker = self._analysis.types.maker(expr, at)
            return f"{text_of(maker)}()" if isinstance(maker, CallEvent) else ""
        return (dotted(expr) or "") if expr is not None else ""
