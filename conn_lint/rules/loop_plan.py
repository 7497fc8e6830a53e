"""How what a loop opens anew can be opened in front of it, told from what is known of its creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from conn_lint.model.creation import Creation, LoopWay, Making
from conn_lint.model.fix import MOST_DEEPER, Applicability, FixPlan
from conn_lint.model.location import Location
from conn_lint.rules.sharing_plan import sharing_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_CLOSES = ("closes", "shuts-down", "returns")
_LATER = ("first-use", "none", "on-enter", "background")  # when it opens, where the call does not
_TITLE = "open it once, before the loop"
_TALKS = ("connection", "embedded")  # what holds a transaction


def loop_plan(
    creation: Creation, loop: LoopWay, location: Location, project: Project
) -> FixPlan | None:
    """The creation and its release move in front of the loop, or out of its last pass."""
    making = creation.making
    if making is None:
        return None
    if not loop.direct:
        handed = _handing_plan(creation, making, project)
        if handed is not None:
            return handed
        shared = sharing_plan(creation, project)
        if shared is not None and not shared.detail("why"):
            return msgspec.structs.replace(shared, applicability=Applicability.DISPLAY_ONLY)
        return _in_words(
            location,
            "it is opened in a function that the loop calls, which must be given it instead",
            f"{_TITLE}, and give it to {creation.function}{_elsewhere(creation, location)}",
        )
    resource, use = creation.resource, making.use
    if use.started:
        return _in_words(
            location, "each pass opens it by a call of its own, which must move as well"
        )
    in_with = use.statement == "with"
    meaning = resource.async_with if resource.is_async else resource.with_
    release = resource.release[0] if resource.release else ""
    manager = "" if resource.is_async else project.closer(release)
    if resource.cookies and (making.changed or making.personal):
        return _in_words(location, "its cookies and its login may be those of one pass")
    details = [("names", " ".join(use.names)), ("meaning", meaning), ("outer", str(loop.outer))]
    if meaning in _CLOSES and not (manager and resource.changed) and not use.awaited:
        form = "with"
    elif manager:
        form = "with"
        details.append(("manager", manager))
    else:
        form = "finally"
    if (
        not in_with
        and not use.releases
        and (
            resource.must_release == "no"
            or (resource.kind == "client" and resource.must_release == "advised")
        )
    ):
        form = "plain"
    if resource.is_async:
        details.append(("async", "yes"))
    if resource.kind == "embedded":
        details.append(("file", "yes"))
    if release:
        awaited = "await " if release in resource.release_awaited else ""
        details.append(("release", f"{awaited}{{}}.{release}()"))
    details.append(("form", form))
    level = Applicability.DISPLAY_ONLY
    if not _doubts(creation, making) and (form == "plain" or making.loop_lines <= MOST_DEEPER):
        level = Applicability.UNSAFE
    spans = (creation.location, *(() if in_with else use.releases))
    return FixPlan("move-out-of-loop", _TITLE, level, spans, tuple(details))


def _in_words(location: Location, why: str, title: str = _TITLE) -> FixPlan:
    """For what only its author can write."""
    level = Applicability.DISPLAY_ONLY
    return FixPlan("move-out-of-loop", title, level, (location,), (("why", why),))


def _elsewhere(creation: Creation, location: Location) -> str:
    """The file of the function that opens it, where the loop stands in another one."""
    path = creation.location.path
    return "" if path == location.path else f" ({path})"


def _handing_plan(creation: Creation, making: Making, project: Project) -> FixPlan | None:
    """For a function that loops alone call: it is given what it opened, if a `with` of its own closes that."""
    resource = creation.resource
    direct = any(loop.direct for loop in creation.loops)
    if making.use.statement != "with" or creation.entry is not None or direct:
        return None
    found = project.handing(creation)
    if found is None or (resource.is_async and not found.is_async):
        return None
    meaning = resource.async_with if resource.is_async else resource.with_
    there = msgspec.structs.replace(making, tried=found.tried, caught=found.caught)
    level = Applicability.DISPLAY_ONLY
    doubts = _doubts(creation, making) or _doubts(creation, there)
    if not doubts and found.loop_lines <= MOST_DEEPER:
        level = Applicability.UNSAFE
    return FixPlan(
        "hand-to-callee",
        f"{_TITLE}, and give it to {creation.function}",
        level,
        (creation.location, *found.links, *found.calls),
        (
            ("closes", "yes" if meaning in _CLOSES else ""),
            ("async", "yes" * resource.is_async),
            ("links", str(len(found.links))),
        ),
    )


def _doubts(creation: Creation, making: Making) -> bool:
    """It may be that one pass is in the way of the next."""
    resource = creation.resource
    if making.given or making.kept or making.changed or making.personal or making.yields:
        return True
    if resource.kind in _TALKS:
        return making.tried or not (making.ends or (making.commits and not making.caught))
    if resource.kind == "target-session":
        return True
    return making.tried and resource.opens not in _LATER
