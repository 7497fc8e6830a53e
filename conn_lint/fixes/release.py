"""Renders wrap-in-with and close-in-finally: what uses a resource is moved into a block that releases it."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.extent import Extent, extent
from conn_lint.fixes.joining import add_item, joined, outer_with
from conn_lint.fixes.outliving import check_returned
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.removal import take_out
from conn_lint.fixes.rewriting import Rewriting, aligned
from conn_lint.fixes.scopes import bound_by
from conn_lint.model.fix import Applicability, Edit, FixPlan
from conn_lint.model.location import Location

# Between the call and its statement: whatever may stand there runs the call exactly once.
_ONCE = (
    cst.Arg, cst.Attribute, cst.Call, cst.Await, cst.Subscript, cst.SubscriptElement, cst.Index,
    cst.BinaryOperation, cst.UnaryOperation, cst.Comparison, cst.ComparisonTarget, cst.Tuple,
    cst.List, cst.Dict, cst.Element, cst.DictElement, cst.Expr, cst.Return, cst.Assign,
    cst.AnnAssign, cst.SimpleStatementLine,
)  # fmt: skip


def wrap_in_with(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`with closing(call()) as conn:` around what uses it; raises RenderError."""
    call = parsed.call(plan.spans[0].span)
    taken = (
        call.expression if plan.detail("await") == "drop" and isinstance(call, cst.Await) else call
    )
    keyword = "async with" if plan.detail("async") else "with"
    if keyword == "async with":
        _check_async(parsed, call)
    manager = plan.detail("manager")
    added: tuple[Edit, ...] = ()
    opened = closed = ""
    if manager:
        written, added = imports.use(parsed, manager)
        opened, closed = f"{written}(", ")"
    bound = _bound(parsed, call)
    column = parsed.span(parsed.statement(call)).column + len(f"{keyword} {opened}")
    value = f"{opened}{aligned(parsed, taken, column)}{closed}"
    if bound is None:
        return (_around_statement(plan, parsed, call, keyword, value), *added)
    return (_with_block(plan, parsed, bound, f"{keyword} {value} as {bound[1]}:"), *added)


def with_head(
    parsed: Parsed,
    call: cst.Call | cst.Await,
    names: str,
    releases: tuple[Location, ...],
    head: str,
) -> Edit:
    """`HEAD as name:` around what uses the name that the call's value has; its releases go. Raises RenderError."""
    bound = _bound(parsed, call)
    if bound is None:
        raise RenderError("what it gives has no name")
    place = Location(parsed.path, parsed.span(call))
    plan = FixPlan(
        "wrap-in-with", "", Applicability.UNSAFE, (place, *releases), (("names", names),)
    )
    return _with_block(plan, parsed, bound, f"{head} as {bound[1]}:")


def close_in_finally(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """try/finally behind the call, around what uses the value; raises RenderError."""
    call = parsed.call(plan.spans[0].span)
    bound = _bound(parsed, call)
    if bound is None:
        raise RenderError("what it gives has no name")
    statement, name = bound
    found = _extent(plan, parsed, bound)
    release = _as_written(parsed, found, name) or plan.detail("release").replace("{}", name)
    if release.startswith("await "):
        _check_async(parsed, call)
    first = parsed.span(statement).line
    unit = parsed.indent(statement)
    rewriting = Rewriting(parsed, first, found.last, unit)
    _close_gap(parsed, rewriting, statement, found)
    _move(parsed, rewriting, statement, found)
    indent = parsed.lines[first - 1][: parsed.span(statement).column]
    rewriting.insert_after(parsed.span(statement).end_line, f"{indent}try:")
    rewriting.insert_after(found.last, f"{indent}finally:")
    rewriting.insert_after(found.last, f"{indent}{unit}{release}")
    return (rewriting.edit(),)


def _as_written(parsed: Parsed, found: Extent, name: str) -> str:
    """The release as its author wrote it, where there is one way, which needs nothing that was made meanwhile."""
    lines = [one for one in found.releases if isinstance(one, cst.SimpleStatementLine)]
    texts = {parsed.text(line.body[0]) for line in lines}
    if len(texts) != 1 or len(lines) != len(found.releases):
        return ""
    made = {own for item in found.used for node in walk(item) for own in bound_by(node)}
    read = {node.value for node in parsed.mentions(lines[0], None)}
    return texts.pop() if name in read and not read & made else ""


def _bound(
    parsed: Parsed, call: cst.Call | cst.Await
) -> tuple[cst.SimpleStatementLine, str] | None:
    above = parsed.parent(call)
    target: cst.BaseExpression | None = None
    match above:
        case cst.Assign(targets=[cst.AssignTarget(target=found)]):
            target = found
        case cst.AnnAssign(target=found):
            target = found
        case _:
            return None
    if not isinstance(target, cst.Name):
        raise RenderError("it is not kept under a plain name")
    statement = parsed.statement(call)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement, target.value


def _extent(plan: FixPlan, parsed: Parsed, bound: tuple[cst.SimpleStatementLine, str]) -> Extent:
    statement, name = bound
    names = frozenset({*plan.detail("names").split(), name})
    return extent(parsed, statement, name, names, plan.spans[1:], plan.detail("release"))


def _with_block(
    plan: FixPlan, parsed: Parsed, bound: tuple[cst.SimpleStatementLine, str], head: str
) -> Edit:
    found = _extent(plan, parsed, bound)
    span = parsed.span(bound[0].body[0])
    edit = joined(parsed, bound[0], found, head)
    if edit is not None:
        return edit
    rewriting = Rewriting(parsed, span.line, found.last, parsed.indent(bound[0]))
    rewriting.replace(span, head)
    _close_gap(parsed, rewriting, bound[0], found)
    _move(parsed, rewriting, bound[0], found)
    return rewriting.edit()


def _close_gap(
    parsed: Parsed, rewriting: Rewriting, statement: cst.BaseStatement, found: Extent
) -> None:
    """No empty line between the head of a block and what it guards; a function or class keeps its own."""
    first = found.used[0]
    if not isinstance(first, (cst.FunctionDef, cst.ClassDef)):
        rewriting.drop_blank(parsed.span(statement).end_line + 1, parsed.span(first).line - 1)


def _move(
    parsed: Parsed, rewriting: Rewriting, statement: cst.BaseStatement, found: Extent
) -> None:
    """Put what uses the resource one level deeper, with the comments above it, and take the old releases out."""
    first = parsed.span(statement).end_line + 1
    last = parsed.span(found.used[-1]).end_line
    lifted = take_out(parsed, rewriting, found.releases)
    for line in range(first, last + 1):
        rewriting.indent(line, line, levels=1 - lifted[line])


def _around_statement(
    plan: FixPlan, parsed: Parsed, call: cst.Call | cst.Await, keyword: str, value: str
) -> Edit:
    """A call within a larger statement: `with closing(call()) as conn:` in front of it."""
    if plan.spans[1:]:
        raise RenderError("what it gives has no name, yet it is released")
    if isinstance(parsed.parent(call), cst.Expr):
        raise RenderError("nothing uses it")
    for above in parsed.ancestors(call):
        if isinstance(above, cst.SimpleStatementLine):
            break
        if not isinstance(above, _ONCE):
            raise RenderError("it may run more than once, or not at all, within its statement")
    statement = parsed.statement(call)
    if not isinstance(statement, cst.SimpleStatementLine):
        raise RenderError("it stands in the head of a block")
    names = frozenset(plan.detail("names").split())
    whole = parsed.span(statement)
    for mention in parsed.mentions(parsed.function(statement), names):
        if not whole.line <= parsed.span(mention).line <= whole.end_line:
            raise RenderError(f"line {parsed.span(mention).line} uses it too")
    if isinstance(statement.body[0], cst.Return):
        check_returned(parsed, [statement], names, names)
    name = fresh_name(parsed, plan.detail("noun") or "connection")
    span = parsed.span(call)
    head = f"{keyword} {value} as {name}:"
    outer = outer_with(parsed, statement, head)
    if outer is not None:
        first = parsed.span(outer.items[-1]).end_line
        rewriting = Rewriting(parsed, first, whole.end_line, parsed.indent(statement))
        add_item(parsed, rewriting, outer, head)
        rewriting.replace(span, name)
        return rewriting.edit()
    rewriting = Rewriting(parsed, whole.line, whole.end_line, parsed.indent(statement))
    rewriting.replace(span, name)
    rewriting.indent(whole.line, whole.end_line)
    indent = parsed.lines[whole.line - 1][: whole.column]
    rewriting.insert_before(whole.line, f"{indent}{head}")
    return rewriting.edit()


def _check_async(parsed: Parsed, node: cst.CSTNode) -> None:
    function = parsed.function(node)
    if not (isinstance(function, cst.FunctionDef) and function.asynchronous):
        raise RenderError("its function is not async")


def fresh_name(parsed: Parsed, wanted: str) -> str:
    """A name that nothing in the file has."""
    taken = {node.value for node in walk(parsed.module) if isinstance(node, cst.Name)}
    for name in (wanted, *(f"{wanted}_{n}" for n in range(2, 100))):
        if name not in taken:
            return name
    raise RenderError("no name is free")
