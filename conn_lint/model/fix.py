"""How a finding can be cured: a plan made from summaries, and the edits it is rendered into."""

from __future__ import annotations

import enum
from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.location import Location, Span


class Applicability(enum.IntEnum):
    """How far a fix may be trusted; ordered, so that `>=` answers."""

    DISPLAY_ONLY = 0  # shown, never applied
    UNSAFE = 1  # applied where it is asked for: what the program does may change
    SAFE = 2  # applied by --fix

    @property
    def word(self) -> str:
        """As reports write it."""
        return self.name.lower().replace("_", "-")


MOST_DEEPER = (
    60  # lines: who puts more of them deeper hides what changes, and what is held meanwhile
)

PlanKind: TypeAlias = Literal[
    "wrap-in-with",  # the call becomes a with-item; what uses the value moves into its block
    "close-in-finally",  # a try around what uses the value, with the release in its finally
    "close-after-with",  # the with-item ends the transaction: something that closes is put around it
    "return-to-pool",  # the close of a borrowed connection becomes the pool's own call
    "move-out-of-loop",  # made once, in front of the loop
    "hand-to-callee",  # made in front of the loop, and given to the function that the loop calls
    "make-one",  # one per process: a cached function, the module, or the framework's own place
    "cache-function",  # the function that makes it keeps what it made
    "borrow-from-pool",  # a pool in place of connections of one's own
    "pool-in-place",  # a pool in place of the one connection that several use
    "end-before-wait",  # the transaction ends in front of the wait
    "set-key",  # an entry in a table of settings is given a key
    "set-keyword",  # calls are given a keyword, or another value for one
    "set-entry",  # an entry of a settings file gets another value, or its URL another part
    "remove-suppression",  # a comment that silences nothing goes
]


class FixPlan(msgspec.Struct, frozen=True):
    """What to do, not yet how: `kind` names the renderer, `spans` are the places it needs, the finding's first.

    `details` are further (key, value) pairs that the renderer of this kind reads.
    """

    kind: PlanKind
    title: str
    applicability: Applicability
    spans: tuple[Location, ...]
    details: tuple[tuple[str, str], ...] = ()

    def detail(self, key: str) -> str:
        """The value of a detail, "" where there is none."""
        return dict(self.details).get(key, "")


class Edit(msgspec.Struct, frozen=True, array_like=True, order=True):
    r"""Replace a stretch (absolute) of a file by text, whose lines end with `\n`."""

    path: str
    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A rendered plan, ordered by place. All of its edits are made, or none."""

    plan: FixPlan
    edits: tuple[Edit, ...]
