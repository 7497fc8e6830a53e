"""How a missing or skipped release can be mended, told from what is known of its site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.model.fix import Applicability, FixPlan, PlanKind
from conn_lint.model.site import Site, Use

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_CLOSES = ("closes", "returns", "shuts-down")
_BOUND = ("assign", "annassign")


def release_plan(site: Site, project: Project) -> FixPlan | None:
    """A block that releases it around what uses it; None where the site is not of that kind, or the cure another.

    Safe is only what keeps the order of things: a release that there is moves to the end of a block around the same
    statements. To release what nobody released may be too early for something that the analysis does not see.
    """
    use = site.use
    if use is None or site.at_module_level or use.statement == "with" or use.returned:
        return None
    places = (site.location, *(step.location for step in site.chain))
    if site.resource.kind in ("client", "pool") and any(map(project.is_per_request, places)):
        return (
            None  # what is meant to live as long as the process is not told to end with the request
        )
    return _plan(site, use, project, _level(site, use))


def _level(site: Site, use: Use) -> Applicability:
    if use.releases and not use.given and not site.resource.lazy and use.statement in _BOUND:
        return Applicability.SAFE
    return Applicability.UNSAFE


def _plan(site: Site, use: Use, project: Project, level: Applicability) -> FixPlan | None:
    if use.passed_on:
        return _not_here(site)
    if use.replaced:
        return _in_words(
            site,
            f"release what {site.call} has opened before something else takes its place",
            "its function puts something else in the place of what it has opened",
        )
    resource = site.resource
    details = [("names", " ".join(use.names))]
    spans = (site.location, *use.releases)
    meaning = resource.async_with if resource.is_async else resource.with_
    release = resource.release[0] if resource.release else ""
    manager = "" if resource.is_async else project.closer(release)
    plain = meaning in _CLOSES and (not use.awaited or not site.chain)
    if manager and resource.changed:
        plain = False  # what `with` does depends on the version, what close does not
    if resource.enter_begins and use.started:
        plain = False  # it would be opened twice
    if plain or manager:
        kind: PlanKind = "wrap-in-with"
        if not plain:
            details.append(("manager", manager))
        if resource.is_async:
            details.append(("async", "yes"))
        if use.awaited and resource.call == "await-or-async-with":
            details.append(("await", "drop"))
        title = (
            f"release it with {_words(manager if not plain else '', is_async=resource.is_async)}"
        )
    else:
        call = _released_by(site)
        if not call:
            return None
        kind = "close-in-finally"
        details.append(("release", call))
        title = f"release it in a finally: {call.replace('{}', '...')}"
    return FixPlan(kind, title, level, spans, tuple(details))


def _not_here(site: Site) -> FixPlan:
    """For a function that gives what it opened, or what it was given: only the first is to be released."""
    return _in_words(
        site,
        f"release it where {site.call} has opened it, and only there",
        f"{site.call} may give what it was given, which somebody else releases",
    )


def _in_words(site: Site, title: str, why: str) -> FixPlan:
    """For what no block may end: the plan says what to do, and why it is left to the author."""
    level = Applicability.DISPLAY_ONLY
    return FixPlan("wrap-in-with", title, level, (site.location,), (("why", why),))


def _words(manager: str, *, is_async: bool) -> str:
    if manager:
        return f"{manager}(...)"
    return '"async with"' if is_async else '"with"'


def _released_by(site: Site) -> str:
    """The statement that releases {}: `await {}.close()`, `pool.putconn({})`, "" if none is known."""
    resource = site.resource
    if resource.release:
        method = resource.release[0]
        awaited = "await " if method in resource.release_awaited else ""
        return f"{awaited}{{}}.{method}()"
    return _to_pool(site)


def closing_plan(site: Site, project: Project) -> FixPlan | None:
    """For a `with` that ends the transaction only: something that closes around it."""
    use, resource = site.use, site.resource
    manager = project.closer(resource.release[0]) if resource.release else ""
    if use is not None and use.returned:
        return None
    if use is None or not manager or resource.is_async:
        return release_plan(site, project)
    if use.passed_on:
        return _not_here(site)
    after = use.statement != "with" or use.last_line > use.end_line
    return FixPlan(
        "close-after-with",
        f"close it with {manager}(...), and keep the transaction",
        Applicability.UNSAFE if after else Applicability.SAFE,
        (site.location, *use.releases),
        (("manager", manager), ("names", " ".join(use.names))),
    )


def return_plan(site: Site) -> FixPlan | None:
    """A borrowed connection goes back to its pool where it was closed."""
    release = _to_pool(site)
    if site.closed_not_returned is None or not release:
        return None
    return FixPlan(
        "return-to-pool",
        f"give it back with {release.replace('{}', '...')}",
        Applicability.SAFE,
        (site.location, site.closed_not_returned[0]),
        (("release", release),),
    )


def _to_pool(site: Site) -> str:
    owner, dot, _ = site.call.rpartition(".")
    resource = site.resource
    if not resource.release_on_owner or not dot or not owner.replace(".", "").isidentifier():
        return ""
    awaited = "await " if resource.is_async else ""
    return f"{awaited}{owner}.{resource.release_on_owner[0]}({{}})"
