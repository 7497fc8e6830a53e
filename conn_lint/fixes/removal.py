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
    lifted: Counter[int] = Counter()
    for release in releases:
        take_out(parsed, rewriting, release, lifted)
    for line, levels in lifted.items():
        rewriting.indent(line, line, levels=-levels)


def take_out(
    parsed: Parsed, rewriting: Rewriting, release: cst.BaseStatement, lifted: Counter[int]
) -> None:
    """Take out a release that stands alone; `lifted` counts for each line the levels it rises by."""
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
