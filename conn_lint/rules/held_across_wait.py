"""CNX302."""

from __future__ import annotations

from conn_lint.model.finding import Severity
from conn_lint.rules.held import HeldRule


class HeldAcrossWait(HeldRule):
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
    category = "pause"
