"""The ways from creations to servers: each address that the code or the project's settings files give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.found import Found, Table, inside
from conn_lint.analyze.poolers import ProjectPoolers
from conn_lint.analyze.pools import Made, arguments_of, server_in
from conn_lint.link.values import External, FunctionId
from conn_lint.model.flow import CallEvent
from conn_lint.model.passage import Prepared
from conn_lint.model.pool import Server
from conn_lint.model.resource import Resource
from conn_lint.model.route import Route, Routed, Statements

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.surroundings import Setup

_MOST = 12
_DECIDED = ("argument", "constant")


class Routes:
    """Follows addresses through the environment, as each of the project's files sets it.

    `made` has what was found, by the calls that make it.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._servers = analysis.knowledge.servers
        self._poolers = ProjectPoolers(analysis.documents)
        self.made: dict[tuple[FunctionId, int], Routed] = {}

    def all(self, made: Iterable[Made]) -> Iterator[Routed]:
        """Those creations of which an address is known."""
        for creation, event, at in made:
            if event is None:
                continue
            resource = creation.resource
            found: dict[Server, Setup] = {}
            for server, setup in self._addresses(resource, event, at):
                found.setdefault(server, setup)
            servers = list(found)[:_MOST]
            if servers:
                routes = (self._route(s, found[s], resource, event, at) for s in servers)
                routed = Routed(creation, tuple(routes))
                self.made[at, event.result] = routed
                yield routed

    def _addresses(
        self, resource: Resource, event: CallEvent, at: FunctionId
    ) -> Iterator[tuple[Server, Setup]]:
        """Each with the values that go with it. What the settings files say comes first; examples count where no other
        file says anything.
        """
        surroundings = self._analysis.surroundings
        base = server_in(surroundings.base, resource, event, at)
        is_open = base.source not in _DECIDED or bool(base.variable) or base.host is None
        found = False
        for examples in (False, True) if is_open else ():
            for setup in () if found else surroundings.setups(at.path, examples=examples):
                server = server_in(setup, resource, event, at)
                if server.written and server.source in ("document", "example"):
                    found = True
                    yield server, setup
        if base.written:
            yield base, surroundings.base

    def _route(
        self, server: Server, setup: Setup, resource: Resource, event: CallEvent, at: FunctionId
    ) -> Route:
        known = self._servers.pooler(server)
        pooler = self._poolers.configured(known) if known is not None else None
        record = self._prepared(resource, server)
        statements = (
            self._statements(record, server, setup, resource, event, at)
            if record is not None
            else None
        )
        return Route(server, pooler, self._servers.offer(server), statements)

    def _prepared(self, resource: Resource, server: Server) -> Prepared | None:
        """How the client prepares statements in the version that the project runs with."""
        for record in self._servers.prepared(resource.name, server.scheme or ""):
            if not record.since or self._analysis.runs_with(resource.acquire[0], record.since):
                return record
        return None

    def _statements(
        self,
        record: Prepared,
        server: Server,
        setup: Setup,
        resource: Resource,
        event: CallEvent,
        at: FunctionId,
    ) -> Statements:
        named = arguments_of(setup, resource, event, at)

        def holds(term: str) -> bool | None:
            return _holds(term, named, server)

        cured: bool | None = False
        for cure in record.cures:
            answers = [holds(term) for term in cure]
            if all(answers):
                cured = True
                break
            if None in answers and False not in answers:
                cured = None
        tried = tuple(term for term in record.not_enough if holds(term))
        cure = next((c for c in record.cures if all(_has_place(t, named) for t in c)), ())
        setting = self._setting(cure, resource, self._analysis.surroundings.base)
        return Statements(
            record.client, cured, tried, cure or record.cures[0], record.error, setting
        )

    def _setting(self, cure: tuple[str, ...], resource: Resource, setup: Setup) -> str:
        """The name in the project's settings that has the dict which the cure goes into."""
        roots = {term.partition(".")[0] for term in cure}
        said = setup.stated.options(resource)
        named = (o.variable for o in resource.options if o.inside in roots and o.variable in said)
        return next((name for name in named if said[name] is not None), "")


def _holds(term: str, named: Table, server: Server) -> bool | None:
    """Whether the call is given what the term says; None where it may be."""
    path, _, wanted = term.partition("=")
    if path.startswith("?"):
        given = server.parameter(path[1:])
        return given is not None and given.lower() == wanted.lower()
    outer, _, last = path.rpartition(".")
    table = inside(named, outer)
    found = table.items.get(last)
    if found is None:
        return False if table.whole else None
    return _is(found, wanted)


def _has_place(term: str, named: Table) -> bool:
    """The dicts that it goes into are there, or can be made for it."""
    outer = term.partition("=")[0].rpartition(".")[0]
    return "*" not in outer.split(".") or bool(inside(named, outer).items)


def _is(found: Found, wanted: str) -> bool | None:
    if wanted == "*":
        return not found.is_known or found.value is not None
    if not found.is_known:
        return None
    if isinstance(found.value, External):
        return found.value.name.rpartition(".")[2] == wanted
    return str(found.value) == wanted
