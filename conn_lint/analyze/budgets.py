"""The budget of a program: its creations, its deployment, and what it leaves to its servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.claims import claims_of
from conn_lint.analyze.references import last
from conn_lint.analyze.running import Running
from conn_lint.deploy.reading import read_deployment
from conn_lint.deploy.stating import processes_stated
from conn_lint.deploy.sums import budget_of
from conn_lint.link.values import FunctionId
from conn_lint.model.budget import Budget, Claim
from conn_lint.model.deployment import Figure, Stated
from conn_lint.model.expression import Expr, Literal, Operator, Temp
from conn_lint.model.flow import AssignEvent, CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.model.pool import PoolSettings

_PROCESSORS = frozenset({"cpu_count", "process_cpu_count"})
_ASSUMED_PROCESSORS = 4


class Budgets:
    """Made when it is asked for: reading a deployment costs a look at all documents."""

    def __init__(self, analysis: Analysis, stated: Stated | None) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._stated = stated
        self._running = Running(analysis)

    def of(self, pools: Sequence[PoolSettings], more: Sequence[Claim] = ()) -> Budget:
        """What these pools come to; `more` are claims that settings make."""
        knowledge = self._analysis.knowledge
        claims = [*claims_of(pools, knowledge.products), *more]
        deployment = read_deployment(
            self._analysis.documents, knowledge.launchers, knowledge.products, self._setting
        )
        by_settings = any(claim.by_settings for claim in claims)
        loads = {
            process.name: self._running.loads(process, by_settings=by_settings)
            for process in processes_stated(self._stated or Stated(), deployment.processes)
        }
        products = {product.name: product for product in knowledge.products}
        return budget_of(claims, deployment, self._stated, products, loads)

    # Settings of launchers that are Python files

    def _setting(self, folder: str, name: str, setting: str) -> Figure | None:
        """A number that a module assigns to a name once, as in `workers = 4`."""
        for path in dict.fromkeys((f"{folder}/{name}".lstrip("/"), name.lstrip("./"))):
            if path in self._program.files:
                return self._assigned(path, setting)
        last = name.rpartition("/")[2]
        found = [path for path in self._program.files if path.rpartition("/")[2] == last]
        return self._assigned(found[0], setting) if len(found) == 1 else None

    def _assigned(self, path: str, name: str) -> Figure | None:
        function = self._program.function(FunctionId(path, 0, 0))
        events = function.graph.events if function is not None else ()
        found = [e for e in events if isinstance(e, AssignEvent) and e.target == name]
        if len(found) != 1:
            return None
        line = found[0].span.line + self._program.first_line(path, 0)
        value = found[0].value
        if isinstance(value, Literal) and isinstance(value.value, int):
            return Figure(max(int(value.value), 1), "read", path, line)
        number = self._by_processors(
            value, {e.result: e for e in events if isinstance(e, CallEvent)}
        )
        if number is None:
            return Figure(1, "assumed", path, line, "since it cannot be told")
        note = f"where there are {_ASSUMED_PROCESSORS} processors"
        return Figure(max(number, 1), "assumed", path, line, note)

    def _by_processors(self, value: Expr, calls: Mapping[int, CallEvent]) -> int | None:
        """`cpu_count() * 2 + 1`, where a call that asks for the processors stands for some."""
        match value:
            case Literal(value=int(number)) if not isinstance(number, bool):
                return number
            case Operator(op="+" | "*" as op, operands=operands):
                numbers = [self._by_processors(operand, calls) for operand in operands]
                known = [number for number in numbers if number is not None]
                if len(known) != len(numbers):
                    return None
                result = known[0]
                for number in known[1:]:
                    result = result + number if op == "+" else result * number
                return result
            case Temp(index=index) if (call := calls.get(index)) is not None:
                if last(call.func) in _PROCESSORS:
                    return _ASSUMED_PROCESSORS
                inner = (
                    call.arguments[0].value if last(call.func) == "int" and call.arguments else None
                )
                return None if inner is None else self._by_processors(inner, calls)
            case _:
                return None
