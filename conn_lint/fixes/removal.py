"""Takes old releases out of the code, with what is empty without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.model.location import Span


def take_out_all(
    parsed: Parsed, rewriting: Rewriting, releases: Iterable[cst.BaseStatement]
) -> None:
    """Take out releases from code that stays as deep as it is."""
    for line, levels in take_out(parsed, rewriting, releases).items():
        rewriting.indent(line, line, levels=-levels)


def take_out(
    parsed: Parsed, rewriting: Rewriting, releases: Iterable[cst.BaseStatement]
) -> Counter[int]:
    """Take out releases that stand alone, and what has nothing to do without them; for each line the levels by which
    it rises.
    """
    releases = list(releases)
    lifted: Counter[int] = Counter()
    for release in releases:
        _take_one(parsed, rewriting, release, lifted)
    gone = set(map(id, releases))
    tries = {
        id(whole): whole
        for release in releases
        if isinstance(handler := parsed.owner(release), cst.ExceptHandler)
        and isinstance(whole := parsed.parent(handler), cst.Try)
    }
    for whole in tries.values():
        _without_idle(parsed, rewriting, whole, gone, lifted)
    return lifted


def _without_idle(
    parsed: Parsed, rewriting: Rewriting, whole: cst.Try, gone: set[int], lifted: Counter[int]
) -> None:
    """The last clauses of a try that only raise again go, and the try with them if it has nothing else to do."""
    left = list(whole.handlers)
    while left and _is_idle(parsed, left[-1], gone):
        left.pop()
    if len(left) == len(whole.handlers) or (not left and whole.orelse):
        return
    start = parsed.span(whole).line
    alone = not left and whole.finalbody is None
    if alone and parsed.lines[start - 1].strip() != "try:":
        return
    for handler in whole.handlers[len(left) :]:
        span = parsed.span(handler)
        for line in range(span.line, span.end_line + 1):
            rewriting.drop(line)
    if alone:
        rewriting.drop(start)
        lifted.update(range(start + 1, parsed.span(whole.handlers[0]).line))


def _is_idle(parsed: Parsed, handler: cst.ExceptHandler, gone: set[int]) -> bool:
    """Without its releases the clause only raises again, and nobody has written a word to it."""
    span = parsed.span(handler)
    rest = [inner for inner in handler.body.body if id(inner) not in gone]
    match rest:
        case [cst.SimpleStatementLine(body=[cst.Raise(exc=None)])]:
            return not any("#" in text for text in parsed.lines[span.line - 1 : span.end_line])
        case _:
            return False


def _take_one(
    parsed: Parsed, rewriting: Rewriting, release: cst.BaseStatement, lifted: Counter[int]
) -> None:
    span = parsed.span(release)
    beside = parsed.block(release)
    if len(beside) > 1:
        rewriting.remove(span)
        return
    holder = parsed.parent(release)
    owner = parsed.parent(holder)
    if isinstance(owner, cst.Try):
        raise RenderError("errors of its release are handled")
    if not isinstance(owner, cst.Finally):
        if not isinstance(release, cst.SimpleStatementLine):
            raise RenderError("its release stands alone in a block")
        line = parsed.span(owner).line
        if isinstance(owner, cst.Else) and parsed.lines[line - 1].strip() == "else:":
            rewriting.drop(line)
            rewriting.remove(span)
        else:
            rewriting.replace(span, "pass")
        return
    whole = parsed.parent(owner)
    assert isinstance(whole, cst.Try)
    if whole.handlers or whole.orelse:
        _cut_finally(parsed, rewriting, owner, span)
        return
    _unwrap(parsed, rewriting, whole, owner, span, lifted)


def _cut_finally(parsed: Parsed, rewriting: Rewriting, owner: cst.Finally, span: Span) -> None:
    line = parsed.span(owner).line
    _check_bare(parsed, line, "finally:")
    rewriting.drop(line)
    rewriting.remove(span)


def _unwrap(
    parsed: Parsed,
    rewriting: Rewriting,
    whole: cst.Try,
    owner: cst.Finally,
    span: Span,
    lifted: Counter[int],
) -> None:
    """A try that did nothing but this release: its body stays as deep as it was."""
    start = parsed.span(whole).line
    _check_bare(parsed, start, "try:")
    _cut_finally(parsed, rewriting, owner, span)
    rewriting.drop(start)
    lifted.update(range(start + 1, parsed.span(owner).line))


def _check_bare(parsed: Parsed, line: int, text: str) -> None:
    if parsed.lines[line - 1].strip() != text:
        raise RenderError("a comment or a statement stands beside the old try")
