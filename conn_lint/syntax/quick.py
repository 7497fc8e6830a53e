"""A unit's tree from Python's own parser, at a fraction of the time that LibCST takes for it.

What this does not cover (new syntax, form feeds, odd brackets) raises NotQuickError, and LibCST parses it
(`convert`). Both ways must come to the same tree, which the tests check.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.nodes import Tree
from conn_lint.syntax.quick_patterns import pattern
from conn_lint.syntax.quick_places import NotQuickError, QuickPlaces
from conn_lint.syntax.quick_values import OPERATORS, Values

__all__ = ["NotQuickError", "read_quickly"]

_HOLDER = "if 1:\n"
_ODD = re.compile("[\f\r\0\ufeff]")
_DEF = re.compile(r"(?:async[ \t]+)?def[ \t]+")
_CLASS = re.compile(r"class[ \t]+")
_AS = re.compile(r"[ \t)]*\bas[ \t]+")

_tries: dict[type[ast.AST], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ast.Try: (
        statement_nodes.Try,
        statement_nodes.ExceptHandler,
    )
}
if hasattr(ast, "TryStar"):
    _tries[ast.TryStar] = (
        statement_nodes.TryStar,
        statement_nodes.ExceptStarHandler,
    )
_STAR = statement_nodes.ImportStar()


def read_quickly(unit_text: str) -> Tree:
    """Parse a unit's text, below an `if 1:` if it is indented."""
    if _ODD.search(unit_text):
        raise NotQuickError
    extra = 1 if unit_text[:1] in (" ", "\t") and unit_text.strip() else 0
    text = _HOLDER + unit_text if extra else unit_text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NotQuickError from error
    places = QuickPlaces(text, extra)
    statements = _Statements(Values(places))
    return Tree(nodes.Module([statements.statement(part) for part in tree.body]), places, extra)


class _Statements:
    """Makes statements, with the expressions in them."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.value = values.value
        self.places = values.places

    def statement(self, origin: ast.stmt) -> Any:
        handler = _STATEMENTS.get(type(origin))
        if handler is None:
            raise NotQuickError
        node = handler(self, origin)
        self.places.put(node, origin)
        return node

    def block(self, origins: list[ast.stmt]) -> nodes.IndentedBlock:
        return nodes.IndentedBlock([self.statement(part) for part in origins])

    def orelse(self, origins: list[ast.stmt]) -> statement_nodes.Else | None:
        return statement_nodes.Else(self.block(origins)) if origins else None

    def decorators(self, origins: list[ast.expr]) -> list[statement_nodes.Decorator]:
        return [statement_nodes.Decorator(self.value(part)) for part in origins]

    def name_behind(self, pattern: re.Pattern[str], name: str, at: int) -> nodes.Name:
        node = nodes.Name(name)
        self.places.put_name(node, pattern, at)
        return node


def _defined(made: _Statements, origin: Any) -> statement_nodes.FunctionDef:
    if getattr(origin, "type_params", None):
        raise NotQuickError
    decorators = made.decorators(origin.decorator_list)
    name = made.name_behind(_DEF, origin.name, made.places.start(origin))
    parameters = made.values.parameters(origin.args)
    returns = None if origin.returns is None else nodes.Annotation(made.value(origin.returns))
    is_async = type(origin) is ast.AsyncFunctionDef
    return statement_nodes.FunctionDef(
        name, parameters, made.block(origin.body), decorators, returns, is_async, None
    )


def _of_class(made: _Statements, origin: Any) -> statement_nodes.ClassDef:
    starred = any(type(base) is ast.Starred for base in origin.bases)
    if getattr(origin, "type_params", None) or (starred and origin.keywords):
        raise NotQuickError
    decorators = made.decorators(origin.decorator_list)
    name = made.name_behind(_CLASS, origin.name, made.places.start(origin))
    bases = made.values.arguments(origin.bases, [])
    keywords = made.values.arguments([], origin.keywords)
    return statement_nodes.ClassDef(
        name, made.block(origin.body), bases, keywords, decorators, None
    )


def _assigned(made: _Statements, origin: ast.Assign) -> statement_nodes.Assign:
    return statement_nodes.Assign(
        [statement_nodes.AssignTarget(made.value(part)) for part in origin.targets],
        made.value(origin.value),
    )


def _with_annotation(made: _Statements, origin: ast.AnnAssign) -> statement_nodes.AnnAssign:
    note = nodes.Annotation(made.value(origin.annotation))
    return statement_nodes.AnnAssign(
        made.value(origin.target), note, made.values.optional(origin.value)
    )


def _added(made: _Statements, origin: ast.AugAssign) -> statement_nodes.AugAssign:
    operator = OPERATORS[type(origin.op)]
    return statement_nodes.AugAssign(made.value(origin.target), operator, made.value(origin.value))


def _deleted(made: _Statements, origin: ast.Delete) -> statement_nodes.Del:
    if len(origin.targets) == 1:
        return statement_nodes.Del(made.value(origin.targets[0]))
    return statement_nodes.Del(made.values.elements(origin.targets))


def _tested(made: _Statements, origin: ast.If) -> statement_nodes.If:
    """Those that follow each other are walked, not descended."""
    rows = [origin]
    while _is_elif(made, rows[-1].orelse):
        rows.append(rows[-1].orelse[0])  # type: ignore[arg-type]
    after: statement_nodes.If | statement_nodes.Else | None = made.orelse(rows[-1].orelse)
    for row in reversed(rows):
        after = statement_nodes.If(made.value(row.test), made.block(row.body), after)
        made.places.put(after, row)
    assert isinstance(after, statement_nodes.If)
    return after


def _is_elif(made: _Statements, orelse: list[ast.stmt]) -> bool:
    if len(orelse) != 1 or type(orelse[0]) is not ast.If:
        return False
    return made.places.text.startswith("elif", made.places.start(orelse[0]))


def _looped(made: _Statements, origin: Any) -> statement_nodes.For:
    is_async = type(origin) is ast.AsyncFor
    target, iterable = made.value(origin.target), made.value(origin.iter)
    return statement_nodes.For(
        target, iterable, made.block(origin.body), made.orelse(origin.orelse), is_async
    )


def _repeated(made: _Statements, origin: ast.While) -> statement_nodes.While:
    return statement_nodes.While(
        made.value(origin.test), made.block(origin.body), made.orelse(origin.orelse)
    )


def _within(made: _Statements, origin: Any) -> statement_nodes.With:
    is_async = type(origin) is ast.AsyncWith
    items = [_with_item(made, item) for item in origin.items]
    return statement_nodes.With(items, made.block(origin.body), is_async)


def _with_item(made: _Statements, origin: ast.withitem) -> statement_nodes.WithItem:
    target = origin.optional_vars
    name = None if target is None else nodes.AsName(made.value(target))
    node = statement_nodes.WithItem(made.value(origin.context_expr), name)
    made.places.put_with(node, origin)
    return node


def _tried(made: _Statements, origin: Any) -> Any:
    make, make_handler = _tries[type(origin)]
    body = made.block(origin.body)
    handlers = []
    for handler in origin.handlers:
        kind = made.values.optional(handler.type)
        name = None
        if handler.name is not None:
            at = made.places.end(handler.type)
            name = nodes.AsName(made.name_behind(_AS, handler.name, at))
        handlers.append(make_handler(made.block(handler.body), kind, name))
    final = statement_nodes.Finally(made.block(origin.finalbody)) if origin.finalbody else None
    return make(body, handlers, made.orelse(origin.orelse), final)


def _matched(made: _Statements, origin: ast.Match) -> statement_nodes.Match:
    cases = [
        statement_nodes.MatchCase(
            pattern(made.values, case.pattern),
            made.block(case.body),
            made.values.optional(case.guard),
        )
        for case in origin.cases
    ]
    return statement_nodes.Match(made.value(origin.subject), cases)


def _aliases(made: _Statements, origins: list[ast.alias]) -> list[statement_nodes.ImportAlias]:
    found = []
    for origin in origins:
        name = made.values.dotted(origin.name)
        made.places.put(name, origin)
        bound = None if origin.asname is None else nodes.AsName(nodes.Name(origin.asname))
        found.append(statement_nodes.ImportAlias(name, bound))
    return found


def _imported_from(made: _Statements, origin: ast.ImportFrom) -> statement_nodes.ImportFrom:
    module = None if origin.module is None else made.values.dotted(origin.module)
    star = origin.names[0].name == "*"
    names = _STAR if star else _aliases(made, origin.names)
    return statement_nodes.ImportFrom(module, names, origin.level)


def _names(origin: Any) -> list[statement_nodes.NameItem]:
    return [statement_nodes.NameItem(nodes.Name(name)) for name in origin.names]


_STATEMENTS: dict[type[ast.AST], Callable[[_Statements, Any], Any]] = {
    ast.AnnAssign: _with_annotation,
    ast.Assert: lambda made, o: statement_nodes.Assert(
        made.value(o.test), made.values.optional(o.msg)
    ),
    ast.Assign: _assigned,
    ast.AsyncFor: _looped,
    ast.AsyncFunctionDef: _defined,
    ast.AsyncWith: _within,
    ast.AugAssign: _added,
    ast.Break: lambda made, o: statement_nodes.Break(),
    ast.ClassDef: _of_class,
    ast.Continue: lambda made, o: statement_nodes.Continue(),
    ast.Delete: _deleted,
    ast.Expr: lambda made, o: statement_nodes.Expr(made.value(o.value)),
    ast.For: _looped,
    ast.FunctionDef: _defined,
    ast.Global: lambda made, o: statement_nodes.Global(_names(o)),
    ast.If: _tested,
    ast.Import: lambda made, o: statement_nodes.Import(_aliases(made, o.names)),
    ast.ImportFrom: _imported_from,
    ast.Match: _matched,
    ast.Nonlocal: lambda made, o: statement_nodes.Nonlocal(_names(o)),
    ast.Pass: lambda made, o: statement_nodes.Pass(),
    ast.Raise: lambda made, o: statement_nodes.Raise(
        made.values.optional(o.exc), made.values.cause(o.cause)
    ),
    ast.Return: lambda made, o: statement_nodes.Return(made.values.optional(o.value)),
    ast.Try: _tried,
    ast.While: _repeated,
    ast.With: _within,
}
for _kind in _tries:
    _STATEMENTS[_kind] = _tried
