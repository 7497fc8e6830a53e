"""How long what a call makes is kept."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place

HEAD = "import acme\n_x = None\n_d = {}\n"


def scope(body: str, name: str = "f", head: str = HEAD) -> str:
    """The scope of the one acquisition in the function."""
    made = analysis({"m.py": head + textwrap.dedent(body)})
    made.run()
    at = place(made, "m.py", name)
    (solved,) = made.sites.solved(at)
    return made.lifetimes.scope(at, solved.nodes).value


def function(body: str, parameters: str = "") -> str:
    return f"def f({parameters}):\n" + textwrap.indent(textwrap.dedent(body), "    ")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return acme.Pool()", "each"),
        ("global _x\nif _x is None:\n    _x = acme.Pool()\nreturn _x", "process"),
        ("global _x\nif not _x:\n    _x = acme.Pool()\nreturn _x", "process"),
        ("global _x\nif _x is not None:\n    return _x\n_x = acme.Pool()\nreturn _x", "process"),
        ("global _x\nif _x is not None:\n    _x = acme.Pool()\nreturn _x", "process"),
        ("global _x\n_x = acme.Pool()\nreturn _x", "each"),
        ("global _x\nif other:\n    _x = acme.Pool()\nreturn _x", "each"),
        ("global _x\n_x = _x or acme.Pool()\nreturn _x", "process"),
        ("global _x\nif '_x' not in globals():\n    _x = acme.Pool()\nreturn _x", "process"),
        ("_x = None\nif _x is None:\n    _x = acme.Pool()\nreturn _x", "local"),
        ("if k not in _d:\n    _d[k] = acme.Pool()\nreturn _d[k]", "process"),
        ("if k not in _d:\n    _d[j] = acme.Pool()\nreturn _d[j]", "each"),
        ("if 'a' not in _d:\n    _d['b'] = acme.Pool()\nreturn _d['b']", "each"),
        (
            "try:\n    return _d[k]\nexcept KeyError:\n    _d[k] = acme.Pool()\nreturn _d[k]",
            "process",
        ),
        ("if (p := _d.get(k)) is None:\n    p = _d[k] = acme.Pool()\nreturn p", "process"),
        ("return _d.setdefault(k, acme.Pool())", "each"),
        ("if not hasattr(f, 'p'):\n    f.p = acme.Pool()\nreturn f.p", "process"),
        ("a = j\nb = a\na = b\nif a.p is None:\n    a.p = acme.Pool()\nreturn a.p", "process"),
    ],
)
def test_functions(body: str, expected: str) -> None:
    assert scope(function(body, "k=None, j=None, other=None")) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if self.p is None:\n    self.p = acme.Pool()", "object"),
        ("if not hasattr(self, 'p'):\n    self.p = acme.Pool()", "object"),
        ("self.p = acme.Pool()", "each"),
        ("if C.p is None:\n    C.p = acme.Pool()", "process"),
        ("if self.__class__.p is None:\n    self.__class__.p = acme.Pool()", "process"),
        ("if k not in self.shared:\n    self.shared[k] = acme.Pool()", "process"),
        ("if k not in self.own:\n    self.own[k] = acme.Pool()", "object"),
        ("if self.request.p is None:\n    self.request.p = acme.Pool()", "request"),
    ],
)
def test_methods(body: str, expected: str) -> None:
    text = (
        "class C:\n    p = None\n    shared = {}\n    def __init__(self):\n        self.own = {}\n"
    )
    method = "def f(self, k=None):\n" + textwrap.indent(body, "    ")
    assert scope(text + textwrap.indent(method, "    "), "C.f") == expected


def once(text: str, name: str = "C") -> str:
    """What is known of how often a class makes objects."""
    made = analysis({"m.py": text})
    cls = made.program.class_of(place(made, "m.py", f"{name}.__init__"))
    assert cls is not None
    return made.singletons.of(cls)


NEW = """
class C:
    one = None
    def __new__(cls):
        if cls.one is None:
            cls.one = super().__new__(cls)
        return cls.one
    def __init__(self): ...
"""
META = """
class M(type):
    made = {}
    def __call__(cls, *args):
        if cls not in cls.made:
            cls.made[cls] = super().__call__(*args)
        return cls.made[cls]
class C(metaclass=M):
    def __init__(self): ...
"""
OWN = """
def one(cls):
    made = {}
    def get(*args):
        if cls not in made:
            made[cls] = cls(*args)
        return made[cls]
    return get
@one
class C:
    def __init__(self): ...
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class C:\n    def __init__(self): ...\n", ""),
        (NEW, "kept"),
        (NEW.replace("if cls.one is None:", "if True:"), ""),
        (META, "made"),
        (META.replace("if cls not in cls.made:", "if args:"), ""),
        (OWN, "made"),
        (OWN.replace("if cls not in made:", "if args:"), ""),
        ("import functools\n@functools.lru_cache\nclass C:\n    def __init__(self): ...\n", "made"),
    ],
)
def test_classes(text: str, expected: str) -> None:
    assert once(text) == expected
