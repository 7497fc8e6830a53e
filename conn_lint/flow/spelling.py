"""Writes chosen attributes of a graph as names, so that `self.session` can be followed like a variable."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from conn_lint.model.expression import Argument, Attribute, Expr, Name, dotted
from conn_lint.model.flow import AssignEvent, Event, FlowGraph, StoreEvent


def key(owner: str, attr: str) -> str:
    """The name that stands for `owner.attr`."""
    return f"{owner}.{attr}"


def spelled(graph: FlowGraph, wanted: Collection[tuple[str, str]]) -> FlowGraph:
    """The graph with each wanted `owner.attr` as one name; storing it is an assignment."""
    if not wanted:
        return graph
    pairs = frozenset(wanted)
    events = tuple(_event(event, pairs) if event is not None else None for event in graph.events)
    return msgspec.structs.replace(graph, events=events)


def _event(event: Event, pairs: frozenset[tuple[str, str]]) -> Event:
    if isinstance(event, StoreEvent) and isinstance(event.target, Attribute):
        name = _expr(event.target, pairs)
        if isinstance(name, Name):
            value = _expr(event.value, pairs)
            return AssignEvent(
                event.span, event.statement, event.loop, name.id, value, event.annotation
            )
    return _rebuilt(event, pairs)


_T = msgspec.Struct


def _rebuilt(struct: Event, pairs: frozenset[tuple[str, str]]) -> Event:
    changed = {}
    for field in struct.__struct_fields__:
        value = getattr(struct, field)
        new = _value(value, pairs)
        if new is not value:
            changed[field] = new
    return msgspec.structs.replace(struct, **changed) if changed else struct


def _value(value: object, pairs: frozenset[tuple[str, str]]) -> object:
    if isinstance(value, Argument):
        inner = _expr(value.value, pairs)
        return value if inner is value.value else Argument(inner, value.keyword)
    if isinstance(value, tuple):
        items = tuple(_value(item, pairs) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if isinstance(value, msgspec.Struct) and hasattr(value, "__struct_fields__"):
        return _expr(value, pairs)  # type: ignore[arg-type]
    return value


def _expr(expr: Expr, pairs: frozenset[tuple[str, str]]) -> Expr:
    if isinstance(expr, Attribute):
        owner = dotted(expr.value)
        if owner is not None and (owner, expr.attr) in pairs:
            return Name(key(owner, expr.attr))
    return _rebuilt(expr, pairs)  # type: ignore[arg-type, return-value]
