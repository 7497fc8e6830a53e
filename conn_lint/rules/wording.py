"""Words that several rules' messages share."""

from __future__ import annotations

from conn_lint.model.creation import Creation, EntryWay, LoopWay
from conn_lint.model.finding import Severity
from conn_lint.model.resource import Kind, Resource
from conn_lint.model.site import Site

_MAX_SHOWN = 6  # functions of a chain in a message

_NOUNS: dict[Kind, str] = {
    "connection": "a connection",
    "client": "a client",
    "pool": "a pool",
    "checkout": "a pooled connection",
    "embedded": "a connection",
    "target-session": "a session",
    "factory": "a factory",
    "cursor": "a cursor",
    "transaction": "a transaction",
    "config": "a configuration",
}

_ENDS: dict[Kind, str] = {
    "connection": 'the server runs out of connections ("too many clients already")',
    "client": "its sockets and threads stay until the garbage collector finds them",
    "pool": "all its connections stay open",
    "checkout": 'the pool runs dry ("QueuePool limit reached")',
    "embedded": "the file stays open and may stay locked",
    "target-session": "the server keeps the session until it times out",
}


def noun(resource: Resource) -> str:
    """What is opened, with its article."""
    return _NOUNS[resource.kind]


def thing(resource: Resource) -> str:
    """What is opened, with "the"."""
    return "the " + _NOUNS[resource.kind].split(" ", 1)[1]


def consequence(resource: Resource) -> str:
    """How it ends if it goes on so."""
    if resource.server == "other":
        return "its socket stays open until the garbage collector finds it"
    return _ENDS.get(resource.kind, "it stays open")


def opened_by(site: Site) -> str:
    """`(opened by psycopg2.connect, db.py:12)` where the project's own function gives the resource."""
    if not site.chain:
        return ""
    step = site.chain[-1]
    return f" ({step.note}, {step.location.path}:{step.location.span.line})"


def verb(resource: Resource) -> str:
    """The way to give it back: the release of the value, else that of its pool."""
    names = resource.release or resource.release_on_owner
    return f"{names[0]}()" if names else "release"


def cure(resource: Resource) -> str:
    """How to make sure that it is released, for this library."""
    meaning = resource.async_with if resource.is_async else resource.with_
    keyword = "async with" if resource.is_async else "with"
    if meaning in ("closes", "commits-then-closes", "returns", "shuts-down"):
        return f'Use "{keyword}"'
    if resource.release_on_owner and not resource.release:
        return f"Call {resource.release_on_owner[0]}() in finally"
    if resource.is_async or not resource.release:
        return f"Call {verb(resource)} in finally"
    if resource.release[0] == "close":
        return "Use contextlib.closing(...), or close in finally"
    return f"Call {verb(resource)} in finally"


_EACH = {
    "request": "on every request",
    "connection": "for every connection of a client",
    "message": "for every message",
    "job": "for every job",
    "tick": "at every turn",
    "rerun": "on every rerun of the page",
    "invocation": "for every event",
    "update": "for every update",
    "session": "for every session",
    "call": "on every call",
}


def each(per: str) -> str:
    """How often, in words."""
    return _EACH.get(per, f"for every {per}")


def way(entry: EntryWay, creation: Creation) -> str:
    """The chain of calls from an entry point, and how many others there are."""
    parts = [
        f"{step.function} ({step.location.path}:{step.location.span.line})" for step in entry.steps
    ]
    if len(parts) > _MAX_SHOWN:
        parts = [*parts[: _MAX_SHOWN - 1], "...", parts[-1]]
    chain = " -> ".join([*parts, creation.function or creation.module])
    more = entry.count - 1
    others = f", and {more} more entry point{'s' if more > 1 else ''}" if more else ""
    unsure = "" if entry.sure else " (a step rests on the method's name alone)"
    return f"{entry.label}: {chain}{others}{unsure}"


def crowd(resource: Resource) -> str:
    """How it ends when many do it at a time."""
    if _is_database(resource):
        return 'the server refuses ("too many clients already")'
    return "sockets, memory and handshakes of as many clients pile up"


def loop_at_creation(creation: Creation) -> LoopWay | None:
    """The loop that repeats the creation at its own place: around it, or around all calls of its helper.

    A helper is read as one with the loops of its file if there are several, or they are the script's own body.
    """
    direct = next((loop for loop in creation.loops if loop.direct), None)
    if direct is not None:
        return direct
    here = creation.location.path
    near = creation.loops_always and all(loop.location.path == here for loop in creation.loops)
    if near and (len(creation.loops) > 1 or not creation.loops[0].function):
        return creation.loops[0]
    return None


def graded(resource: Resource, default: Severity) -> Severity:
    """Errors are for databases, caches and brokers."""
    if default is Severity.ERROR and not _is_database(resource):
        return Severity.WARNING
    return default


def made_anew(resource: Resource, default: Severity) -> Severity:
    """As `graded`; a note where the facts say that making one costs little."""
    return Severity.NOTE if resource.per_request == "low" else graded(resource, default)


def severity_of(site: Site, default: Severity) -> Severity:
    """Errors are for databases, caches and brokers; less grave where the process ends with the function."""
    if site.process_ends:
        return Severity.NOTE
    return graded(site.resource, default)


def _is_database(resource: Resource) -> bool:
    """A database, cache or broker is at the other end: its slots are few."""
    if resource.server:
        return resource.server != "other"
    return resource.kind in ("connection", "checkout", "pool", "embedded")
