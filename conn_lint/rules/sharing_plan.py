"""How one client, pool or connection can serve all, told from what is known of its creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation, Held, Making
from conn_lint.model.fix import Applicability, FixPlan, PlanKind
from conn_lint.model.framework import Home

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_ALONE = frozenset({"invocation"})  # one at a time in a process
_SIZE = 5  # connections of a pool that is shown
_SHARED = ("threads", "process")


def sharing_plan(creation: Creation, project: Project) -> FixPlan | None:
    """One per process: the function that makes it is cached, or one is made that is."""
    making = creation.making
    if making is None:
        return None
    if creation.resource.kind == "connection":
        return _pool_plan(creation, making, project)
    why = _obstacle(creation, making, project)
    keeper = project.keeper(making.frameworks)
    details = [("keeper", keeper), ("names", " ".join(making.use.names))]
    held = None if why or making.changed else project.held(creation)
    if held is not None and not held.same:
        why = f"the project has one for the same server, set up in another way ({_place(held)})"
    if why:
        details.append(("why", why))
    if making.inputs != "fixed":
        details.append(("inputs", making.inputs))
    if making.wrapped:
        details.append(("wrapped", making.wrapped))
    releases = () if making.use.statement == "with" else making.use.releases
    spans = (creation.location, *releases)
    level = Applicability.DISPLAY_ONLY if why else _level(creation, making)
    if held is not None:
        title = f"use the one that the project has ({_place(held)}){_provided(creation, making)}"
        if held.serves and held.module:
            level = Applicability.DISPLAY_ONLY
        details += [("held", held.name), ("module", held.module), ("asks", "()" * held.called)]
        return FixPlan("make-one", title, level, spans, tuple(details))
    app = None if why or making.changed else project.application(creation)
    if app is not None:
        details += home_details(app.home)
        if app.path != creation.location.path:
            details += [("app", app.path), ("request", app.request), ("type", app.home.request)]
            details.append(("taken", " ".join(app.taken)))
        kept = f"make one per process, kept by the application, or a function with {keeper}"
        title = f"{kept}{_provided(creation, making)}"
        return FixPlan("make-one", title, level, spans, tuple(details))
    if making.factory and not releases:
        title = f"make one per process: {keeper or 'a cache'} on {creation.function}"
        if not making.plain:
            level = Applicability.DISPLAY_ONLY
        elif making.inputs == "varies" and not _doubts(creation, making):
            level = level if why else Applicability.UNSAFE
        return FixPlan("cache-function", title, level, spans, tuple(details))
    where = f"in a function with {keeper or 'a cache'}"
    if making.early and not why:
        where = f"at module level, or {where}"
        details.append(("early", "yes"))
    title = f"make one per process, {where}{_provided(creation, making)}"
    return FixPlan("make-one", title, level, spans, tuple(details))


def _pool_plan(creation: Creation, making: Making, project: Project) -> FixPlan:
    """A pool in place of connections of one's own; how large it must be, only its author knows."""
    lender, keeper = making.lender, project.keeper(making.frameworks)
    name = creation.resource.instead.rpartition(".")[2] or "pool"
    title = f"borrow from one {name}"
    if lender is None or not keeper or _is_alone(making) or making.kept or making.closed:
        why = "a connection serves one at a time: only a pool of them can be shared"
        kind: PlanKind = "borrow-from-pool"
        details = [("why", why)]
    else:
        kind = "make-one"
        details = [("keeper", keeper), ("pool", lender.pool), ("size", f"{lender.size}={_SIZE}")]
        details += [("take", lender.take), ("noun", "pool")]
        if making.inputs != "fixed":
            details.append(("inputs", making.inputs))
    level = Applicability.DISPLAY_ONLY
    return FixPlan(kind, title, level, (creation.location,), tuple(details))


def _level(creation: Creation, making: Making) -> Applicability:
    if making.inputs != "fixed" or _doubts(creation, making):
        return Applicability.DISPLAY_ONLY
    return Applicability.UNSAFE


def _doubts(creation: Creation, making: Making) -> bool:
    """It may be that one cannot serve all."""
    resource = creation.resource
    shared = resource.share in _SHARED or _is_alone(making)
    if resource.is_async:
        shared = resource.share != "never"
    return not shared or making.given or making.kept or making.changed or making.personal


def _provided(creation: Creation, making: Making) -> str:
    """What its author must know before it may serve all."""
    if making.personal:
        return ", if its cookies may be everybody's"
    if making.given or making.kept:
        return ", if nobody closes or changes it"
    if creation.resource.share not in _SHARED and not (
        creation.resource.is_async or _is_alone(making)
    ):
        return ", if threads may share it"
    return ""


def _obstacle(creation: Creation, making: Making, project: Project) -> str:
    """Why there is no edit that could be right."""
    resource = creation.resource
    if resource.is_async and not (making.on_loop and project.one_loop(making.frameworks)):
        return "an async client lives on one event loop, and here there are several"
    if not project.keeper(making.frameworks):
        return "nothing that the process keeps outlives the job"
    if resource.share == "never" and not _is_alone(making):
        return "it must not be shared by threads"
    if making.closed:
        return "it is closed by whoever gets it"
    if making.use.started:
        return "it is opened by a call of its own, which must be made once as well"
    return ""


def home_details(home: Home) -> tuple[tuple[str, str], ...]:
    """Which application keeps it, and how."""
    return (("apps", " ".join(home.apps)), ("starts", home.starts), ("holder", home.holder))


def _place(held: Held) -> str:
    return f"{held.location.path}:{held.location.span.line}"


def _is_alone(making: Making) -> bool:
    return bool(making.per) and _ALONE.issuperset(making.per)
