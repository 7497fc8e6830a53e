"""CNX204."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.release_plan import return_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class PooledConnectionClosed(Rule):
    """A connection borrowed from a pool is closed, where the pool wants it back by a call of its own.

    ## Why it matters
    The pool still counts the connection as borrowed. After as many such calls as the pool is large every further
    request waits, for ever or until `PoolError: connection pool exhausted`.

    ## Example
    ```python
    from psycopg2.pool import ThreadedConnectionPool

    pool = ThreadedConnectionPool(1, 5, "dbname=shop")

    def ping():
        conn = pool.getconn()
        try:
            conn.cursor().execute("SELECT 1")
        finally:
            conn.close()
    ```

    ## Use instead
    ```python
    from psycopg2.pool import ThreadedConnectionPool

    pool = ThreadedConnectionPool(1, 5, "dbname=shop")

    def ping():
        conn = pool.getconn()
        try:
            conn.cursor().execute("SELECT 1")
        finally:
            pool.putconn(conn)
    ```

    ## Fix safety
    The fix puts the pool's own call in place of the close. It is safe: the pool rolls back what was left open, as the
    close did, and the connection serves again. Where an exception skips the
    release, CNX202 speaks then. None is made where the pool has no plain name.

    ## When to silence it
    Where the connection is broken and must not go back: most pools have a way to say so (`putconn(conn, close=True)`),
    which is not reported.
    """

    __slots__ = ()

    code = "CNX204"
    name = "pooled-connection-closed"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each checkout that is closed and not returned."""
        for site in project.owned_sites():
            if site.closed_not_returned is None:
                continue
            location, text = site.closed_not_returned
            back = (*site.resource.release_on_owner, *site.resource.release)
            advice = f"Give it back with {back[0]}()." if back else "Give it back to the pool."
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{text} (:{location.span.line}) closes a connection borrowed from the pool by {site.call}()"
                    f"{wording.opened_by(site)}, and the pool's slot is lost; the pool runs dry. {advice}"
                ),
                location=site.location,
                severity=wording.severity_of(site, self.severity),
                chain=site.chain,
                plan=return_plan(site),
                statement=site.statement,
                resource=site.resource.name,
                advice=advice,
            )
