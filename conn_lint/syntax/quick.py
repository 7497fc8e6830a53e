"""A unit's tree from Python's own parser, at a fraction of the time that LibCST takes for it.

It has LibCST's nodes, but only those of their fields that mean something, and no whitespace. What this does not
cover (new syntax, `match`, form feeds, odd brackets) raises NotQuickError, and LibCST parses it. Both ways must come
to the same summary, which the tests check.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import libcst as cst

from conn_lint.syntax.quick_places import NotQuickError, QuickPlaces
from conn_lint.syntax.quick_values import (
    ASYNC,
    Values,
    annotation_node,
    maker,
    name_node,
)

__all__ = ["NotQuickError", "QuickTree", "read_quickly"]

_HOLDER = "if 1:\n"
_ODD = re.compile("[\f\r\0\ufeff]")
_DEF = re.compile(r"(?:async[ \t]+)?def[ \t]+")
_CLASS = re.compile(r"class[ \t]+")
_AS = re.compile(r"[ \t)]*\bas[ \t]+")

_alias = maker(cst.ImportAlias, "name", "asname")
_annotated = maker(cst.AnnAssign, "target", "annotation", "value")
_assert = maker(cst.Assert, "test", "msg")
_assign = maker(cst.Assign, "targets", "value")
_block = maker(cst.IndentedBlock, "body")
_break = maker(cst.Break)
_class = maker(cst.ClassDef, "name", "body", "bases", "keywords", "decorators", "type_parameters")
_continue = maker(cst.Continue)
_decorator = maker(cst.Decorator, "decorator")
_delete = maker(cst.Del, "target")
_else = maker(cst.Else, "body")
_expr = maker(cst.Expr, "value")
_final = maker(cst.Finally, "body")
_for = maker(cst.For, "target", "iter", "body", "orelse", "asynchronous")
_function = maker(
    cst.FunctionDef,
    "name",
    "params",
    "body",
    "decorators",
    "returns",
    "asynchronous",
    "type_parameters",
)
_global = maker(cst.Global, "names")
_if = maker(cst.If, "test", "body", "orelse")
_import = maker(cst.Import, "names")
_import_from = maker(cst.ImportFrom, "module", "names", "relative")
_item = maker(cst.WithItem, "item", "asname")
_module = maker(cst.Module, "body")
_named = maker(cst.NameItem, "name")
_nonlocal = maker(cst.Nonlocal, "names")
_pass = maker(cst.Pass)
_raise = maker(cst.Raise, "exc", "cause")
_return = maker(cst.Return, "value")
_target = maker(cst.AssignTarget, "target")
_while = maker(cst.While, "test", "body", "orelse")
_with = maker(cst.With, "items", "body", "asynchronous")
_augmented = maker(cst.AugAssign, "target", "operator", "value")
_tries: dict[type[ast.AST], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ast.Try: (
        maker(cst.Try, "body", "handlers", "orelse", "finalbody"),
        maker(cst.ExceptHandler, "body", "type", "name"),
    )
}
if hasattr(ast, "TryStar"):
    _tries[ast.TryStar] = (
        maker(cst.TryStar, "body", "handlers", "orelse", "finalbody"),
        maker(cst.ExceptStarHandler, "body", "type", "name"),
    )
_DOT = cst.Dot()
_STAR = cst.ImportStar()
_AUGMENTED: dict[type[ast.AST], cst.BaseAugOp] = {
    ast.Add: cst.AddAssign(),
    ast.BitAnd: cst.BitAndAssign(),
    ast.BitOr: cst.BitOrAssign(),
    ast.BitXor: cst.BitXorAssign(),
    ast.Div: cst.DivideAssign(),
    ast.FloorDiv: cst.FloorDivideAssign(),
    ast.LShift: cst.LeftShiftAssign(),
    ast.MatMult: cst.MatrixMultiplyAssign(),
    ast.Mod: cst.ModuloAssign(),
    ast.Mult: cst.MultiplyAssign(),
    ast.Pow: cst.PowerAssign(),
    ast.RShift: cst.RightShiftAssign(),
    ast.Sub: cst.SubtractAssign(),
}


class QuickTree(NamedTuple):
    """A module, and where its nodes stand."""

    module: cst.Module
    places: QuickPlaces
    extra_lines: int


def read_quickly(unit_text: str) -> QuickTree:
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
    return QuickTree(_module([statements.statement(part) for part in tree.body]), places, extra)


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

    def block(self, origins: list[ast.stmt]) -> cst.IndentedBlock:
        return _block([self.statement(part) for part in origins])

    def orelse(self, origins: list[ast.stmt]) -> cst.Else | None:
        return _else(self.block(origins)) if origins else None

    def decorators(self, origins: list[ast.expr]) -> list[cst.Decorator]:
        return [_decorator(self.value(part)) for part in origins]

    def name_behind(self, pattern: re.Pattern[str], name: str, at: int) -> cst.Name:
        node = name_node(name)
        self.places.put_name(node, pattern, at)
        return node


def _defined(made: _Statements, origin: Any) -> cst.FunctionDef:
    if getattr(origin, "type_params", None):
        raise NotQuickError
    decorators = made.decorators(origin.decorator_list)
    name = made.name_behind(_DEF, origin.name, made.places.start(origin))
    parameters = made.values.parameters(origin.args)
    returns = None if origin.returns is None else annotation_node(made.value(origin.returns))
    is_async = ASYNC if type(origin) is ast.AsyncFunctionDef else None
    return _function(name, parameters, made.block(origin.body), decorators, returns, is_async, None)


def _of_class(made: _Statements, origin: Any) -> cst.ClassDef:
    starred = any(type(base) is ast.Starred for base in origin.bases)
    if getattr(origin, "type_params", None) or (starred and origin.keywords):
        raise NotQuickError
    decorators = made.decorators(origin.decorator_list)
    name = made.name_behind(_CLASS, origin.name, made.places.start(origin))
    bases = made.values.arguments(origin.bases, [])
    keywords = made.values.arguments([], origin.keywords)
    return _class(name, made.block(origin.body), bases, keywords, decorators, None)


def _assigned(made: _Statements, origin: ast.Assign) -> cst.Assign:
    return _assign([_target(made.value(part)) for part in origin.targets], made.value(origin.value))


def _with_annotation(made: _Statements, origin: ast.AnnAssign) -> cst.AnnAssign:
    note = annotation_node(made.value(origin.annotation))
    return _annotated(made.value(origin.target), note, made.values.optional(origin.value))


def _added(made: _Statements, origin: ast.AugAssign) -> cst.AugAssign:
    operator = _AUGMENTED[type(origin.op)]
    return _augmented(made.value(origin.target), operator, made.value(origin.value))


def _deleted(made: _Statements, origin: ast.Delete) -> cst.Del:
    if len(origin.targets) == 1:
        return _delete(made.value(origin.targets[0]))
    return _delete(made.values.elements(origin.targets))


def _tested(made: _Statements, origin: ast.If) -> cst.If:
    """Those that follow each other are walked, not descended."""
    rows = [origin]
    while _is_elif(made, rows[-1].orelse):
        rows.append(rows[-1].orelse[0])  # type: ignore[arg-type]
    after: cst.If | cst.Else | None = made.orelse(rows[-1].orelse)
    for row in reversed(rows):
        after = _if(made.value(row.test), made.block(row.body), after)
        made.places.put(after, row)
    assert isinstance(after, cst.If)
    return after


def _is_elif(made: _Statements, orelse: list[ast.stmt]) -> bool:
    if len(orelse) != 1 or type(orelse[0]) is not ast.If:
        return False
    return made.places.text.startswith("elif", made.places.start(orelse[0]))


def _looped(made: _Statements, origin: Any) -> cst.For:
    is_async = ASYNC if type(origin) is ast.AsyncFor else None
    target, iterable = made.value(origin.target), made.value(origin.iter)
    return _for(target, iterable, made.block(origin.body), made.orelse(origin.orelse), is_async)


def _repeated(made: _Statements, origin: ast.While) -> cst.While:
    return _while(made.value(origin.test), made.block(origin.body), made.orelse(origin.orelse))


def _within(made: _Statements, origin: Any) -> cst.With:
    is_async = ASYNC if type(origin) is ast.AsyncWith else None
    items = [_with_item(made, item) for item in origin.items]
    return _with(items, made.block(origin.body), is_async)


def _with_item(made: _Statements, origin: ast.withitem) -> cst.WithItem:
    target = origin.optional_vars
    name = None if target is None else made.values.as_name(made.value(target))
    node = _item(made.value(origin.context_expr), name)
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
            name = made.values.as_name(made.name_behind(_AS, handler.name, at))
        handlers.append(make_handler(made.block(handler.body), kind, name))
    final = _final(made.block(origin.finalbody)) if origin.finalbody else None
    return make(body, handlers, made.orelse(origin.orelse), final)


def _aliases(made: _Statements, origins: list[ast.alias]) -> list[cst.ImportAlias]:
    found = []
    for origin in origins:
        name = made.values.dotted(origin.name)
        made.places.put(name, origin)
        bound = None if origin.asname is None else made.values.as_name(name_node(origin.asname))
        found.append(_alias(name, bound))
    return found


def _imported_from(made: _Statements, origin: ast.ImportFrom) -> cst.ImportFrom:
    module = None if origin.module is None else made.values.dotted(origin.module)
    star = origin.names[0].name == "*"
    names = _STAR if star else _aliases(made, origin.names)
    return _import_from(module, names, [_DOT] * origin.level)


def _names(origin: Any) -> list[cst.NameItem]:
    return [_named(name_node(name)) for name in origin.names]


_STATEMENTS: dict[type[ast.AST], Callable[[_Statements, Any], Any]] = {
    ast.AnnAssign: _with_annotation,
    ast.Assert: lambda made, o: _assert(made.value(o.test), made.values.optional(o.msg)),
    ast.Assign: _assigned,
    ast.AsyncFor: _looped,
    ast.AsyncFunctionDef: _defined,
    ast.AsyncWith: _within,
    ast.AugAssign: _added,
    ast.Break: lambda made, o: _break(),
    ast.ClassDef: _of_class,
    ast.Continue: lambda made, o: _continue(),
    ast.Delete: _deleted,
    ast.Expr: lambda made, o: _expr(made.value(o.value)),
    ast.For: _looped,
    ast.FunctionDef: _defined,
    ast.Global: lambda made, o: _global(_names(o)),
    ast.If: _tested,
    ast.Import: lambda made, o: _import(_aliases(made, o.names)),
    ast.ImportFrom: _imported_from,
    ast.Nonlocal: lambda made, o: _nonlocal(_names(o)),
    ast.Pass: lambda made, o: _pass(),
    ast.Raise: lambda made, o: _raise(made.values.optional(o.exc), made.values.cause(o.cause)),
    ast.Return: lambda made, o: _return(made.values.optional(o.value)),
    ast.Try: _tried,
    ast.While: _repeated,
    ast.With: _within,
}
for _kind in _tries:
    _STATEMENTS[_kind] = _tried
