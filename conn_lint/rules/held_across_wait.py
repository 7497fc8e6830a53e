"""CNX302."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules import holding_words
from conn_lint.rules.base import Rule
from conn_lint.rules.wait_plan import wait_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class HeldAcrossWait(Rule):
    """A connection, checkout or open transaction is held while the code sleeps or waits for another process or thread.

    ## Why it matters
    As with CNX301, the connection is of no use to anybody meanwhile: a sleep between two attempts, a subprocess, a
    queue's blocking `get`, a person at the keyboard. It is a note, since such waits are often short and meant.

    ## Example
    ```python
    import time

    import psycopg2

    def drain(dsn):
        conn = psycopg2.connect(dsn)
        try:
            conn.cursor().execute("DELETE FROM jobs WHERE done")
            time.sleep(60)
            conn.commit()
        finally:
            conn.close()
    ```

    ## Use instead
    ```python
    import time

    import psycopg2

    def drain(dsn):
        conn = psycopg2.connect(dsn)
        try:
            conn.cursor().execute("DELETE FROM jobs WHERE done")
            conn.commit()
        finally:
            conn.close()
        time.sleep(60)
    ```

    ## Fix safety
    Where a `with` of the same function holds the connection, or a `finally` that does nothing else releases it, and
    neither it nor anything got through it is used in the statement of the wait or behind it, the fix ends the block
    (or the `try`, unless it handles errors) before that statement. It is unsafe: what the block wrote is committed
    even if the wait fails then. For `transaction.atomic()` and its like it is display-only. Elsewhere a `commit()` in
    front of the wait is shown for lazy sessions, and never applied: whether the transaction may end there, with its
    pending writes, its locks and the objects it has read, only the author knows.

    ## When to silence it
    Where waiting with the connection is the purpose: a lock that is held while a job runs, `LISTEN`, a test.
    """

    __slots__ = ()

    code = "CNX302"
    name = "held-across-wait"
    severity = Severity.NOTE

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each place that pauses while something is held."""
        for holding in project.holdings():
            if holding.category == "pause":
                yield Finding(
                    code=self.code,
                    rule=self.name,
                    message=holding_words.message(holding),
                    location=holding.location,
                    severity=holding_words.severity_of(holding, self.severity),
                    chain=holding.chain,
                    plan=wait_plan(holding),
                    statement=holding.statement,
                    resource=holding.resource.name,
                    reach=holding.reach,
                    advice=holding_words.advice(holding),
                )
