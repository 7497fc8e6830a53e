"""Creations with their settings: each option of the library with the value that the program gives, or the default."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from conn_lint.analyze.addresses import server_of, written
from conn_lint.analyze.calls import text_of
from conn_lint.analyze.creators import makers_of
from conn_lint.analyze.found import HOLE, UNKNOWN, Found, Table, inside, item, same, unpacked
from conn_lint.analyze.meanings import meaning, plain
from conn_lint.analyze.places import Places
from conn_lint.flow.guarding import is_for_script
from conn_lint.link.values import ClassRef, External, FunctionId
from conn_lint.model.creation import Creation
from conn_lint.model.flow import CallEvent
from conn_lint.model.option import Keeps, Option, Role
from conn_lint.model.pool import PoolSettings, Server, Setting, Source
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.sites import Solved
    from conn_lint.analyze.surroundings import Setup

_ADDRESS: frozenset[Role] = frozenset({"url", "scheme", "host", "port", "database"})
_OTHERS: Role = "binds"
_URL = "url"
_EMBEDDED = ("sqlite", "duckdb")


class _Given(NamedTuple):
    """What a call is given: by position, by keyword, and the parameters of its server's URL."""

    call: str
    given: list[Found]
    named: Table
    url: Mapping[str, Found]
    stated: Mapping[str, Found | None] = {}

    def of(self, option: Option) -> Found | None:
        """What the option is given; None where it is not given."""
        if option.calls and self.call not in option.calls:
            return None
        stated = self.stated.get(option.schema or option.variable)
        if not option.inside and stated is not None:
            return stated
        table = inside(self.named, option.inside)
        for name in (option.parameter, *option.also):
            found = item(table, name) if name else None
            if found is not None:
                return found
        if not option.inside and option.position is not None and option.position < len(self.given):
            return self.given[option.position]
        for name in option.url:
            if name.lower() in self.url:
                return self.url[name.lower()]
        may_be = option.parameter or option.inside
        return UNKNOWN if may_be and not table.whole else None


class Made(NamedTuple):
    """A creation and the call that makes it."""

    creation: Creation
    event: CallEvent | None
    at: FunctionId


def server_in(setup: Setup, resource: Resource, event: CallEvent, at: FunctionId) -> Server:
    """The server that the call connects to, as far as the program tells when it is set up so."""
    return _server(resource, _given(setup, resource, event, at))


def _given(setup: Setup, resource: Resource, event: CallEvent, at: FunctionId) -> _Given:
    given, named = setup.called.arguments(event, at)
    call = text_of(event).rpartition(".")[2]
    stated = setup.stated.options(resource)
    return _Given(call, given, _dicts(resource, given, named, stated), {}, stated)


def arguments_of(setup: Setup, resource: Resource, event: CallEvent, at: FunctionId) -> Table:
    """What the call is given by keyword, and dicts of options that it is given otherwise."""
    return _given(setup, resource, event, at).named


def _dicts(
    resource: Resource, given: list[Found], named: Table, stated: Mapping[str, Found | None]
) -> Table:
    """The keywords with dicts of options that are given by position, or by a name in the project's settings."""
    items = dict(named.items)
    for option in resource.options:
        root, place = option.inside.partition(".")[0], option.position
        if root and root not in items and place is not None and place < len(given):
            items[root] = given[place]
    for root, variable in {(o.inside, o.variable) for o in resource.options if o.inside}:
        said = stated.get(variable)
        if said is not None:
            own = inside(Table(items, named.whole), root)
            items[root] = Found(_over(own, unpacked(said)), "argument")
    return named._replace(items=items)


def _over(table: Table, other: Table) -> Table:
    """The dict after an update with another one, which may have anything in it."""
    own = table.items if other.whole else dict.fromkeys(table.items, UNKNOWN)
    return Table({**own, **other.items}, table.whole and other.whole)


class Pools:
    """Reads the settings of the creations of a run."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._knowledge = analysis.knowledge
        self._places = Places(analysis.program)

    def all(self, creations: Iterable[tuple[Creation, Solved]]) -> Iterator[PoolSettings]:
        """The settings of all creations, and of those that are told to keep no connection."""
        made = list(self.made(creations))
        within = {
            f for one in made for f in makers_of(one.creation, one.event, one.at, self._analysis)
        }
        for creation, event, at in made:
            if event is None:
                yield PoolSettings(creation, (), Server(None, None, None, None), open=True)
            else:
                pool = self.of(creation, event, at)
                yield msgspec.structs.replace(pool, within=True) if at in within else pool

    def made(self, creations: Iterable[tuple[Creation, Solved]]) -> Iterator[Made]:
        """The same with the calls that make them; none where the constructor of a class of the project decides."""
        for creation, solved in creations:
            by_class = isinstance(solved.acquired.via, ClassRef)
            yield Made(creation, None if by_class else solved.event, solved.at)
        for at, events in sorted(self._analysis.sites.holding_nothing.items()):
            for event in events:
                resource = self._analysis.calls.holds_nothing(event, at)
                if resource is not None and not self._analysis.program.files[at.path].is_test:
                    yield Made(self._without_pool(event, at, resource), event, at)

    def _without_pool(self, event: CallEvent, at: FunctionId, resource: Resource) -> Creation:
        function = self._analysis.program.function(at)
        return Creation(
            location=self._places.location(at, event.span),
            statement=self._places.statement(at, event),
            call=text_of(event),
            function=self._analysis.program.qualname(at),
            module=self._analysis.program.files[at.path].module,
            resource=resource,
            lifetime="each",
            at_import=function is not None and function.kind in ("module", "class"),
        )

    def of(self, creation: Creation, event: CallEvent, at: FunctionId) -> PoolSettings:
        """The settings of what the call makes."""
        resource = creation.resource
        call, server = self._call(resource, event, at)
        files = functools.partial(self._in_files, resource, event, at)
        return PoolSettings(
            creation=creation,
            settings=tuple(self._settings(resource, call, files).values()),
            server=server,
            open=not call.named.whole,
            keeps=self._keeps(resource, call),
            embedded=_is_embedded(server),
            for_script=self._is_for_script(event, at),
            others=tuple(self._others(creation, event, at)),
        )

    def _others(
        self, creation: Creation, event: CallEvent, at: FunctionId
    ) -> Iterator[tuple[str, PoolSettings]]:
        """Engines that settings name beside the first; one without a name where they cannot be told."""
        resource, setup = creation.resource, self._analysis.surroundings.base
        option = next((o for o in resource.options if o.role == _OTHERS), None)
        said = setup.stated.options(resource).get(option.variable) if option is not None else None
        if option is None or said is None:
            return
        if not isinstance(said.value, Table) or not said.value.whole:
            yield "", PoolSettings(creation, (), Server(None, None, None, None), open=True)
        given = _given(setup, resource, event, at)
        if self._analysis.runs_with(resource.acquire[0], option.since) is not False:
            _, named = setup.called.arguments(event, at)
            given = given._replace(named=named, stated={})
        for name, found in unpacked(said).items.items():
            own = found.value if isinstance(found.value, Table) else Table({_URL: found})
            whole = Found(_over(inside(given.named, option.parameter), own), "argument")
            call = given._replace(named=Table({option.parameter: whole}), stated={})
            server = server_of(own.items.get(_URL, UNKNOWN))
            yield (
                name,
                PoolSettings(
                    creation=creation,
                    settings=tuple(self._settings(resource, call).values()),
                    server=server,
                    keeps=self._keeps(resource, call),
                    embedded=_is_embedded(server),
                ),
            )

    def _is_for_script(self, event: CallEvent, at: FunctionId) -> bool:
        function = self._analysis.program.function(at)
        if function is None or function.kind != "module":
            return False
        nodes = (node for node, other in enumerate(function.graph.events) if other == event)
        return any(is_for_script(function.graph, node) for node in nodes)

    def settings(
        self, resource: Resource, event: CallEvent, at: FunctionId
    ) -> Mapping[Role, Setting]:
        """The settings alone, where nothing is asked of what leads to the call."""
        files = functools.partial(self._in_files, resource, event, at)
        return self._settings(resource, self._call(resource, event, at)[0], files)

    def _in_files(self, resource: Resource, event: CallEvent, at: FunctionId) -> list[_Given]:
        """What the call is given as each of the project's settings files sets the program up."""
        setups = self._analysis.surroundings.setups(at.path)
        return [_given(setup, resource, event, at) for setup in setups]

    def _call(self, resource: Resource, event: CallEvent, at: FunctionId) -> tuple[_Given, Server]:
        surroundings = self._analysis.surroundings
        call = _given(surroundings.base, resource, event, at)
        server = _server(resource, call)
        url = _parameters(server)
        if server.source == "unknown" and server.variable:
            there = [server_in(s, resource, event, at) for s in surroundings.setups(at.path)]
            there = [s for s in there if s.source == "document"]
            url = _agreed([_parameters(s) for s in there])
            schemes = {s.scheme for s in there}
            if len(schemes) == 1 and not _is_embedded(there[0]):
                server = msgspec.structs.replace(server, scheme=schemes.pop())
        return call._replace(url=url), server

    def _settings(
        self, resource: Resource, call: _Given, files: Callable[[], list[_Given]] = list
    ) -> dict[Role, Setting]:
        """What the call is given for each role; `files` are asked where a variable decides it."""
        found: dict[Role, Setting] = {}
        for option in resource.options:
            if option.role not in (*_ADDRESS, _OTHERS) and (
                option.role not in found or call.of(option) is not None
            ):
                given = call.of(option)
                if given is not None and given.variable:
                    given = _said(option, files()) or given
                found[option.role] = self._setting(option, given, resource)
        return found

    def _setting(self, option: Option, found: Found | None, resource: Resource) -> Setting:
        if found is None:
            return self._default(option, resource)
        value = meaning(option, found) if found.is_known else None
        return Setting(
            role=option.role,
            value=value,
            source=found.source if value is not None else "unknown",
            parameter=option.parameter,
            variable=found.variable,
            location=found.location,
            in_url=option.url[:1],
            inside=option.inside,
        )

    def _default(self, option: Option, resource: Resource) -> Setting:
        names = (*resource.acquire, resource.name)
        library = next((x for n in names if (x := self._knowledge.library_of(n))), None)
        package = library.package if library is not None else ""
        value = option.default
        if option.since:
            reached = self._analysis.runs_with(names[0], option.since)
            value = None if reached is None else value if reached else option.before
        known = value is not None and value != "required"
        return Setting(
            role=option.role,
            value=value if known else None,
            source="default" if known else "unknown",
            parameter=option.parameter,
            library=package,
            version=resource.evidence.version,
            in_url=option.url[:1],
            inside=option.inside,
        )

    def _keeps(self, resource: Resource, call: _Given) -> Keeps | None:
        option = next((o for o in resource.options if o.role == "pool-class"), None)
        found = call.of(option) if option is not None else None
        if found is None or (found.is_known and found.value is None):
            return resource.keeps
        if isinstance(found.value, External):
            record = self._knowledge.settings.pool_class(found.value.name)
            return record.keeps if record is not None else None
        return None


def _said(option: Option, files: Iterable[_Given]) -> Found | None:
    """The value that the settings files which say one agree on."""
    given = (call.of(option) for call in files)
    said = same([found for found in given if found is not None and found.source == "document"])
    return said if said.is_known else None


def _is_embedded(server: Server) -> bool:
    return (server.scheme or "").partition("+")[0] in _EMBEDDED


def _parameters(server: Server) -> dict[str, Found]:
    """What the URL says beside the address; where that is written elsewhere, it is too."""
    source: Source = "document" if server.source == "document" else "argument"
    where = server.location if source == "document" else None
    return {key.lower(): Found(plain(value), source, "", where) for key, value in server.parameters}


def _agreed(urls: list[dict[str, Found]]) -> dict[str, Found]:
    """What all of the settings files say."""
    first = urls[0] if urls else {}
    return {
        key: found
        for key, found in first.items()
        if all(key in url and url[key].value == found.value for url in urls)
    }


def _server(resource: Resource, call: _Given) -> Server:
    parts: dict[Role, Found] = {}
    for option in resource.options:
        if option.role in _ADDRESS and option.role not in parts:
            found = call.of(option)
            if found is not None and not isinstance(found.value, Table):
                parts[option.role] = found
    server = Server()
    if "url" in parts:
        server = server_of(parts["url"])
    elif not parts:
        return server if call.named.whole else Server(None, None, None, None)
    scheme = parts.get("scheme")
    if scheme is not None and "url" not in parts:
        option = next(o for o in resource.options if o.role == "scheme")
        meant = meaning(option, scheme)
        server = msgspec.structs.replace(server, scheme=meant if isinstance(meant, str) else None)
    host, port, database = (parts.get(role) for role in ("host", "port", "database"))
    if host is not None:
        server = msgspec.structs.replace(
            server,
            host=host.text if HOLE not in (host.text or "") else None,
            written=written(host.text or ""),
            source=host.source,
            variable=server.variable or host.variable,
            location=server.location or host.location,
        )
    if port is not None:
        number = plain(port.value) if isinstance(port.value, str) else port.value
        known = isinstance(number, int) and not isinstance(number, bool) and port.is_known
        server = msgspec.structs.replace(server, port=number if known else None)
    if database is not None:
        server = msgspec.structs.replace(server, database=database.text)
    return server
