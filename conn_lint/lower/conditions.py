"""Conditions, and what evaluates a part only sometimes: `and`, `or`, ternaries, chains."""

from __future__ import annotations

from conn_lint.lower.expressions import NO_PARTS
from conn_lint.lower.graph import Ends
from conn_lint.lower.state import Lowering, ValueHandler
from conn_lint.model.expression import Conditional, Expr, Name, Operator
from conn_lint.syntax import nodes
from conn_lint.syntax.fields import is_eventful


def branch(state: Lowering, node: nodes.Expression) -> tuple[Ends, Ends]:
    """Evaluate a condition and part the way: the loose ends for true and for false."""
    graph = state.graph
    match node:
        case nodes.BooleanOperation():
            return _branch_boolean(state, node)
        case nodes.UnaryOperation(operator="not", expression=expression):
            yes, no = branch(state, expression)
            return no, yes
        case nodes.IfExp():
            return _branch_ternary(state, node)
        case nodes.Comparison(comparisons=comparisons) if len(comparisons) > 1:
            return _branch_chain(state, node)
        case nodes.NamedExpr(target=nodes.Name(value=name)):
            state.value(node)
            return graph.split(Name(name))
        case _:
            return graph.split(state.value(node))


def _branch_boolean(state: Lowering, node: nodes.BooleanOperation) -> tuple[Ends, Ends]:
    stop = node.operator == "or"
    decided: Ends = []
    for operand in _operands(node):
        yes, no = branch(state, operand)
        decided = decided + (yes if stop else no)
        state.graph.ends = no if stop else yes
        if not state.graph.ends:
            break
    return (decided, state.graph.ends) if stop else (state.graph.ends, decided)


def _branch_ternary(state: Lowering, node: nodes.IfExp) -> tuple[Ends, Ends]:
    when, otherwise = branch(state, node.test)
    state.graph.ends = when
    yes, no = branch(state, node.body) if when else ([], [])
    state.graph.ends = otherwise
    other_yes, other_no = branch(state, node.orelse) if otherwise else ([], [])
    return yes + other_yes, no + other_no


def _branch_chain(state: Lowering, node: nodes.Comparison) -> tuple[Ends, Ends]:
    left = state.value(node.left)
    failed: Ends = []
    for part in node.comparisons:
        right = state.value(part.comparator)
        yes, no = state.graph.split(_compared(left, part, right))
        failed = failed + no
        state.graph.ends = yes
        left = right
    return state.graph.ends, failed


def _operands(node: nodes.BooleanOperation) -> list[nodes.Expression]:
    """The operands of `a or b or c`, which is a tree that leans to the left."""
    operands: list[nodes.Expression] = []
    left: nodes.Expression = node
    while isinstance(left, nodes.BooleanOperation) and left.operator == node.operator:
        operands.append(left.right)
        left = left.left
    operands.append(left)
    operands.reverse()
    return operands


def _compared(left: Expr, part: nodes.ComparisonTarget, right: Expr) -> Operator:
    return Operator(part.operator, (left, right))


def _boolean(state: Lowering, node: nodes.BooleanOperation) -> Expr:
    text = node.operator
    row = _Row(state, text, outcome=text == "and")
    for operand in _operands(node):
        if not row.enter(operand):
            break
        row.add(state.value(operand))
    return row.value()


def _comparison(state: Lowering, node: nodes.Comparison) -> Expr:
    """A chain evaluates its third operand, and those behind it, only if the comparisons before
    held.
    """
    left = state.value(node.left)
    row = _Row(state, "and", outcome=True)
    for number, part in enumerate(node.comparisons):
        if number and not row.enter(part.comparator):
            break
        right = state.value(part.comparator)
        row.add(_compared(left, part, right))
        left = right
    return row.value()


class _Row:
    """Operands of which each is evaluated only if those before it had the outcome."""

    def __init__(self, state: Lowering, text: str, *, outcome: bool) -> None:
        self.graph = state.graph
        self.text = text
        self.outcome = outcome
        self.parts: list[Expr] = []
        self.untested: list[Expr] = []
        self.skipped: Ends = []

    def enter(self, operand: nodes.Expression) -> bool:
        """Go to where the operand is evaluated; False if that is nowhere.

        Without events in it, whether it is evaluated makes no difference, and the way does not
        part.
        """
        if not self.untested or not is_eventful(operand):
            return True
        yes, no = self.graph.split(_joined(self.text, self.untested))
        go, skip = (yes, no) if self.outcome else (no, yes)
        self.untested = []
        if not go:
            self.graph.ends = skip
            return False
        self.graph.ends = go
        self.skipped = self.skipped + skip
        return True

    def add(self, value: Expr) -> None:
        self.parts.append(value)
        self.untested.append(value)

    def value(self) -> Expr:
        """Join the ways again; what all the operands come to."""
        if self.skipped:
            self.graph.ends = self.graph.ends + self.skipped
        return _joined(self.text, self.parts)


def _joined(text: str, parts: list[Expr]) -> Expr:
    return parts[0] if len(parts) == 1 else Operator(text, tuple(parts))


def _ternary(state: Lowering, node: nodes.IfExp) -> Expr:
    graph = state.graph
    if not (is_eventful(node.body) or is_eventful(node.orelse)):
        test = state.value(node.test)
        return Conditional(test, state.value(node.body), state.value(node.orelse))
    if _is_atomic(node.test):
        test = state.value(node.test)
        yes, no = graph.split(test)
    else:
        # The test is in pieces, on several edges: there is no one expression for it.
        test = NO_PARTS
        yes, no = branch(state, node.test)
    if not (yes and no):
        graph.ends = yes or no
        return state.value(node.body if yes else node.orelse)
    graph.ends = yes
    body = state.value(node.body)
    after = graph.ends
    graph.ends = no
    orelse = state.value(node.orelse)
    graph.ends = after + graph.ends
    return Conditional(test, body, orelse)


def _is_atomic(node: nodes.Expression) -> bool:
    """The condition is one test, which does not part the way."""
    match node:
        case nodes.UnaryOperation(operator="not", expression=expression):
            return _is_atomic(expression)
        case nodes.Comparison(comparisons=comparisons):
            return len(comparisons) == 1
        case _:
            return not isinstance(node, nodes.BooleanOperation | nodes.IfExp)


VALUES: dict[type[nodes.Node], ValueHandler] = {
    nodes.BooleanOperation: _boolean,
    nodes.Comparison: _comparison,
    nodes.IfExp: _ternary,
}
