"""Takes codes that silence nothing out of comments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit, Fix, FixPlan, PlanKind
from conn_lint.model.location import Location, Span
from conn_lint.syntax.noqa import Commented, without
from conn_lint.syntax.source import decode

KIND: PlanKind = "remove-suppression"


def remove_suppression(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """The comment without what is unused in it; a line that held nothing else goes."""
    return tuple(_edits(plan, Commented(parsed.source.text), parsed.path))


def _edits(plan: FixPlan, text: Commented, path: str) -> Iterator[Edit]:
    codes, gone = tuple(plan.detail("codes").split()), plan.detail("gone").split()
    kinds = (plan.detail("kind"), "on")
    for place, kind in zip(plan.spans, kinds, strict=False):
        comment = _comment(text, place)
        rest = without(comment, kind, codes, gone, whole=bool(plan.detail("whole")))
        if rest == comment:
            raise RenderError("the comment is not as it was")
        span, before = place.span, text.before(place.span)
        if rest:
            yield Edit(path, span, rest)
        elif before.strip():
            column = len(before.rstrip())
            yield Edit(path, Span(span.line, column, span.line, text.end(span.line).end_column), "")
        else:
            yield Edit(path, Span(span.line, 0, span.line + 1, 0), "")


def given_up(before: bytes, fixes: Iterable[Fix], path: str) -> Counter[str]:
    """The comments of a file that such fixes change."""
    ours = [fix for fix in fixes if fix.plan.kind == KIND]
    lines = {place.span.line for fix in ours for place in fix.plan.spans if place.path == path}
    if not lines:
        return Counter()
    text = Commented(decode(before).text)
    found = map(text.comment, lines)
    return Counter(place[0] for place in found if place is not None)


def _comment(text: Commented, place: Location) -> str:
    found = text.comment(place.span.line)
    if found is None or found[1] != place.span:
        raise RenderError("the comment is not where it was")
    return found[0]
