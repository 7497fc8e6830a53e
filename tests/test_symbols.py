"""What a name stands for: across files, and through the scopes of one."""

from __future__ import annotations

import textwrap

import pytest
from programs import analysis, place

from conn_lint.analyze.analysis import Analysis
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import ClassRef, External, FunctionRef, ModuleRef
from conn_lint.model.expression import Name


def shown(made: Analysis, value: object) -> str:
    """A value in words: `file:qualname` for what the project defines."""
    match value:
        case External(name=name):
            return name
        case FunctionRef() | ClassRef():
            return f"{value.path}:{made.program.head(value).qualname}"
        case ModuleRef(path=path, folder=folder):
            return path or f"{folder}/"
        case Assigned(path=path, name=name):
            return f"{path}:{name}="
        case None:
            return "?"
        case _:
            return repr(value)


BASE = {
    "db.py": "import acme\nfrom acme import connect\ndef make(): pass\nclass Store: pass\nconn = make()\n",
    "pkg/__init__.py": "from .inner import make as build\nfrom . import inner\nfrom .sub import *\n",
    "pkg/inner.py": "from db import make\nfrom ..db import nothing\n",
    "pkg/sub/__init__.py": "from .leaf import leaf\nfrom acme import Session\n",
    "pkg/sub/leaf.py": "def leaf(): pass\ndef other(): pass\n",
    "stranger.py": "from unknown_library import *\nfrom acme import connect\n",
    "circle_a.py": "from circle_b import x\n",
    "circle_b.py": "from circle_a import x\n",
}


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("import db", "db", "db.py"),
        ("import db as d", "d", "db.py"),
        ("from db import make", "make", "db.py:make"),
        ("from db import make as m", "m", "db.py:make"),
        ("from db import Store", "Store", "db.py:Store"),
        ("from db import connect", "connect", "acme.connect"),
        ("from db import acme", "acme", "acme"),
        ("from db import conn", "conn", "db.py:conn="),
        ("from db import nothing", "nothing", "?"),
        ("from pkg import build", "build", "db.py:make"),
        ("from pkg import inner", "inner", "pkg/inner.py"),
        ("from pkg import sub", "sub", "pkg/sub/__init__.py"),
        ("from pkg.sub import leaf", "leaf", "pkg/sub/leaf.py:leaf"),
        ("from pkg import leaf", "leaf", "pkg/sub/leaf.py:leaf"),
        ("from pkg import Session", "Session", "acme.Session"),
        ("import pkg.inner", "pkg", "pkg/__init__.py"),
        ("import pkg.inner as i", "i", "pkg/inner.py"),
        ("import acme.aio", "acme", "acme"),
        ("import acme.aio as a", "a", "acme.aio"),
        ("from acme import aio", "aio", "acme.aio"),
        ("from db import *", "make", "db.py:make"),
        ("from db import *", "connect", "acme.connect"),
        ("from db import *", "conn", "db.py:conn="),
        ("from db import *", "len", "builtins.len"),
        ("from stranger import *", "connect", "acme.connect"),
        ("from stranger import *", "else_", "?"),
        ("from db import *\nfrom pkg.sub.leaf import *", "make", "db.py:make"),
        ("from db import *\nfrom pkg.sub.leaf import *", "leaf", "pkg/sub/leaf.py:leaf"),
        ("from db import *\nfrom pkg.sub.leaf import *", "len", "builtins.len"),
        ("from db import *\nfrom unknown_library import *", "make", "?"),
        ("from unknown_library import *", "connect", "?"),
        ("from unknown_library import *\ndef connect(): pass", "connect", "m.py:connect"),
        ("from circle_a import x", "x", "?"),
        ("", "open", "builtins.open"),
        ("open = 1", "open", "m.py:open="),
        ("try:\n    import acme\nexcept ImportError:\n    acme = None", "acme", "acme"),
        (
            "try:\n    from one import x\nexcept ImportError:\n    from acme import connect as x",
            "x",
            "acme.connect",
        ),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from db import Store",
            "Store",
            "db.py:Store",
        ),
        ("def f():\n    from db import make", "make", "builtins.make"),
        ("class C:\n    from db import make", "make", "builtins.make"),
        ("if True:\n    def g(): pass", "g", "m.py:g"),
    ],
)
def test_module_names(source: str, name: str, expected: str) -> None:
    made = analysis({**BASE, "m.py": source + "\n"})
    assert shown(made, made.types.symbols.in_module("m.py", name)) == expected


@pytest.mark.parametrize(
    ("importer", "source", "name", "expected"),
    [
        ("pkg/x.py", "from . import inner", "inner", "pkg/inner.py"),
        ("pkg/x.py", "from .inner import make", "make", "db.py:make"),
        ("pkg/sub/x.py", "from .. import build", "build", "db.py:make"),
        ("pkg/sub/x.py", "from ..inner import make", "make", "db.py:make"),
        ("pkg/sub/x.py", "from ...db import make", "make", "db.py:make"),
        ("pkg/sub/x.py", "from ....db import make", "make", "?"),
        ("pkg/sub/x.py", "from .leaf import *", "other", "pkg/sub/leaf.py:other"),
    ],
)
def test_relative_imports(importer: str, source: str, name: str, expected: str) -> None:
    made = analysis({**BASE, importer: source + "\n"})
    assert shown(made, made.types.symbols.in_module(importer, name)) == expected


@pytest.mark.parametrize(
    ("where", "name", "expected"),
    [
        ("f", "local", "acme.connect"),
        ("f", "shared", "acme.Pool"),
        ("f.inner", "local", "acme.connect"),
        ("f.inner", "own", "acme.Session"),
        ("f.inner", "shared", "acme.Pool"),
        ("f.deep.deeper", "local", "acme.connect"),
        ("C.method", "attribute", "builtins.attribute"),
        ("C.method", "helper", "m.py:helper"),
        ("C", "attribute", "acme.connect"),
        ("C", "helper", "m.py:C.helper"),
        ("writer", "shared", "acme.Pool"),
        ("outer.changes", "late", "acme.connect"),
        ("shadow", "shared", "acme.Session"),
        ("parameter", "shared", "?"),
        ("in_function", "made", "acme.connect"),
        ("in_function", "lib", "acme"),
        ("defines", "nested", "m.py:defines.nested"),
        ("defines", "Local", "m.py:defines.Local"),
        ("comprehends", "shared", "acme.Pool"),
    ],
)
def test_scopes(where: str, name: str, expected: str) -> None:
    source = textwrap.dedent("""\
        from acme import connect, Session, Pool
        shared = Pool
        def helper(): pass
        def f():
            local = connect
            def inner():
                own = Session
                return own, local, shared
            def deep():
                def deeper():
                    return local
                return deeper
            return inner, deep
        class C:
            attribute = connect
            def helper(self): pass
            def method(self):
                return attribute, helper
        def writer():
            global shared
            shared = Pool
        def outer():
            late = None
            def changes():
                nonlocal late
                late = connect
                return late
            late = connect
            return changes
        def shadow():
            shared = Session
            return shared
        def parameter(shared):
            return shared
        def in_function():
            from acme import connect as made
            import acme as lib
            return made, lib
        def defines():
            def nested(): pass
            class Local: pass
            return nested, Local
        def comprehends(rows):
            return [shared for shared in rows], shared
        """)
    made = analysis({"m.py": source})
    found = made.types.infer(Name(name), place(made, "m.py", where))
    assert shown(made, found) == expected


def test_the_last_definition_of_a_name_counts() -> None:
    made = analysis({"m.py": "def f(): pass\ndef f(a): pass\n"})
    found = made.types.symbols.in_module("m.py", "f")
    assert isinstance(found, FunctionRef)
    assert made.program.head(found).def_line == 2


def test_a_long_chain_of_re_exports_is_followed_and_a_circle_ends() -> None:
    files = {f"m{n}.py": f"from m{n + 1} import x\n" for n in range(8)}
    made = analysis({**files, "m8.py": "def x(): pass\n"})
    assert shown(made, made.types.symbols.in_module("m0.py", "x")) == "m8.py:x"
    made = analysis({"a.py": "from b import *\n", "b.py": "from a import *\n"})
    made.types.symbols.in_module("a.py", "x")
