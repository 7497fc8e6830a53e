"""Writes small functions at random, with every kind of jump around traced operations."""

from __future__ import annotations

import enum
import random


class Flavour(enum.Enum):
    """What a program may contain.

    A graph does not say which exception is on its way once a `finally` or a jump in it has replaced or cancelled
    one. So programs have either no `finally`, or exceptions of one type, or clauses that catch every type.
    """

    TYPED = (
        "except FirstError",
        "except SecondError",
        "except (SecondError, ThirdError)",
        "except Exception",
        "except BaseException",
        "except ThirdError",
    )
    SINGLE = ("except FirstError", "except ThirdError", "except (SecondError, FirstError)")
    ANY = ("except BaseException",)


class Writer:
    """Writes one function; `yields` makes it a generator."""

    def __init__(
        self, source: random.Random, flavour: Flavour, *, yields: bool, size: int = 30
    ) -> None:
        self.random = source
        self.flavour = flavour
        self.yields = yields
        self.left = size
        self.number = 0
        self.lines: list[str] = []

    def function(self) -> str:
        self.lines = ["def f(c, m, i, t):", "    x = y = z = 0"]
        if self.yields:
            self.lines.append("    yield 0")
        self.suite(1, loop=False, handler=False)
        return "\n".join(self.lines) + "\n"

    def next(self) -> int:
        self.number += 1
        return self.number

    def add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def suite(self, depth: int, *, loop: bool, handler: bool) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.statement(depth, loop=loop, handler=handler)

    def statement(self, depth: int, *, loop: bool, handler: bool) -> None:
        self.left -= 1
        if depth > 5 or self.left < 0:
            self.add(depth, f"c({self.next()})")
            return
        compound = (self.if_, self.while_, self.for_, self.try_, self.try_, self.with_, self.match_)
        if self.random.random() < 0.45:
            self.random.choice(compound)(depth, loop=loop, handler=handler)
        else:
            self.add(depth, self.simple(loop=loop, handler=handler))

    def simple(self, *, loop: bool, handler: bool) -> str:
        chance = self.random.random()
        if chance < 0.1:
            return self.random.choice(("return", f"return {self.argument()}"))
        if chance < 0.2 and loop:
            return self.random.choice(("break", "continue"))
        if chance < 0.25:
            single = self.flavour is Flavour.SINGLE
            names = ("FirstError",) if single else ("FirstError", "SecondError", "ThirdError")
            return f"raise {self.random.choice(names)}"
        if chance < 0.33 and handler:
            return "raise"
        if chance < 0.38 and self.flavour is not Flavour.SINGLE:
            return f"assert {self.condition()}, c({self.next()})"
        if chance < 0.5 and self.yields:
            return f"{self.random.choice(('', 'x = '))}yield {self.call()}"
        return self.random.choice((self.assignment, self.expression))()

    def expression(self) -> str:
        return f"c({self.next()}, {self.argument()})"

    def assignment(self) -> str:
        name = self.random.choice("xyz")
        return self.random.choice(
            (
                lambda: f"{name} = {self.value()}",
                lambda: f"{name} = {self.random.choice('xyz')} = {self.value()}",
                lambda: f"x, y = {self.value()}, {self.value()}",
                lambda: f"x, y, z = {self.permuted()}",
                lambda: f"x, (y, z) = {self.value()}, ({self.value()}, x)",
                lambda: (
                    f"{name} += {self.call()}" if not self.yields else f"{name} = {self.call()}"
                ),
                lambda: f"x, y = x, z = y, ({self.value()}, x)[0]",
                lambda: f"x = ({self.value()}, y); x, z = x",
                lambda: f"t.a = {self.value()}",
                lambda: f"t[{self.call()}] = {self.value()}",
                lambda: f"t[{self.call()}] += {self.call()}",
                lambda: f"t.a += {self.call()}",
                lambda: f"{name} = t[{self.call()}]",
                lambda: f"{name} = t.a",
                lambda: f"t.a, t[{self.call()}] = {self.value()}, {self.value()}",
                lambda: f"del t[{self.call()}], t.a",
            )
        )()

    def permuted(self) -> str:
        return ", ".join(self.random.sample("xyz", 3))

    def call(self) -> str:
        return f"c({self.next()})"

    def value(self, depth: int = 0) -> str:
        """A value that the interpreter can work out."""
        if depth > 2 or self.random.random() < 0.5:
            return self.random.choice((self.call(), self.call(), "x", "y", "1", "0"))
        one, other = self.value(depth + 1), self.value(depth + 1)
        return self.random.choice(
            (
                lambda: f"({one} or {other})",
                lambda: f"({one} and {other})",
                lambda: f"({one} if {self.call()} else {other})",
                lambda: f"(n{self.next()} := {one})",
                lambda: f"({self.call()} < {self.call()} < {self.call()})",
                lambda: f"(not {one})",
                lambda: f"({one} or {other} or {self.call()})",
                lambda: f"({one} == {other})",
            )
        )()

    def argument(self) -> str:
        one = self.value()
        return self.random.choice(
            (
                lambda: one,
                lambda: one,
                lambda: f"({one} if {self.condition()} else {self.call()})",
                self.comprehension,
                lambda: f"({one}, {self.call()})",
            )
        )()

    def comprehension(self) -> str:
        tail = f" if {self.condition(2)}" if self.random.random() < 0.5 else ""
        if self.random.random() < 0.3:
            tail += f" for v in i({self.next()})"
        return self.random.choice(
            (
                lambda: f"[c({self.next()}, u) for u in i({self.next()}){tail}]",
                lambda: f"{{c({self.next()}): u for u in i({self.next()}){tail}}}",
                lambda: (
                    f"[[{self.call()} for u in i({self.next()})] for w in i({self.next()}){tail}]"
                ),
            )
        )()

    def condition(self, depth: int = 0) -> str:
        if depth > 2 or self.random.random() < 0.4:
            return self.random.choice(
                (self.call(), self.call(), "x", f"(n{self.next()} := {self.call()})")
            )
        one, other = self.condition(depth + 1), self.condition(depth + 1)
        return self.random.choice(
            (
                lambda: f"({one} and {other})",
                lambda: f"({one} or {other} or {self.call()})",
                lambda: f"(not {one})",
                lambda: f"({one} if {other} else {self.condition(depth + 1)})",
                lambda: f"({self.call()} < {self.call()} < {self.call()})",
                lambda: f"{self.call()} == {self.value()}",
                lambda: f"(True and {one})",
                lambda: f"(False or {one})",
            )
        )()

    def if_(self, depth: int, *, loop: bool, handler: bool) -> None:
        self.add(depth, f"if {self.condition()}:")
        self.suite(depth + 1, loop=loop, handler=handler)
        while self.random.random() < 0.3:
            self.add(depth, f"elif {self.condition()}:")
            self.suite(depth + 1, loop=loop, handler=handler)
        if self.random.random() < 0.5:
            self.add(depth, "else:")
            self.suite(depth + 1, loop=loop, handler=handler)

    def while_(self, depth: int, *, loop: bool, handler: bool) -> None:
        if self.random.random() < 0.3:
            self.add(depth, self.random.choice(("while True:", "while 1:", "while not None:")))
            self.add(depth + 1, f"if {self.call()}: break")
        else:
            # Not a bare name: a loop must have an end.
            self.add(depth, f"while {self.call()} and {self.condition()}:")
        self.suite(depth + 1, loop=True, handler=False)
        self.loop_else(depth, loop=loop, handler=handler)

    def for_(self, depth: int, *, loop: bool, handler: bool) -> None:
        target = self.random.choice(("x", "y", "t.a", f"t[{self.call()}]"))
        self.add(depth, f"for {target} in i({self.next()}):")
        self.suite(depth + 1, loop=True, handler=False)
        self.loop_else(depth, loop=loop, handler=handler)

    def loop_else(self, depth: int, *, loop: bool, handler: bool) -> None:
        if self.random.random() < 0.3:
            self.add(depth, "else:")
            self.suite(depth + 1, loop=loop, handler=handler)

    def try_(self, depth: int, *, loop: bool, handler: bool) -> None:
        self.add(depth, "try:")
        self.suite(depth + 1, loop=loop, handler=False)
        allowed = self.flavour.value
        final = self.flavour is not Flavour.TYPED
        fewest = 0 if final else 1
        handlers = self.random.sample(allowed, self.random.randint(fewest, min(3, len(allowed))))
        for text in handlers:
            name = f" as e{self.next()}" if self.random.random() < 0.3 else ""
            self.add(depth, f"{text}{name}:")
            # `raise` means the exception of this clause only while no inner try has run.
            self.add(depth + 1, self.simple(loop=loop, handler=True))
            self.suite(depth + 1, loop=loop, handler=False)
        if handlers and self.random.random() < 0.3:
            self.add(depth, "except:")
            self.add(depth + 1, self.simple(loop=loop, handler=True))
        if handlers and self.random.random() < 0.3:
            self.add(depth, "else:")
            self.suite(depth + 1, loop=loop, handler=False)
        if final and (not handlers or self.random.random() < 0.4):
            self.add(depth, "finally:")
            self.suite(depth + 1, loop=loop, handler=False)

    def with_(self, depth: int, *, loop: bool, handler: bool) -> None:
        targets = (" as x", "", " as t.a", f" as t[{self.call()}]")
        items = [
            f"m({self.next()}){self.random.choice(targets)}"
            for _ in range(self.random.randint(1, 2))
        ]
        row = ", ".join(items)
        self.add(depth, f"with {row}:" if self.random.random() < 0.7 else f"with ({row},):")
        self.suite(depth + 1, loop=loop, handler=False)

    def match_(self, depth: int, *, loop: bool, handler: bool) -> None:
        self.add(depth, f"match {self.call()}:")
        self.add(depth + 1, "case 0:")
        self.suite(depth + 2, loop=loop, handler=handler)
        self.add(depth + 1, f"case 1 | 2 if {self.condition()}:")
        self.suite(depth + 2, loop=loop, handler=handler)
        if self.random.random() < 0.6:
            self.add(depth + 1, self.random.choice(("case _:", "case x:", "case 1 as y:")))
            self.suite(depth + 2, loop=loop, handler=handler)
