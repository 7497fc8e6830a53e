"""Connections that are never opened, since they are only keys of a registry: `producers[connection]`."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from conn_lint.link.values import External, FunctionId
from conn_lint.model.expression import Expr, Name, Subscript, Temp, walk
from conn_lint.model.flow import AssignEvent, CallEvent, expressions
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.link.types import Types


def is_only_key(
    event: CallEvent, at: FunctionId, function: Function, registries: Collection[str], types: Types
) -> bool:
    """What the call gives is a key of one of these mappings, and nothing else, wherever its function uses it."""
    if not registries:
        return False
    made = Temp(event.result)
    names: list[Expr] = [
        Name(e.target)
        for e in function.graph.events
        if isinstance(e, AssignEvent) and e.value == made
    ]
    uses = keyed = 0
    for other in function.graph.events:
        if other is None or (isinstance(other, AssignEvent) and other.value == made):
            continue
        for part in (part for expr in expressions(other) for part in walk(expr)):
            uses += part == made or part in names
            if isinstance(part, Subscript) and (part.index == made or part.index in names):
                mapping = types.infer(part.value, at)
                keyed += isinstance(mapping, External) and mapping.name in registries
    return 0 < uses == keyed
