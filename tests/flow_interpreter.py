"""Runs a flow graph as a program, and a world in which both it and the real function run.

Every traced operation asks the world how it ends. Two worlds of one seed answer alike as long as
they are asked the same questions in the same order, so a graph is exact when its run leaves the
same log as the function's own. At every node exactly one edge must fit.
"""

from __future__ import annotations

import operator
import random
from typing import Any

from conn_lint.model import flow
from conn_lint.model.expression import (
    Attribute,
    Call,
    Conditional,
    Container,
    Expr,
    Literal,
    Name,
    Operator,
    Star,
    Subscript,
    Temp,
    Unknown,
)
from conn_lint.model.flow import Edge, FlowGraph


class FirstError(Exception):
    pass


class SecondError(FirstError):
    pass


class ThirdError(Exception):
    pass


class EndlessError(BaseException):
    """The program runs for too long to be of use."""


ERRORS: dict[str, type[BaseException]] = {
    kind.__name__: kind
    for kind in (FirstError, SecondError, ThirdError, AssertionError, Exception, BaseException)
}
OPERATORS = {
    "<": operator.lt,
    "==": operator.eq,
    "is": operator.is_,
    "is not": operator.is_not,
    "+": operator.add,
    "!=": operator.ne,
}


class World:
    """Answers what happens next, and keeps the log."""

    def __init__(self, seed: int, trouble: float, *, single: bool = False) -> None:
        self.random = random.Random(seed)
        self.trouble = trouble
        self.kinds = (FirstError,) if single else (FirstError, SecondError, ThirdError)
        self.at_yield = (FirstError,) if single else (GeneratorExit, FirstError, ThirdError)
        self.limit = 400
        self.log: list[tuple[object, ...]] = []

    def note(self, *entry: object) -> None:
        self.log.append(entry)
        if len(self.log) > self.limit:
            raise EndlessError

    def maybe_raise(self, *entry: object) -> None:
        if self.random.random() < self.trouble:
            kind = self.random.choice(self.kinds)
            self.note(*entry, kind.__name__)
            raise kind
        self.note(*entry, "ok")

    def call(self, number: int, *arguments: object) -> int:
        self.maybe_raise("call", number, *map(plain, arguments))
        return self.random.randrange(3)

    def manager(self, number: int) -> Manager:
        self.maybe_raise("manager", number)
        return Manager(self, number)

    def items(self, number: int) -> Items:
        self.maybe_raise("items", number)
        return Items(self, number)

    def resume(self, number: object) -> BaseException | None:
        """What the caller of a generator does with it at a yield."""
        if self.random.random() < self.trouble:
            error = self.random.choice(self.at_yield)
            self.note("yield", number, error.__name__)
            return error()
        self.note("yield", number, "ok")
        return None


class Manager:
    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def __enter__(self) -> int:
        self.world.maybe_raise("enter", self.number)
        return self.world.random.randrange(3)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if kind is EndlessError:
            return False
        self.world.maybe_raise("leave", self.number, kind is not None)
        return self.world.random.random() < 0.3


class Items:
    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def __iter__(self) -> Items:
        return self

    def __next__(self) -> int:
        self.world.maybe_raise("next", self.number)
        if self.world.random.random() < 0.4:
            raise StopIteration
        return self.world.random.randrange(3)


class Thing:
    """Has any attribute and any item; notes when they are set, read or deleted."""

    def __init__(self, world: World) -> None:
        object.__setattr__(self, "world", world)

    def __setattr__(self, name: str, value: object) -> None:
        self.world.note("set", name, plain(value))

    def __getattr__(self, name: str) -> int:
        self.world.note("get", name)
        return 1

    def __delattr__(self, name: str) -> None:
        self.world.note("delete", name)

    def __setitem__(self, key: object, value: object) -> None:
        self.world.maybe_raise("setitem", plain(key), plain(value))

    def __getitem__(self, key: object) -> int:
        self.world.maybe_raise("getitem", plain(key))
        return 2

    def __delitem__(self, key: object) -> None:
        self.world.maybe_raise("delitem", plain(key))


def plain(value: object) -> object:
    """A value as it stands in the log."""
    if isinstance(value, int | str | None):
        return value
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return "?"


class Interpreter:
    """Follows the one edge that fits, from the entry to an end."""

    def __init__(self, graph: FlowGraph, world: World) -> None:
        self.graph = graph
        self.world = world
        self.thing = Thing(world)
        self.names: dict[str, Any] = {"t": self.thing}
        self.temps: dict[int, Any] = {}
        self.exhausted: dict[int, bool] = {}
        # The last one is on its way; those before it wait in a `finally` or were replaced.
        self.flying: list[BaseException] = []
        self.base = (
            False  # the exception came by the ways for those that `except Exception` lets pass
        )
        self.handled: BaseException | None = None
        self.returned: object = None
        self.out: dict[int, list[Edge]] = {}
        for edge in graph.edges:
            self.out.setdefault(edge.source, []).append(edge)

    def run(self) -> tuple[str, object]:
        node = FlowGraph.ENTRY
        while node not in (FlowGraph.EXIT, FlowGraph.RAISED):
            node = self.step(node)
        if node == FlowGraph.RAISED:
            return "raised", type(self.flying[-1]).__name__
        return "returned", plain(self.returned)

    def step(self, node: int) -> int:
        event = self.graph.events[node]
        edges = self.out.get(node, [])
        raising = False
        swallowed = False
        try:
            swallowed = self.perform(event)
        except EndlessError:
            raise
        except BaseException as error:  # noqa: BLE001
            self.flying.append(error)
            self.returned = None  # an exception on the way out of a return cancels it
            raising = True
            if isinstance(event, flow.WithExitEvent) and event.raising:
                del self.flying[-2]  # the new exception takes the other's place
            else:
                self.base = isinstance(event, flow.YieldEvent) and isinstance(error, GeneratorExit)
        if isinstance(event, flow.WithExitEvent) and event.raising and not swallowed:
            raising = True
        fitting = [edge for edge in edges if self.fits(edge, event, raising=raising)]
        assert len(fitting) == 1, f"node {node}: {len(fitting)} of {len(edges)} edges fit"
        kind = fitting[0].kind
        if isinstance(kind, flow.Handler | flow.Swallowed):
            self.handled = self.flying.pop()
        return fitting[0].target

    def fits(self, edge: Edge, event: flow.Event | None, *, raising: bool) -> bool:
        match edge.kind:
            case flow.Next():
                return not raising
            case flow.Guard(test=test, outcome=outcome):
                return not raising and self.truth(test, event) is outcome
            case flow.Swallowed():
                return not raising
            case flow.Raised(base=base):
                return (raising or event is None) and base is self.base
            case flow.Handler(types=types, before=before, base=base):
                caught = self.matches(types) if types else True
                return caught and not self.matches(before) and base is self.base
            case flow.Unmatched(types=types, base=base):
                return not self.matches(types) and base is self.base

    def truth(self, test: Expr, event: flow.Event | None) -> bool:
        if isinstance(event, flow.IterateEvent) and test == Temp(event.result):
            return not self.exhausted[event.result]
        return bool(self.value(test))

    def matches(self, types: tuple[Expr, ...]) -> bool:
        return any(
            isinstance(self.flying[-1], ERRORS[kind.id]) for kind in types if isinstance(kind, Name)
        )

    def perform(self, event: flow.Event | None) -> bool:
        """Do what the event says; True if an exception was swallowed by it."""
        match event:
            case flow.WithEnterEvent(value=value, result=result):
                self.temps[result] = self.value(value).__enter__()
            case flow.WithExitEvent(value=value, raising=raising):
                if not raising:
                    self.base = False
                kind = type(self.flying[-1]) if raising else None
                return bool(self.value(value).__exit__(kind, None, None)) and raising
            case flow.CallEvent() | flow.IterateEvent() | flow.YieldEvent():
                self.temps[event.result] = self.made(event)
            case flow.ReturnEvent(value=value):
                self.returned = None if value is None else self.value(value)
            case flow.RaiseEvent(value=Name(id=name)):
                raise ERRORS[name]
            case flow.RaiseEvent(value=None):
                assert self.handled is not None
                raise self.handled
            case _:
                self.touch(event)
        return False

    def made(self, event: flow.CallEvent | flow.IterateEvent | flow.YieldEvent) -> object:
        """The result of the event."""
        match event:
            case flow.CallEvent(func=Name(id=name), arguments=arguments):
                function = getattr(self.world, {"c": "call", "m": "manager", "i": "items"}[name])
                return function(*(self.value(argument.value) for argument in arguments))
            case flow.IterateEvent(value=value, result=result):
                self.exhausted[result] = False
                try:
                    return next(self.value(value))
                except StopIteration:
                    self.exhausted[result] = True
            case flow.YieldEvent(value=value):
                number = None if value is None else self.value(value)
                error = self.world.resume(plain(number))
                if error is not None:
                    raise error
            case _:
                raise AssertionError(event)
        return None

    def touch(self, event: flow.Event | None) -> None:
        """Read, bind, store or delete."""
        match event:
            case flow.AssignEvent(target=target, value=value):
                self.names[target] = self.value(value)
            case flow.StoreEvent(target=Attribute(attr=attr), value=value):
                setattr(self.thing, attr, self.value(value))
            case flow.StoreEvent(target=Subscript(index=index), value=value):
                self.thing[self.value(index)] = self.value(value)
            case flow.UseEvent(value=Attribute(attr=attr)):
                getattr(self.thing, attr)
            case flow.UseEvent(value=Subscript(value=Name(id="t"), index=index)):
                _ = self.thing[self.value(index)]
            case flow.DeleteEvent(target=Name(id=name)):
                del self.names[name]
            case flow.DeleteEvent(target=Attribute(attr=attr)):
                delattr(self.thing, attr)
            case flow.DeleteEvent(target=Subscript(index=index)):
                del self.thing[self.value(index)]
            case _:
                pass

    def value(self, expr: Expr) -> Any:
        match expr:
            case Literal(value=value):
                return value
            case Name(id=name):
                return self.names[name]
            case Temp(index=index):
                return self.temps[index]
            case Operator(op="not", operands=(operand,)):
                return not self.value(operand)
            case Operator(op="and" | "or" as op, operands=operands):
                for operand in operands:
                    value = self.value(operand)
                    if bool(value) is (op == "or"):
                        break
                return value
            case Operator(op=op, operands=(first, *others)):
                value = self.value(first)
                for operand in others:
                    value = OPERATORS[op](value, self.value(operand))
                return value
            case Conditional(test=Unknown(), body=body, orelse=orelse):
                # The test is on the edges: the part that was evaluated is the one that was last made.
                return "?"
            case Conditional(test=test, body=body, orelse=orelse):
                return self.value(body) if self.value(test) else self.value(orelse)
            case Container(items=items):
                return tuple(self.value(item) for item in items)
            case Attribute():
                return 1
            case Subscript(value=value, index=index):
                whole = (
                    self.value(value) if not isinstance(value, Name) or value.id != "t" else None
                )
                return 2 if whole is None else whole[self.value(index)]
            case Star() | Unknown() | Call() | _:
                return "?"
