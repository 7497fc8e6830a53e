"""Plans that change entries of settings files: what several rules of CNX4xx share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location
from conn_lint.model.option import Role
from conn_lint.model.pool import PoolSettings, Server, Setting
from conn_lint.model.written import Written
from conn_lint.rules import pool_words

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_READERS = 1  # of a variable, in code or a schema: the one that leads to the finding


def address_plan(
    project: Project,
    at: Location,
    resource: str,
    changes: Iterable[tuple[Server, Sequence[str]]],
    level: Applicability,
) -> FixPlan | None:
    """Give the entries that say these addresses other parts (terms of `set-entry`); None where they say not all.

    `resource` is the name of what connects by them, "" for entries of a framework's settings.
    Only shown where more than one file reads them: who reads may not know what is added.
    """
    changes = tuple(changes)
    servers = [server for server, _ in changes]
    written = project.changeable.of(servers, resource)
    if written is None:
        return None
    many = len(written.readers) > _READERS and not written.against
    if many or any(server.source == "example" for server in servers):
        level = Applicability.DISPLAY_ONLY
    terms = {server.location: tuple(terms) for server, terms in changes}
    named = dict.fromkeys(term.removeprefix("?") for part in terms.values() for term in part)
    return _plan(at, written, [terms[place] for place in written.places], named, level)


def pool_plan(
    project: Project,
    pool: PoolSettings,
    values: Mapping[Role, int],
    level: Applicability = Applicability.DISPLAY_ONLY,
) -> FixPlan | None:
    """Give the settings of a pool these values where settings files say them: in the server's URL, or by themselves.

    None where one of them is said elsewhere.
    """
    at = pool.creation.location
    given = [
        setting
        for role, value in values.items()
        if (setting := pool.get(role)) is not None and setting.is_given
        if setting.number is None or setting.number > value
    ]
    if not given or any(s.source != "document" or s.location is None for s in given):
        return None
    routed = [r for r in project.routes() if r.creation.location == at]
    servers = [r.server for one in routed for r in one.routes if r.server.source == "document"]
    if {s.location for s in given} <= {server.location for server in servers}:
        changes = ((server, _terms(pool, given, values, server)) for server in servers)
        return address_plan(project, at, pool.creation.resource.name, changes, level)
    places = {s.location: s for s in given if s.location is not None}
    written = project.changeable.numbers(places)
    if written is None or len(places) < len(given):
        return None
    terms = [(f"value={values[places[place].role]}",) for place in written.places]
    named = [f"{pool_words.name(s)}={values[s.role]}" for s in given]
    return _plan(at, written, terms, named, level)


def _terms(
    pool: PoolSettings, given: Iterable[Setting], values: Mapping[Role, int], server: Server
) -> list[str]:
    """Parameters of the URL under the names that it has for them."""
    found = []
    for setting in given:
        options = (o for o in pool.creation.resource.options if o.role == setting.role)
        names = [name for option in options for name in option.url]
        name = next((n for n in names if server.parameter(n) is not None), setting.in_url[0])
        found.append(f"?{name}={values[setting.role]}")
    return found


def _plan(
    at: Location,
    written: Written,
    terms: Iterable[Sequence[str]],
    named: Iterable[str],
    level: Applicability,
) -> FixPlan:
    details = [("set", "\n".join(map(" ".join, terms))), ("formats", "\n".join(written.formats))]
    if written.against:
        details.append(("why", written.against))
    return FixPlan(
        kind="set-entry",
        title=f"Set {' and '.join(named)} in {' and '.join(map(_line, written.places))}",
        applicability=level,
        spans=(at, *written.places),
        details=tuple(details),
    )


def _line(place: Location) -> str:
    return f"{place.path}:{place.span.line}"
