"""What an error means and what in the project is likely to lead to it, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.text import Text

from conn_lint.model.connections import Connection
from conn_lint.model.known_error import Cause, KnownError
from conn_lint.report.base import Report, counted
from conn_lint.report.escape import json_text, one_line
from conn_lint.report.excerpt import ReadLines
from conn_lint.report.json_report import finding_object
from conn_lint.report.text import Layout, labelled, render_finding

_PLACES = 5


class Explanation(NamedTuple):
    """The errors that a text speaks of, the likeliest causes and how many others; else the errors nearest to it.

    `places` open what raises the errors: they are given where no cause is.
    """

    errors: tuple[KnownError, ...]
    causes: tuple[Cause, ...] = ()
    more: int = 0
    places: tuple[Connection, ...] = ()
    nearest: tuple[KnownError, ...] = ()


def render_explanation(
    explanation: Explanation, read_lines: ReadLines, layout: Layout
) -> Iterator[Text]:
    """What each error means, then the causes, the likeliest first."""
    if not explanation.errors:
        yield Text("This is no error that conn-lint knows. The nearest are:")
        for error in explanation.nearest:
            yield Text.assemble("  ", (one_line(error.message), "bold"), f" ({error.by})")
        return
    for error in explanation.errors:
        yield Text.assemble((one_line(error.message), "bold red"))
        yield from labelled("from", error.by, layout)
        yield from labelled("means", error.means, layout)
        yield from labelled("cure", error.cure, layout)
        yield from labelled("see", error.docs, layout)
        yield Text()
    yield from _causes(explanation, read_lines, layout)
    besides = [error.besides for error in explanation.errors if error.besides]
    if besides:
        yield Text("What no code shows:", style="bold")
        for text in dict.fromkeys(besides):
            yield from labelled("also", text, layout)


def _causes(explanation: Explanation, read_lines: ReadLines, layout: Layout) -> Iterator[Text]:
    if not explanation.causes:
        yield Text("Nothing was found in this project that leads to it.", style="bold")
        yield from _places(explanation.places)
        yield Text()
        return
    count = len(explanation.causes)
    yield Text(
        f"{counted(count, 'likely cause')} in this project, the likeliest first:", style="bold"
    )
    yield Text()
    for number, cause in enumerate(explanation.causes, start=1):
        hint = " (the traceback passes through it)" if cause.traced else ""
        yield Text.assemble((f"{number}.{hint}", "bold"))
        yield from render_finding(cause.finding, read_lines, layout)
        yield Text()
    if explanation.more:
        yield Text(f"{counted(explanation.more, 'cause')} more with --all.")
        yield Text()


def _places(places: Sequence[Connection]) -> Iterator[Text]:
    """Where what raises it is opened: the author may see what the analysis does not."""
    if places:
        yield Text("What raises it is opened here:")
    for place in places[:_PLACES]:
        where = f"{one_line(place.location.path)}:{place.location.span.line}"
        yield Text.assemble("  ", (where, "cyan"), f" {one_line(place.call)}()")
    if len(places) > _PLACES:
        yield Text(f"  and {counted(len(places) - _PLACES, 'place')} more")


def explanation_json(explanation: Explanation) -> str:
    """An object, for programs; ASCII alone."""
    report = Report(tuple(cause.finding for cause in explanation.causes))
    causes = [
        {
            "error": cause.error.id,
            "weight": round(cause.weight, 3),
            "in_traceback": cause.traced,
            "finding": finding_object(cause.finding, report),
        }
        for cause in explanation.causes
    ]
    found = {
        "errors": [_error(error) for error in explanation.errors],
        "causes": causes,
        "more": explanation.more,
        "opened_at": [_place(place) for place in explanation.places],
        "nearest": [_error(error) for error in explanation.nearest],
    }
    return json_text(found)


def _error(error: KnownError) -> dict[str, Any]:
    names = ("id", "message", "by", "means", "cure", "besides", "docs")
    found: dict[str, Any] = {name: getattr(error, name) for name in names}
    found["evidence"] = {"source": error.evidence.source, "version": error.evidence.version}
    return found


def _place(place: Connection) -> dict[str, Any]:
    return {"path": place.location.path, "line": place.location.span.line, "call": place.call}
