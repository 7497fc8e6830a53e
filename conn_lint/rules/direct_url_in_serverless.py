"""CNX407: a serverless function that connects past the pooler that its host of databases offers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.route import Route, Routed
from conn_lint.rules import pool_words, pooler_words
from conn_lint.rules.base import Rule
from conn_lint.rules.entry_plan import address_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_MEANT = re.compile(r"direct|migrat|session|admin|listen|unpooled|non_pooling", re.IGNORECASE)
"""Names of variables and functions that say that the direct connection is meant."""


class DirectUrlInServerless(Rule):
    """A serverless function connects to the database itself, where its host offers a pooler beside it.

    ## Why it matters
    Each instance of a function has connections of its own, and a cloud starts as many instances as there are events at
    a time. A small database of Supabase or Neon takes 60 to 100 connections; the next is refused (`FATAL: sorry, too
    many clients already`). The pooler that these hosts run beside each database serves thousands of clients with them.

    What counts are addresses of a host that offers one, in code that only serverless functions run: Supabase's
    `db.<project>.supabase.co` on port 5432, its pooler's port 5432 (session mode: each client keeps a connection of the
    server), Neon's host without `-pooler`. Migrations need the direct connection: what is called so (`DIRECT_URL`,
    `migrate`) is left alone, as are alembic's `env.py` and Django's migrations. What only an example of settings shows
    is a note.

    ## Example
    ```python
    import psycopg2

    connection = psycopg2.connect("postgresql://shop@db.abcdefghij.supabase.co:5432/postgres")


    def lambda_handler(event, context):
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            return cursor.fetchone()
    ```

    ## Use instead
    ```python
    import psycopg2

    connection = psycopg2.connect("postgresql://shop@aws-0-eu-west-1.pooler.supabase.com:6543/postgres")


    def lambda_handler(event, context):
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            return cursor.fetchone()
    ```

    ## Fix safety
    Only shown, where a settings file says the address and the pooler's differs in its port (Supabase's pooler) or in a
    part of the host (Neon): what else connects by it, and needs a session or migrates, is for you to know. Other
    poolers have another user.
    """

    __slots__ = ()

    code = "CNX407"
    name = "direct-url-in-serverless"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each creation that may connect past a pooler."""
        for routed in project.routes():
            route = _past(routed)
            handler = project.serverless(routed) if route is not None else None
            if route is not None and handler is not None:
                plan = _plan(project, routed, route)
                yield self._finding(routed, route, handler, plan)

    def _finding(
        self, routed: Routed, route: Route, handler: Step, plan: FixPlan | None
    ) -> Finding:
        assert route.offer is not None
        creation = routed.creation
        where = pool_words.place(handler.location, creation.location.path)
        return Finding(
            code=self.code,
            rule=self.name,
            message=(
                f"{creation.call}() connects each instance of the serverless function {handler.function} ({where}) "
                f"past {route.offer.name}'s pooler ({pooler_words.place(route.server)}): many instances are more than "
                f"the server takes, then 'sorry, too many clients already'. Use {route.offer.pooled}; keep the direct "
                f"address for migrations."
            ),
            location=creation.location,
            severity=Severity.NOTE if route.is_example else self.severity,
            chain=(*pooler_words.steps(route), handler),
            direction="beside",
            statement=creation.statement,
            resource=creation.resource.name,
            plan=plan,
        )


def _plan(project: Project, routed: Routed, route: Route) -> FixPlan | None:
    """The pooler's address in settings files, where it differs in a part alone."""
    offer, server, made = route.offer, route.server, routed.creation
    terms = []
    if offer is not None and offer.port:
        terms.append(f"port={offer.port}")
    if offer is not None and offer.behind and server.host:
        first, dot, rest = server.host.partition(".")
        terms.append(f"host={first}{offer.behind}{dot}{rest}")
    if not terms:
        return None
    level = Applicability.DISPLAY_ONLY
    return address_plan(project, made.location, made.resource.name, [(server, terms)], level)


def _past(routed: Routed) -> Route | None:
    """The address that leads past a pooler: none where one through it is known as well, or the direct one is meant."""
    creation = routed.creation
    if _MEANT.search(creation.function) or "migrat" in creation.location.path.lower():
        return None
    found = [r for r in routed.routes if r.offer is not None]
    found = [r for r in found if not _MEANT.search(r.server.variable)]
    if any(r.pooler is not None and r.pooler.mode == "transaction" for r in routed.routes):
        return None
    return next((r for r in found if not r.is_example), found[0] if found else None)
