"""Plans that change entries of settings files: what several rules of CNX4xx share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.pool import Server

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_READERS = 1  # of a variable in the code: the one that leads to the finding


def entry_plan(
    project: Project,
    creation: Creation,
    servers: Iterable[Server],
    terms: Sequence[str],
    level: Applicability,
) -> FixPlan | None:
    """Give the entries that say these addresses other parts (terms of `set-entry`); None where they say not all.

    Only shown where the code reads them in more places than one: who reads may not know what is added.
    """
    written = project.changeable.of(servers, creation.resource.name)
    if written is None:
        return None
    if len(written.readers) > _READERS or any(s.source == "example" for s in servers):
        level = Applicability.DISPLAY_ONLY
    places = " and ".join(f"{place.path}:{place.span.line}" for place in written.places)
    named = " and ".join(term.removeprefix("?") for term in terms)
    details = [("set", "\n".join(terms)), ("formats", "\n".join(written.formats))]
    if written.against:
        details.append(("why", written.against))
    return FixPlan(
        kind="set-entry",
        title=f"Set {named} in {places}",
        applicability=level,
        spans=(creation.location, *written.places),
        details=tuple(details),
    )
