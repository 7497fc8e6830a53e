"""Comments in the code that silence findings: noqa as flake8 reads it, and ranges of `conn-lint:
off` and `on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from conn_lint.engine.select import FAMILY
from conn_lint.model.finding import Finding
from conn_lint.model.summary import Directive, Skeleton


class Comments(msgspec.Struct, frozen=True, array_like=True):
    """What of a skeleton decides on suppression: directives, and statements that span several
    lines.
    """

    directives: tuple[Directive, ...]
    statements: tuple[tuple[int, int], ...]


def comments_of(skeleton: Skeleton) -> Comments | None:
    """The comments of a file that address the linter, None if it has none."""
    if not skeleton.directives:
        return None
    return Comments(skeleton.directives, skeleton.statements)


def is_for_us(comments: Comments) -> bool:
    """Whether one of them names conn-lint or a code of its rules."""
    return any(
        directive.kind in ("off", "on") or any(c.startswith(FAMILY) for c in directive.codes)
        for directive in comments.directives
    )


def is_suppressed(finding: Finding, comments: Comments, *, noqa: bool = True) -> bool:
    """Whether a comment in its file silences the finding; without `noqa` only off/on ranges
    count.
    """
    return next(silencers(finding, comments, noqa=noqa), None) is not None


def silencers(finding: Finding, comments: Comments, *, noqa: bool = True) -> Iterator[int]:
    """Which of the directives silence the finding, each by itself."""
    off = _off(finding, comments.directives)
    if off >= 0:
        yield off
    if not noqa:
        return
    lines = _lines(finding, comments.statements)
    for number, directive in enumerate(comments.directives):
        reaches = directive.kind == "file-noqa" or (
            directive.kind == "noqa"
            and not lines.isdisjoint((directive.line, directive.first_line))
        )
        if reaches and _names(directive.codes, finding):
            yield number


def _lines(finding: Finding, statements: Sequence[tuple[int, int]]) -> set[int]:
    """The lines on which a noqa counts: those of the finding's statement, and of the logical line
    it stands on.
    """
    first = finding.location.span.line
    lines = {first}
    start, end = finding.statement
    if 0 < start <= first <= end:
        lines.update(range(start, end + 1))
    for start, end in statements:
        if not lines.isdisjoint((start, end)) or start <= first <= end:
            lines.update(range(start, end + 1))
    return lines


def _off(finding: Finding, directives: Iterable[Directive]) -> int:
    """The last off above the finding that concerns its rule, -1 where there is none, or an on behind it."""
    off = -1
    for number, directive in enumerate(directives):
        if directive.line > finding.location.span.line:
            break
        if directive.kind in ("off", "on") and _names(directive.codes, finding):
            off = number if directive.kind == "off" else -1
    return off


def _names(codes: Sequence[str], finding: Finding) -> bool:
    """No codes mean all."""
    return not codes or any(names(code, finding.code, finding.rule) for code in codes)


def names(word: str, code: str, rule: str) -> bool:
    """Whether a word of a comment means this rule: its name, its code or, as in flake8, how the code begins."""
    return code.startswith(word.upper()) or rule == word
