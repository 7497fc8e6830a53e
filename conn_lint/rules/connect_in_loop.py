"""CNX102."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation, LoopWay
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.location import Location
from conn_lint.rules import wording
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class ConnectInLoop(Rule):
    """A connection, client or session is opened anew on each pass of a loop.

    ## Why it matters
    Each pass pays for a handshake (5 to 300 ms), and whatever is not closed at once adds up: a loop over a thousand
    rows opens a thousand connections, one after the other or all at a time.

    Loops that retry or reconnect, loops whose variable decides where to connect (hosts, shards, accounts) and loops
    that sleep between their passes are left alone. Through a function that opens one each time, the finding is at the
    call in the loop; in a helper of that loop alone, at the creation.

    ## Example
    ```python
    import contextlib

    import psycopg2

    def save(rows):
        for row in rows:
            with contextlib.closing(psycopg2.connect("dbname=shop")) as conn, conn:
                conn.cursor().execute("INSERT INTO orders VALUES (%s, %s)", row)
    ```

    ## Use instead
    ```python
    import contextlib

    import psycopg2

    def save(rows):
        with contextlib.closing(psycopg2.connect("dbname=shop")) as conn:
            for row in rows:
                with conn:
                    conn.cursor().execute("INSERT INTO orders VALUES (%s, %s)", row)
    ```

    ## Fix safety
    No fix yet.
    """

    __slots__ = ()

    code = "CNX102"
    name = "connect-in-loop"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each place in a loop, however many creations it leads to: for the gravest of them."""
        found: dict[Location, Finding] = {}
        for creation in project.creations():
            alone = wording.loop_at_creation(creation)
            for loop in (alone,) if alone is not None else creation.loops:
                location = creation.location if alone is not None else loop.location
                known = found.get(location)
                if known is None or known.severity < self._severity(creation):
                    found[location] = self._finding(creation, loop, location)
        yield from found.values()

    def _severity(self, creation: Creation) -> Severity:
        return wording.graded(creation.resource, self.severity)

    def _finding(self, creation: Creation, loop: LoopWay, location: Location) -> Finding:
        at_creation = location == creation.location
        what = wording.noun(creation.resource)
        if at_creation:
            head = f"{creation.call}() opens {what} anew"
            chain = () if loop.direct else _with_call(loop)
        else:
            head = f"{loop.call}() opens {what} anew ({_place(creation)})"
            chain = (*loop.steps, _step(creation))
        return Finding(
            code=self.code,
            rule=self.name,
            message=(
                f"{head} on each pass of {_loop(loop, at_creation=at_creation)}; each costs a "
                f"handshake, and what is not closed at once adds up. Open it once, before the loop."
            ),
            location=location,
            severity=self._severity(creation),
            chain=chain,
            statement=creation.statement if at_creation else loop.statement,
        )


def _loop(loop: LoopWay, *, at_creation: bool) -> str:
    over = f" over {loop.items}" if loop.items else ""
    line = loop.line or loop.location.span.line
    where = f"{loop.location.path}:{line}" if at_creation and not loop.direct else f":{line}"
    return f"the loop{over} ({where})"


def _place(creation: Creation) -> str:
    return f"{creation.call}, {creation.location.path}:{creation.location.span.line}"


def _step(creation: Creation) -> Step:
    return Step(creation.location, creation.function, f"opened by {creation.call}()")


def _with_call(loop: LoopWay) -> tuple[Step, ...]:
    call = Step(loop.location, loop.function, f"{loop.call}() in the loop leads here")
    return (call, *loop.steps)
