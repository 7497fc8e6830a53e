"""CNX406: what lives in a session of the server, over a pooler that gives each transaction another session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules import pooler_words
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class SessionStateBehindPooler(Rule):
    """A statement leaves something in a session of the server, behind a pooler that changes sessions.

    ## Why it matters
    A pooler in transaction mode gives a client another session of the server for each transaction, and the old one to
    somebody else. What lives in a session is lost to the one and met by the other: LISTEN, SET (without LOCAL),
    advisory locks (without `_xact_`), temporary tables (without ON COMMIT DROP), cursors WITH HOLD, PREPARE in SQL.
    Nothing fails at once: notifications do not come, a lock is held by nobody, a query runs with the search_path of
    another tenant.

    What counts is SQL in the code, run over a connection, engine, pool or session whose address is such a pooler's, as
    for CNX404; Neon's pooler is one, Supabase's port 5432 is not. Sessions that a framework injects are followed to
    the function that makes them, parameters to all callers, Django's `connection` to `DATABASES`. RDS Proxy keeps the
    session for such a client instead, and is left alone. What only an example of settings shows is a note.

    ## Example
    ```python
    import psycopg


    def lock_and_count(name):
        with psycopg.connect("postgresql://shop@db.internal:6432/shop", prepare_threshold=None) as conn:
            conn.execute("SELECT pg_advisory_lock(1)")
            return conn.execute("SELECT count(*) FROM orders").fetchone()
    ```

    ## Use instead
    ```python
    import psycopg


    def lock_and_count(name):
        with psycopg.connect("postgresql://shop@db.internal:6432/shop", prepare_threshold=None) as conn:
            conn.execute("SELECT pg_advisory_xact_lock(1)")
            return conn.execute("SELECT count(*) FROM orders").fetchone()
    ```

    ## Fix safety
    There is no fix: what takes the statement's place depends on what it is for.
    """

    __slots__ = ()

    code = "CNX406"
    name = "session-state-behind-pooler"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each call."""
        for use in project.session_states():
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{use.call}() leaves {use.state.name} in a session, and {pooler_words.pooler(use.route)} gives "
                    f"the next transaction another one: {use.state.effect}. {use.state.cure}."
                ),
                location=use.location,
                severity=Severity.NOTE if use.route.is_example else self.severity,
                chain=pooler_words.steps(use.route),
                direction="beside",
                statement=use.statement,
                resource=use.resource,
            )
