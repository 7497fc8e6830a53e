"""How far what uses a resource goes: the statements behind its acquisition, and the releases among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes.outliving import check_after_release, check_returned, with_lazy
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.model.location import Location


class Extent(NamedTuple):
    """The statements that use it (at least one), and old releases: statements to take out, and where to stop.

    `last` is the last line of all this, the releases in the same block included.
    """

    used: tuple[cst.BaseStatement, ...]
    releases: tuple[cst.BaseStatement, ...]
    last: int


def extent(
    parsed: Parsed,
    statement: cst.BaseStatement,
    name: str,
    names: frozenset[str],
    releases: Sequence[Location],
    release: str = "",
) -> Extent:
    """What stands behind `statement`, which binds the resource to `name`, up to the last use of one of `names`.

    `release` is how its owner takes it back, as in `pool.putconn({})`. Raises RenderError where something behind it,
    or a second binding, would see another resource than before.
    """
    block = parsed.block(statement)
    plain, names = names, with_lazy(parsed, parsed.function(statement), names)
    after = _until_rebound(parsed, block[block.index(statement) + 1 :], name)
    old = [
        plain_release(parsed, parsed.call(location.span), names, release) for location in releases
    ]
    using = [i for i, item in enumerate(after) if any(parsed.mentions(item, names))]
    if not using:
        raise RenderError("nothing uses it")
    stop = using[-1] + 1
    used = list(after[:stop])
    while used and used[-1] in old:
        used.pop()
    if not used:
        raise RenderError("nothing uses it before it is released")
    last = parsed.span(after[stop - 1]).end_line
    for node in walk(parsed.function(statement)):
        if isinstance(node, (cst.Global, cst.Nonlocal)) and any(
            n.name.value == name for n in node.names
        ):
            raise RenderError("its name is not the function's own")
    check_outside(parsed, statement, names, last)
    for item in used:
        _check_inside(parsed, item, name)
    check_returned(parsed, used, names, names - plain)
    check_after_release(parsed, used, old, _value(statement))
    return Extent(tuple(used), tuple(old), last)


def plain_release(
    parsed: Parsed, call: cst.Call | cst.Await, names: frozenset[str], release: str = ""
) -> cst.BaseStatement:
    """The statement that is nothing but this release; with the `if conn:` around it, if it is alone there."""
    inner = call.expression if isinstance(call, cst.Await) else call
    match inner:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name))) if name in names:
            is_plain = True
        case _:
            is_plain = any(parsed.text(call) == release.replace("{}", name) for name in names)
    if not is_plain:
        raise RenderError("it is released in a way of its own")
    if not isinstance(parsed.parent(call), cst.Expr):
        raise RenderError("its release is part of another statement")
    found = parsed.statement(call)
    above = parsed.owner(found)
    while (
        isinstance(above, cst.If)
        and above.orelse is None
        and len(parsed.block(found)) == 1
        and _asks_only(parsed, above.test, names)
        and not isinstance(parsed.parent(above), cst.If)
    ):
        found = above
        above = parsed.owner(found)
    return found


def _asks_only(parsed: Parsed, test: cst.BaseExpression, names: frozenset[str]) -> bool:
    """The test asks of nothing else than whether there is one, or whether it is open."""
    read = {node.value for node in parsed.mentions(test, None)}
    return bool(read & names) and read <= names | {"None", "True", "False"}


def _until_rebound(
    parsed: Parsed, statements: Sequence[cst.BaseStatement], name: str
) -> list[cst.BaseStatement]:
    """The statements up to one beside them that gives the name something else."""
    found: list[cst.BaseStatement] = []
    for statement in statements:
        if name in assigned(statement):
            break
        found.append(statement)
    return found


def assigned(statement: cst.BaseStatement) -> Iterator[str]:
    """The plain names that a statement binds before anything of it uses them."""
    match statement:
        case cst.With(items=items, body=cst.IndentedBlock(body=body)):
            read = set().union(*(_read(item.item) for item in items))
            names = (item.asname.name for item in items if item.asname is not None)
            bound = [name.value for name in names if isinstance(name, cst.Name)]
            for inner in body:
                if isinstance(inner, cst.BaseStatement):
                    bound.extend(assigned(inner))
            yield from (name for name in bound if name not in read)
        case cst.SimpleStatementLine(body=[cst.Assign(targets=targets, value=value)]):
            read = _read(value)
            for target in targets:
                if isinstance(target.target, cst.Name) and target.target.value not in read:
                    yield target.target.value
        case _:
            pass


def _read(root: cst.CSTNode) -> set[str]:
    found: set[str] = set()
    waiting = [root]
    while waiting:
        match waiting.pop():
            case cst.Name(value=name):
                found.add(name)
            case cst.Attribute(value=inner):
                waiting.append(inner)
            case node:
                waiting.extend(node.children)
    return found


def _value(statement: cst.BaseStatement) -> cst.CSTNode:
    match statement:
        case cst.SimpleStatementLine(
            body=[cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value)]
        ):
            return value
        case _:
            return statement


def check_outside(
    parsed: Parsed, statement: cst.BaseStatement, names: frozenset[str], last: int
) -> None:
    """Nothing elsewhere in the function may need it: below, in handlers, or in the next turn of a loop."""
    first = parsed.span(statement).line
    in_loop = parsed.is_in_loop(statement)
    anew = _bound_anew(parsed, statement, last)
    if in_loop:
        _check_turn(parsed, statement, names)
    for node in parsed.mentions(parsed.function(statement), names):
        line = parsed.span(node).line
        if line > last and line < anew.get(node.value, line + 1):
            raise RenderError(f"line {line} uses it after the end of its block")
        if (
            line < first
            and in_loop
            and not _is_stored(parsed, node)
            and _same_loop(parsed, node, statement)
        ):
            raise RenderError(f"line {line} uses it in the next turn of the loop")


def _check_turn(parsed: Parsed, statement: cst.BaseStatement, names: frozenset[str]) -> None:
    """In a loop, nothing may read what an earlier turn has left in a name."""
    first = parsed.span(statement).line
    seen: set[str] = set()
    for node in sorted(parsed.mentions(parsed.function(statement), names), key=parsed.span):
        span = parsed.span(node)
        if span.line < first or node.value in seen or not _same_loop(parsed, node, statement):
            continue
        seen.add(node.value)
        if not _is_stored(parsed, node):
            raise RenderError(f"line {span.line} uses it in the next turn of the loop")


def _bound_anew(parsed: Parsed, statement: cst.BaseStatement, last: int) -> dict[str, int]:
    """The names that statements beside it bind to something else further down, with the line."""
    found: dict[str, int] = {}
    for beside in parsed.block(statement):
        line = parsed.span(beside).line
        if line > last:
            for name in assigned(beside):
                found.setdefault(name, line)
    return found


def _same_loop(parsed: Parsed, node: cst.CSTNode, statement: cst.BaseStatement) -> bool:
    loops = [a for a in parsed.ancestors(statement) if isinstance(a, (cst.For, cst.While))]
    return any(above in loops for above in parsed.ancestors(node))


def _check_inside(parsed: Parsed, item: cst.BaseStatement, name: str) -> None:
    for node in walk(item):
        match node:
            case cst.Name(value=value) if value == name and _is_stored(parsed, node):
                raise RenderError(f"line {parsed.span(node).line} gives the name something else")
            case _:
                pass


def _is_stored(parsed: Parsed, node: cst.CSTNode) -> bool:
    """The name is bound or deleted there."""
    inner = node
    for above in parsed.ancestors(node):
        match above:
            case cst.AssignTarget() | cst.Del() | cst.AsName():
                return True
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                return name is inner
            case cst.AnnAssign(target=target) | cst.AugAssign(target=target):
                return target is inner
            case cst.For(target=target) | cst.NamedExpr(target=target):
                return target is inner
            case cst.Tuple() | cst.List() | cst.Element() | cst.StarredElement():
                inner = above
            case _:
                return False
    return False
