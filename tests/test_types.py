"""What values are: from annotations, constructors, returns, attributes, across files and through inheritance."""

from __future__ import annotations

import pytest
from programs import analysis, place
from test_symbols import shown

from conn_lint.analyze.analysis import Analysis
from conn_lint.link.values import Context, Instance, ObjectRef, Pair, Value
from conn_lint.model.expression import Name

LIBRARY = """\
import contextlib
import functools
from typing import Annotated, AsyncIterator, ClassVar, Generator, Iterator, Optional, Tuple, Union
import typing as t
import acme
from acme import Connection, connect, Pool, Session
from elsewhere import unknown, flag
"""


def kind(made: Analysis, value: Value | None) -> str:
    """A value in words: `<type>` for an object of it."""
    match value:
        case Instance(type=name):
            return f"<{name}>"
        case ObjectRef():
            return f"<{made.program.head(value.cls).qualname}>"
        case Pair(items=items):
            return "(" + ", ".join(kind(made, item) for item in items) + ")"
        case Context(value=inner):
            return f"with {kind(made, inner)}"
        case _:
            return shown(made, value)


def type_of(source: str, name: str, where: str = "f", **files: str) -> str:
    others = {f"{path}.py": text for path, text in files.items()}
    made = analysis({"m.py": LIBRARY + source, **others})
    return kind(made, made.types.infer(Name(name), place(made, "m.py", where)))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("Connection", "<acme.Connection>"),
        ("acme.Connection", "<acme.Connection>"),
        ("Optional[Connection]", "<acme.Connection>"),
        ("t.Optional[acme.Connection]", "<acme.Connection>"),
        ("Connection | None", "<acme.Connection>"),
        ("None | Connection", "<acme.Connection>"),
        ("Union[Connection, None]", "<acme.Connection>"),
        ("Annotated[Connection, unknown(flag)]", "<acme.Connection>"),
        ("Annotated[Optional[Connection], 1]", "<acme.Connection>"),
        ("'Connection'", "<acme.Connection>"),
        ("'acme.Connection'", "<acme.Connection>"),
        ("'Connection | None'", "<acme.Connection>"),
        ("'Optional[Connection]'", "<acme.Connection>"),
        ("Optional['Connection']", "<acme.Connection>"),
        ("'Connection' | None", "<acme.Connection>"),
        ("AsyncIterator[Connection]", "<acme.Connection>"),
        ("Generator[Connection, None, None]", "<acme.Connection>"),
        ("Tuple[Connection, int]", "(<acme.Connection>, <builtins.int>)"),
        ("tuple[int, Connection]", "(<builtins.int>, <acme.Connection>)"),
        ("Connection | Session", "?"),
        ("Union[Connection, Session]", "?"),
        ("t.Any", "?"),
        ("object", "?"),
        ("None", "?"),
        ("Local", "<Local>"),
        ("'Local'", "<Local>"),
        ("Generic[int]", "<Generic>"),
        ("int", "<builtins.int>"),
    ],
)
def test_annotations(annotation: str, expected: str) -> None:
    classes = "class Local: pass\nclass Generic: pass\n"
    assert type_of(f"{classes}def f(x: {annotation}): return x\n", "x") == expected
    if "None" not in annotation or expected != "?":
        assert type_of(f"{classes}def f():\n    x: {annotation} = unknown()\n", "x") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = connect()", "<acme.Connection>"),
        ("x = acme.connect()", "<acme.Connection>"),
        ("x = Connection()", "<acme.Connection>"),
        ("x = Pool().borrow()", "<acme.Pooled>"),
        ("x = connect().cursor()", "<acme.Cursor>"),
        ("x = connect().configured()", "<acme.Connection>"),
        ("x = connect().info", "<acme.Info>"),
        ("x = connect() or None", "<acme.Connection>"),
        ("x = connect() if flag else None", "<acme.Connection>"),
        ("x = None\nif flag:\n    x = connect()", "<acme.Connection>"),
        ("x = connect()\nif flag:\n    x = Session()", "?"),
        ("x = y = connect()", "<acme.Connection>"),
        ("x, y = connect(), 1", "<acme.Connection>"),
        ("y = connect(), 1\nx = y[0]", "<acme.Connection>"),
        ("x = (connect(), 1)", "(<acme.Connection>, <builtins.int>)"),
        ("if x := connect(): pass", "<acme.Connection>"),
        ("with connect() as x: pass", "<acme.Connection>"),
        ("with contextlib.closing(connect()) as x: pass", "<acme.Connection>"),
        ("with unknown() as x: pass", "?"),
        ("x = Made()", "<Made>"),
        ("x = unknown()", "?"),
        ("x = 1", "<builtins.int>"),
        ("x = None", "?"),
        ("make = connect\nx = make()", "<acme.Connection>"),
        ("x = x", "?"),
        ("y = x\nx = y", "?"),
        ("x = (lambda: connect())()", "?"),
        ("for x in [connect()]: pass", "?"),
    ],
)
def test_values(body: str, expected: str) -> None:
    indented = body.replace("\n", "\n    ")
    assert type_of(f"class Made: pass\ndef f():\n    {indented}\n", "x") == expected


@pytest.mark.parametrize(
    ("maker", "expected"),
    [
        ("def make(): return connect()", "<acme.Connection>"),
        ("def make() -> Connection: return unknown()", "<acme.Connection>"),
        ("def make() -> 'Connection': ...", "<acme.Connection>"),
        ("async def make(): return connect()", "<acme.Connection>"),
        ("def make():\n    if flag: return None\n    return connect()", "<acme.Connection>"),
        ("def make():\n    if flag: return Session()\n    return connect()", "?"),
        ("def make(): return connect(), 1", "(<acme.Connection>, <builtins.int>)"),
        ("def make(): return inner()\ndef inner(): return connect()", "<acme.Connection>"),
        ("def make(): return make()", "?"),
        ("def make(): return other()\ndef other(): return make()", "?"),
        ("make = functools.partial(connect)", "<acme.Connection>"),
        ("make = functools.partial(connect, size=3)", "<acme.Connection>"),
        ("make = functools.partial(connect, 3)", "<acme.Connection>"),
        ("make = functools.partial(inner, 3)\ndef inner(x): return connect()", "?"),
        ("make = functools.partial(*unknown)", "?"),
        ("make = connect", "<acme.Connection>"),
        ("@contextlib.contextmanager\ndef make():\n    yield connect()", "with <acme.Connection>"),
        (
            "@contextlib.contextmanager\ndef make() -> Iterator[Connection]:\n    yield unknown()",
            "with <acme.Connection>",
        ),
        ("def make():\n    yield connect()", "?"),
        ("class make: pass", "<make>"),
    ],
)
def test_calls_of_project_functions(maker: str, expected: str) -> None:
    assert type_of(f"{maker}\ndef f():\n    x = make()\n", "x") == expected
    body = "from makers import make\ndef f():\n    x = make()\n"
    assert type_of(body, "x", makers=LIBRARY + maker + "\n") == expected


CLASS = """\
class Base:
    shared: ClassVar[Pool] = Pool()
    def __init__(self, given: Session):
        self.conn = connect()
        self.given = given
        self.maybe = None
        self.both = connect()
        self.typed: Connection = unknown()
    def late(self):
        self.maybe = connect()
        self.both = Session()
    @property
    def prop(self): return self.conn
    @functools.cached_property
    def kept(self): return Session()
    @classmethod
    def of(cls): return cls(None)
    @staticmethod
    def plain(first): return connect()
    def me(self): return self
    def __enter__(self): return self.conn
    def __exit__(self, *args): pass
    def __call__(self): return connect()
class Child(Base):
    def up(self):
        x = super().me()
        return super().__enter__()
    def given(self): return self.conn
class Lib(Connection):
    extra = 1
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = Base(s).conn", "<acme.Connection>"),
        ("x = Base(s).given", "<acme.Session>"),
        ("x = Base(s).maybe", "<acme.Connection>"),
        ("x = Base(s).both", "?"),
        ("x = Base(s).typed", "<acme.Connection>"),
        ("x = Base.shared", "<acme.Pool>"),
        ("x = Base(s).shared", "<acme.Pool>"),
        ("x = Base(s).shared.borrow()", "<acme.Pooled>"),
        ("x = Base(s).prop", "<acme.Connection>"),
        ("x = Base(s).kept", "<acme.Session>"),
        ("x = Base.of()", "<Base>"),
        ("x = Base.of().conn", "<acme.Connection>"),
        ("x = Base.plain(1)", "<acme.Connection>"),
        ("x = Base(s).me()", "<Base>"),
        ("with Base(s) as x: pass", "<acme.Connection>"),
        ("x = Base(s)()", "<acme.Connection>"),
        ("x = Child(s)", "<Child>"),
        ("x = Child(s).conn", "<acme.Connection>"),
        ("x = Child(s).prop", "<acme.Connection>"),
        ("x = Child(s).up()", "<acme.Connection>"),
        ("x = Child(s).given()", "<acme.Connection>"),
        ("x = Lib().cursor()", "<acme.Cursor>"),
        ("x = Lib().extra", "<builtins.int>"),
        ("x = Base(s).nothing", "?"),
        ("with Child(s) as x: pass", "<acme.Connection>"),
    ],
)
def test_attributes(body: str, expected: str) -> None:
    assert type_of(f"{CLASS}def f(s):\n    {body}\n", "x") == expected
    made = "from classes import Base, Child, Lib\n"
    assert type_of(f"{made}def f(s):\n    {body}\n", "x", classes=LIBRARY + CLASS) == expected


def test_super_and_self() -> None:
    assert type_of(CLASS, "x", "Child.up") == "<Base>"
    assert type_of(CLASS, "self", "Child.up") == "<Child>"
    assert type_of(CLASS, "cls", "Base.of") == "m.py:Base"
    assert type_of(CLASS, "first", "Base.plain") == "?"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("conn = connect()", "<acme.Connection>"),
        ("conn: Connection = None", "<acme.Connection>"),
        ("conn: Optional[Connection] = None", "<acme.Connection>"),
        ("conn = None\ndef start():\n    global conn\n    conn = connect()", "<acme.Connection>"),
        ("conn = None", "?"),
        ("def make(): return connect()\nconn = make()", "<acme.Connection>"),
        ("if flag:\n    conn = connect()\nelse:\n    conn = None", "<acme.Connection>"),
    ],
)
def test_module_variables_across_files(module: str, expected: str) -> None:
    state = LIBRARY + module + "\n"
    assert type_of("from state import conn\ndef f():\n    x = conn\n", "x", state=state) == expected
    assert type_of("import state\ndef f():\n    x = state.conn\n", "x", state=state) == expected
    assert type_of(f"{module}\ndef f():\n    x = conn\n", "x") == expected


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("class A(B): pass\nclass B(A): pass\n", "?"),
        ("class A(A): pass\n", "?"),
        ("class A(unknown): pass\n", "?"),
        ("class A(Missing): pass\n", "?"),
        (
            "class A(B, C): pass\nclass B: pass\nclass C:\n    attr = connect()\n",
            "<acme.Connection>",
        ),
        (
            "class A(B[int], metaclass=M): pass\nclass B:\n    attr = connect()\n",
            "<acme.Connection>",
        ),
    ],
)
def test_inheritance_ends(classes: str, expected: str) -> None:
    assert type_of(f"{classes}def f():\n    x = A().attr\n", "x") == expected


@pytest.mark.xfail(strict=True, reason="bases are searched depth first, not in Python's order")
def test_the_class_of_a_method_is_that_of_the_diamond_order() -> None:
    source = """\
class Top:
    attr = connect()
class Left(Top): pass
class Right(Top):
    attr = Session()
class Bottom(Left, Right): pass
def f():
    x = Bottom().attr
"""
    assert type_of(source, "x") == "<acme.Session>"
