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
    opening = parsed.call(plan.spans[1].span)
    item = parsed.with_item(opening)
    if item is None:
        releases = [parsed.call(place.span) for place in plan.spans[2:]]
        return (_out_of_try(parsed, wait, releases, names),)
    whole = parsed.parent(item)
    assert isinstance(whole, cst.With)
    if len(whole.items) > 1:
        raise RenderError("its with holds other things too")
    return (_dedented(parsed, whole, _rest(parsed, whole.body, wait, names)),)


def _rest(
    parsed: Parsed, body: cst.BaseSuite, wait: cst.BaseStatement, names: frozenset[str]
) -> list[cst.BaseStatement]:
    """The statements of a block from the wait on, where they need nothing that is held."""
    block = list(body.body)
    first = next((i for i, inner in enumerate(block) if _holds(parsed, inner, wait)), None)
    if not first:
        raise RenderError("nothing in its block stands before the wait")
    rest = [inner for inner in block[first:] if isinstance(inner, cst.BaseStatement)]
    _check(parsed, block[:first], rest, names)
    return rest


def _out_of_try(
    parsed: Parsed,
    wait: cst.BaseStatement,
    releases: Sequence[cst.CSTNode],
    names: frozenset[str],
) -> Edit:
    """The last statements of a try, moved behind its finally, which does nothing but release."""
    owners = {
        id(owner): owner for one in releases if (owner := parsed.owner(parsed.statement(one)))
    }
    match list(owners.values()):
        case [cst.Finally() as final]:
            pass
        case _:
            raise RenderError("it is not held by a with, nor released in one finally")
    whole = parsed.parent(final)
    assert isinstance(whole, cst.Try)
    if whole.handlers or whole.orelse:
        raise RenderError("its try handles errors, too")
    rest = _rest(parsed, whole.body, wait, names)
    for inner in final.body.body:
        read = {name.value for name in parsed.mentions(inner, None)}
        is_release = any(_holds(parsed, inner, one) for one in releases)
        if not is_release and not (_is_call(inner) and read <= names):
            raise RenderError("its finally does more than to release it")
    return _behind(parsed, whole, final, rest)


def _is_call(node: cst.CSTNode) -> bool:
    match node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call())]):
            return True
        case _:
            return False


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
    first, last, unit = _lines(parsed, whole, rest)
    rewriting = Rewriting(parsed, first, last, unit)
    rewriting.indent(first, last, levels=-1)
    return rewriting.edit()


def _behind(
    parsed: Parsed, whole: cst.Try, final: cst.Finally, rest: Sequence[cst.BaseStatement]
) -> Edit:
    """The same, with the finally put in front of them."""
    first, last, unit = _lines(parsed, whole, rest)
    start, end = parsed.span(final).line, parsed.span(final).end_line
    if any(text.strip() for text in parsed.lines[last : start - 1]):
        raise RenderError("a comment stands in front of its finally")
    rewriting = Rewriting(parsed, first, last, unit)
    rewriting.indent(first, last, levels=-1)
    moved = rewriting.edit().text
    above = first
    while not parsed.lines[above - 2].strip():
        above -= 1
    text = "\n".join([*parsed.lines[start - 1 : end], *parsed.lines[above - 1 : first - 1], moved])
    return Edit(parsed.path, Span(above, 0, end, len(parsed.lines[end - 1])), text)


def _lines(
    parsed: Parsed, whole: cst.CSTNode, rest: Sequence[cst.BaseStatement]
) -> tuple[int, int, str]:
    """The first and last line of statements, with the comments above them; and the level by which they are deeper."""
    first, last = parsed.span(rest[0]).line, parsed.span(rest[-1]).end_line
    column = parsed.span(rest[0]).column
    unit = parsed.lines[first - 1][:column][parsed.span(whole).column :]
    while _is_comment(parsed, first - 1, column):
        first -= 1
    return first, last, unit


def _is_comment(parsed: Parsed, line: int, column: int) -> bool:
    text = parsed.lines[line - 1]
    return text[column:].startswith("#") and not text[:column].strip()


def _in_front(parsed: Parsed, wait: cst.BaseStatement, release: str) -> Edit:
    span = parsed.span(wait)
    indent = parsed.lines[span.line - 1][: span.column]
    if indent.strip():
        raise RenderError("the wait shares its line with other code")
    return Edit(parsed.path, Span(span.line, 0, span.line, 0), f"{indent}{release}\n")
