"""Places in files: what functions and nodes are in a report."""

from __future__ import annotations

from conn_lint.link.program import Program
from conn_lint.link.values import FunctionId
from conn_lint.model.flow import Event
from conn_lint.model.location import NOWHERE, Location, Span

_COMPOUND = ("if", "for", "while", "try", "with", "match")


class Places:
    """Turns places within units into places in files."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.nowhere = Location("", NOWHERE)

    def location(self, at: FunctionId, span: Span) -> Location:
        """The span, which is relative to the unit, in the file."""
        return Location(at.path, span.shifted(self._program.first_line(at.path, at.unit)))

    def line(self, at: FunctionId, span: Span) -> int:
        """The first line of the span in the file."""
        return span.line + self._program.first_line(at.path, at.unit)

    def of_node(self, at: FunctionId, node: int) -> Location:
        """Where the event stands; the function itself where there is none."""
        function = self._program.function(at)
        event = function.graph.events[node] if function is not None and node >= 0 else None
        if event is not None:
            return self.location(at, event.span)
        return self.location(at, function.span if function is not None else NOWHERE)

    def statement(self, at: FunctionId, event: Event) -> tuple[int, int]:
        """The first and last line of the event's statement; of a compound one only the event's own."""
        function = self._program.function(at)
        before = self._program.first_line(at.path, at.unit)
        span = event.span
        if function is not None and 0 <= event.statement < len(function.statements):
            whole = function.statements[event.statement]
            if whole.kind not in _COMPOUND:
                span = whole.span
        return span.line + before, span.end_line + before
