"""What a picture of a project's connections shows: where they are created, and what leads there."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.finding import Step
from conn_lint.model.location import Location

Keeping: TypeAlias = Literal["", "import", "process", "thread"]


class Way(msgspec.Struct, frozen=True):
    """A chain of calls from an entry point to a creation.

    `label` names the entry point ("GET /orders"), `per` what it is entered for. `steps` are the calls on the way, from
    the entry point down; none where it creates the connection itself. `sure` is False where a method's name alone is
    the evidence for a step; `differs`: what decides the connection comes from the request.
    """

    label: str
    per: str
    steps: tuple[Step, ...] = ()
    sure: bool = True
    differs: bool = False


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One creation of a connection, client or pool.

    `resource` names what it is to the knowledge base. `kept` says for how long what was made serves all who ask: since
    the import of its module, or once made by the process or a thread; empty where it is made anew. `ways` lead there;
    `more` others are not among them. `codes` are those of the findings that rest on it.
    """

    location: Location
    statement: tuple[int, int]
    call: str
    function: str
    module: str
    resource: str
    kind: str
    kept: Keeping = ""
    in_loop: bool = False
    ways: tuple[Way, ...] = ()
    more: int = 0
    codes: tuple[str, ...] = ()
