"""Methods that open what their object owns, work with it and close it at their end, but not on errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.sites import Solved
from conn_lint.link.values import ClassRef, FunctionRef
from conn_lint.model.expression import Attribute
from conn_lint.model.flow import CallEvent
from conn_lint.model.resource import Resource
from conn_lint.model.site import Fate

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


def self_closing(analysis: Analysis, solved: Sequence[Solved]) -> list[Solved]:
    """An acquisition for each such method, unless whoever makes the objects closes them anyway."""
    program = analysis.program
    owning = {cls for s in solved if s.stored_on and (cls := program.class_of(s.at)) is not None}
    made: dict[ClassRef, list[Solved]] = defaultdict(list)
    for s in solved:
        if isinstance(s.acquired.via, ClassRef) and not program.files[s.at.path].is_test:
            made[s.acquired.via].append(s)
    found = []
    for cls in sorted(owning):
        spec = analysis.owners.resource_of(cls)
        if spec is None:
            continue
        methods = list(_methods(analysis, cls, spec))
        closers = frozenset[str]().union(
            *(
                analysis.owners.direct_releasers(cls, owned.attr, owned.resource)
                for owned in analysis.owners.owned(cls)
            )
        )
        if made[cls] and all(_closed_outside(analysis, s, closers) for s in made[cls]):
            continue
        for method in methods:
            at = program.function_id(method)
            function = program.function(at) if at is not None else None
            if at is not None and function is not None:
                result = analysis.sites.of_object(at, function, spec)
                if result is not None:
                    found.append(result)
    return found


def _methods(analysis: Analysis, cls: ClassRef, spec: Resource) -> Iterator[FunctionRef]:
    """The methods that both open and close by calls on their own object."""
    for method in analysis.program.methods(cls):
        if all(
            analysis.owners.own_calls(method, frozenset(names))
            for names in (spec.begins, spec.release)
        ):
            yield method


def _closed_outside(analysis: Analysis, made: Solved, closers: frozenset[str]) -> bool:
    """The object is released on all ways out, by its close itself and not by such a method."""
    function = analysis.program.function(made.at)
    if made.fate is not Fate.ALWAYS or function is None:
        return False
    for node in made.released_at:
        event = function.graph.events[node]
        if isinstance(event, CallEvent) and isinstance(event.func, Attribute):
            if event.func.attr in closers:
                return True
        elif event is not None:
            return True
    return False
