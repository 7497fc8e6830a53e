"""In words, what to do instead of making a client again and again: the project's own pool, or the framework's place."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conn_lint.knowledge.frameworks import Frameworks
from conn_lint.model.creation import Creation


def advice(
    creation: Creation,
    others: Iterable[Creation],
    frameworks: Frameworks,
    framework: str,
    can_use: Callable[[Creation], bool],
) -> str:
    """One sentence, without its full stop; `can_use` tells whether another creation is in reach of this one."""
    resource = creation.resource
    shared = _shared(creation, others, can_use)
    if shared is not None:
        where = f"{shared.location.path}:{shared.location.span.line}"
        verb = "Borrow from" if shared.resource.kind == "pool" else "Use"
        return f"{verb} the {shared.resource.kind} that the project has ({shared.call}, {where})"
    place = frameworks.place(framework)
    text = "" if place is None else place.async_text if resource.is_async else place.sync_text
    where = _first_sentence(text)
    if resource.instead:
        head = f"Make a {resource.instead} once and borrow from it"
        return f"{head} ({where[:1].lower()}{where[1:]})" if where else head
    return where or "Make one per process and share it"


def _shared(
    creation: Creation, others: Iterable[Creation], can_use: Callable[[Creation], bool]
) -> Creation | None:
    """A pool or client of the same library that the project makes once."""
    wanted = creation.resource.instead
    library = creation.resource.name.partition(".")[0]
    for other in others:
        once = other.at_import or other.lifetime == "process"
        if not once or other.location == creation.location or other.entry is not None:
            continue
        fits = bool(wanted) and wanted in other.resource.acquire
        if other.resource.kind == "pool" and other.resource.name.partition(".")[0] == library:
            fits = True
        if fits and can_use(other):
            return other
    return None


def _first_sentence(text: str) -> str:
    """Up to the first full stop or semicolon; nothing where the facts have no advice."""
    for end in (". ", "; ", " (docs"):
        text = text.partition(end)[0]
    text = text.rstrip(".;")
    return "" if text in ("n/a", "Same", "Same, async") else text
