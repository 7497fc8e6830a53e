"""Entries of settings files that a fix may change: the formats of their files, and who else reads them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.addresses import server_of
from conn_lint.analyze.found import Found
from conn_lint.model.database import Database
from conn_lint.model.location import Location
from conn_lint.model.pool import Server
from conn_lint.model.route import Routed
from conn_lint.model.summary import Entry
from conn_lint.model.written import Written

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_READ = ("document", "example")
_ALONE = re.compile(r"\$(?:\w+|\{[^{}]*\})\Z")
_MIGRATES = re.compile(r"migrat|alembic", re.IGNORECASE)
"""Code for migrations connects with the same settings, though nothing is reported on it."""


class Changeable:
    """Knows all addresses of a program that its settings files give."""

    def __init__(
        self, analysis: Analysis, routes: Iterable[Routed], databases: Iterable[Database]
    ) -> None:
        self._analysis = analysis
        self._formats = {document.path: document.format for document in analysis.documents}
        self._values = {
            Location(document.path, entry.span): entry.value
            for document in analysis.documents
            for entry in document.entries
        }
        self._routes = tuple(routes)
        self._databases = tuple(databases)

    def of(self, servers: Iterable[Server], resource: str) -> Written | None:
        """Where the addresses are written that clients of a kind (its resource's name, "" for entries of a framework's
        settings that take keys from the URL) are given.

        None where one of them is written elsewhere: in the code, or put together of several entries.
        """
        servers = tuple(servers)
        places = tuple(dict.fromkeys(s.location for s in servers if s.location is not None))
        if not places or any(s.source not in _READ or s.location is None for s in servers):
            return None
        formats = tuple(self._formats.get(place.path, "") for place in places)
        if not all(formats) or not all(map(self._is_whole, servers)):
            return None
        variables = {s.variable for s in servers if s.variable}
        against = next(self._others(frozenset(places), resource), "")
        readers = dict.fromkeys((*self._readers(variables), *self._beside(variables, places)))
        return Written(places, formats, against, tuple(readers))

    def numbers(self, places: Iterable[Location]) -> Written | None:
        """The entries at these places, which say a number each; None where one of them is no entry."""
        places = tuple(places)
        formats = tuple(self._formats.get(place.path, "") for place in places)
        return Written(places, formats) if all(p in self._values for p in places) else None

    def _is_whole(self, server: Server) -> bool:
        """The entry gives all of the address: nothing of the code is put behind it."""
        value = self._values.get(server.location) if server.location is not None else None
        if not isinstance(value, str):
            return False
        if "$" in value:
            return bool(server.variable)
        text = value if "://" not in value else value[value.rfind("=", 0, value.index("://")) + 1 :]
        own = server_of(Found(text, server.source))
        return (own.port, own.database, own.parameters) == (
            server.port, server.database, server.parameters
        )  # fmt: skip

    def _others(self, places: frozenset[Location], resource: str) -> Iterator[str]:
        """What connects by the same entries in another way."""
        for routed in self._routes:
            made = routed.creation
            others = _library(made.resource.name) != _library(resource)
            if others and any(route.server.location in places for route in routed.routes):
                yield f"{made.call}() ({_line(made.location)}) connects by it as well"
        for database in self._databases:
            alike = not resource and database.in_url
            if not alike and any(server.location in places for server, _ in database.servers):
                yield f"DATABASES {database.alias!r} ({_line(database.location)}) is given it as well"

    def _readers(self, variables: Iterable[str]) -> Iterator[str]:
        """Files of code that name the variables in quotes."""
        quoted = tuple(f"{quote}{name}{quote}" for name in sorted(variables) for quote in "\"'")
        if not quoted:
            return
        program = self._analysis.program
        found = program.saying(*quoted, also=_MIGRATES)
        yield from dict.fromkeys(path for (path, _), _ in found)

    def _beside(self, variables: Collection[str], places: Iterable[Location]) -> Iterator[str]:
        """Files of settings that put the variables into something else, and scripts that run the file as their own."""
        names = "|".join(map(re.escape, sorted(variables)))
        if not names:
            return
        put = re.compile(rf"\$(?:{names})(?!\w)|\$\{{(?:{names})(?!\w)|%\((?:{names})\)s")
        files = "|".join({re.escape(posixpath.basename(place.path)) for place in places})
        run = re.compile(
            rf"(?:^|[\s;&|(])(?:\.|source)\s+[\"']?(?:[^\s;&|\"']*/)?(?:{files})(?![\w.-])"
        )
        for document in self._analysis.documents:
            if any(_reads(entry, variables, put, run) for entry in document.entries):
                yield document.path


def _reads(
    entry: Entry, variables: Collection[str], put: re.Pattern[str], run: re.Pattern[str]
) -> bool:
    key, value = str(entry.keys[-1]) if entry.keys else "", entry.value
    if not isinstance(value, str):
        return False
    name, _, given = value.partition("=")  # of an item in a list of variables
    if key == "env" and value in variables:  # a schema that names it
        return True
    if name in variables or key in variables:  # handed on as it is
        value = _ALONE.sub("", given if name in variables else value)
    return put.search(value) is not None or run.search(value) is not None


def _library(resource: str) -> str:
    """What it belongs to: all clients of one library know the same parameters."""
    return resource.partition(".")[0]


def _line(location: Location) -> str:
    return f"{location.path}:{location.span.line}"
