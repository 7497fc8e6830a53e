"""Names in texts are held against Python's own tree: what it has, the text must be found to have."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import inspect
import logging.handlers
import tarfile
import urllib.request
from collections.abc import Iterator
from types import ModuleType

import pytest

from conn_lint.syntax.spelled import (
    BARE,
    UNKNOWN,
    is_local,
    is_more_than_import,
    is_more_than_type,
    is_only_asked,
    is_only_read_from,
    may_be_type,
    receivers,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("query()", {BARE}),
        ("def query(self): pass", set()),
        ("async def query(self): pass", set()),
        ("db.session.query(x)", {"db.session"}),
        ("self . session\\\n.query", {UNKNOWN}),
        ("# Ends.\nquery()", {BARE, UNKNOWN}),
        ("# Ends.\na.query()", {"a", UNKNOWN}),
        ("f(x).\\\na.query()", {"a", UNKNOWN}),
        ("f(x).\\\nquery()", {BARE, UNKNOWN}),
        ("f(x).query", {UNKNOWN}),
        ("f(a.b).query", {UNKNOWN}),
        ("a[0].query", {UNKNOWN}),
        ("f(x).a.query", {UNKNOWN}),
        ("'text'.query", {UNKNOWN}),
        ("return a.B (x, c[0]).query", {"a.B()"}),
        (" f(\n    x\n).query", {"f()"}),
        (" f('(').query", {UNKNOWN}),
        (" f(x)(y).query", {UNKNOWN}),
        (" f(x).\\\n B(y).query", {UNKNOWN}),
        (" (f or g)(x).query", {UNKNOWN}),
        (" return (f(x)).query", {"return()"}),
        ("x = [self.query, query]", {"self", BARE}),
        ("requery.my_query(a.queryset)", set()),
        ("(a\n    .query)", {UNKNOWN}),
        ("from a.query import x", set()),
        ("import a.query", set()),
        ("from a import query", {BARE}),
        ("x = 1; from a.query import x", {"a"}),
        ("lambda: query", {BARE}),
        ("undef query", {BARE}),
    ],
)
def test_what_a_name_is_taken_from(text: str, expected: set[str]) -> None:
    assert receivers(text, "query") == expected


def test_a_name_that_may_be_written_in_several_ways_may_come_from_anything() -> None:
    assert receivers("x.ﬁnd", "ﬁnd") == {BARE, UNKNOWN}


_MODULES = (argparse, asyncio.base_events, logging.handlers, tarfile, urllib.request)


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.__name__)
def test_all_that_the_tree_has_is_found(module: ModuleType) -> None:
    text = inspect.getsource(module)
    tree = ast.parse(text)
    for name, expected in _mentions(tree):
        assert not receivers(text, name).isdisjoint(expected), (name, expected)


def _mentions(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Each name, and what it may be said to be taken from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, {BARE}
        elif isinstance(node, ast.Attribute):
            chain = ast.unparse(node.value)
            is_plain = all(part.isidentifier() for part in chain.split("."))
            same_line = node.value.end_lineno == node.end_lineno
            maker = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else "?"
            yield node.attr, {chain} if is_plain and same_line else {UNKNOWN, f"{maker}()"}


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.__name__)
def test_a_name_that_the_tree_binds_is_not_only_read_from(module: ModuleType) -> None:
    text = inspect.getsource(module)
    tree = ast.parse(text)
    bound = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    assert bound
    assert not {name for name in bound if is_only_read_from(text, name)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assert not {name for name in bound if is_only_asked(text, name)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db.session.add(x); db.commit()", True),
        ("def f(db): db.commit()", False),
        ("db = 1\ndb.commit()", False),
        ("with open() as db: db.commit()", False),
        ("for db in x: db.commit()", False),
        ("from app import db\ndb.commit()", False),
        ("f(db=1)\ndb.commit()", False),
        ("dbs = 1\ndb.commit()", True),
    ],
)
def test_whether_a_name_is_bound(text: str, expected: bool) -> None:
    assert is_only_read_from(text, "db") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(s: Session): ...", True),
        ("def f(s: 'Session'): ...", True),
        ("def f(s: orm.Session = None): ...", True),
        ("def f() -> Session: ...", True),
        ("def f(s: Optional[Session]): ...", True),
        ("def f(s: None | Session): ...", True),
        ("def f(s: Annotated[orm.Session, Depends(get)]): ...", True),
        ("@Session\ndef f(): ...", True),
        ("Session()", False),
        ("g(a, Session)", False),
        ("def f(s: MySession): ...", False),
    ],
)
def test_where_a_type_can_stand(text: str, expected: bool) -> None:
    assert may_be_type(text, "Session") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(x): x.get()", True),
        ("x = make()\nx.get()", True),
        ("x = self.client\nx.get()", False),
        ("x: Client = self.client or other\nx.get()", False),
        ("if x := self.client: x.get()", False),
        ("x = self.client()\nx.get()", True),
        ("x.get()", False),
    ],
)
def test_whether_a_name_is_local(text: str, expected: bool) -> None:
    assert is_local(text, "x") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Client()", True),
        ("f(Client)", True),
        ("x = Client", True),
        ("return Client", True),
        ("TABLE = {KEY: Client}", True),
        ("TABLE = {\n    KEY: Client,\n}", True),
        ("TABLE = {'key': Client}", True),
        ("f(lambda: Client)", True),
        ("else: Client", True),
        ("partial(Client, 1)", True),
        ("def f(c: Client): ...", False),
        ("def f(\n    c: Client,\n    *d: list[Client],\n) -> Client: ...", False),
        ("c: Client | None = None", False),
        ("def f(c: Client = Client()): ...", True),
        ("class Sub(Base, Client): ...", False),
        ("if isinstance(x, (str, Client)): ...", False),
        ("try: ...\nexcept (OSError, Client): ...", False),
        ("from acme import (\n    Client,\n    Pool,\n)", False),
        ("from acme import Client", False),
        ("Client.close_all()", False),
        ("x: 'Client'", False),
    ],
)
def test_whether_a_class_may_be_made(text: str, expected: bool) -> None:
    assert is_more_than_type(text, "Client") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from a import f", False),
        ("from a import f as g, f", False),
        ("    from .a import (f,\n  g)", False),
        ("from a import (  # these\n  g,\n  f,\n)", False),
        ("from a import f\nf()", True),
        ("from a import f; f()", True),
        ("from a import (g, f)\nx = {f: 1}", True),
        ("from a import g\nh(g, f)", True),
        ("h(\n  f)", True),
        ("import f", True),
        ("frob(f)", True),
        ("__all__ = ['f']", True),
    ],
)
def test_whether_a_name_is_more_than_imported(text: str, expected: bool) -> None:
    assert is_more_than_import(text, "f") is expected
