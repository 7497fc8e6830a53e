"""Which addresses are poolers', and which clients prepare statements: looked up by what is known of a server."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence

from conn_lint.model.passage import KnownPooler, Offer, Prepared, SessionState
from conn_lint.model.pool import Server
from conn_lint.model.resource import Family


class Servers:
    """The tables of all families; a later family's records come first."""

    def __init__(self, families: Sequence[Family]) -> None:
        last_first = tuple(reversed(families))
        self._poolers = tuple(p for family in last_first for p in family.pooler)
        self._offers = tuple(o for family in last_first for o in family.offer)
        self._prepared = tuple(p for family in last_first for p in family.prepared)

        self._states = tuple(
            (re.compile(state.pattern, re.IGNORECASE), state)
            for family in last_first
            for state in family.session_state
        )

    def session_state(self, sql: str) -> SessionState | None:
        """What the statement leaves in its session."""
        return next((state for pattern, state in self._states if pattern.search(sql)), None)

    def session_method(self, name: str) -> SessionState | None:
        """What a call of a method of this name leaves there."""
        return next((state for _, state in self._states if name in state.methods), None)

    @property
    def session_methods(self) -> frozenset[str]:
        """The methods that leave something in a session."""
        return frozenset(name for _, state in self._states for name in state.methods)

    def pooler(self, server: Server) -> KnownPooler | None:
        """The pooler whose address it is, as far as the address tells."""
        return next((p for p in self._poolers if _is_of(server, p)), None)

    def offer(self, server: Server) -> Offer | None:
        """The host of databases whose direct address it is."""
        for offer in self._offers:
            if _fits(server.written, offer.hosts) and _is_port(server.port, offer.ports):
                return offer
        return None

    def prepared(self, resource: str, scheme: str) -> Iterator[Prepared]:
        """How the client of this resource prepares statements, if it does; `scheme` is that of its URL."""
        for record in self._prepared:
            if resource in record.of and (not record.schemes or scheme in record.schemes):
                yield record


def _is_of(server: Server, pooler: KnownPooler) -> bool:
    if pooler.schemes and (server.scheme or "").partition("+")[0] not in pooler.schemes:
        return False
    if pooler.hosts and not _fits(server.written, pooler.hosts):
        return False
    if not _is_port(server.port, pooler.ports):
        return False
    given = {f"{name}={value}".lower() for name, value in server.parameters}
    return given.issuperset(pooler.parameters)


def _is_port(port: int | None, ports: Iterable[int]) -> bool:
    wanted = tuple(ports)
    return not wanted or port in wanted


def _fits(host: str, patterns: Iterable[str]) -> bool:
    return bool(host) and any(fnmatch.fnmatchcase(host.lower(), p) for p in patterns)
