"""What a run reports."""

from __future__ import annotations

import enum
from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.fix import FixPlan
from conn_lint.model.location import Location

MORE = "..."
"""Stands in a finding's `reach` for entry points that were not looked for."""


class Severity(enum.IntEnum):
    """How grave a finding is; ordered."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


class Step(msgspec.Struct, frozen=True):
    """One link of the chain of calls that a finding rests on: `note` says what happens at `location` in `function`."""

    location: Location
    function: str
    note: str


Direction: TypeAlias = Literal["here", "on", "beside"]
"""Where a chain goes: from an entry point or a loop to the finding, on from there, or to others that are concerned."""


class Finding(msgspec.Struct, frozen=True):
    """One defect at one place. `statement` (first, last line) is where a suppression may stand.

    `resource` names what is opened, where that is one thing; `about` what else it is about: a server, a setting. With
    them, the `function` around the place (or class) and
    the `content` of its line, which the engine adds, a finding is known again after it has moved (`model/fingerprint`).
    `number`, the engine's too, tells those of a file apart that have all of this in common, from the top.
    `reach` are the entry points that lead to it, sorted, with "..." behind them if there are more than were looked at.
    `ways` are the calls by which they lead there, of which the `chain` has those from the nearest one.
    `because` is a step of the chain that lies where findings are asked for, while the finding does not.
    `advice` is the sentence that `message` ends with, if that says what to do: reports with room show it apart.
    """

    code: str
    rule: str
    message: str
    location: Location
    severity: Severity
    chain: tuple[Step, ...] = ()
    plan: FixPlan | None = None
    statement: tuple[int, int] = (0, 0)
    resource: str = ""
    about: str = ""
    function: str = ""
    content: str = ""
    number: int = 1
    advice: str = ""
    direction: Direction = "on"
    reach: tuple[str, ...] = ()
    ways: tuple[Location, ...] = ()
    because: Location | None = None

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order of reports: by file, line, column, code."""
        span = self.location.span
        return (self.location.path, span.line, span.column, self.code, self.message)
