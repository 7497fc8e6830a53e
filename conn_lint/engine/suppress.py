"""Comments in the code that silence findings: noqa as flake8 reads it, and ranges of `conn-lint:
off` and `on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

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


def is_suppressed(finding: Finding, comments: Comments, *, noqa: bool = True) -> bool:
    """Whether a comment in its file silences the finding; without `noqa` only off/on ranges
    count.
    """
    if _is_off(finding, comments.directives):
        return True
    if not noqa:
        return False
    lines = _lines(finding, comments.statements)
    for directive in comments.directives:
        reaches = directive.kind == "file-noqa" or (
            directive.kind == "noqa"
            and not lines.isdisjoint((directive.line, directive.first_line))
        )
        if reaches and _names(directive.codes, finding):
            return True
    return False


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


def _is_off(finding: Finding, directives: Iterable[Directive]) -> bool:
    """Whether the last off or on above the finding that concerns its rule was an off."""
    off = False
    for directive in directives:
        if directive.line > finding.location.span.line:
            break
        if directive.kind in ("off", "on") and _names(directive.codes, finding):
            off = directive.kind == "off"
    return off


def _names(codes: Sequence[str], finding: Finding) -> bool:
    """No codes mean all; a code counts as a prefix, as in flake8."""
    if not codes:
        return True
    return any(finding.code.startswith(code.upper()) or finding.rule == code for code in codes)
