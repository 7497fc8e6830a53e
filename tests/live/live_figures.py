"""What was measured before and after the fixes, as the table of the README."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

HEAD = "| Application | Measured | Before | After |\n| --- | --- | ---: | ---: |\n"


class Figure(NamedTuple):
    application: str
    measured: str
    before: object
    after: object


def table(figures: Iterable[Figure]) -> str:
    """In the order of the applications; an application's name stands once."""
    lines = []
    last = ""
    for figure in sorted(figures, key=lambda figure: figure.application):
        name = figure.application if figure.application != last else ""
        last = figure.application
        lines.append(f"| {name} | {figure.measured} | {figure.before} | {figure.after} |")
    return HEAD + "\n".join(lines) + "\n"
