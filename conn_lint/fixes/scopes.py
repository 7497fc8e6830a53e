"""Names of functions, and the statements that a call needs from its function to stand elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError, walk

_MOST = 4  # statements that move along
_INNER = (cst.FunctionDef, cst.Lambda, cst.ClassDef)


class Needs(NamedTuple):
    """`statements` give the names that a call reads, in order; `free` are names that its caller must give."""

    statements: tuple[cst.SimpleStatementLine, ...]
    free: tuple[str, ...]


def own_nodes(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What runs in the function itself: inner functions and classes are not entered."""
    waiting = list(reversed(root.children))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _INNER):
            waiting.extend(reversed(node.children))


def locals_of(parsed: Parsed, function: cst.CSTNode) -> set[str]:
    """The names that a function binds, its parameters among them."""
    if not isinstance(function, (cst.FunctionDef, cst.Lambda)):
        return set()
    found = {node.name.value for node in walk(function.params) if isinstance(node, cst.Param)}
    found |= {name for node in own_nodes(function) for name in bound_by(node)}
    body = function.body
    if isinstance(body, cst.BaseSuite):
        for node in own_nodes(body):
            if isinstance(node, (cst.Global, cst.Nonlocal)):
                found -= {item.name.value for item in node.names}
    return found


def bindings(function: cst.FunctionDef) -> list[str]:
    """The names that a function binds itself, each as often as it does."""
    found = [node.name.value for node in walk(function.params) if isinstance(node, cst.Param)]
    return found + [name for node in own_nodes(function.body) for name in bound_by(node)]


def bound_names(statement: cst.CSTNode) -> Iterator[str]:
    """The names that a statement binds."""
    for node in walk(statement):
        yield from bound_by(node)


def bound_by(node: cst.CSTNode) -> Iterator[str]:
    """The names that the node itself binds."""
    match node:
        case cst.AssignTarget(target=target) | cst.AnnAssign(target=target):
            yield from names_in(target)
        case cst.AugAssign(target=target) | cst.NamedExpr(target=target):
            yield from names_in(target)
        case cst.For(target=target) | cst.CompFor(target=target):
            yield from names_in(target)
        case cst.AsName(name=name):
            yield from names_in(name)
        case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
            yield name.value
        case cst.Import() | cst.ImportFrom():
            yield from _imported(node)
        case _:
            pass


def _imported(node: cst.Import | cst.ImportFrom) -> Iterator[str]:
    if isinstance(node.names, cst.ImportStar):
        return
    for alias in node.names:
        yield alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def names_in(target: cst.CSTNode) -> Iterator[str]:
    """The plain names that an assignment to the target binds."""
    match target:
        case cst.Name(value=value):
            yield value
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from names_in(element.value)
        case _:
            pass


def function_of(parsed: Parsed, node: cst.CSTNode) -> cst.FunctionDef | None:
    """The function whose code it is, None for the file's own; raises RenderError in other places."""
    for above in parsed.ancestors(node):
        match above:
            case cst.FunctionDef():
                return above
            case cst.Lambda() | cst.ClassDef() | cst.Decorator() | cst.Param() | cst.CompFor():
                raise RenderError(
                    "it stands in a lambda, a class body, a default or a comprehension"
                )
            case cst.BaseComp():
                raise RenderError("it stands in a comprehension")
            case _:
                pass
    return None


def needs(parsed: Parsed, node: cst.CSTNode, function: cst.FunctionDef | None) -> Needs:
    """What a node reads that its function binds; raises RenderError where that cannot move."""
    if function is None:
        return Needs((), ())
    own = locals_of(parsed, function)
    outer: set[str] = set()
    for above in parsed.ancestors(function):
        if isinstance(above, cst.FunctionDef):
            outer |= locals_of(parsed, above)
    parameters = {item.name.value for item in walk(function.params) if isinstance(item, cst.Param)}
    statement = parsed.statement(node)
    beside = givers(parsed, function, statement)
    found: dict[int, cst.SimpleStatementLine] = {}
    free: list[str] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        for name in parsed.mentions(part, None):
            if name.value not in own:
                if name.value in outer and name.value not in free:
                    free.append(name.value)
                continue
            if name.value in parameters:
                if name.value not in free:
                    free.append(name.value)
                continue
            giver = beside.get(name.value)
            if giver is None:
                raise RenderError(f"{name.value} is not made beside it")
            if id(giver) not in found:
                if any(changes(function, frozenset(bound_names(giver)))):
                    raise RenderError(f"{name.value} is filled after it is made")
                found[id(giver)] = giver
                waiting.append(_value(giver))
    if len(found) > _MOST:
        raise RenderError("too much decides what it is given")
    ordered = sorted(found.values(), key=lambda item: parsed.span(item).line)
    return Needs(tuple(ordered), tuple(free))


def changes(root: cst.CSTNode, names: frozenset[str]) -> Iterator[cst.CSTNode]:
    """What changes the objects that the names stand for: stores on them, and methods called for nothing else."""
    for node in own_nodes(root):
        match node:
            case cst.AssignTarget(target=to) | cst.AugAssign(target=to) | cst.Del(target=to):
                changed: cst.CSTNode = to
            case cst.Expr(value=cst.Call(func=cst.Attribute(value=to))):
                changed = to
            case cst.Expr(value=cst.Await(expression=cst.Call(func=cst.Attribute(value=to)))):
                changed = to
            case _:
                continue
        if isinstance(changed, cst.Name) and not isinstance(node, cst.Expr):
            continue
        while isinstance(changed, (cst.Attribute, cst.Subscript)):
            changed = changed.value
        if isinstance(changed, cst.Name) and changed.value in names:
            yield node


def _value(giver: cst.SimpleStatementLine) -> cst.CSTNode:
    match giver.body[0]:
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value):
            return value
        case _:
            return cst.Pass()


def givers(
    parsed: Parsed, function: cst.FunctionDef | cst.Module, statement: cst.BaseStatement
) -> dict[str, cst.SimpleStatementLine]:
    """Names that one simple statement in front, on the way to the call, binds and nothing else does."""
    times: dict[str, int] = {}
    for node in own_nodes(function):
        for name in bound_by(node):
            times[name] = times.get(name, 0) + 1
    blocks: list[cst.CSTNode] = [*parsed.ancestors(statement)]
    line = parsed.span(statement).line
    found: dict[str, cst.SimpleStatementLine] = {}
    for node in own_nodes(function):
        if not isinstance(node, cst.SimpleStatementLine) or len(node.body) != 1:
            continue
        if parsed.parent(node) not in blocks or parsed.span(node).line >= line:
            continue
        small = node.body[0]
        if not isinstance(small, (cst.Assign, cst.AnnAssign, cst.Import, cst.ImportFrom)):
            continue
        if any(isinstance(part, (cst.Await, cst.Yield, cst.NamedExpr)) for part in walk(small)):
            continue
        bound = [name for part in walk(small) for name in bound_by(part)]
        if bound and all(times.get(name) == 1 for name in bound):
            found.update(dict.fromkeys(bound, node))
    return found
