"""What a fix must know of a creation before its one result may serve all: what decides it, and what becomes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.calls import text_of
from conn_lint.analyze.early import Early
from conn_lint.analyze.inputs import Inputs
from conn_lint.analyze.places import Places
from conn_lint.analyze.roles import KEPT, OWN
from conn_lint.analyze.sites import Solved
from conn_lint.analyze.using import use_of
from conn_lint.analyze.walking import Reached
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.model.creation import Lender, Making
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Container,
    Expr,
    Literal,
    Name,
    Subscript,
    dotted,
    walk,
)
from conn_lint.model.flow import CallEvent, ReturnEvent, StoreEvent, WithEnterEvent
from conn_lint.model.resource import Resource
from conn_lint.model.summary import Function, Parameter

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_PERSONAL = ("auth", "cookies", "cookie_jar")
_OTHERS = ("varies", "asked")
_HARMLESS_HEADERS = ("accept", "content-length", "content-type", "user-agent")
_MAKES = frozenset({"assign", "annassign", "expr", "import", "importfrom", "return", "if"})
_KEYS = frozenset({"bool", "bytes", "float", "int", "str", "None"})  # types that can be keys
_ENDS = frozenset(
    {"__exit__", "__aexit__", "close", "aclose"}
)  # of objects with an end of their own
_LASTING = ("client", "factory", "pool")
_LOOPS = ("for", "while")
_SLOTS = 2  # parameters by which a client may be kept


class Makings:
    """Built from the acquisitions of a run."""

    def __init__(self, analysis: Analysis, solved: Iterable[Solved], places: Places) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._places = places
        self._inputs = Inputs(analysis)
        self._early = Early(analysis)
        self._got: defaultdict[FunctionRef | ClassRef, list[Solved]] = defaultdict(list)
        for item in solved:
            if item.acquired.via is not None:
                self._got[item.acquired.via].append(item)

    def of(self, solved: Solved, reached: Iterable[Reached]) -> Making:
        """Everything at once; `reached` are the entry points that lead there."""
        at, resource = solved.at, solved.resource
        function = self._program.function(at)
        assert function is not None
        reached = tuple(reached)
        entries = [(item.entered.entry, self._top(solved, item)) for item in reached]
        arguments = solved.event.arguments
        return Making(
            use=use_of(solved, function, self._places, self._analysis.knowledge.is_detached),
            inputs=self._inputs.of_all((a.value for a in arguments), at),
            frameworks=tuple(sorted({entry.framework for entry, _ in entries})),
            per=tuple(sorted({entry.per for entry, _ in entries})),
            on_loop=function.is_async and all(is_async for _, is_async in entries),
            early=self._early.of(solved, reached),
            kept=bool(solved.stored_on),
            given=solved.gave,
            closed=self._is_closed_elsewhere(solved),
            changed=any(self._changes(function, solved)),
            wrapped=self._wrapped(function, solved),
            personal=resource.cookies
            and (
                any(a.keyword in _PERSONAL and _is_given(a) for a in arguments)
                or any(self._is_personal(event, at) for event in _asked(function, solved))
                or any(_passed_on(function, solved))
            ),
            commits=any(_called(function, solved, "commit")),
            ends=bool(solved.ended_by_with),
            tried=is_tried(function, solved.event.statement),
            caught=is_caught(function, solved.event.statement),
            yields=function.is_generator,
            loop_lines=loop_lines(function, solved.event.loop),
            factory=self._program.class_of(at) is None
            and _only_makes(function)
            and self._gives_one_for_all(function, solved),
            plain=len(function.parameters) <= _SLOTS and all(map(_can_be_key, function.parameters)),
            lender=self._lender(resource),
        )

    def _lender(self, resource: Resource) -> Lender | None:
        """The pool to use instead, if it is given what a connection is given, and gets back what is closed."""
        knowledge = self._analysis.knowledge
        pool = knowledge.resource(resource.instead)
        if pool is None or pool.kind != "pool" or pool.is_async or resource.is_async:
            return None
        if _library(pool).isdisjoint(_library(resource)):
            return None  # it would have to be told whose connections to open
        sizes = [o.parameter for o in pool.options if o.role == "max-size" and o.position == 0]
        for checkout in knowledge.resources:
            takes = [name for name in checkout.acquire if name.rpartition(".")[0] == pool.value]
            if (
                takes
                and sizes
                and checkout.kind == "checkout"
                and checkout.call == "plain"
                and checkout.release
                and not checkout.release_on_owner
            ):
                return Lender(pool.acquire[0], sizes[0], takes[0].rpartition(".")[2])
        return None

    def _top(self, solved: Solved, reached: Reached) -> bool:
        """The function that is entered is async."""
        function = self._program.function(
            reached.links[0].caller.at if reached.links else solved.at
        )
        return function is not None and function.is_async

    def _is_closed_elsewhere(self, solved: Solved) -> bool:
        """The object that keeps it closes it, or what it was given to, or somebody who gets it from its function."""
        cls = self._program.class_of(solved.at)
        if cls is not None:
            if any(
                self._analysis.owners.releasers(cls, attr, solved.resource)
                for attr in solved.stored_on
            ):
                return True
            methods = {self._program.head(method).name for method in self._program.methods(cls)}
            if solved.gave and methods & _ENDS:
                return True
        ref = self._program.ref_of(solved.at)
        if ref is None or not solved.returned_roles:
            return False
        return any(
            got.resource.name == solved.resource.name and (got.released_at or self._is_entered(got))
            for got in self._got[ref]
        )

    def _gives_one_for_all(self, function: Function, solved: Solved) -> bool:
        """What the function gives is it itself, or a client or factory made with it: not a session, nor a tuple or an
        object with it inside.
        """
        if solved.returned_roles != {KEPT}:
            return solved.returned_roles == {OWN}
        at = solved.at
        for event in function.graph.events:
            if isinstance(event, ReturnEvent):
                value = event.value
                value = self._inputs.only_value(value.id, at) if isinstance(value, Name) else value
                made = self._analysis.types.maker(value, at) if value is not None else None
                if not isinstance(made, CallEvent):
                    return False
                given = self._analysis.calls.acquired(made, at)
                if given is None or given.resource.kind not in _LASTING:
                    return False
        return True

    def _is_entered(self, got: Solved) -> bool:
        function = self._program.function(got.at)
        assert function is not None
        names = {Name(name) for name in got.names}
        return any(
            isinstance(event, WithEnterEvent)
            and (event.value in names or event.statement == got.event.statement)
            for event in function.graph.events
        )

    def _wrapped(self, function: Function, solved: Solved) -> str:
        names = {Name(name) for name in solved.names}
        found: set[str] = set()
        for event in function.graph.events:
            if isinstance(event, CallEvent) and any(a.value in names for a in event.arguments):
                acquired = self._analysis.calls.acquired(event, solved.at)
                if acquired is not None and acquired.resource.kind == "factory":
                    found.add(text_of(event))
        return found.pop() if len(found) == 1 else ""

    def _changes(self, function: Function, solved: Solved) -> Iterator[bool]:
        """Its attributes are set, or what is set on them."""
        for event in function.graph.events:
            if isinstance(event, StoreEvent):
                owner = event.target.value
                while isinstance(owner, (Attribute, Subscript)):
                    owner = owner.value
                yield isinstance(owner, Name) and owner.id in solved.names

    def _is_personal(self, event: CallEvent, at: FunctionId) -> bool:
        """A request to a host that a caller names, or with a login or cookies of the caller's."""
        url = _address(event.arguments)
        if url is not None and not self._inputs.names_host(url.value, at):
            return True
        return any(
            (argument.keyword in _PERSONAL and self._inputs.of_all([argument.value], at) in _OTHERS)
            or (argument.keyword == "headers" and self._is_login(argument.value, at))
            for argument in event.arguments
        )

    def _is_login(self, headers: Expr, at: FunctionId) -> bool:
        """Headers of which one, or one that cannot be seen, may say who asks."""
        if self._inputs.of_all([headers], at) not in _OTHERS:
            return False
        value = self._inputs.only_value(headers.id, at) if isinstance(headers, Name) else headers
        if not isinstance(value, Container):
            return True
        return any(
            not (isinstance(key, Literal) and str(key.value).lower() in _HARMLESS_HEADERS)
            and self._inputs.of_all([item], at) in _OTHERS
            for key, item in zip(value.keys, value.items, strict=False)
        )


def _asked(function: Function, solved: Solved) -> Iterator[CallEvent]:
    """The calls of its methods that may ask for something."""
    for event in function.graph.events:
        if isinstance(event, CallEvent) and isinstance(event.func, Attribute):
            owner = event.func.value
            if isinstance(owner, Name) and owner.id in solved.names and event.arguments:
                yield event


def _library(resource: Resource) -> set[str]:
    return {name.partition(".")[0] for name in resource.acquire}


def _passed_on(function: Function, solved: Solved) -> Iterator[bool]:
    """Of each call: it is given to what is called, and what that asks for is not seen here."""
    names = {Name(name) for name in solved.names}
    for event in function.graph.events:
        if isinstance(event, CallEvent):
            yield any(argument.value in names for argument in event.arguments)


def _called(function: Function, solved: Solved, method: str) -> Iterator[bool]:
    """Of each call of a method: it is this one, of it."""
    for event in function.graph.events:
        if isinstance(event, CallEvent) and isinstance(event.func, Attribute):
            owner = event.func.value
            yield (
                event.func.attr == method and isinstance(owner, Name) and owner.id in solved.names
            )


def _around(function: Function, statement: int) -> Iterator[tuple[int, str]]:
    """The statements around one, the nearest first, each with the kind of its block that it stands in."""
    while statement >= 0:
        block = function.blocks[function.statements[statement].block]
        statement = block.owner
        if statement >= 0:
            yield statement, block.kind


def is_tried(function: Function, statement: int) -> bool:
    """What is raised there is caught within the loop around it."""
    catching = {block.owner for block in function.blocks if block.kind == "handler"}
    for owner, kind in _around(function, statement):
        if function.statements[owner].kind in _LOOPS:
            return False
        if owner in catching and kind == "body":
            return True
    return False


def is_caught(function: Function, statement: int) -> bool:
    """Something is caught within the loop around it."""
    loops = [o for o, _ in _around(function, statement) if function.statements[o].kind in _LOOPS]
    catching = {block.owner for block in function.blocks if block.kind == "handler"}
    return any(owner in loops for at in catching for owner, _ in _around(function, at))


def loop_lines(function: Function, loop: int) -> int:
    """The lines of the outermost loop around a loop."""
    lines = 0
    while loop >= 0:
        span = function.loops[loop].span
        lines, loop = span.end_line - span.line + 1, function.loops[loop].parent
    return lines


def _address(arguments: tuple[Argument, ...]) -> Argument | None:
    """The argument that may be an address: `url=`, else the first that is no verb."""
    for argument in arguments:
        if argument.keyword == "url":
            return argument
    for argument in arguments:
        value = argument.value
        verb = isinstance(value, Literal) and isinstance(value.value, str) and value.value.isalpha()
        if argument.keyword is None and not verb:
            return argument
    return None


def _is_given(argument: Argument) -> bool:
    return not (isinstance(argument.value, Literal) and argument.value.kind == "none")


def _only_makes(function: Function) -> bool:
    """A function by itself that makes something and hands it out, and does nothing else."""
    return (
        function.kind == "function"
        and function.parent < 0
        and "." not in function.qualname
        and not (function.is_async or function.is_generator or function.decorators)
        and {statement.kind for statement in function.statements} <= _MAKES
    )


def _can_be_key(parameter: Parameter) -> bool:
    """Its annotation says that its values can be keys of a cache."""
    if parameter.annotation is None or parameter.kind in ("*", "**"):
        return False
    names = {text for part in walk(parameter.annotation) if (text := dotted(part))}
    literals = [part for part in walk(parameter.annotation) if isinstance(part, Literal)]
    return names <= {*_KEYS, "Optional"} and all(part.kind == "none" for part in literals)
