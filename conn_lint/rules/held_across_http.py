"""CNX301."""

from __future__ import annotations

from conn_lint.model.finding import Severity
from conn_lint.rules.held import HeldRule


class HeldAcrossHttp(HeldRule):
    """A connection, checkout or open transaction is held while the code waits for another service.

    ## Why it matters
    A pool of 15 connections serves thousands of short queries a second, but only 15 requests that each keep one
    during a call of 20 seconds. The database idles, and every further request waits for the pool until
    `QueuePool limit of size 5 overflow 10 reached, connection timed out`. An open transaction keeps its locks as
    long, too.

    A SQLAlchemy session holds from its first query until `commit`, `rollback` or `close`; a connection and a checkout
    from a pool from the moment they are got; `transaction.atomic()` throughout. A wait is a call over HTTP, of an LLM,
    of a cloud service, a mail server, a chat platform, directly or in a function that is called. Databases, caches and
    search servers are none. The finding stands at the call in the function that holds; where a function is itself given
    the connection, in that function.

    ## Example
    ```python
    import requests
    import sqlalchemy
    from sqlalchemy.orm import sessionmaker

    engine = sqlalchemy.create_engine("postgresql://localhost/shop")
    Session = sessionmaker(engine)

    def confirm(order_id):
        with Session() as session:
            order = session.get(Order, order_id)
            requests.post("https://mail.example/send", json={"to": order.email}, timeout=10)
            order.confirmed = True
            session.commit()
    ```

    ## Use instead
    ```python
    import requests
    import sqlalchemy
    from sqlalchemy.orm import sessionmaker

    engine = sqlalchemy.create_engine("postgresql://localhost/shop")
    Session = sessionmaker(engine)

    def confirm(order_id):
        with Session() as session:
            email = session.get(Order, order_id).email
        requests.post("https://mail.example/send", json={"to": email}, timeout=10)
        with Session() as session:
            session.get(Order, order_id).confirmed = True
            session.commit()
    ```

    ## Fix safety
    Where a `with` of the same function holds the connection, or a `finally` that does nothing else releases it, and
    neither it nor anything got through it is used in the statement of the call or behind it, the fix ends the block
    (or the `try`, unless it handles errors) before that statement. It is unsafe: what the block wrote is committed
    even if the call fails then. For `transaction.atomic()` and its like it is display-only. Elsewhere a `commit()` in
    front of the call is shown for lazy sessions, and never applied: whether the transaction may end there, with its
    pending writes, its locks and the objects it has read, only the author knows.

    ## When to silence it
    Where the call must be part of the transaction (the other side's answer decides whether to commit), is quick and
    bounded by a short timeout, and the pool is larger than the number of such calls at a time.
    """

    __slots__ = ()

    code = "CNX301"
    name = "held-across-http"
    severity = Severity.ERROR
    category = "external"
