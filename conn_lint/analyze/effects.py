"""What a project function does to its caller: gives a fresh resource; releases, keeps or returns what it is given.

Effects are computed on demand; in a recursion the call that closes the circle gets a preliminary answer (`circles`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.meaning import EventMeaning
from conn_lint.flow.ownership import Ownership
from conn_lint.flow.solve import solve, successors
from conn_lint.flow.world import BOX, OWN, PENDING, Change, Situation, World
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.flow import CallEvent, FlowGraph
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_NO_MAKERS = frozenset(
    {
        "contextmanager",
        "asynccontextmanager",
        "fixture",
        "yield_fixture",
        "overload",
        "abstractmethod",
    }
)


class Fresh(NamedTuple):
    """A resource that a function makes for its caller; `role` is it itself or its place in a tuple."""

    resource: Resource
    role: str


class Effects:
    """Answers for each function once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._fresh: dict[FunctionRef, Fresh | None] = {}
        self._captured: dict[tuple[FunctionId, str, str], Change] = {}
        self._parameters: dict[tuple[FunctionRef, int, str], Change] = {}

    def fresh(self, ref: FunctionRef) -> Fresh | None:
        """The resource that each call of the function gives, if it makes one."""
        ref = ref._replace(bound=False)
        return self._analysis.circles.answer(
            "fresh", self._fresh, ref, None, lambda: self._find_fresh(ref)
        )

    def _find_fresh(self, ref: FunctionRef) -> Fresh | None:
        program = self._analysis.program
        head = program.head(ref)
        if not self._analysis.demand.may_acquire(ref.path, head.unit):
            return None
        if program.decorators(ref) & _NO_MAKERS or self._analysis.entries.memo(ref) is not None:
            return None
        at = program.function_id(ref)
        function = program.function(at) if at is not None else None
        if at is None or function is None or function.is_generator:
            return None
        for solved in self._analysis.sites.solved(at):
            for role in sorted(solved.returned_roles):
                if role in (OWN, PENDING):
                    return Fresh(solved.resource, OWN)
                if role.startswith(BOX):
                    return Fresh(solved.resource, role)
        return None

    def place(self, callee: FunctionRef, event: CallEvent, index: int) -> int | None:
        """The callee's parameter that the argument number `index` goes to."""
        at = self._analysis.program.function_id(callee)
        function = self._analysis.program.function(at) if at is not None else None
        if function is None:
            return None
        argument = event.arguments[index]
        if argument.keyword in ("*", "**"):
            return None
        if argument.keyword is not None:
            for place, parameter in enumerate(function.parameters):
                if parameter.name == argument.keyword:
                    return place
            return None
        if any(a.keyword == "*" for a in event.arguments[:index]):
            return None
        place = sum(1 for a in event.arguments[:index] if a.keyword is None)
        place += 1 if callee.bound else 0
        if place >= len(function.parameters):
            return None
        kind = function.parameters[place].kind
        return place if kind in ("positional", "normal") else None

    def parameter(self, ref: FunctionRef, place: int, resource: Resource) -> Change:
        """What the function does with such a resource given as its parameter number `place`."""
        ref = ref._replace(bound=False)
        key = (ref, place, resource.name)
        return self._analysis.circles.answer(
            "parameter",
            self._parameters,
            key,
            Change.NONE,
            lambda: self._follow(ref, place, resource),
        )

    def passes_on(self, ref: FunctionRef | ClassRef | None, resource: Resource) -> bool:
        """What the function gives may be what its own caller has opened, and gave to it."""
        seen: set[FunctionRef | ClassRef] = set()
        waiting = [ref]
        while waiting:
            ref = waiting.pop()
            at = self._analysis.program.function_id(ref) if isinstance(ref, FunctionRef) else None
            function = self._analysis.program.function(at) if at is not None else None
            if not isinstance(ref, FunctionRef) or at is None or function is None or ref in seen:
                continue
            seen.add(ref)
            first = 0 if self._analysis.program.class_of(at) is None else 1
            for parameter in function.parameters[first:]:
                worlds, domain = self._at_the_end(at, function, parameter.name, resource)
                if OWN in domain.returned(worlds):
                    return True
            made = self._analysis.sites.solved(at)
            waiting += [solved.acquired.via for solved in made if solved.returned_roles]
        return False

    def captured(self, at: FunctionId, name: str, resource: Resource) -> Change:
        """What an inner function does with such a resource of the function around it, when it is called."""
        key = (at, name, resource.name)
        if key not in self._captured:
            self._captured[key] = Change.NONE
            function = self._analysis.program.function(at)
            if function is None or function.graph.too_large or name in function.nonlocal_names:
                self._captured[key] = Change.ESCAPE
            else:
                self._captured[key] = self._solved(at, function, name, resource)
        return self._captured[key]

    def _follow(self, ref: FunctionRef, place: int, resource: Resource) -> Change:
        program = self._analysis.program
        at = program.function_id(ref)
        function = program.function(at) if at is not None else None
        if at is None or function is None or function.graph.too_large:
            return Change.ESCAPE
        if self._analysis.is_abstract(ref, function):
            return Change.ESCAPE
        return self._solved(at, function, function.parameters[place].name, resource)

    def _solved(self, at: FunctionId, function: Function, name: str, resource: Resource) -> Change:
        worlds, domain = self._at_the_end(at, function, name, resource)
        return _summed_up(worlds, domain, _begin(resource), function)

    def _at_the_end(
        self, at: FunctionId, function: Function, name: str, resource: Resource
    ) -> tuple[set[World], Ownership]:
        """How such a resource stands when the function ends, which began with it in one of its names."""
        meaning = EventMeaning(self._analysis, at, function, resource, {})
        domain = Ownership(function.graph, meaning)
        start = frozenset({World(_begin(resource), frozenset({(name, OWN)}), frozenset())})
        states = solve(successors(function.graph), domain, start)
        return states.get(FlowGraph.EXIT, set()), domain


def _begin(resource: Resource) -> Situation:
    return Situation.IDLE if resource.lazy else Situation.BUSY


def _summed_up(
    worlds: set[World], domain: Ownership, begin: Situation, function: Function
) -> Change:
    """One change for all ways through: the kindest to the caller wins."""
    situations = {world.situation for world in worlds}
    if Situation.RELEASED in situations or (not worlds and domain.released_at):
        return Change.RELEASE
    if function.is_generator and (domain.released_at or domain.escaped_at):
        return Change.ESCAPE
    if Situation.ESCAPED in situations:
        return Change.GIVE if domain.given_only else Change.ESCAPE
    if Situation.RETURNED in situations:
        return Change.RETURN
    if begin is Situation.IDLE:
        return Change.BEGIN if Situation.BUSY in situations else Change.END
    return Change.NONE
