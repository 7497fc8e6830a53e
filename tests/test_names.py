"""Scopes against those that Python's compiler works out."""

from __future__ import annotations

import symtable
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import ClassScope, FunctionScope, MetadataWrapper, ScopeProvider

from conn_lint.syntax.convert import ConvertedPlaces, convert
from conn_lint.syntax.fields import leaves
from conn_lint.syntax.names import Scope, Scopes
from conn_lint.syntax.nodes import Module

STDLIB = Path(sysconfig.get_paths()["stdlib"])
CORPUS = (
    "ast.py",
    "asyncio/tasks.py",
    "contextlib.py",
    "dataclasses.py",
    "functools.py",
    "inspect.py",
    "json/decoder.py",
    "tempfile.py",
    "typing.py",
)
SOURCES = {
    "global and nonlocal": """
def f():
    global g
    g = x = 1
    def inner():
        nonlocal x
        x = y
        def deeper():
            global x
            return x
        return deeper
    return inner
""",
    "class names are not seen from methods": """
def f(a):
    b = 1
    class C:
        b = a
        def m(self): return b, C
        n = [b for _ in range(3)]
    return C
""",
    "comprehensions keep their own": """
def f(rows):
    a = [x for x in rows if (last := x)]
    b = {k: [v for v in k] for k, w in x for z in w}
    c = sum(y for y in (lambda y: y)(rows))
    return last
""",
    "every way to bind": """
def f(p, /, q, *r, s, **t):
    import a.b, c.d as e
    from h import i, j as k
    for (l, [m, *n]) in p: pass
    with p as o, q as (u, v): pass
    try: pass
    except E as w: pass
    x: int = 1
    y: int
    z += 1
    (aa := 1)
    del bb
    class cc: pass
    async def dd(): pass
    match p:
        case [ee, *ff] | {"a": ee, **ff}: pass
        case C(gg, h=hh) as ii: pass
        case None: pass
    q.x = q[kk] = 1
""",
}


def compare(scope: Scope, table: symtable.SymbolTable, path: str) -> Iterator[str]:
    """Differences between a scope and the compiler's table of it; mangled names are left out."""
    own = {name for name in scope.bound if "__" not in name}
    theirs = {name for name in bound_names(table) if "__" not in name}
    if own != theirs:
        yield f"{path}: {sorted(own ^ theirs)}"
    if scope.kind in {"function", "lambda"}:
        free = {name for name in scope.free if "__" not in name}
        expected = {name for name in free_names(table) if "__" not in name}
        if free != expected:
            yield f"{path} takes: {sorted(free ^ expected)}"
    children = table.get_children()
    names = [child.get_name() for child in children]
    if [kind_of(child) for child in children] == [child.kind for child in scope.children]:
        for child, inner, name in zip(scope.children, children, names, strict=True):
            yield from compare(child, inner, f"{path}.{name}")


def kind_of(table: symtable.SymbolTable) -> str:
    name = table.get_name()
    if name in {"listcomp", "genexpr", "setcomp", "dictcomp"}:
        return "comprehension"
    return "lambda" if name == "lambda" else str(table.get_type())


def bound_names(table: symtable.SymbolTable) -> set[str]:
    if table.get_type() == "module":
        return {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
        }
    return {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_local() and not symbol.get_name().startswith(".")
    }


def free_names(table: symtable.SymbolTable) -> set[str]:
    """What a function takes from outside, and what the scopes in it take from the module."""
    names = set(table.get_frees()) if isinstance(table, symtable.Function) else set()
    todo = [table]
    while todo:
        inner = todo.pop()
        names |= {symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global()}
        todo.extend(inner.get_children())
    return names


def parsed(source: str) -> Module:
    return convert(cst.parse_module(source)).module


def differences(source: str) -> list[str]:
    module = parsed(source)
    return list(compare(Scopes(module).of(module), symtable.symtable(source, "f", "exec"), ""))


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_scopes_are_those_of_the_compiler(source: str) -> None:
    assert differences(source) == []


@pytest.mark.parametrize("name", CORPUS)
def test_scopes_in_the_standard_library(name: str) -> None:
    assert differences((STDLIB / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", CORPUS)
def test_locals_are_those_of_the_provider(name: str) -> None:
    wrapper = MetadataWrapper(cst.parse_module((STDLIB / name).read_bytes()))
    tree = convert(wrapper.module)
    scopes = Scopes(tree.module)
    assert isinstance(tree.places, ConvertedPlaces)
    origins = tree.places.origins
    made = {id(origins[id(node)]): node for node in leaves(tree.module)}
    for scope in set(wrapper.resolve(ScopeProvider).values()):
        if isinstance(scope, FunctionScope | ClassScope) and isinstance(
            scope.node, cst.FunctionDef | cst.ClassDef
        ):
            mine = scopes.of(made[id(scope.node)])
            # The provider counts what is declared global or nonlocal, and forgets what is deleted.
            theirs = {assignment.name for assignment in scope.assignments}
            theirs = {name.partition(".")[0] for name in theirs}
            declared = mine.global_names | mine.nonlocal_names
            assert theirs - declared <= mine.bound, scope.name


def test_type_parameters_are_not_taken_from_outside() -> None:
    module = parsed("def f[T](x: T) -> T:\n    y: T = cast(T, x)\n    return y\n")
    scope = Scopes(module).of(module.body[0])
    assert scope.bound == {"x", "y"}
    assert scope.free == {"cast"}


def test_generators_and_events() -> None:
    module = parsed("def f():\n    g = lambda: (yield)\n    return lambda x: x\n")
    function = Scopes(module).of(module.body[0])
    first, second = function.children
    assert (function.is_generator, first.is_generator) == (False, True)
    assert (first.eventful, second.eventful) == (True, False)


def test_defaults_are_held() -> None:
    module = parsed("def f(a=b.c, *, d=e): pass\n")
    assert Scopes(module).of(module.body[0]).held == {"b", "e"}
