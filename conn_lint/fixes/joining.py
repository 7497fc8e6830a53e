"""One `with` in place of two, where one would hold nothing but the other."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes.extent import Extent
from conn_lint.fixes.parsed import Parsed
from conn_lint.fixes.removal import take_out_all
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span


def joined(
    parsed: Parsed, statement: cst.SimpleStatementLine, found: Extent, head: str
) -> Edit | None:
    """The edit that joins `head` with a `with` inside or outside, None where there is none to join it with."""
    if _is_one_with(parsed, found, head, parsed.span(statement).end_line):
        return _joined_inwards(parsed, statement, found, head)
    outer = _outer_with(parsed, statement, found.last, head)
    if outer is not None:
        return _joined_outwards(parsed, statement, found, head, outer)
    return None


def outer_with(parsed: Parsed, statement: cst.BaseStatement, head: str) -> cst.With | None:
    """The `with` of the same form that holds nothing but the statement."""
    return _outer_with(parsed, statement, parsed.span(statement).end_line, head)


def add_item(parsed: Parsed, rewriting: Rewriting, outer: cst.With, head: str) -> None:
    """Put what `head` opens behind the items of a `with`."""
    item = parsed.span(outer.items[-1])
    end = (item.end_line, item.end_column)
    added = head.removesuffix(":").partition("with ")[2]
    rewriting.replace(Span(*end, *end), f", {added}")


def _has_form(whole: cst.With, head: str) -> bool:
    """Whether `head` can be joined with it: both are async or neither, and no parentheses stand around its items."""
    is_async = whole.asynchronous is not None
    return is_async == head.startswith("async") and isinstance(whole.lpar, cst.MaybeSentinel)


def _is_one_with(parsed: Parsed, found: Extent, head: str, above: int) -> bool:
    """All that uses it is one `with` of the same form, with nothing but blank lines and comments in between."""
    if len(found.used) != 1 or not isinstance(found.used[0], cst.With):
        return False
    whole = found.used[0]
    between = parsed.lines[above : parsed.span(whole).line - 1]
    return _has_form(whole, head) and all(line.strip()[:1] in ("", "#") for line in between)


def _joined_inwards(
    parsed: Parsed, statement: cst.SimpleStatementLine, found: Extent, head: str
) -> Edit:
    """`with closing(call()) as conn, conn.cursor() as cursor:` in place of two, one in the other."""
    whole = found.used[0]
    assert isinstance(whole, cst.With)
    first = parsed.span(statement.body[0])
    rewriting = Rewriting(parsed, first.line, found.last, parsed.indent(statement))
    rewriting.drop_blank(first.end_line + 1, parsed.span(whole).line - 1)
    rewriting.remove(first)
    start, item = parsed.span(whole), parsed.span(whole.items[0])
    rewriting.replace(
        Span(start.line, start.column, item.line, item.column), f"{head.removesuffix(':')}, "
    )
    take_out_all(parsed, rewriting, found.releases)
    return rewriting.edit()


def _outer_with(
    parsed: Parsed, statement: cst.BaseStatement, last: int, head: str
) -> cst.With | None:
    """The `with` of the same form that holds nothing but the statement and what uses it."""
    outer = parsed.owner(statement)
    block = parsed.block(statement)
    if (
        isinstance(outer, cst.With)
        and block[0] is statement
        and parsed.span(block[-1]).end_line == last
        and _has_form(outer, head)
    ):
        return outer
    return None


def _joined_outwards(
    parsed: Parsed,
    statement: cst.SimpleStatementLine,
    found: Extent,
    head: str,
    outer: cst.With,
) -> Edit:
    """One item more for the `with` around it, whose block stays where it is."""
    item = parsed.span(outer.items[-1])
    first = parsed.span(statement.body[0])
    rewriting = Rewriting(parsed, item.end_line, found.last, parsed.indent(statement))
    add_item(parsed, rewriting, outer, head)
    rewriting.remove(first)
    rewriting.drop_blank(first.end_line + 1, parsed.span(found.used[0]).line - 1)
    take_out_all(parsed, rewriting, found.releases)
    return rewriting.edit()
