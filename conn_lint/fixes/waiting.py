"""Renders end-before-wait: what a wait does not need is released in front of it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span


def end_before_wait(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """A `with` that ends before the wait, or a line in front of it that ends the transaction; raises RenderError."""
    wait = parsed.statement(parsed.call(plan.spans[0].span))
    release = plan.detail("release")
    if release:
        return (_in_front(parsed, wait, release),)
    names = frozenset(plan.detail("names").split())
    item = parsed.with_item(parsed.call(plan.spans[1].span))
    if item is None:
        raise RenderError("it is not held by a with")
    whole = parsed.parent(item)
    assert isinstance(whole, cst.With)
    if len(whole.items) > 1:
        raise RenderError("its with holds other things too")
    block = list(whole.body.body)
    first = next((i for i, inner in enumerate(block) if _holds(parsed, inner, wait)), None)
    if not first:
        raise RenderError("nothing in its block stands before the wait")
    rest = [inner for inner in block[first:] if isinstance(inner, cst.BaseStatement)]
    _check(parsed, block[:first], rest, names)
    return (_dedented(parsed, whole, rest),)


def _holds(parsed: Parsed, outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
    return outer is inner or any(above is outer for above in parsed.ancestors(inner))


def _check(
    parsed: Parsed,
    before: Sequence[cst.CSTNode],
    rest: Sequence[cst.CSTNode],
    names: frozenset[str],
) -> None:
    """Nothing behind the end may need it, and something before it should."""
    if any(any(parsed.mentions(inner, names)) for inner in rest):
        raise RenderError("it is used in the same statement as the wait, or behind it")
    if not any(any(parsed.mentions(inner, names)) for inner in before):
        raise RenderError("nothing uses it before the wait")


def _dedented(parsed: Parsed, whole: cst.With, rest: Sequence[cst.BaseStatement]) -> Edit:
    """The last statements of a block, moved behind it."""
    first, last = parsed.span(rest[0]).line, parsed.span(rest[-1]).end_line
    column = parsed.span(rest[0]).column
    unit = parsed.lines[first - 1][:column][parsed.span(whole).column :]
    while _is_comment(parsed, first - 1, column):
        first -= 1
    rewriting = Rewriting(parsed, first, last, unit)
    rewriting.indent(first, last, levels=-1)
    return rewriting.edit()


def _is_comment(parsed: Parsed, line: int, column: int) -> bool:
    text = parsed.lines[line - 1]
    return text[column:].startswith("#") and not text[:column].strip()


def _in_front(parsed: Parsed, wait: cst.BaseStatement, release: str) -> Edit:
    span = parsed.span(wait)
    indent = parsed.lines[span.line - 1][: span.column]
    if indent.strip():
        raise RenderError("the wait shares its line with other code")
    return Edit(parsed.path, Span(span.line, 0, span.line, 0), f"{indent}{release}\n")
