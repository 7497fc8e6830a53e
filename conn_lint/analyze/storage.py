"""Places in which functions keep things, as expressions speak of them: `self.x`, `cache[key]`, `hasattr(app, "x")`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.link.values import FunctionId
from conn_lint.model.expression import (
    Attribute,
    Call,
    Expr,
    Literal,
    Name,
    Operator,
    Subscript,
    dotted,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    Event,
    StoreEvent,
    expand,
    expressions,
)
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_ALIASES = 3


class Place(NamedTuple):
    """Where something is kept: the text of the place, and of the key in it ("" without one)."""

    text: str
    key: str


class Reader:
    """Reads places out of the expressions of one function."""

    def __init__(self, analysis: Analysis, at: FunctionId, function: Function) -> None:
        self._function = function
        self._makers = analysis.types.makers(at)
        self._asked: dict[Expr, frozenset[Place]] = {}
        self._read: frozenset[Place] | None = None
        self.assigned: dict[str, list[Expr]] = {}
        for event in function.graph.events:
            if isinstance(event, AssignEvent):
                self.assigned.setdefault(event.target, []).append(event.value)

    def plain(self, expr: Expr) -> Expr:
        """The expression with calls written out and local aliases of attributes resolved."""
        expr = expand(expr, self._makers)
        for _ in range(_MAX_ALIASES):
            root, rest = expr, []
            while isinstance(root, Attribute):
                rest.append(root.attr)
                root = root.value
            if not isinstance(root, Name) or root.id not in self._function.locals:
                return expr
            if any(p.name == root.id for p in self._function.parameters):
                return expr
            values = [v for v in self.assigned.get(root.id, ()) if is_path(v)]
            if len(values) != 1 or not rest:
                return expr
            expr = values[0]
            for attr in reversed(rest):
                expr = Attribute(expr, attr)
        return expr

    def place(self, expr: Expr) -> Place | None:
        """The place that an expression reads, if it reads one."""
        match expr:
            case Attribute():
                return self.item(expr, None, "")
            case Subscript(value=value, index=index):
                return self.item(value, index, "[]")
            case Call(func=Attribute(value=value, attr="get"), arguments=arguments):
                return self.item(value, arguments[0].value if arguments else None, "[]")
            case Call(func=Name(id="hasattr" | "getattr"), arguments=(owner, name, *_)):
                return self.attribute(owner.value, name.value)
            case Operator(op="in" | "not in", operands=(Literal(value=name), Call())):
                return Place(str(name), "")  # "x" in globals()
            case Operator(op="in" | "not in", operands=(key, container)):
                return self.item(container, key, "[]")
            case _:
                return None

    def attribute(self, owner: Expr, name: Expr) -> Place | None:
        """The attribute that `getattr` and its like speak of; one of a variable name is like a key."""
        if isinstance(name, Literal):
            return self.item(owner, None, f".{name.value}")
        return self.item(owner, name, "[]")

    def item(self, owner: Expr, key: Expr | None, suffix: str) -> Place | None:
        text = dotted(self.plain(owner))
        if text is None:
            return None
        return Place(text + suffix, _key(self.plain(key)) if key is not None else "")

    def asked(self, test: Expr) -> frozenset[Place]:
        """The places that a test reads, through the names that it reads too, and those in a container that it asks
        whether anything is in it.
        """
        if test not in self._asked:
            whole = self._asked_whether_empty(test)
            found = frozenset(self._follow(test, _MAX_ALIASES))
            self._asked[test] = found if whole is None else found | {whole}
        return self._asked[test]

    def _asked_whether_empty(self, test: Expr) -> Place | None:
        """The places in the container of `not cache` or `len(cache) == 0`."""
        match expand(test, self._makers):
            case Operator(op="not", operands=(inner,)):
                return self._asked_whether_empty(inner)
            case Operator(operands=(Call(func=Name(id="len")) as inner, Literal())):
                return self._asked_whether_empty(inner)
            case Call(func=Name(id="len" | "bool"), arguments=(container,)):
                return self.item(container.value, None, "[]")
            case Name() | Attribute() as container:
                return self.item(container, None, "[]")
            case _:
                return None

    def _follow(self, test: Expr, depth: int) -> Iterator[Place]:
        seen: set[str] = set()
        todo = [(test, depth)]
        while todo:
            expr, left = todo.pop()
            for part in walk(expand(expr, self._makers)):
                if not isinstance(part, Name):
                    place = self.place(part)
                    if place is not None:
                        yield place
                elif part.id not in seen:
                    seen.add(part.id)
                    yield Place(part.id, "")
                    if left:
                        todo.extend((value, left - 1) for value in self.assigned.get(part.id, ()))

    def read_places(self) -> frozenset[Place]:
        """All places that the function reads by an attribute, a subscript or a name."""
        if self._read is None:
            self._read = frozenset(
                place
                for event in self._function.graph.events
                if not isinstance(event, StoreEvent | AssignEvent)
                for expr in reads(event)
                for place in self._follow(expr, 0)
            )
        return self._read


def means(asked: Place, kept: Place) -> bool:
    """A test of the first place tells whether the second one is filled."""
    if kept.text.endswith(".*"):
        owner = kept.text[:-2]
        return asked.text.startswith((f"{owner}.", f"{owner}[")) or (
            asked.text == owner and "." in owner
        )
    if asked.text == kept.text:
        return not asked.key or not kept.key or asked.key == kept.key
    if _as_attribute(asked) == _as_attribute(kept):
        return True
    if asked.text[:1] != kept.text[:1]:
        return False
    # The place may lie within what is asked for (`cls._instance.pool`), or be asked for a detail.
    inner, outer = sorted((asked.text, kept.text), key=len, reverse=True)
    if not inner.startswith((f"{outer}.", f"{outer}[")):
        return False
    return "." in outer or outer == asked.text == kept.text or asked.text == inner


def _as_attribute(place: Place) -> Place:
    """The place under a key that is a name: `"db" in g` asks of `g.db`, and no object has both apart."""
    name = place.key[1:-1]
    if place.key[:1] not in ("'", '"') or not name.isidentifier() or place.text[-2:] != "[]":
        return place
    return Place(f"{place.text[:-2]}.{name}", "")


def _key(expr: Expr) -> str:
    """A key as text, "" where it is not plain."""
    if isinstance(expr, Literal):
        return repr(expr.value)
    return dotted(expr) or ""


def is_path(expr: Expr) -> bool:
    return dotted(expr) is not None


def reads(event: Event | None) -> tuple[Expr, ...]:
    return () if event is None else expressions(event)
