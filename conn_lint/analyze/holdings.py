"""The waits during which something is held, as places: what rules ask for through the façade."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.contexts import Held
from conn_lint.analyze.holders import Holders
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.places import Places
from conn_lint.analyze.pools import Pools
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.using import last_line, with_derived
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Name
from conn_lint.model.finding import Step
from conn_lint.model.flow import AwaitEvent, CallEvent, Event, IterateEvent, WithEnterEvent
from conn_lint.model.holding import Capacity, Holding
from conn_lint.model.location import Location
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


_MAX_CALLERS = 8
_TICK = "tick"  # how often: at every turn of a timetable


class Holdings:
    """Puts what was found into words and places."""

    def __init__(self, analysis: Analysis, solved: Iterable[Solved]) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = Places(analysis.program)
        self._solved = tuple(solved)
        self._pools = Pools(analysis)

    def all(self) -> tuple[Holding, ...]:
        """Every wait outside tests, ordered by place."""
        holders = Holders(self._analysis, self._solved)
        holders.run()
        found = [
            self._holding(held, holders)
            for held in holders.holds.found.values()
            if not self._program.files[held.at.path].is_test
        ]
        return tuple(sorted(found, key=lambda holding: (holding.location, holding.category)))

    def _holding(self, held: Held, holders: Holders) -> Holding:
        waiting = held.waiting
        last = waiting.links[-1]
        since = held.since
        function = self._program.function(held.at)
        assert function is not None
        entered = self._entry(held.holder.at) or self._entry(held.at)
        names = with_derived(held.names, function, self._analysis.knowledge.is_detached)
        opened = held.holder.event if held.holder.at == held.at else None
        released_at = self._released_at(held) if opened is not None else frozenset[int]()
        return Holding(
            category=waiting.wait.category,
            location=self._location(held.at, held.event),
            statement=self._statement(held.at, held.event),
            call=_words(held.event),
            function=self._program.qualname(held.at),
            waits=waiting.text,
            timeout=waiting.timeout,
            resource=held.holder.resource,
            holder=held.holder.text,
            since=self._location(*since) if since is not None else None,
            begun_by=_words(since[1]) if since is not None else "",
            chain=tuple(
                Step(
                    self._location(link.at, link.event),
                    self._program.qualname(link.at),
                    f"{waiting.text}() waits" if link is last else f"calls {_words(link.event)}()",
                )
                for link in waiting.links[1:]
            ),
            callers=self._callers(held, holders),
            capacity=self._capacity(held),
            opened=self._location(held.at, opened) if opened is not None else None,
            names=tuple(sorted(names, key=lambda name: (name not in held.names, name))),
            releases=tuple(
                sorted(
                    {
                        self._location(held.at, event)
                        for node in released_at
                        if isinstance(event := function.graph.events[node], (CallEvent, AwaitEvent))
                    }
                )
            ),
            last_line=last_line(
                held.at, names, function, self._places, released_at | _closes(function, names)
            ),
            process_ends=function.kind in ("module", "class")
            or self._program.files[held.at.path].kind == "script"
            or self._analysis.endings.ends_process(held.at),
            cached=waiting.cached,
            streams=self._streams(function),
            entry=entered.label if entered is not None else "",
            reach=self._analysis.reach.labels(held.at, (held.node,)),
            rare=entered is not None and entered.entry.per == _TICK,
        )

    def _released_at(self, held: Held) -> frozenset[int]:
        """The events of its function that release what it opened."""
        return frozenset(
            node
            for solved in self._analysis.sites.solved(held.at)
            if solved.event == held.holder.event
            for node in solved.released_at
        )

    def _callers(self, held: Held, holders: Holders) -> tuple[Step, ...]:
        """The way from the function that holds it first to this one."""
        steps: list[Step] = []
        at = held.at
        while at != held.holder.at and len(steps) < _MAX_CALLERS:
            caller = holders.holds.callers.get(at)
            if caller is None or caller == held.at:
                break
            at = caller
            function = self._program.function(at)
            if function is not None:
                span = function.span.shifted(self._program.first_line(at.path, at.unit))
                steps.append(Step(Location(at.path, span), self._program.qualname(at), "holds it"))
        return tuple(reversed(steps))

    def _streams(self, function: Function) -> bool:
        """The function loads what it reads into the database as it comes, so that it cannot read first."""
        return any(
            isinstance(event, CallEvent)
            and isinstance(event.func, Attribute)
            and self._analysis.knowledge.is_bulk(f".{event.func.attr}")
            for event in function.graph.events
        )

    def _entry(self, at: FunctionId) -> Entered | None:
        """The entry point that the function is."""
        ref = self._program.ref_of(at)
        return self._analysis.entries.of(ref) if isinstance(ref, FunctionRef) else None

    def _location(self, at: FunctionId, event: Event) -> Location:
        return Location(at.path, event.span.shifted(self._program.first_line(at.path, at.unit)))

    def _statement(self, at: FunctionId, event: Event) -> tuple[int, int]:
        before = self._program.first_line(at.path, at.unit)
        return event.span.line + before, event.span.end_line + before

    def _capacity(self, held: Held) -> Capacity | None:
        """The size of the one pool of that library that the project makes."""
        library = held.holder.resource.name.partition(".")[0]
        found = {
            capacity
            for solved in self._solved
            if solved.resource.name.partition(".")[0] == library
            and not self._program.files[solved.at.path].is_test
            and (capacity := self._size(solved)) is not None
        }
        return found.pop() if len(found) == 1 else None

    def _size(self, solved: Solved) -> Capacity | None:
        if solved.resource.kind not in ("client", "pool"):
            return None
        settings = self._pools.settings(solved.resource, solved.event, solved.at)
        size = settings.get("size") or settings.get("max-size")
        over = settings.get("overflow")
        if size is None or size.number is None or size.number < 1:
            return None
        most = int(size.number)
        more = int(over.number) if over is not None and over.number is not None else None
        if more is not None and more < 0:
            return None
        text = f"{most}+{more}" if more is not None else str(most)
        return Capacity(text, most + (more or 0), self._location(solved.at, solved.event))


def _closes(function: Function, names: Collection[str]) -> frozenset[int]:
    """The calls that close one of the names, a cursor for instance."""
    return frozenset(
        node
        for node, event in enumerate(function.graph.events)
        if isinstance(event, CallEvent)
        and isinstance(event.func, Attribute)
        and event.func.attr == "close"
        and isinstance(event.func.value, Name)
        and event.func.value.id in names
    )


def _words(event: Event) -> str:
    match event:
        case CallEvent():
            return text_of(event)
        case WithEnterEvent():
            return "with"
        case IterateEvent():
            return "for"
        case _:
            return ""
