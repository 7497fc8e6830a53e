"""Builds a flow graph node by node. It knows events and edges, nothing of trees.

What has been built so far ends in *loose ends*: edges without a target, which the next node takes
up. Where there are none, nothing gets here. Exceptions collect in the current *sink* until its
owner decides where they go.
"""

from __future__ import annotations

from typing import TypeAlias

from conn_lint.model.expression import Conditional, Expr, Literal, Operator
from conn_lint.model.flow import Edge, EdgeKind, Event, FlowGraph, Guard, Next, Raised, Swallowed

Ends: TypeAlias = list[tuple[int, EdgeKind]]

NEXT = Next()
RAISED = Raised()
RAISED_BASE = Raised(base=True)
SWALLOWED = Swallowed()
LIMIT = 20_000


class TooLargeError(Exception):
    """The graph outgrew the limit."""


class Sink:
    """Where the exceptions of a stretch of code collect: ordinary ones, and BaseExceptions."""

    __slots__ = ("base", "ordinary")

    def __init__(self) -> None:
        self.ordinary: Ends = []
        self.base: Ends = []

    def of(self, base: bool) -> Ends:
        return self.base if base else self.ordinary


class GraphBuilder:
    """A graph in the making.

    `ends` are the loose ends, `sink` takes what is raised, `results` counts `Temp`s.
    """

    def __init__(self) -> None:
        self.events: list[Event | None] = [None, None, None]
        self.edges: list[tuple[int, int, EdgeKind]] = []
        self.ends: Ends = [(FlowGraph.ENTRY, NEXT)]
        self.sink = Sink()
        self.results = 0

    def emit(self, event: Event | None, *, raises: bool = False, base: bool = False) -> int:
        """Add a node behind the loose ends; from now on they are its normal end."""
        node = len(self.events)
        if node >= LIMIT:
            raise TooLargeError
        self.events.append(event)
        for source, kind in self.ends:
            self.edges.append((source, node, kind))
        self.ends = [(node, NEXT)]
        if raises:
            self.sink.ordinary.append((node, RAISED))
            if base:
                self.sink.base.append((node, RAISED_BASE))
        return node

    def connect(self, ends: Ends, target: int) -> None:
        """Lead loose ends to a node that is there already."""
        for source, kind in ends:
            self.edges.append((source, target, kind))

    def result(self) -> int:
        """The number of a new `Temp`."""
        self.results += 1
        return self.results - 1

    def point(self) -> int:
        """The node at which the way can part: the last one, or a new one where ways meet."""
        if len(self.ends) == 1 and self.ends[0][1] is NEXT:
            return self.ends[0][0]
        return self.emit(None)

    def split(self, test: Expr) -> tuple[Ends, Ends]:
        """Part the way by a test whose events lie behind: the ends for true and for false."""
        if not self.ends:
            return [], []
        match test:
            case Literal():
                return (self.ends, []) if _truth(test) else ([], self.ends)
            case Operator(op="not", operands=(operand,)):
                yes, no = self.split(operand)
                return no, yes
            case Operator(op="and" | "or" as op, operands=operands):
                return self._split_all(operands, stop=op == "or")
            case Conditional(test=inner, body=body, orelse=orelse):
                yes, no = self.split(inner)
                self.ends = yes
                yes, body_no = self.split(body)
                self.ends = no
                orelse_yes, no = self.split(orelse)
                return yes + orelse_yes, body_no + no
            case _:
                node = self.point()
                return [(node, Guard(test, True))], [(node, Guard(test, False))]

    def _split_all(self, operands: tuple[Expr, ...], *, stop: bool) -> tuple[Ends, Ends]:
        """Part the way by `and` (the first false decides) or `or` (`stop`: the first true)."""
        decided: Ends = []
        for operand in operands:
            yes, no = self.split(operand)
            decided += yes if stop else no
            self.ends = no if stop else yes
        return (decided, self.ends) if stop else (self.ends, decided)

    def finish(self) -> FlowGraph:
        """Lead the loose ends out of the function and drop what cannot be reached."""
        self.connect(self.ends, FlowGraph.EXIT)
        self.connect(self.sink.ordinary, FlowGraph.RAISED)
        self.connect(self.sink.base, FlowGraph.RAISED)
        successors: list[list[tuple[int, EdgeKind]]] = [[] for _ in self.events]
        for source, target, kind in self.edges:
            successors[source].append((target, kind))
        seen = [False] * len(self.events)
        seen[FlowGraph.ENTRY] = seen[FlowGraph.EXIT] = seen[FlowGraph.RAISED] = True
        todo = [FlowGraph.ENTRY]
        while todo:
            for target, _ in successors[todo.pop()]:
                if not seen[target]:
                    seen[target] = True
                    todo.append(target)
        number = {
            old: new for new, old in enumerate(old for old, found in enumerate(seen) if found)
        }
        edges = tuple(
            Edge(new, number[target], kind)
            for old, new in number.items()
            for target, kind in successors[old]
        )
        return FlowGraph(tuple(self.events[old] for old in number), edges)


def _truth(literal: Literal) -> bool:
    """Whether a constant counts as true; those without a value are too long to be empty."""
    return literal.kind != "none" and (literal.value is None or bool(literal.value))
