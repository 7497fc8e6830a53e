"""Words that several rules' messages share."""

from __future__ import annotations

from conn_lint.model.finding import Severity
from conn_lint.model.resource import Kind, Resource
from conn_lint.model.site import Site

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


def severity_of(site: Site, default: Severity) -> Severity:
    """Errors are for databases, caches and brokers; less grave where the process ends with the function."""
    if site.process_ends:
        return Severity.NOTE
    if default is Severity.ERROR and not _is_database(site.resource):
        return Severity.WARNING
    return default


def _is_database(resource: Resource) -> bool:
    """A database, cache or broker is at the other end: its slots are few."""
    if resource.server:
        return resource.server != "other"
    return resource.kind in ("connection", "checkout", "pool", "embedded")
