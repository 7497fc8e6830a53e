"""Whether a function that a loop calls can be handed what it opens: nobody else calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.borrowing import Borrowings
from conn_lint.analyze.makings import is_caught, is_tried, loop_lines
from conn_lint.analyze.places import Places
from conn_lint.link.values import FunctionRef
from conn_lint.model.creation import Handing
from conn_lint.model.location import Location

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Handings:
    """Answers for a creation and a call in a loop that leads to it."""

    def __init__(self, analysis: Analysis, borrowings: Borrowings) -> None:
        self._program = analysis.program
        self._borrowings = borrowings
        self._places = Places(analysis.program)

    def of(self, location: Location, call: Location) -> Handing | None:
        """What is to be known of the loop, if `call` is the only one of the function that opens it at `location`, a
        plain function of the same file that is given nothing of what decides it.
        """
        solved = self._borrowings.opened_at(location)
        if solved is None or solved.at.number or location.path != call.path:
            return None
        function = self._program.function(solved.at)
        ref = self._program.ref_of(solved.at)
        if (
            function is None
            or not isinstance(ref, FunctionRef)
            or self._program.head(ref).parent >= 0
            or function.is_generator
            or function.decorators
            or self._borrowings.is_given_something(solved)
            or self._borrowings.in_tests(function.name)
        ):
            return None
        references = self._borrowings.references(ref)
        if len(references) != 1:
            return None
        at, node = next(iter(references))
        caller = self._program.function(at)
        event = caller.graph.events[node] if caller is not None and node >= 0 else None
        if caller is None or event is None:
            return None
        if self._places.location(at, event.span) != call:
            return None
        return Handing(
            is_async=caller.is_async,
            tried=is_tried(caller, event.statement),
            caught=is_caught(caller, event.statement),
            loop_lines=loop_lines(caller, event.loop),
        )
