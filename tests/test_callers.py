"""Who leads to a function, and how."""

from __future__ import annotations

import pytest
from programs import analysis, place


def callers(text: str, of: str = "f", **others: str) -> list[tuple[str, str, bool]]:
    """The functions that lead to `of`, how, and whether that is sure."""
    made = analysis({"m.py": text, **{f"{name}.py": other for name, other in others.items()}})
    found = made.callers.of(place(made, "m.py", of))
    return [(made.program.qualname(c.at), c.how, c.sure) for c in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(): ...\ndef g():\n    f()", [("g", "call", True)]),
        ("def f(): ...\ndef g():\n    h(f)", [("g", "pass", True)]),
        ("def f(): ...\ndef g():\n    return f", [("g", "refer", True)]),
        ("def f(): ...\ndef g():\n    with f(): ...", [("g", "call", True)]),
        ("def f(): ...\ndef g(x=d(f)): ...", [("", "pass", True), ("g", "inject", True)]),
        ("def f(): ...\n@f\ndef g(): ...", [("g", "decorate", True)]),
        ("def f(): ...\nT = {'a': f}\ndef g():\n    T['a']()", [("g", "refer", False)]),
        ("def f(): ...\ndef g():\n    def f(): ...\n    f()", []),
        ("def f(): ...\ndef g(f):\n    f()", []),
        ("def f():\n    f()", [("f", "call", True)]),
        ("def f(): ...\n", []),
    ],
)
def test_functions(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert callers(text) == expected


CLASS = "class C:\n    def __init__(self): ...\n    def f(self): ...\n    @property\n    def p(self): ...\n"


@pytest.mark.parametrize(
    ("of", "text", "expected"),
    [
        ("C.f", "def g():\n    C().f()", [("g", "call", True)]),
        ("C.f", "def g(x: C):\n    x.f()", [("g", "call", True)]),
        ("C.f", "def g(x):\n    C\n    x.f()", [("g", "maybe", False)]),
        ("C.f", "class D:\n    def f(self): ...\ndef g(x):\n    C\n    x.f()", []),
        ("C.p", "def g(x: C):\n    x.p", [("g", "read", True)]),
        ("C.p", "def g(x: C):\n    x.p.more()", [("g", "read", True)]),
        ("C.__init__", "def g():\n    C()", [("g", "construct", True)]),
        ("C.__init__", "class D(C): ...\ndef g():\n    D()", [("g", "construct", True)]),
        ("C.__init__", "def g(x: C): ...", []),
    ],
)
def test_methods(of: str, text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert callers(CLASS + text, of) == expected


def test_a_called_object() -> None:
    text = (
        "class C:\n    def __call__(self): ...\nc = C()\ndef g():\n    c()\ndef h():\n    other()\n"
    )
    assert callers(text, "C.__call__") == [("g", "call", True)]


def test_a_with_block() -> None:
    text = "class C:\n    def __enter__(self): ...\ndef g():\n    with C() as c: ...\n"
    assert callers(text, "C.__enter__") == [("g", "enter", True)]


def test_what_a_decorator_runs() -> None:
    text = "def d(function):\n    def inner():\n        return function()\n    return inner\n@d\ndef g(): ...\n"
    assert ("g", "wrap", True) in callers(text, "d.inner")
    assert callers(text, "d") == [("g", "decorate", True)]


def test_what_a_decorator_with_arguments_runs() -> None:
    text = """
    def d(n):
        def around(function):
            def inner():
                return function()
            return inner
        return around
    @d(1)
    def g(): ...
    """
    assert ("g", "wrap", True) in callers(text, "d.around.inner")
    assert ("g", "wrap", True) not in callers(text, "d.around")


@pytest.mark.parametrize(
    "text",
    [
        "from m import f\ndef g():\n    f()",
        "from m import f as other\ndef g():\n    other()",
        "import m\ndef g():\n    m.f()",
        "from m import *\ndef g():\n    f()",
        "from again import f\ndef g():\n    f()",
    ],
)
def test_other_files(text: str) -> None:
    assert callers("def f(): ...", user=text, again="from m import f\n")[-1] == ("g", "call", True)


def test_star_imports_in_circles_end() -> None:
    text = "from other import *\ndef f(): ...\n"
    other = "from m import *\ndef g():\n    f()\n"
    assert callers(text, other=other) == [("g", "call", True)]


def test_a_base_s_method_is_not_that_of_a_sibling() -> None:
    base = "class B:\n    def f(self): ...\nclass C(B):\n    def f(self): ...\n"
    sibling = "class D(B):\n    def f(self):\n        super().f()\n"
    other = "def g(x: B):\n    x.f()\n"
    assert callers(base + sibling, "C.f") == []
    assert callers(base + other, "C.f") == [("g", "call", True)]


INNER = "def f():\n    def inner(): ...\n    return inner\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INNER + "def g():\n    f()()", [("g", "call", True)]),
        (INNER + "def g():\n    x = f()\n    x()", [("g", "call", True)]),
        (INNER + "def g():\n    run(f())", [("g", "pass", True)]),
        (INNER + "def g():\n    x = f()\n    def h():\n        x()", [("g.h", "call", True)]),
        (INNER + "def g():\n    d['a'] = f()", [("g", "made", True)]),
        (INNER + "x = f()\ndef g():\n    x()", [("g", "call", True)]),
        (INNER + "def g():\n    run(f)", [("g", "pass", True)]),
        (INNER, [("f", "inside", True)]),
        ("def f():\n    def inner(): ...\n    inner()", [("f", "call", True)]),
        ("def f():\n    def inner(): ...\n    return [inner]", [("f", "inside", True)]),
        ("def f():\n    @d\n    def inner(): ...", [("f", "inside", True)]),
        ("def f():\n    def inner(): ...", []),
    ],
)
def test_inner_functions(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert callers(text, "f.inner") == expected
