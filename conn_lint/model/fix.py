"""How a finding can be cured: a plan made from summaries, and the edits it is rendered into."""

from __future__ import annotations

import enum

import msgspec

from conn_lint.model.location import Location, Span


class Applicability(enum.IntEnum):
    """How far a fix may be trusted; ordered, so that `>=` answers."""

    DISPLAY_ONLY = 0
    UNSAFE = 1
    SAFE = 2


class FixPlan(msgspec.Struct, frozen=True):
    """What to do, not yet how: `kind` names the renderer, `spans` are the places it needs."""

    kind: str
    title: str
    applicability: Applicability
    spans: tuple[Location, ...]


class Edit(msgspec.Struct, frozen=True, array_like=True):
    """Replace a span (absolute) by text."""

    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A rendered plan for one file."""

    plan: FixPlan
    edits: tuple[Edit, ...]
