"""How the clients of a program come to their servers: the addresses they may be given, and the poolers in between."""

from __future__ import annotations

import msgspec

from conn_lint.model.creation import Creation
from conn_lint.model.location import Location
from conn_lint.model.passage import KnownPooler, Offer, SessionState
from conn_lint.model.pool import Server


class Statements(msgspec.Struct, frozen=True):
    """How a client prepares statements on the server.

    `cured`: it is told not to; None where that cannot be told. `tried` are terms that it is given and that are not
    enough, `cure` are the terms to give it: in the call, or by the name in the project's settings that is `setting`.
    `error` is what it ends in.
    """

    client: str
    cured: bool | None
    tried: tuple[str, ...]
    cure: tuple[str, ...]
    error: str
    setting: str = ""


class Route(msgspec.Struct, frozen=True):
    """One server that a client may connect to: as the code says, or a settings file of the project (`is_example`: one
    that only shows how settings may look).

    `pooler` is what stands in front, with the mode that the project's own files give it; `offer` tells of a pooler
    that could.
    """

    server: Server
    pooler: KnownPooler | None
    offer: Offer | None
    statements: Statements | None

    @property
    def is_example(self) -> bool:
        """Only an example of settings says so."""
        return self.server.source == "example"


class StateUse(msgspec.Struct, frozen=True):
    """A call that leaves something in a session of the server, over a route through a pooler; `resource` opened it."""

    location: Location
    statement: tuple[int, int]
    call: str
    resource: str
    state: SessionState
    route: Route


class Routed(msgspec.Struct, frozen=True):
    """A creation, and the servers that it may connect to."""

    creation: Creation
    routes: tuple[Route, ...]
