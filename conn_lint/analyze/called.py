"""What a call is given where that is not all in its arguments: a dict with prefixes, those of a partial function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.found import HOLE, UNKNOWN, Found, Table, unpacked
from conn_lint.analyze.places import Places
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import External, FunctionId
from conn_lint.model.expression import Expr, Name
from conn_lint.model.flow import AssignEvent, CallEvent
from conn_lint.model.option import Unpacker

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.values import Values


class Called:
    """Answers for calls, with the values of one setup."""

    def __init__(self, analysis: Analysis, values: Values) -> None:
        self._types = analysis.types
        self._program = analysis.program
        self._knowledge = analysis.knowledge
        self._values = values
        self._places = Places(analysis.program)

    def arguments(self, event: CallEvent, at: FunctionId) -> tuple[list[Found], Table]:
        """What it is given by position, and by keyword."""
        given, named = self._values.arguments(event.arguments, at)
        before = self._before(event.func, at)
        if before is not None:
            first, bound = before
            given = [*first, *given]
            named = Table({**bound.items, **named.items}, bound.whole and named.whole)
        callee = self._types.infer(event.func, at)
        unpacker = (
            self._knowledge.settings.unpacker(callee.name) if isinstance(callee, External) else None
        )
        return (given, named) if unpacker is None else ([], _out_of_dict(unpacker, given, named))

    def _before(self, func: Expr, at: FunctionId) -> tuple[list[Found], Table] | None:
        """What a partial function has been given, by position and by keyword; None where it is none."""
        made = self._maker(func, at)
        if made is None:
            return None
        call, where = made
        callee = self._types.infer(call.func, where)
        if not isinstance(callee, External) or not self._knowledge.binds(callee.name):
            return None
        given, named = self._values.arguments(call.arguments[1:], where)
        place = self._places.location(where, call.span)
        first = [found._replace(location=found.location or place) for found in given]
        return first, unpacked(Found(named, "argument", "", place))

    def _maker(self, func: Expr, at: FunctionId) -> tuple[CallEvent, FunctionId] | None:
        """The call whose result is called, directly or by the one name that it is given."""
        made = self._types.maker(func, at)
        if isinstance(made, CallEvent):
            return made, at
        if not isinstance(func, Name):
            return None
        name, where = func.id, self._program.local_to(func.id, at)
        if where is None:
            settled = self._types.symbols.in_module(at.path, name)
            if not isinstance(settled, Assigned):
                return None
            where, name = FunctionId(settled.path, 0, 0), settled.name
        function = self._program.function(where)
        events = function.graph.events if function is not None else ()
        found = [e for e in events if isinstance(e, AssignEvent) and e.target == name]
        made = self._types.maker(found[0].value, where) if len(found) == 1 else None
        return (made, where) if isinstance(made, CallEvent) else None


def _out_of_dict(unpacker: Unpacker, given: list[Found], named: Table) -> Table:
    """The keywords that the dict comes to, under those that the call adds."""
    own = dict(named.items)
    whole = named.whole
    first, second = (given[n] if n < len(given) else None for n in (0, 1))
    table = unpacked(own.pop(unpacker.argument, first or UNKNOWN))
    prefix = own.pop(unpacker.prefix) if unpacker.prefix in own else second
    begin = unpacker.default if prefix is None else prefix.text
    if begin is None or HOLE in begin:
        return Table(own, whole=False)
    items = {k.removeprefix(begin): v for k, v in table.items.items() if k.startswith(begin)}
    return Table({**items, **own}, whole and table.whole)
