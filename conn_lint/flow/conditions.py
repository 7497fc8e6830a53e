"""What is known of conditions on the way: `x is None`, `x`, `flag`, and any test that is asked more than once."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from conn_lint.flow.aliases import root_names
from conn_lint.model.expression import (
    Attribute,
    Expr,
    Literal,
    Name,
    Operator,
    Subscript,
    Temp,
    walk,
)
from conn_lint.model.flow import AssignEvent, CallEvent, FlowGraph, Guard

Known = frozenset[tuple[str, str]]

_NEGATED = {"is not": "is", "!=": "==", "not in": "in"}
_CONDITIONS = ("is", "is not", "==", "!=", "not", "in", "not in", "<", ">", "<=", ">=")
_TURNED = ("is", "is not", "==", "!=")
_SCOPES = ("locals", "vars", "globals", "dir")


class Asked(NamedTuple):
    """What a test asks of its subject: a check by `method`, or plain presence."""

    method: str
    truth_if_present: bool | None


def subject(test: Expr, graph: FlowGraph, makers: Mapping[int, int]) -> tuple[Expr | None, Asked]:
    """The thing that a test is about, and what the test comes to if that thing is there and open."""
    match test:
        case Operator(op=op, operands=(Literal(kind="none") as none, other)) if op in _TURNED:
            return subject(Operator(op, (other, none)), graph, makers)
        case Name():
            return test, Asked("", True)
        case Attribute(value=value, attr=attr):
            return value, Asked(attr, None)
        case Operator(op="is" | "==", operands=(left, Literal(kind="none"))):
            return left, Asked("", False)
        case Operator(op="is not" | "!=", operands=(left, Literal(kind="none"))):
            return left, Asked("", True)
        case Operator(
            op="in" | "not in" as op, operands=(Literal(kind="str", value=name), Temp(index=i))
        ):
            if isinstance(name, str) and _callee(i, graph, makers) in _SCOPES:
                return Name(name), Asked("", op == "in")
            return None, Asked("", None)
        case Operator(
            op="==" | "!=" | "is" | "is not",
            operands=(Attribute(value=value, attr=attr), Literal()),
        ):
            return _compared(test, value, attr)
        case Temp(index=index):
            return _checked_by_call(index, graph, makers)
        case _:
            return None, Asked("", None)


def _compared(test: Operator, value: Expr, attr: str) -> tuple[Expr | None, Asked]:
    """`conn.closed == 0`, `conn.closed is False`."""
    literal = test.operands[1]
    truth = bool(getattr(literal, "value", None))
    same = test.op in ("==", "is")
    return value, Asked(attr if truth is same else f"not {attr}", None)


def _callee(index: int, graph: FlowGraph, makers: Mapping[int, int]) -> str:
    event = graph.events[makers[index]] if index in makers else None
    return event.func.id if isinstance(event, CallEvent) and isinstance(event.func, Name) else ""


def _checked_by_call(
    index: int, graph: FlowGraph, makers: Mapping[int, int]
) -> tuple[Expr | None, Asked]:
    event = graph.events[makers[index]] if index in makers else None
    match event:
        case CallEvent(func=Attribute(value=value, attr=attr)):
            return value, Asked(attr, None)
        case CallEvent(func=Name(id="hasattr" | "bool"), arguments=(first, *_)):
            return first.value, Asked("", True)
        case _:
            return None, Asked("", None)


class Facts:
    """Keeps truths of conditions of one graph. A condition is kept if it can matter: it is tested again later, or
    the name it tests is bound to a constant somewhere.
    """

    def __init__(self, graph: FlowGraph) -> None:
        counts: Counter[str] = Counter()
        roots: dict[str, frozenset[str]] = {}
        for edge in graph.edges:
            if isinstance(edge.kind, Guard) and (key := _key(edge.kind.test)[0]):
                counts[key] += 1
                roots[key] = frozenset(root_names(edge.kind.test, lambdas=False))
        self._flags = _flags(graph, counts)
        for key, names in self._flags.items():
            counts[key] += 3
            roots[key] = names
        constant = {
            event.target
            for event in graph.events
            if isinstance(event, AssignEvent) and isinstance(event.value, Literal)
        }
        flagged = {
            event.target
            for event in graph.events
            if isinstance(event, AssignEvent) and _key(event.value)[0] in self._flags
        }
        # Each test makes two guards; one that is asked once, of a name with no constant, splits worlds for nothing.
        self._kept = {
            key
            for key, count in counts.items()
            if count > 2
            or key.removesuffix(" is None") in constant
            or _twin(key) in counts
            or key in flagged
        }
        self._by_root: dict[str, set[str]] = {}
        for key in self._kept:
            for name in roots[key]:
                self._by_root.setdefault(name, set()).add(key)

    def refine(self, known: Known, test: Expr, outcome: bool) -> Known | None:
        """What is known once the test came out so; None if that contradicts what was known."""
        key, positive = _key(test)
        if key not in self._kept:
            return known
        truth = outcome is positive
        for name, value in known:
            if name == key and value != str(truth):
                return None
        known = known | {(key, str(truth))}
        implied = _implied(key, truth)
        if implied is None:
            return known
        for name, value in known:
            if name == implied[0] and value != implied[1]:
                return None
        return known | {implied} if implied[0] in self._kept else known

    def assigned(self, known: Known, name: str, value: Expr, present: bool) -> Known:
        """What is known after `name` was bound to `value`; `present`: to the resource itself."""
        known = self.forgotten(known, name)
        if name not in self._by_root:
            return known
        truths: list[tuple[str, str]] = []
        if present:
            truths = [(name, "True"), (f"{name} is None", "False")]
        elif isinstance(value, Literal):
            is_none = value.kind == "none"
            truths = [(name, str(bool(value.value))), (f"{name} is None", str(is_none))]
            if value.kind not in ("none", "bool", "int", "float", "str"):
                truths = [(f"{name} is None", "False")]
        return known | {pair for pair in truths if pair[0] in self._kept}

    def split(self, known: Known, name: str, value: Expr) -> tuple[Known, ...]:
        """`own = conn is None` gives two worlds, if `own` is tested later: in each, both go together."""
        key = _key(value)[0]
        if not key or key not in self._kept or name not in self._kept or isinstance(value, Literal):
            return (known,)
        found = []
        for outcome in (True, False):
            refined = self.refine(known, value, outcome)
            if refined is not None:
                found.append(frozenset(refined) | {(name, str(outcome))})
        return tuple(found)

    def forgotten(self, known: Known, name: str) -> Known:
        """What is known once `name` may be anything."""
        gone = self._by_root.get(name)
        if not gone or not known:
            return known
        return frozenset(pair for pair in known if pair[0] not in gone)

    def stored(self, known: Known, target: Attribute | Subscript) -> Known:
        """What is known once an attribute or item was assigned: conditions that read one of that name go."""
        word = f".{target.attr}" if isinstance(target, Attribute) else "["
        return frozenset(pair for pair in known if word not in pair[0])


def _flags(graph: FlowGraph, tested: Counter[str]) -> dict[str, frozenset[str]]:
    """The conditions that are put into a variable which is tested later, with the names they read."""
    return {
        key: frozenset(root_names(event.value, lambdas=False))
        for event in graph.events
        if isinstance(event, AssignEvent)
        and event.target in tested
        and isinstance(event.value, Operator)
        and event.value.op in _CONDITIONS
        and (key := _key(event.value)[0])
    }


def _twin(key: str) -> str:
    """`x` for `x is None`, and the other way round."""
    plain = key.removesuffix(" is None")
    return plain if plain != key else f"{key} is None"


def _implied(key: str, truth: bool) -> tuple[str, str] | None:
    """`x` true means `x is None` false; `x is None` true means `x` false."""
    if not truth and key.isidentifier():
        # A name that is tested in both ways holds an object or None, hardly a zero.
        return f"{key} is None", "True"
    if key.endswith(" is None"):
        return (key.removesuffix(" is None"), "False") if truth else None
    return (f"{key} is None", "False") if truth and key.isidentifier() else None


@functools.lru_cache(maxsize=10_000)
def _key(test: Expr) -> tuple[str, bool]:
    """A name for a condition that is free of calls, and whether the test asks for it or for its opposite."""
    if any(isinstance(part, Temp) for part in walk(test)):
        return "", True
    if isinstance(test, Operator) and test.op in _TURNED and isinstance(test.operands[0], Literal):
        test = Operator(test.op, tuple(reversed(test.operands)))
    if isinstance(test, Operator) and test.op == "not":
        key, positive = _key(test.operands[0])
        return key, not positive
    if isinstance(test, Operator) and test.op in _NEGATED:
        return _text(Operator(_NEGATED[test.op], test.operands)), False
    return _text(test), True


def _text(expr: Expr) -> str:
    match expr:
        case Name(id=name):
            return name
        case Attribute(value=value, attr=attr):
            return f"{_text(value)}.{attr}"
        case Literal(kind="none"):
            return "None"
        case Literal(value=value):
            return repr(value)
        case Subscript(value=value, index=index):
            return f"{_text(value)}[{_text(index)}]"
        case Operator(op=op, operands=operands):
            return f" {op} ".join(_text(part) for part in operands)
        case _:
            return repr(expr)
