"""Renders close-after-with, for a `with` that only ends the transaction; and what goes back to a pool."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.extent import assigned, check_outside, extent
from conn_lint.fixes.outliving import check_returned, with_lazy
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.fixes.release import wrap_in_with
from conn_lint.fixes.rewriting import Rewriting, aligned
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span


def close_after_with(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`with connect() as conn:` becomes `with closing(connect()) as conn, conn:`; raises RenderError.

    Where the name is used behind the block, `with closing(...) as conn:` goes around both.
    """
    call = parsed.call(plan.spans[0].span)
    item = parsed.parent(call)
    if not isinstance(item, cst.WithItem):
        return wrap_in_with(plan, parsed)
    name = item.asname.name if item.asname is not None else None
    if not isinstance(name, cst.Name):
        raise RenderError("what it gives has no plain name")
    whole = parsed.parent(item)
    assert isinstance(whole, cst.With)
    written, added = imports.use(parsed, plan.detail("manager"))
    column = parsed.span(call).column + len(f"{written}(")
    value = f"{written}({aligned(parsed, call, column)})"
    plain = frozenset({*plan.detail("names").split(), name.value})
    names = with_lazy(parsed, parsed.function(whole), plain)
    check_returned(parsed, [whole], names, names - plain)
    if not _is_used_after(parsed, whole, names):
        check_outside(parsed, whole, names, parsed.span(whole).end_line)
        return (*_inline(parsed, item, name, call, value), *added)
    if len(whole.items) > 1:
        raise RenderError("it shares its with with others, and is used behind it")
    return (_around(parsed, whole, name, call, value, names), *added)


def _inline(
    parsed: Parsed, item: cst.WithItem, name: cst.Name, call: cst.CSTNode, value: str
) -> tuple[Edit, ...]:
    end = parsed.span(name)
    behind = Span(end.end_line, end.end_column, end.end_line, end.end_column)
    return (
        Edit(parsed.path, parsed.span(call), value),
        Edit(parsed.path, behind, f", {name.value}"),
    )


def _is_used_after(parsed: Parsed, whole: cst.With, names: frozenset[str]) -> bool:
    block = parsed.block(whole)
    anew: set[str] = set()
    for item in block[block.index(whole) + 1 :]:
        anew.update(assigned(item))
        if any(parsed.mentions(item, names - anew)):
            return True
    return False


def _around(
    parsed: Parsed,
    whole: cst.With,
    name: cst.Name,
    call: cst.CSTNode,
    value: str,
    names: frozenset[str],
) -> Edit:
    found = extent(parsed, whole, name.value, names, ())
    span = parsed.span(whole)
    rewriting = Rewriting(parsed, span.line, found.last, parsed.indent(whole))
    start = parsed.span(call)
    rewriting.replace(Span(start.line, start.column, *_end(parsed.span(name))), name.value)
    rewriting.indent(span.line, parsed.span(found.used[-1]).end_line)
    indent = parsed.lines[span.line - 1][: span.column]
    rewriting.insert_before(span.line, f"{indent}with {value} as {name.value}:")
    return rewriting.edit()


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def return_to_pool(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`conn.close()` becomes `pool.putconn(conn)`; raises RenderError."""
    close = parsed.call(plan.spans[1].span)
    inner = close.expression if isinstance(close, cst.Await) else close
    if not (
        isinstance(inner, cst.Call)
        and not inner.args
        and isinstance(inner.func, cst.Attribute)
        and isinstance(inner.func.value, cst.Name)
        and isinstance(parsed.parent(close), cst.Expr)
    ):
        raise RenderError("it is closed in a way of its own")
    text = plan.detail("release").replace("{}", inner.func.value.value)
    return (Edit(parsed.path, parsed.span(close), text),)
