"""Small questions about events and expressions that the domain of ownership asks."""

from __future__ import annotations

from conn_lint.flow.aliases import role_of, root_names
from conn_lint.flow.world import OWN, UNTOUCHED, Change, Effect
from conn_lint.model.expression import Attribute, Expr, Temp, children
from conn_lint.model.flow import DefineEvent, FlowGraph, expressions, result_of


def receiver(func: Attribute, roles: frozenset[tuple[str, str]]) -> tuple[str, str]:
    """The role of x in `x.a.b(...)` and the path "a.b"."""
    path = func.attr
    value = func.value
    while not (role := role_of(value, roles)) and isinstance(value, Attribute):
        path = f"{value.attr}.{path}"
        value = value.value
    return role, path


def captures(graph: FlowGraph) -> dict[int, tuple[str, ...]]:
    """The names that lambdas and inner functions made at each node use."""
    found: dict[int, tuple[str, ...]] = {}
    for node, event in enumerate(graph.events):
        if isinstance(event, DefineEvent):
            names = event.captures
        elif event is not None:
            parts = expressions(event)
            names = tuple(name for expr in parts for name in root_names(expr, lambdas=True))
        else:
            continue
        if names:
            found[node] = names
    return found


def bound_method(expr: Expr, roles: frozenset[tuple[str, str]]) -> str:
    """`close` in `callback(conn.close)`."""
    if isinstance(expr, Attribute) and role_of(expr.value, roles) == OWN:
        return expr.attr
    return ""


_ORDER = (
    Change.RELEASE,
    Change.RETURN,
    Change.ESCAPE,
    Change.GIVE,
    Change.BEGIN,
    Change.OPEN,
    Change.END,
    Change.NONE,
)


def strongest(effects: list[Effect]) -> Effect:
    if not effects:
        return UNTOUCHED
    change = min((e.change for e in effects), key=_ORDER.index)
    role = next((e.role for e in effects if e.role), "")
    return Effect(change, role)


def pinned(graph: FlowGraph) -> dict[int, int]:
    """Results used in one statement only, with its number; others stay alive (they are not in the map)."""
    seen: dict[int, int] = {}
    shared: set[int] = set()
    for event in graph.events:
        if event is None:
            continue
        numbers = [result_of(event)]
        todo = list(expressions(event))
        while todo:
            expr = todo.pop()
            if isinstance(expr, Temp):
                numbers.append(expr.index)
            else:
                todo.extend(children(expr))
        for number in numbers:
            if number is not None and seen.setdefault(number, event.statement) != event.statement:
                shared.add(number)
    return {number: statement for number, statement in seen.items() if number not in shared}
