"""How connections that are opened one by one can be borrowed from a pool instead, told from their creation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.creation import Borrowing, Creation, Held
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location
from conn_lint.rules.sharing_plan import home_details

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

# How many connections the pool has: requests come in crowds, jobs mostly one by one.
_SIZES = {"request": 5, "connection": 5, "job": 2, "message": 2, "update": 2}

_PATIENCE = 30  # seconds for who waits, where the pool has no limit of its own: as long as others have by default

_SERVED = (
    "request",
    "connection",
)  # workers of jobs fork: what is made at import would be made in front of it

_CLOSES = ("closes", "commits-then-closes")


def borrowing_plan(creation: Creation, project: Project) -> FixPlan | None:
    """A pool of the library's own, and a function that lends its connections; None where that could go wrong.

    It is for those who release what they open on every way out: so that is what is mended first.
    """
    size = _SIZES.get(creation.entry.per) if creation.entry is not None else None
    manager = project.closer("close")
    if size is None or not manager or creation.loops:
        return None
    found = project.borrowing(creation)
    if found is None or (found.is_async and not _on_one_loop(creation, project)):
        return None
    spans = [span for user in found.users for span in (user.location, *user.releases)]
    details = (
        *_how(found),
        ("ends", _ends(creation)),
        ("maker", found.maker),
        ("manager", manager),
        ("size", str(size)),
        ("releases", " ".join(str(len(user.releases)) for user in found.users)),
        ("names", ";".join(" ".join(user.names) for user in found.users)),
    )
    places = (creation.location, *spans)
    held = found.held
    if held is not None and (held.module or not held.called):  # else the file may have a lender
        return _from_held(creation, found, held, places, details)
    pool = _pool_of_project(creation, found, project)
    if pool is not None:
        place = f"{pool.location.path}:{pool.location.span.line}"
        why = f"the project has a pool at {place}: how it is got here, only the author can say"
        return FixPlan(
            "borrow-from-pool",
            f"borrow it from the pool that the project has ({place})",
            Applicability.DISPLAY_ONLY,
            (creation.location,),
            (("why", why),),
        )
    title = f"borrow it from one {found.pool}, which lets others wait"
    if found.foreign:
        title += f" (needs the package {found.foreign})"
    level = _level(creation, found, project)
    return FixPlan("borrow-from-pool", title, level, places, details)


def _from_held(
    creation: Creation,
    found: Borrowing,
    held: Held,
    places: tuple[Location, ...],
    details: tuple[tuple[str, str], ...],
) -> FixPlan:
    """From the pool that the project has. Only shown where that may fail those who borrow, or those who import it."""
    place = f"{held.location.path}:{held.location.span.line}"
    title = f"borrow it from the pool that the project has ({place})"
    if not held.waits:
        title += ", which raises when all are lent"
    is_opened = found.stands_in is None or not found.stands_in.then
    is_early = not held.called and bool(held.module)
    forks = is_early and creation.entry is not None and creation.entry.per not in _SERVED
    sure = held.waits and is_opened and not (held.opens or forks or (held.serves and held.module))
    level = Applicability.UNSAFE if sure else Applicability.DISPLAY_ONLY
    own = (("held", held.name), ("module", held.module), ("asks", "()" * held.called))
    return FixPlan("borrow-from-pool", title, level, places, (*details, *own))


def pool_in_its_place(creation: Creation, project: Project) -> FixPlan:
    """For one connection that several use: a pool, from which each of them borrows. Only shown: what one of them has
    not committed, another one may have done for him.
    """
    found = project.pool_in_place(creation)
    title = "put a pool in its place"
    details: tuple[tuple[str, str], ...]
    if found is None:
        details = (("why", "all who use it must borrow a connection and give it back"),)
    else:
        title = f"put a {found.pool} in its place, if each who uses it commits what he writes"
        if found.foreign:
            title += f" (needs the package {found.foreign})"
        details = (*_how(found), ("size", str(_SIZES["request"])))
    return FixPlan(
        "pool-in-place", title, Applicability.DISPLAY_ONLY, (creation.location,), details
    )


def _level(creation: Creation, found: Borrowing, project: Project) -> Applicability:
    """One pool is enough for a project: where another file would get one too, the place is the author's; so is a
    package that the project is not known to have.
    """
    if found.foreign:
        return Applicability.DISPLAY_ONLY
    for other in project.creations():
        same = other.resource.name == creation.resource.name and other.entry is not None
        elsewhere = other.location.path != creation.location.path
        if same and elsewhere and not found.maker:
            return Applicability.DISPLAY_ONLY
    return Applicability.UNSAFE


def _pool_of_project(creation: Creation, found: Borrowing, project: Project) -> Creation | None:
    """Such a pool that is made in another file, or at the import of this one: a second one would be one too many."""
    for other in project.creations():
        elsewhere = other.location.path != creation.location.path
        is_such = other.resource.name == found.pool and other.entry is None
        if is_such and (elsewhere or other.at_import):
            return other
    return None


def _how(found: Borrowing) -> Iterator[tuple[str, str]]:
    """How the pool is made and lends."""
    yield "pool", found.pool
    yield "take", f"{found.take}({f'{found.limit}={_PATIENCE}' if found.limit else ''})"
    yield "gives", found.gives
    yield "give", found.give
    yield "commits", "yes" if found.commits else ""
    yield "waits", "yes" if found.waits else ""
    yield "sizes", " ".join(found.sizes)
    if (how := found.stands_in) is not None:
        yield "given", how.given
        yield "nested", how.nested
        yield "first", how.first
        yield "also", ";".join(how.also)
        yield "then", how.then
    if found.home is not None:
        yield from home_details(found.home)


def _ends(creation: Creation) -> str:
    """What the end of a `with` around the connection itself comes to, "" where it does not close, or not for sure."""
    resource = creation.resource
    meaning = resource.async_with if resource.is_async else resource.with_
    return meaning if meaning in _CLOSES and not resource.changed else ""


def _on_one_loop(creation: Creation, project: Project) -> bool:
    making = creation.making
    return making is not None and making.on_loop and project.one_loop(making.frameworks)
