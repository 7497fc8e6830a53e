"""CNX102."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.model.creation import Creation, LoopWay
from conn_lint.model.finding import MORE, Finding, Severity, Step
from conn_lint.model.fix import FixPlan
from conn_lint.model.location import Location
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.loop_plan import loop_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project

_ADVICE = "Open it once, before the loop."


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
    Unsafe, or only shown. What opens and closes it moves around the outermost loop that changes nothing of what it is
    given, with the statements that give it that; a `with` that only ends the transaction stays in the loop. None is
    made where a loop around that one would open it anew on each pass all the same. A loop without passes opens it all
    the same, and it stays open between the passes: therefore unsafe.

    It is applied if the loop binds its name once and uses it nowhere else, and if no pass can spoil the next: nothing
    in the loop catches what it raises when it is opened; what holds a transaction is committed in each pass by a call,
    while the loop catches nothing, or by a `with`; and it is neither kept, handed to unknown code nor changed, nor
    passed on by a generator. Otherwise it is shown, as it is for conversations with one target (mail servers end them
    after so many messages).

    A function or method that opens one in a `with` of its own is given it as its first argument, under the same
    conditions, where all its calls stand in loops of its file, or in one function that only such loops call. A check
    that comes before it is opened may ask what the function is given, and nothing else. It must not be decorated, nor
    its method's name be another one's; in other projects its callers would miss an argument. Where another function
    that the loop calls makes a client, what is shown is the fix of CNX101. No edit is there where such a function
    opens a connection, where each pass starts it by a call of its own (`await producer.start()`), where more than 60
    lines would be put deeper, where the end of its `with` commits as well as closes, and for a client with cookies
    that signs in or is changed.

    ## When to silence it
    Where each pass must have a connection of its own: a test of the server, a fork in each pass, a server that ends a
    connection after one command. A loop over hosts or accounts is left alone as it is.
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
                    plan = loop_plan(creation, loop, location, project)
                    found[location] = self._finding(creation, loop, location, plan)
        yield from found.values()

    def _severity(self, creation: Creation) -> Severity:
        return wording.made_anew(creation.resource, self.severity)

    def _finding(
        self, creation: Creation, loop: LoopWay, location: Location, plan: FixPlan | None
    ) -> Finding:
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
                f"handshake, and what is not closed at once adds up. {_ADVICE}"
            ),
            location=location,
            severity=self._severity(creation),
            chain=chain,
            direction="here" if at_creation else "on",
            statement=creation.statement if at_creation else loop.statement,
            resource=creation.resource.name,
            reach=_reach(creation.loops if at_creation else (loop,)),
            plan=plan,
            advice=_ADVICE,
        )


def _loop(loop: LoopWay, *, at_creation: bool) -> str:
    over = f" over {loop.items}" if loop.items else ""
    line = loop.line or loop.location.span.line
    where = f"{loop.location.path}:{line}" if at_creation and not loop.direct else f":{line}"
    return f"the loop{over} ({where})"


def _reach(loops: Iterable[LoopWay]) -> tuple[str, ...]:
    """The entry points that lead to any of the loops."""
    labels = {label for loop in loops for label in loop.reach}
    return (*sorted(labels - {MORE}), *sorted(labels & {MORE}))


def _place(creation: Creation) -> str:
    return f"{creation.call}, {creation.location.path}:{creation.location.span.line}"


def _step(creation: Creation) -> Step:
    return Step(creation.location, creation.function, f"opened by {creation.call}()")


def _with_call(loop: LoopWay) -> tuple[Step, ...]:
    call = Step(loop.location, loop.function, f"{loop.call}() in the loop leads here")
    return (call, *loop.steps)
