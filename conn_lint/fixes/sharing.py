"""Renders pool-in-place: who used the one connection of a file borrows one from a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from conn_lint.fixes.borrow import lender
from conn_lint.fixes.lending import LENDER, Lending
from conn_lint.fixes.outliving import check_returned, with_lazy
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.fixes.scopes import bound_by, locals_of, own_nodes
from conn_lint.model.fix import Edit, FixPlan


def pool_in_place(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """The pool with its lender, and a `with` in each function that used the connection; raises RenderError."""
    call = parsed.call(plan.spans[0].span)
    match parsed.parent(call):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            pass
        case _:
            raise RenderError("what it gives has no plain name")
    statement = parsed.statement(call)
    if not isinstance(parsed.parent(statement), cst.Module):
        raise RenderError("it is not opened at the top of the file")
    users = list(_users(parsed, statement, name))
    if not users:
        raise RenderError("no function of the file uses it")
    span = parsed.span(statement)
    opening = Rewriting(parsed, span.line, span.end_line, parsed.module.default_indent)
    opening.remove(span)
    gone = opening.edit()
    lending = Lending(parsed, plan, call, None, rolls_back=False)
    return (gone, *lender(parsed, lending), *(_borrows(parsed, user, name) for user in users))


def _users(parsed: Parsed, statement: cst.BaseStatement, name: str) -> Iterator[cst.FunctionDef]:
    """The functions and methods of the file that use it; nobody else may."""
    seen: set[int] = set()
    inside = set(map(id, walk(statement)))
    for node in parsed.mentions(parsed.module, frozenset({name})):
        if id(node) in inside:
            continue
        functions = [
            above
            for above in parsed.ancestors(node)
            if isinstance(above, (cst.FunctionDef, cst.Lambda, cst.ClassDef))
        ]
        if any(name in locals_of(parsed, one) for one in functions):
            continue  # another thing of that name
        line = parsed.span(node).line
        function = functions[0] if functions else None
        is_method = all(isinstance(above, cst.ClassDef) for above in functions[1:])
        if not isinstance(function, cst.FunctionDef) or not is_method:
            raise RenderError(f"line {line} uses it in no plain function")
        if id(function) not in seen:
            seen.add(id(function))
            _check(parsed, function, name)
            yield function


def _check(parsed: Parsed, function: cst.FunctionDef, name: str) -> None:
    line = parsed.span(function).line
    if not isinstance(function.body, cst.IndentedBlock):
        raise RenderError(f"the function of line {line} stands on one line")
    for node in own_nodes(function):
        match node:
            case cst.Yield():
                raise RenderError(f"the function of line {line} is a generator")
            case cst.Global(names=names) if name in {item.name.value for item in names}:
                raise RenderError(f"line {parsed.span(node).line} gives the name something else")
            case cst.Param() if any(parsed.mentions(node, frozenset({name}))):
                raise RenderError(f"line {line} has it for a default")
            case _:
                pass


def _borrows(parsed: Parsed, function: cst.FunctionDef, name: str) -> Edit:
    """The lines that use it, or something got through it, in a `with`."""
    assert isinstance(function.body, cst.IndentedBlock)
    block = parsed.block(next(item for item in function.body.body))
    first, last = _stretch(parsed, block, name)
    used = block[first : last + 1]
    _check_loop(parsed, used)
    given = _checked_cursors(parsed, used, name)
    lazy = with_lazy(parsed, function, given)
    check_returned(parsed, used, lazy, lazy - given)
    head = f"with {LENDER}() as {name}:"
    start, end = parsed.span(used[0]), parsed.span(used[-1])
    if len(used) == 1 and isinstance(whole := used[0], cst.With) and whole.asynchronous is None:
        at = parsed.span(whole.items[0])
        if isinstance(whole.lpar, cst.MaybeSentinel):
            rewriting = Rewriting(parsed, at.line, at.end_line, parsed.indent(whole))
            rewriting.replace(at, f"{LENDER}() as {name}, {parsed.text(whole.items[0])}")
            return rewriting.edit()
    above = start.line
    while parsed.lines[above - 2].lstrip().startswith("#"):
        above -= 1
    rewriting = Rewriting(parsed, above, end.end_line, parsed.indent(used[0]))
    rewriting.indent(above, end.end_line)
    rewriting.insert_before(above, parsed.lines[start.line - 1][: start.column] + head)
    return rewriting.edit()


def _check_loop(parsed: Parsed, used: Sequence[cst.BaseStatement]) -> None:
    """A coroutine gives it back before another one runs, which would stop the loop while it waits for it."""
    for item in used:
        for node in walk(item):
            waits = isinstance(node, cst.Await)
            if isinstance(node, (cst.For, cst.With, cst.CompFor)):
                waits = node.asynchronous is not None
            if waits:
                line = parsed.span(node).line
                raise RenderError(f"line {line} would stop the loop while others wait for it")


def _checked_cursors(
    parsed: Parsed, used: Sequence[cst.BaseStatement], name: str
) -> frozenset[str]:
    """The connection and what it has given itself; raises RenderError where that is returned as it is."""
    given = {name}
    for item in used:
        for node in walk(item):
            match node:
                case cst.Assign(
                    targets=targets,
                    value=cst.Call(func=cst.Attribute(value=cst.Name(value=owner))),
                ) if owner == name:
                    given |= {bound for target in targets for bound in bound_by(target)}
                case cst.Return(value=cst.BaseExpression() as value):
                    for read in parsed.mentions(value, frozenset(given)):
                        if not isinstance(parsed.parent(read), cst.Attribute):
                            line = parsed.span(node).line
                            raise RenderError(f"line {line} returns what needs it")
                case _:
                    pass
    return frozenset(given)


def _stretch(parsed: Parsed, block: Sequence[cst.BaseStatement], name: str) -> tuple[int, int]:
    """The first and the last statement that use it or what was got through it."""
    names = {name}
    found: list[int] = []
    for index, item in enumerate(block):
        if any(parsed.mentions(item, frozenset(names))):
            found.append(index)
            names |= {bound for node in walk(item) for bound in bound_by(node)}
    return found[0], found[-1]
