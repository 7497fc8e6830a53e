"""Which units need not be read, since what they write cannot be the function that is looked for."""

from __future__ import annotations

import pytest
from programs import analysis

from conn_lint.analyze.written import Written
from conn_lint.link.values import ClassRef, FunctionRef

OTHERS = "".join(f"class O{n}:\n    def run(self): ...\n" for n in range(6))
COMMANDS = f"""
import acme
db = acme.connect()

class Base:
    def run(self): ...

class Command(Base):
    def run(self): ...
    def get(self): ...
    def list(self): return [Command()]

def make():
    return Command()

{OTHERS}
def start(): ...
"""


def may_mean(text: str, of: str) -> bool:
    """Whether the last unit of the text may mean the function of the other file."""
    made = analysis({"app/c.py": COMMANDS, "app/m.py": text})
    heads = made.program.files["app/c.py"].skeleton.heads
    index = next(n for n, head in enumerate(heads) if head.qualname == of)
    ref = FunctionRef("app/c.py", index)
    parent = heads[index].parent
    cls = ClassRef("app/c.py", parent) if parent >= 0 else None
    number = len(made.program.files["app/m.py"].skeleton.units) - 1
    return Written(made).may_mean(("app/m.py", number), {heads[index].name}, ref, cls)


IMPORTS = "from app import c\nfrom app.c import Command, db\nimport acme\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x):\n    x.run()", True),
        ("def f(x):\n    return Command(x).run()", True),
        ("def f(x):\n    return c.Base(x).run()", True),
        ("def f(x):\n    return c.O1(x).run()", False),
        ("def f(x):\n    return c.O1(x).other().run()", True),
        ("def f(x, c):\n    return c.O1(x).run()", True),
        ("def f(x):\n    return c.make(x).run()", True),
        ("def f(x):\n    return stranger(x).run()", True),
        ("def f():\n    Command().run()", True),
        ("def f():\n    run()", False),
        ("def run():\n    pass", False),
        ("def f():\n    db.run()", False),
        ("def f():\n    acme.run()", False),
        ("def f(db):\n    db.run()", True),
        ("def f():\n    db = Command()\n    db.run()", True),
        ("def f():\n    from app.c import db\n    db.run()", True),
        ("def f():\n    c.Command.run(x)", True),
        ("class Sub(Command):\n    def f(self):\n        self.run()", True),
        ("class Other:\n    def f(self):\n        self.run()", False),
        ("class Other(c.Base):\n    def f(self):\n        super().run()", True),
        ("class Other:\n    def f(self):\n        self.command.run()", True),
        ("def f():\n    class In(Command):\n        def g(self):\n            self.run()", True),
        ("class Sub(Command):\n    alias = property(run)", False),
    ],
)
def test_a_method(text: str, expected: bool) -> None:
    assert may_mean(IMPORTS + text, "Command.run") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x):\n    x.get()", False),
        ("def f(x: Command):\n    x.get()", True),
        ("def f():\n    g(1).get()", False),
        ("def f():\n    make().get()", True),
        ("def f(self):\n    self.command.get()", True),
        ("def f(self):\n    command = self.command\n    command.get()", True),
        ("def f():\n    c.one.get()", True),
        ("class Sub(Command):\n    def f(self):\n        super().get()", True),
        ("class Other(Other2):\n    def f(self):\n        super().get()", False),
        ("def f(x):\n    list(x.get())", False),
        ("def f(x):\n    y = x.list()\n    y.get()", True),
        ("from app.c import *\ndef f(x):\n    y = list(x)\n    y.get()", False),
        ("from stranger import *\ndef f(x):\n    y = list(x)\n    y.get()", True),
        ("from app.own import list\ndef f(x):\n    y = list(x)\n    y.get()", True),
    ],
)
def test_a_method_of_a_name_that_builtin_types_have(text: str, expected: bool) -> None:
    assert may_mean(IMPORTS + text, "Command.get") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    start()", False),
        ("from app.c import start\ndef f():\n    start()", True),
        ("from app.c import *\ndef f():\n    start()", True),
        ("start = c.start\ndef f():\n    start()", True),
        ("def f():\n    from app.c import start\n    start()", True),
        ("def f():\n    go = c.start\n    go()", True),
        ("def f():\n    c.start()", True),
        ("def f():\n    app.c.start()", False),
        ("import app.c\ndef f():\n    app.c.start()", True),
        ("def f(x):\n    x.start()", False),
        ("def f():\n    g().start()", False),
        ("def f(self):\n    self.start()", False),
        ("def f():\n    acme.start()", False),
        ("m = c\ndef f():\n    m.start()", True),
        ("from app.c import start", False),
        ("from app.c import (\n    start as start,\n)\nx = [start]", True),
        ("def g(x):\n    x.start = 1\ndef f(x):\n    x.start()", True),
    ],
)
def test_a_function(text: str, expected: bool) -> None:
    assert may_mean(IMPORTS + text, "start") is expected
