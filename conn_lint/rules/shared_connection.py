"""CNX104."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.borrowing_plan import pool_in_its_place

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_SHOWN = 2


class SharedConnection(Rule):
    """One raw connection, made once, serves all request handlers, threads or tasks.

    ## Why it matters
    A connection is one conversation with the server. Two handlers that use it at a time mix up their statements,
    transactions and results; a server that forks its workers after the connection was made shares the socket among
    processes; and once the connection drops, every request fails until the process is started anew. Pools, engines
    and clients are made for sharing, and are not meant here.

    An embedded connection counts where `check_same_thread=False` lets it into other threads and no lock guards it.
    Serverless code is left alone, since it handles one event at a time.

    ## Example
    ```python
    import psycopg2
    from flask import Flask

    app = Flask(__name__)
    conn = psycopg2.connect("dbname=shop")

    @app.get("/orders")
    def orders():
        with conn, conn.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            return {"count": cursor.fetchone()[0]}
    ```

    ## Use instead
    ```python
    import contextlib

    from flask import Flask
    from psycopg2.pool import ThreadedConnectionPool

    app = Flask(__name__)
    pool = ThreadedConnectionPool(1, 5, "dbname=shop")

    @contextlib.contextmanager
    def connection():
        conn = pool.getconn()
        try:
            with conn:
                yield conn
        finally:
            pool.putconn(conn)

    @app.get("/orders")
    def orders():
        with connection() as conn, conn.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            return {"count": cursor.fetchone()[0]}
    ```

    ## Fix safety
    Only shown. A pool takes the connection's place, with a function that lends from it, and each function that uses
    the connection borrows one around the lines that do. What one function wrote and another one committed would be
    lost, so each must commit what it writes: only their author can tell. It is in words where the library has no such
    pool, where other files use the connection, where the file itself does more with it than to open it, for generators
    and inner functions, and for a coroutine that awaits something between its first use and its last.

    ## When to silence it
    Where the library says that its connections may be shared by threads and tasks, and the tables do not know it: then
    better report that, or describe it in `[[tool.conn-lint.resource]]`.
    """

    __slots__ = ()

    code = "CNX104"
    name = "shared-connection"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each connection that several use."""
        for creation in project.creations():
            users = creation.users
            if not users:
                continue
            shown = [
                f"{user.function} ({user.location.path}:{user.location.span.line})"
                for user in users
            ]
            whose = "all runs of " if len(shown) == 1 else ""
            more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
            instead = creation.resource.instead
            better = f"a {instead}" if instead else "a pool, or one connection for each thread"
            advice = f"Use {better}."
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{creation.call}() opens one connection that {whose}{', '.join(shown[:_SHOWN])}{more} share: "
                    f"they disturb each other, and all fail once it drops. {advice}"
                ),
                location=creation.location,
                severity=wording.graded(creation.resource, self.severity),
                chain=users,
                direction="beside",
                statement=creation.statement,
                resource=creation.resource.name,
                reach=tuple(sorted(user.function for user in users)),
                advice=advice,
                plan=pool_in_its_place(creation, project),
            )
