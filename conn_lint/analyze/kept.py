"""Where a function keeps what it makes, which tests ask for it, and how long such a place lives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.scopes import Scope, scope_of
from conn_lint.analyze.storage import Place, Reader, is_path, means
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, Instance, Value
from conn_lint.model.expression import (
    Attribute,
    Expr,
    Literal,
    Name,
    Subscript,
    Temp,
    dotted,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    Edge,
    Event,
    Guard,
    Handler,
    ReturnEvent,
    StoreEvent,
    WithEnterEvent,
    result_of,
)
from conn_lint.model.framework import Memo
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MISSING = frozenset({"KeyError", "AttributeError", "LookupError", "NameError", "IndexError"})
_KEEPERS = frozenset({"setdefault", "set", "update"})
_COLLECTORS = frozenset({"append", "appendleft", "add", "put", "put_nowait"})
_PROCESS_WORDS = frozenset({"app", "application", "bot", "server", "container", "extensions"})
_REQUEST_WORDS = frozenset({"g", "request", "req", "_request"})


_LASTING = (Scope.OBJECT, Scope.THREAD, Scope.PROCESS)


class Kept:
    """The tests and the places of one function."""

    def __init__(self, analysis: Analysis, at: FunctionId, function: Function) -> None:
        self._analysis = analysis
        self._at = at
        self._function = function
        self._reader = Reader(analysis, at, function)
        self._asked: set[str] = set()
        cls = analysis.program.class_of(at)
        ref = analysis.program.ref_of(at) if cls is not None else None
        decorators = analysis.program.decorators(ref) if isinstance(ref, FunctionRef) else ()
        first = function.parameters[0].name if function.parameters else ""
        self._of_class = first if cls and ("classmethod" in decorators or first == "cls") else ""
        self._self = (
            first if cls and not self._of_class and "staticmethod" not in decorators else ""
        )

    def _gives(self, node: int) -> bool:
        """The call gives the thing itself, and not something got by means of it."""
        event = self._function.graph.events[node]
        if not isinstance(event, CallEvent):
            return False
        callee = self._analysis.calls.callee(event, self._at)
        if isinstance(callee, FunctionRef):
            at = self._analysis.program.function_id(callee)
            function = self._analysis.program.function(at) if at is not None else None
            holds = function is not None and function.is_generator
            return holds or self._analysis.effects.fresh(callee) is not None
        return True

    def _is_of_session(self, place: Place) -> bool:
        """The place belongs to one user's session."""
        if not self._analysis.entries.has_user_sessions:
            return False
        memo = self._memo_of(place)
        return memo is not None and memo.scope == "session"

    def _memo_of(self, place: Place) -> Memo | None:
        """What is known of the object in which the place lies."""
        value: Value | None = None
        for number, part in enumerate(place.text.partition("[")[0].split(".")):
            value = (
                self._analysis.types.attributes.of(value, part)
                if number
                else self._analysis.types.name(part, self._at)
            )
            if isinstance(value, Instance | External):
                name = value.type if isinstance(value, Instance) else value.name
                memo = self._analysis.entries.memo_of(name)
                if memo is not None:
                    return memo
        return None

    def replaces(self, nodes: tuple[int, ...]) -> bool:
        """What the nodes make is stored, returned, or assigned to a name that has other values too."""
        if any(place.text.endswith(".*") for place in self._by_callees(nodes)):
            return True
        names, results = self._taken(nodes, direct=True)
        for event in self._function.graph.events:
            match event:
                case StoreEvent(value=value) | ReturnEvent(value=value):
                    if value is not None and _takes(value, names, results):
                        return True
                case AssignEvent(target=target, value=value) if _takes(value, names, results):
                    if (
                        target in self._function.global_names
                        or len(self._reader.assigned[target]) > 1
                    ):
                        return True
                case _:
                    pass
        return False

    def places(self, nodes: tuple[int, ...]) -> list[Place]:
        """Where the function keeps what the nodes make, or a flag; a method may keep it on its object.

        Under a key that varies, or on an object of somebody else, only the thing itself counts, and not what was
        got by means of it.
        """
        found: dict[Place, None] = {}
        loose = self._taken(nodes, direct=False)
        gives = any(self._gives(node) for node in nodes)
        strict = self._taken(nodes, direct=True) if gives else (frozenset(), frozenset())
        for event in self._function.graph.events:
            value = _given(event)
            for place in self._kept_by(event):
                keyed = "[]" in place.text and not place.key.startswith(("'", '"'))
                foreign = any(p.name == place.text.split(".")[0] for p in self._function.parameters)
                if keyed or (
                    foreign and place.text.split(".")[0] not in (self._self, self._of_class)
                ):
                    counts = any(_takes(v, *strict) for v in value)
                elif self._is_of_session(place):
                    counts = any(_takes(v, *loose) for v in value)
                else:
                    counts = True
                if isinstance(event, AssignEvent):
                    counts = event.target in loose[0]
                if counts:
                    found[place] = None
        found.update(dict.fromkeys(self._by_callees(nodes)))
        return list(found)

    def collects(self, nodes: Iterable[int]) -> bool:
        """What the nodes make is put into a collection beside others, and the collection outlives the call."""
        taken, found = self._taken(nodes, direct=True), list[Place | None]()
        for event in self._function.graph.events:
            match event:
                case CallEvent(func=Attribute(value=value, attr=attr)) if attr in _COLLECTORS:
                    if any(_takes(given, *taken) for given in _given(event)):
                        found.append(self._reader.item(value, None, "[]"))
                case StoreEvent(target=Subscript() as target, value=value) if _takes(value, *taken):
                    found.append(self._reader.place(target))
                case _:
                    pass
        return any(self.scope_of(place) in _LASTING for place in found if place is not None)

    def _by_callees(self, nodes: Iterable[int]) -> Iterator[Place]:
        """Methods that keep something on their object, when they are called on it."""
        for node in nodes:
            event = self._function.graph.events[node]
            if not isinstance(event, CallEvent):
                continue
            if isinstance(event.func, Name) and self._self:
                callee = self._analysis.calls.callee(event, self._at)
                if isinstance(callee, FunctionRef) and self._keeps_inside(callee):
                    yield Place(f"{self._self}.*", "")
            elif isinstance(event.func, Attribute):
                owner = dotted(self._reader.plain(event.func.value))
                callee = self._analysis.calls.callee(event, self._at)
                if owner is not None and isinstance(callee, FunctionRef) and self._keeps(callee):
                    yield Place(f"{owner}.*", "")

    def _keeps(self, method: FunctionRef) -> bool:
        """The method stores something on its object."""
        program = self._analysis.program
        at = program.function_id(method)
        function = program.function(at) if at is not None else None
        if function is None or not function.parameters:
            return False
        me = Name(function.parameters[0].name)
        return any(
            isinstance(event, StoreEvent)
            and isinstance(event.target, Attribute)
            and event.target.value == me
            for event in function.graph.events
        )

    def receiving(self, nodes: Iterable[int]) -> frozenset[str]:
        """The names that get what the nodes make, or something made of it."""
        names, _ = self._taken(nodes, direct=False)
        return names - {*self._function.global_names, *self._function.nonlocal_names}

    def _keeps_inside(self, inner: FunctionRef) -> bool:
        """A function written in this method stores something on the method's object."""
        at = self._analysis.program.function_id(inner)
        function = self._analysis.program.function(at) if at is not None else None
        if at is None or function is None or self._self in function.locals:
            return False
        if at[:2] != self._at[:2] or function.parent != self._at.number:
            return False
        for event in function.graph.events:
            match event:
                case StoreEvent(target=Attribute(value=Name(id=owner))) if owner == self._self:
                    return True
                case CallEvent(func=Name(id="setattr"), arguments=(owner, *_)):
                    if owner.value == Name(self._self):
                        return True
                case _:
                    pass
        return False

    def _taken(
        self, nodes: Iterable[int], *, direct: bool
    ) -> tuple[frozenset[str], frozenset[int | None]]:
        """Names and results that get what the nodes make; not `direct`: or something got by means of it."""
        function = self._function
        names: set[str] = set()
        if not direct:
            names.update(function.global_names, function.nonlocal_names)
        conditions = {
            part.id
            for loop in function.loops
            if loop.condition is not None
            for part in walk(loop.condition)
            if isinstance(part, Name)
        }
        events = function.graph.events
        results: set[int | None] = {result_of(events[node]) for node in nodes}
        for event in events:
            match event:
                case AssignEvent(target=target, value=value):
                    flag = not direct and isinstance(value, Literal) and target in conditions
                    if flag or _takes(value, names, results):
                        names.add(target)
                case CallEvent(func=func, arguments=arguments):
                    if any(_takes(a.value, names, results) for a in arguments) or (
                        not direct and _takes(func, names, results)
                    ):
                        results.add(event.result)
                case AwaitEvent(value=value) | WithEnterEvent(value=value):
                    entered = direct and isinstance(event, WithEnterEvent)
                    if _takes(value, names, results) and not entered:
                        results.add(event.result)
                case _:
                    pass
        return frozenset(names), frozenset(results)

    def _kept_by(self, event: Event | None) -> Iterator[Place]:
        match event:
            case AssignEvent(target=target):
                yield Place(target, "")
            case StoreEvent(target=target):
                place = self._reader.place(target)
                if place is not None:
                    yield place
            case CallEvent(func=Attribute(value=value, attr=attr), arguments=arguments):
                key = arguments[0].value if len(arguments) > 1 else None
                place = self._reader.item(value, key, "[]") if attr in _KEEPERS else None
                if place is not None:
                    yield place
            case CallEvent(func=Name(id="setattr"), arguments=(owner, name, _)):
                place = self._reader.attribute(owner.value, name.value)
                if place is not None:
                    yield place
            case _:
                pass

    def asks(self, edge: Edge, places: list[Place]) -> bool:
        """The edge belongs to a test of one of the places."""
        kind = edge.kind
        if isinstance(kind, Handler):
            return any(_is_missing(t) for t in kind.types) and any(
                means(asked, place) for asked in self._reader.read_places() for place in places
            )
        if not isinstance(kind, Guard):
            return False
        asked = self._reader.asked(kind.test)
        return any(means(a, place) for a in asked for place in places)

    def scope_of(self, place: Place) -> Scope:
        """How long the place lives."""
        path = place.text.replace("[]", "").split(".")
        root = path[0]
        function = self._function
        if len(path) == 1 and "[" not in place.text:
            outer = root in function.global_names or function.kind in ("module", "class")
            return Scope.PROCESS if outer or root in function.nonlocal_names else Scope.LOCAL
        if root == self._self:
            if path[1:2] == ["__class__"]:
                return Scope.PROCESS
            if ("[" in place.text or len(path) > 2) and self._is_of_body(path[1]):
                return Scope.PROCESS
            words = set(path[1:-1])
            if words & _REQUEST_WORDS and not words & _PROCESS_WORDS:
                return Scope.REQUEST
            return Scope.OBJECT
        if root == self._of_class:
            return Scope.PROCESS
        memo = self._memo_of(place)
        known = scope_of(memo) if memo is not None else None
        if known is not None:
            return known
        if not _PROCESS_WORDS.isdisjoint(path):
            return Scope.PROCESS
        if not _REQUEST_WORDS.isdisjoint(path):
            return Scope.REQUEST
        if root in function.locals and not any(p.name == root for p in function.parameters):
            return self._of_local(place, root)
        return Scope.PROCESS

    def _is_of_body(self, attr: str) -> bool:
        """The attribute is the class's, and all objects share what it holds."""
        cls = self._analysis.program.class_of(self._at)
        attributes = self._analysis.types.attributes
        found = [
            self._analysis.program.function(at)
            for base in (attributes.ancestry(cls) if cls is not None else ())
            if isinstance(base, ClassRef)
            for at, _, _ in attributes.assignments(base, attr)
        ]
        return bool(found) and all(f is not None and f.kind == "class" for f in found)

    def _of_local(self, place: Place, root: str) -> Scope:
        """A local name for one of several objects: of those that outlive the function the shortest-lived tells."""
        texts = [dotted(value) for value in self._reader.assigned.get(root, ()) if is_path(value)]
        rest = place.text.removeprefix(root)
        if root in self._asked:
            return Scope.LOCAL  # names that are given to each other in turn
        self._asked.add(root)
        scopes = {
            self.scope_of(Place(text + rest, place.key))
            for text in texts
            if text is not None and text.partition(".")[0] != root
        }
        self._asked.discard(root)
        for scope in (Scope.REQUEST, Scope.OBJECT, Scope.THREAD, Scope.PROCESS):
            if scope in scopes:
                return scope
        return Scope.LOCAL


def _takes(
    expr: Expr, names: frozenset[str] | set[str], results: frozenset[int | None] | set[int | None]
) -> bool:
    """The expression is made of one of the names or results."""
    for part in walk(expr):
        if isinstance(part, Temp):
            if part.index in results:
                return True
        elif isinstance(part, Name) and part.id in names:
            return True
    return False


def _given(event: Event | None) -> tuple[Expr, ...]:
    """The values that the event keeps somewhere."""
    match event:
        case AssignEvent(value=value) | StoreEvent(value=value):
            return (value,)
        case CallEvent(arguments=arguments):
            return tuple(argument.value for argument in arguments)
        case _:
            return ()


def _is_missing(expr: Expr) -> bool:
    """The type of an exception that says that something is not there."""
    return (
        isinstance(expr, Name | Attribute) and (dotted(expr) or "").rpartition(".")[2] in _MISSING
    )
