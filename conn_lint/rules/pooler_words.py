"""What messages about poolers share: the pooler, its address and where that is written."""

from __future__ import annotations

from conn_lint.model.finding import Step
from conn_lint.model.pool import Server
from conn_lint.model.route import Route


def pooler(route: Route) -> str:
    """`PgBouncer (db.internal:6432, .env:3)`."""
    name = route.pooler.name if route.pooler is not None else "a pooler"
    return f"{name} ({place(route.server)})"


def place(server: Server) -> str:
    """The address, without user and password, and the file and line that say it."""
    host = server.written or "..."
    address = f"{host}:{server.port}" if server.port else host
    where = server.location
    if where is None:
        return address
    example = ", as it shows" if server.source == "example" else ""
    return f"{address}, {where.path}:{where.span.line}{example}"


def steps(route: Route) -> tuple[Step, ...]:
    """The place where the address is written, if it is not in the call."""
    return written(route.server)


def written(server: Server) -> tuple[Step, ...]:
    """The same of a server."""
    if server.location is None:
        return ()
    named = f" ({server.variable})" if server.variable else ""
    return (Step(server.location, "", f"the server's address{named}"),)
