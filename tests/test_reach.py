"""The way up from a creation to entry points; large and circular programs."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from programs import analysis

from conn_lint.analyze.creations import Creations
from conn_lint.model.creation import Creation

APP = "import acme\nfrom flask import Flask\napp = Flask(__name__)\n"
HANDLER = '@app.get("/")\ndef handler():\n    '


def creations(text: str, **others: str) -> tuple[Creation, ...]:
    made = analysis({"m.py": text, **{f"{name}.py": other for name, other in others.items()}})
    return Creations(made, made.run()).all


def reached(text: str, **others: str) -> list[str]:
    """The functions from which the first creation is reached, from the entry point down."""
    entry = creations(text, **others)[0].entry
    return [step.function for step in entry.steps] if entry is not None else ["nobody"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HANDLER + "acme.Pool()\n", []),
        (HANDLER + "f()\ndef f():\n    acme.Pool()\n", ["handler"]),
        (HANDLER + "f()\ndef f():\n    g()\ndef g():\n    acme.Pool()\n", ["handler", "f"]),
        ("def f():\n    acme.Pool()\n", ["nobody"]),
        ("acme.Pool()\n", ["nobody"]),
        (HANDLER + "f()\ndef f():\n    f()\n    acme.Pool()\n", ["handler"]),
        (
            HANDLER + "f()\ndef f():\n    g()\ndef g():\n    f()\n    acme.Pool()\n",
            ["handler", "f"],
        ),
        ("def f():\n    g()\ndef g():\n    f()\n    acme.Pool()\n", ["nobody"]),
        (HANDLER + "f('x')\ndef f(a):\n    acme.connect(a)\n", ["handler"]),
        (HANDLER + "f(1)\ndef f(a=None):\n    if a is None:\n        acme.Pool()\n", ["nobody"]),
        (HANDLER + "f()\ndef f(a=None):\n    if a is None:\n        acme.Pool()\n", ["handler"]),
    ],
)
def test_ways(text: str, expected: list[str]) -> None:
    assert reached(APP + text) == expected


def test_star_imports_in_circles() -> None:
    other = "from m import *\nimport acme\ndef f():\n    acme.Pool()\n"
    entry = creations(APP + "from other import *\n" + HANDLER + "f()\n", other=other)[0].entry
    assert entry is not None
    assert entry.label == "GET /"


def test_a_request_decides_unless_one_caller_does_not() -> None:
    text = APP + '@app.get("/<a>")\ndef first(a):\n    f(a)\ndef f(a):\n    acme.connect(a)\n'
    assert creations(text)[0].entry is None
    assert creations(text)[0].differs
    fixed = creations(text + '@app.get("/b")\ndef second():\n    f("x")\n')[0].entry
    assert fixed is not None
    assert fixed.label == "GET /b"


def chain(size: int) -> str:
    """A handler that reaches a creation through so many functions."""
    middle = "".join(f"def f{i}():\n    return f{i + 1}()\n" for i in range(size))
    return f"{APP}{HANDLER}return f0()\n{middle}def f{size}():\n    return acme.Pool()\n"


def fan(size: int) -> str:
    """A handler that reaches it by so many ways."""
    calls = "\n    ".join(f"w{i}()" for i in range(size))
    ways = "".join(f"def w{i}():\n    make()\n" for i in range(size))
    return f"{APP}def make():\n    return acme.Pool()\n{HANDLER}{calls}\n{ways}"


def ladder(size: int) -> str:
    """Two to the power of `size` ways."""
    steps = "".join(
        f"def {name}{i}():\n    a{i + 1}()\n    b{i + 1}()\n" for i in range(size) for name in "ab"
    )
    end = f"def a{size}():\n    acme.Pool()\ndef b{size}():\n    a{size}()\n"
    return f"{APP}{HANDLER}a0()\n    b0()\n{steps}{end}"


def circle(size: int) -> str:
    """Functions that all call each other."""
    names = [f"c{i}" for i in range(size)]
    bodies = "".join(
        f"def {name}():\n    " + "\n    ".join(f"{n}()" for n in names) + "\n    acme.Pool()\n"
        for name in names
    )
    return f"{APP}{HANDLER}c0()\n{bodies}"


def work(text: str) -> int:
    """How many of the project's functions are called to find the way."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and "conn_lint" in frame.f_code.co_filename

    sys.setprofile(count)
    try:
        found = creations(text)
    finally:
        sys.setprofile(None)
    assert all(creation.entry is not None for creation in found)
    return calls


@pytest.mark.parametrize("program", [chain, fan, ladder])
def test_twice_the_program_is_twice_the_work(program: object) -> None:
    assert callable(program)
    assert work(program(120)) < 2.5 * work(program(60))


def test_circles_of_functions_end() -> None:
    """All ways are far more than all steps: twice the functions would be a thousand times the work."""
    assert work(circle(12)) < 20 * work(circle(6))


def test_a_chain_longer_than_the_stack_is_deep() -> None:
    entry = creations(chain(3 * sys.getrecursionlimit()))[0].entry
    assert entry is not None
    assert entry.label == "GET /"


def test_many_ways() -> None:
    entry = creations(fan(2000))[0].entry
    assert entry is not None
    assert entry.count == 1


@pytest.mark.parametrize(
    ("body", "only"),
    [
        ("if self.a is None:\n            self.a = acme.connect()", False),
        (
            "if self.a is None:\n            with acme.connect() as c:\n                self.a = c.execute()",
            True,
        ),
    ],
)
def test_what_comes_of_a_connection_is_not_the_connection(body: str, only: bool) -> None:
    text = f"class C:\n    def __init__(self):\n        self.a = None\n    def f(self):\n        {body}\n"
    (made,) = creations(APP + text + HANDLER + "C().f()\n")
    assert made.lifetime == "object"
    assert made.only_result is only
