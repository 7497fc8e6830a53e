"""What project functions do to their callers: give something fresh; release, keep, return or borrow a parameter."""

from __future__ import annotations

import pytest
from programs import KNOWLEDGE, analysed, place

from conn_lint.analyze.analysis import Analysis
from conn_lint.flow.world import Change
from conn_lint.link.values import FunctionRef
from conn_lint.syntax.deep import run_deep

HEAD = """\
import contextlib
import functools
import acme
import acme.aio
from acme import connect, Session, Pool
from elsewhere import work, flag, stranger
"""


def function(made: Analysis, name: str, path: str = "m.py") -> FunctionRef:
    found = made.program.ref_of(place(made, path, name))
    assert isinstance(found, FunctionRef)
    return found


def fresh(source: str, name: str = "make", **files: str) -> str:
    """What each call of the function gives: the resource and its role, "" for nothing."""
    made = analysed({"m.py": HEAD + source, **{f"{k}.py": HEAD + v for k, v in files.items()}})
    found = made.effects.fresh(function(made, name))
    if found is None:
        return ""
    return found.resource.name if found.role == "own" else f"{found.resource.name} {found.role}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def make():\n    return connect()\n", "acme.connection"),
        (
            "def make():\n    conn = connect()\n    conn.execute()\n    return conn\n",
            "acme.connection",
        ),
        ("def make():\n    return connect() or None\n", "acme.connection"),
        ("def make():\n    return None or connect()\n", "acme.connection"),
        ("def make():\n    return connect() if flag else None\n", "acme.connection"),
        (
            "def make():\n    conn = connect()\n    return conn, conn.cursor()\n",
            "acme.connection box:0",
        ),
        ("def make():\n    return 1, connect()\n", "acme.connection box:1"),
        ("async def make():\n    return await acme.aio.connect()\n", "acme.aio"),
        ("async def make():\n    return acme.aio.connect()\n", "acme.aio"),
        ("def make():\n    return acme.aio.connect()\n", "acme.aio"),
        (
            "def make():\n    return inner()\ndef inner():\n    return connect()\n",
            "acme.connection",
        ),
        (
            "def make():\n    if flag:\n        return None\n    return connect()\n",
            "acme.connection",
        ),
        (
            "def make():\n    try:\n"
            "        return connect()\n    except ValueError:\n        return None\n",
            "acme.connection",
        ),
        pytest.param(
            "def make():\n    with Session() as session:\n        return session\n",
            "",
        ),
        pytest.param(
            "def make():\n    conn = connect()\n    try:\n"
            "        return conn\n    finally:\n        conn.close()\n",
            "",
        ),
        ("def make():\n    conn = connect()\n    return conn.cursor()\n", ""),
        ("def make():\n    conn = connect()\n    conn.close()\n    return conn\n", ""),
        ("def make():\n    conn = connect()\n    return conn.execute()\n", ""),
        ("def make():\n    return Session()\n", "acme.session"),
        ("class make_it:\n    def make(self):\n        return connect()\n", "acme.connection"),
        ("def make():\n    return make()\n", ""),
        pytest.param(
            "def make():\n    return make() if flag else connect()\n",
            "acme.connection",
        ),
        pytest.param(
            "def make():\n    try:\n"
            "        return connect()\n    except ValueError:\n        return make()\n",
            "acme.connection",
        ),
        ("def make():\n    return other()\ndef other():\n    return make()\n", ""),
    ],
)
def test_fresh(source: str, expected: str) -> None:
    assert fresh(source, "make_it.make" if "make_it" in source else "make") == expected


def test_fresh_through_two_files() -> None:
    files = {
        "one": "from two import make as inner\ndef make():\n    return inner()\n",
        "two": "def make():\n    return connect()\n",
    }
    source = "import one\ndef make():\n    conn = one.make()\n    return conn\n"
    assert fresh(source, **files) == "acme.connection"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("make", "@functools.lru_cache\ndef make():\n    return connect()\n"),
        ("make", "@functools.lru_cache(maxsize=None)\ndef make():\n    return connect()\n"),
        ("make", "@functools.cache\ndef make():\n    return connect()\n"),
        ("make", "import streamlit as st\n@st.cache_resource\ndef make():\n    return connect()\n"),
        ("make", "@contextlib.contextmanager\ndef make():\n    yield connect()\n"),
        ("make", "def make():\n    yield connect()\n"),
        (
            "make",
            "kept = None\ndef make():\n    global kept\n"
            "    if kept is None:\n        kept = connect()\n    return kept\n",
        ),
        (
            "make",
            "kept = None\ndef make():\n    global kept\n"
            "    if kept is None:\n        conn = connect()\n        kept = conn\n    return kept\n",
        ),
        (
            "make",
            "kept = {}\ndef make(key):\n"
            "    if key not in kept:\n        kept[key] = connect()\n    return kept[key]\n",
        ),
        ("make", "kept = {}\ndef make(key):\n    return kept.setdefault(key, connect())\n"),
        (
            "make",
            "kept = {}\ndef make(key):\n"
            "    conn = connect()\n    kept[key] = conn\n    return conn\n",
        ),
        (
            "make",
            "def make():\n    if not hasattr(make, 'conn'):\n"
            "        make.conn = connect()\n    return make.conn\n",
        ),
        (
            "C.make",
            "class C:\n    conn = None\n    def make(self):\n"
            "        if self.conn is None:\n            self.conn = connect()\n        return self.conn\n",
        ),
        (
            "C.make",
            "class C:\n    conn = None\n    @classmethod\n"
            "    def make(cls):\n        if cls.conn is None:\n"
            "            cls.conn = connect()\n        return cls.conn\n",
        ),
        (
            "C.make",
            "class C:\n    @functools.cached_property\n"
            "    def make(self):\n        return connect()\n",
        ),
    ],
)
def test_memoised_is_not_fresh(name: str, source: str) -> None:
    assert fresh(source, name) == ""


def change(source: str, spec: str = "acme.connection", name: str = "f", where: int = 0) -> Change:
    made = analysed({"m.py": HEAD + source})
    resource = KNOWLEDGE.resource(spec)
    assert resource is not None
    return made.effects.parameter(function(made, name), where, resource)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("RELEASE", "conn.close()"),
        ("RELEASE", "if conn:\n        conn.close()"),
        ("RELEASE", "if conn is not None and not conn.closed:\n        conn.close()"),
        ("RELEASE", "try:\n        conn.execute()\n    finally:\n        conn.close()"),
        ("RELEASE", "with contextlib.suppress(Exception):\n        conn.close()"),
        ("RELEASE", "with conn:\n        conn.execute()"),
        ("RELEASE", "with contextlib.closing(conn):\n        conn.execute()"),
        ("RELEASE", "other = conn\n    other.close()"),
        ("RELEASE", "close_it(conn)"),
        ("RELEASE", "close_it(it=conn)"),
        ("RELEASE", "conn.close()\n    raise ValueError"),
        ("ESCAPE", "global kept\n    kept = conn"),
        ("ESCAPE", "more.conn = conn"),
        ("GIVE", "more.append(conn)"),
        ("GIVE", "stranger(conn)"),
        ("GIVE", "return lambda: conn.execute()"),
        ("ESCAPE", "keep_it(conn)"),
        ("RETURN", "return conn"),
        ("RETURN", "conn.execute()\n    return conn"),
        ("RETURN", "return same(conn)"),
        ("NONE", "pass"),
        ("NONE", "return conn.execute()"),
        ("NONE", "print(conn)"),
        ("NONE", "borrow(conn)"),
        ("NONE", "borrow(borrow(conn))"),
        ("NONE", "f(conn)"),
        ("NONE", "ping(conn)"),
        ("NONE", "return conn.cursor()"),
    ],
)
def test_parameters(expected: str, body: str) -> None:
    helpers = (
        "def close_it(it):\n    it.close()\n"
        "def keep_it(it):\n    global kept\n    kept = it\n"
        "def same(it):\n    return it\n"
        "def borrow(it):\n    return it.execute()\n"
        "def ping(it):\n    pong(it)\n"
        "def pong(it):\n    ping(it)\n"
    )
    assert change(f"{helpers}def f(conn, more=None):\n    {body}\n").name == expected


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("BEGIN", "session.query()"),
        ("RELEASE", "session.query()\n    session.close()"),
        ("END", "session.query()\n    session.commit()"),
        ("END", "pass"),
        ("RETURN", "return session"),
    ],
)
def test_lazy_parameters(expected: str, body: str) -> None:
    assert change(f"def f(session):\n    {body}\n", "acme.session").name == expected


def test_a_pool_gets_its_own_back() -> None:
    source = "def f(pool, conn):\n    pool.give_back(conn)\n"
    assert change(source, "acme.checkout", where=1) is Change.RELEASE


def test_an_interface_may_do_anything() -> None:
    source = "class I:\n    def f(self, conn):\n        raise NotImplementedError\n"
    assert change(source, name="I.f", where=1) is Change.ESCAPE


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("f(1, x)", 1),
        ("f(b=x)", 1),
        ("f(x)", 0),
        ("f(k=x)", 3),
        ("f(*rows, x)", None),
        ("f(**x)", None),
        ("f(1, 2, 3, x)", None),
        ("f(z=x)", None),
        ("C().m(x)", 1),
        ("C.m(1, x)", 1),
    ],
)
def test_places_of_arguments(call: str, expected: int | None) -> None:
    source = (
        "def f(a, b=None, *rest, k=None): pass\n"
        "class C:\n    def m(self, a): pass\n"
        f"def g(x, rows):\n    conn = connect()\n    {call.replace('x', 'conn')}\n"
    )
    made = analysed({"m.py": HEAD + source})
    at = place(made, "m.py", "g")
    graph = made.program.function(at)
    assert graph is not None
    event = [e for e in graph.graph.events if getattr(e, "arguments", None)][-1]
    callee = made.calls.callee(event, at)  # type: ignore[arg-type]
    assert isinstance(callee, FunctionRef)
    assert made.effects.place(callee, event, len(event.arguments) - 1) == expected  # type: ignore


@pytest.mark.parametrize("size", [2, 60, 200])
def test_recursion_ends(size: int) -> None:
    """A long circle of functions that hand the connection round, and a long chain that ends in a release."""
    circle = "".join(f"def f{n}(c):\n    f{(n + 1) % size}(c)\n" for n in range(size))
    assert run_deep(lambda: change(circle, name="f0")) is Change.NONE
    chain = "".join(f"def f{n}(c):\n    f{n + 1}(c)\n" for n in range(size))
    end = f"def f{size}(c):\n    c.close()\n"
    assert run_deep(lambda: change(chain + end, name="f0")) is Change.RELEASE


@pytest.mark.parametrize("size", [2, 20])
def test_long_chains_of_makers(size: int) -> None:
    chain = "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(size))
    assert fresh(f"{chain}def f{size}():\n    return connect()\n", "f0") == "acme.connection"


def test_what_a_circle_of_functions_does_depends_on_no_order() -> None:
    """`one` releases through `two`, which calls `one` again first."""
    source = "def one(c):\n    if flag:\n        two(c)\ndef two(c):\n    one(c)\n    c.close()\n"
    made = analysed({"m.py": HEAD + source})
    resource = KNOWLEDGE.resource("acme.connection")
    assert resource is not None
    first = [made.effects.parameter(function(made, name), 0, resource) for name in ("one", "two")]
    made = analysed({"m.py": HEAD + source})
    second = [made.effects.parameter(function(made, name), 0, resource) for name in ("two", "one")]
    assert first == second[::-1] == [Change.RELEASE, Change.RELEASE]
