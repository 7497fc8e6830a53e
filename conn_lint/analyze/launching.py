"""Numbers in settings files of launchers that are Python modules, as in `workers = cpu_count() * 2 + 1`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.references import last
from conn_lint.link.values import FunctionId
from conn_lint.model.deployment import Figure
from conn_lint.model.expression import Container, Expr, Literal, Operator, Temp
from conn_lint.model.flow import AssignEvent, CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

PROCESSORS = 4  # assumed of a machine that is asked for its own
_UNTOLD = "since it cannot be told"
_MOST_DIGITS = 6
_ASKING = frozenset({"cpu_count", "process_cpu_count"})
_CHOOSING = {"min": min, "max": max}


class LauncherSettings:
    """Reads them from the modules of a program."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def given(self, folder: str, file: str, name: str) -> Figure | str | None:
        """What the file assigns to the name; it lies in the folder, or is the only one that is called so."""
        files = self._program.files
        exact = [p for p in (f"{folder}/{file}".lstrip("/"), file.lstrip("./")) if p in files]
        last_part = file.rpartition("/")[2]
        found = exact or [path for path in files if path.rpartition("/")[2] == last_part]
        return self._assigned(found[0], name) if exact or len(found) == 1 else None

    def stated(self, name: str) -> Figure | None:
        """What the program's own settings give to the name: the number that all of them say, if they do."""
        given = re.compile(rf"\b{re.escape(name)}[\"']?\]?\s*[:=](?!=)\s*(?P<number>\d+\b)?")
        found: list[Figure] = []
        for (path, unit), text in self._program.saying(name):
            for match in given.finditer(text):
                if "#" in text[text.rfind("\n", 0, match.start()) + 1 : match.start()]:
                    continue
                number = match["number"] or ""
                line = self._program.first_line(path, unit) + 1 + text.count("\n", 0, match.start())
                known = number.isdecimal() and len(number) < _MOST_DIGITS
                value = max(int(number), 1) if known else 1
                found.append(
                    Figure(
                        value, "read" if known else "assumed", path, line, "" if known else _UNTOLD
                    )
                )
        values = {(figure.value, figure.said) for figure in found}
        if len(values) > 1:
            return Figure(1, "assumed", found[0].path, found[0].line, _UNTOLD)
        return found[0] if found else None

    def _assigned(self, path: str, name: str) -> Figure | str | None:
        at = FunctionId(path, 0, 0)
        function = self._program.function(at)
        events = function.graph.events if function is not None else ()
        found = [e for e in events if isinstance(e, AssignEvent) and e.target == name]
        if len(found) != 1:
            return None
        line = found[0].span.line + self._program.first_line(path, 0)
        known = self._analysis.values.of(found[0].value, at)
        value = known.value
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 6:
            value = int(value)
        if known.is_known and isinstance(value, int) and not isinstance(value, bool):
            if not known.variable:
                return Figure(max(value, 1), "read", path, line)
            return Figure(max(value, 1), "assumed", path, line, f"the default of {known.variable}")
        if known.is_known and isinstance(value, str):
            return value
        calls = {event.result: event for event in events if isinstance(event, CallEvent)}
        number = _by_processors(found[0].value, calls)
        if number is None:
            return Figure(1, "assumed", path, line, _UNTOLD)
        note = f"where there are {PROCESSORS} processors"
        return Figure(max(number, 1), "assumed", path, line, note)


def _by_processors(value: Expr, calls: Mapping[int, CallEvent]) -> int | None:
    """The value where a call that asks for the processors stands for some."""
    match value:
        case Literal(value=int(number)) if not isinstance(number, bool):
            return number
        case Operator(op="+" | "*" as op, operands=operands):
            numbers = [_by_processors(operand, calls) for operand in operands]
            known = [number for number in numbers if number is not None]
            if len(known) != len(numbers):
                return None
            result = known[0]
            for number in known[1:]:
                result = result + number if op == "+" else result * number
            return result
        case Temp(index=index) if (call := calls.get(index)) is not None:
            return _called(call, calls)
        case _:
            return None


def _called(call: CallEvent, calls: Mapping[int, CallEvent]) -> int | None:
    name = last(call.func)
    if name in _ASKING:
        return PROCESSORS
    given = [argument.value for argument in call.arguments]
    if name == "int" and given:
        return _by_processors(given[0], calls)
    if name not in _CHOOSING:
        return None
    if len(given) == 1 and isinstance(given[0], Container):
        given = list(given[0].items)
    numbers = [_by_processors(value, calls) for value in given]
    known = [number for number in numbers if number is not None]
    return _CHOOSING[name](known) if known and len(known) == len(numbers) else None
