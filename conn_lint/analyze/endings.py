"""Functions with which the process ends: what they leave open, the operating system closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.flow.guarding import is_for_script
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.expression import Name, walk
from conn_lint.model.flow import expressions

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_DEPTH = 4
_COMMANDS = frozenset({"command", "callback"})  # of click and typer groups


class Endings:
    """Asks of skeletons who mentions a function: only the end of a script, or other such functions."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._memo: dict[FunctionRef, bool] = {}

    def ends_process(self, at: FunctionId) -> bool:
        """The function is run once, by `if __name__ == "__main__"` or as a command, and nothing comes after it."""
        ref = self._program.ref_of(FunctionId(at.path, at.unit, 0))  # an inner one ends with it
        return isinstance(ref, FunctionRef) and self._ends(ref, 0)

    def _ends(self, ref: FunctionRef, depth: int) -> bool:
        ref = ref._replace(bound=False)
        if ref not in self._memo:
            self._memo[ref] = False
            self._memo[ref] = depth < _MAX_DEPTH and self._found(ref, depth)
        return self._memo[ref]

    def _found(self, ref: FunctionRef, depth: int) -> bool:
        head = self._program.head(ref)
        if head.parent >= 0:
            return False
        if self._program.decorators(ref) & _COMMANDS:
            return True
        if head.decorators:
            return False
        callers = self._callers(ref, head.name)
        if not callers:
            return head.name == "main"
        return all(self._is_end(ref, path, unit, depth) for path, unit in callers)

    def _callers(self, ref: FunctionRef, name: str) -> list[tuple[str, int]]:
        """The units outside tests that may mean it by the name: those of its file, and of files that import that."""
        own = self._program.head(ref).unit
        return [
            (path, unit)
            for path, unit in self._analysis.demand.mentioning(name)
            if (path, unit) != (ref.path, own)
            and not self._program.files[path].is_test
            and (path == ref.path or self._imports(path, ref.path))
        ]

    def _imports(self, path: str, other: str) -> bool:
        modules = self._program.modules
        return any(
            other in modules.paths(item, path)
            for item in self._program.files[path].skeleton.imports
        )

    def _is_end(self, ref: FunctionRef, path: str, unit: int, depth: int) -> bool:
        skeleton = self._program.files[path].skeleton
        if unit == 0:
            named = self._program.words.mentions(path, 0, {"__name__"})
            return (
                path == ref.path and named and self._in_script(path, self._program.head(ref).name)
            )
        caller = FunctionRef(path, skeleton.units[unit].head)
        return path == ref.path and self._once(caller, ref) and self._ends(caller, depth + 1)

    def _in_script(self, path: str, name: str) -> bool:
        """The module's body uses the name only where it is run as a script."""
        body = self._program.function(FunctionId(path, 0, 0))
        events = body.graph.events if body is not None else ()
        using = [
            node
            for node, event in enumerate(events)
            if event is not None
            and any(part == Name(name) for expr in expressions(event) for part in walk(expr))
        ]
        if body is None or not using:
            return False
        return all(is_for_script(body.graph, node) for node in using)

    def _once(self, caller: FunctionRef, callee: FunctionRef) -> bool:
        """The caller does not call it in a loop."""
        at = self._program.function_id(caller)
        function = self._program.function(at) if at is not None else None
        name = self._program.head(callee).name
        if function is None:
            return False
        return not any(
            event is not None
            and event.loop >= 0
            and getattr(getattr(event, "func", None), "id", "") == name
            for event in function.graph.events
        )
