"""Values kept where no scope leads: on objects of which nothing is known, and in variables set by `global`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from conn_lint.link.symbols import Assigned
from conn_lint.link.values import External, FunctionId, Instance, Value, agreed
from conn_lint.model.expression import Attribute, Expr, Literal
from conn_lint.model.flow import AssignEvent, StoreEvent

if TYPE_CHECKING:
    from conn_lint.link.types import Types


class Holders:
    """Looks through the units that can matter; `units` names those that may put something on an attribute."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._held: dict[str, Value | None] = {}
        self.units: Callable[[str], Iterable[tuple[str, int]]] = lambda attr: ()

    def attribute(self, attr: str) -> Value | None:
        """What is put on `x.attr` all over the program, for an x of which nothing is known (`app.state.pool`)."""
        if attr not in self._held:
            self._held[attr] = None
            found: set[Value] = set()
            for path, number in self.units(attr):
                summary = self._types.program.unit(path, number)
                for index, function in enumerate(summary.functions if summary is not None else ()):
                    at = FunctionId(path, number, index)
                    for event in function.graph.events:
                        match event:
                            case StoreEvent(target=Attribute(attr=name), value=given) if (
                                name == attr
                            ):
                                value = self._types.infer(given, at)
                                if not _is_none(given):
                                    found.add(
                                        value if isinstance(value, Instance) else External("?")
                                    )
                            case _:
                                pass
            value = found.pop() if len(found) == 1 else None
            known = isinstance(value, Instance) and self._types.catalogue.is_type(value.type)
            self._held[attr] = value if known else None
        return self._held[attr]

    def global_variable(self, found: Assigned) -> Value | None:
        """The value that functions of the module give to a variable they declare global."""
        values: list[Value | None] = []
        for number in self._types.program.setting(found.path, found.name):
            summary = self._types.program.unit(found.path, number)
            for index, function in enumerate(summary.functions if summary is not None else ()):
                if found.name in function.global_names:
                    at = FunctionId(found.path, number, index)
                    values.extend(
                        self._types.infer(event.value, at)
                        for event in function.graph.events
                        if isinstance(event, AssignEvent) and event.target == found.name
                    )
        return agreed(values)


def _is_none(expr: Expr) -> bool:
    return isinstance(expr, Literal) and expr.kind == "none"
