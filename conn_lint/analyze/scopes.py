"""For how long something is kept, so that it is not made again."""

from __future__ import annotations

import enum

from conn_lint.model.framework import Memo


class Scope(enum.Enum):
    """For how long what a call makes is kept, so that the call is not made again."""

    EACH = "each"  # not at all
    LOCAL = "local"  # within one run of the function
    OBJECT = "object"  # as long as the object whose method it is
    REQUEST = "request"  # on the request: made anew for each, but once within it
    THREAD = "thread"
    PROCESS = "process"


_HOLDERS = {
    "process": Scope.PROCESS,
    "thread": Scope.THREAD,
    "session": Scope.PROCESS,
    "loop": Scope.PROCESS,
    "task": Scope.REQUEST,
    "none": Scope.REQUEST,
}
"""What facts say of objects that keep things, as scopes: one per user's session is not one per request."""


def scope_of(memo: Memo) -> Scope | None:
    """How long the objects of such a kind keep what is put on them, if they keep anything."""
    return _HOLDERS.get(memo.scope)
