"""CNX203."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.site import Fate
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.release_plan import closing_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class WithDoesNotClose(Rule):
    """A `with` is taken for a close, where the library's `with` only ends the transaction.

    ## Why it matters
    In psycopg2, sqlite3, pyodbc and a few others `with conn:` commits or rolls back and leaves the connection open.
    The code looks safe, so nobody adds the close, and every call leaves one more connection behind. In psycopg 3,
    PyMySQL, mysqlclient and duckdb the same spelling does close; those are not reported.

    ## Example
    ```python
    import sqlite3

    def add(path, name):
        with sqlite3.connect(path) as conn:
            conn.execute("INSERT INTO names VALUES (?)", (name,))
    ```

    ## Use instead
    ```python
    import contextlib
    import sqlite3

    def add(path, name):
        with contextlib.closing(sqlite3.connect(path)) as conn, conn:
            conn.execute("INSERT INTO names VALUES (?)", (name,))
    ```

    ## Fix safety
    The fix closes around the `with` and keeps the transaction: `with contextlib.closing(connect()) as conn, conn:`.
    It is safe where neither the name nor anything made with it is used behind the block. Where it is, `closing` goes
    around both, which is unsafe: something that the analysis does not see may need the connection later. None is made
    where a function of the project that gives it may give what it was given itself.

    ## When to silence it
    Where the object is closed by somebody else, behind the block, in a way that the analysis does not see.
    """

    __slots__ = ()

    code = "CNX203"
    name = "with-does-not-close"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each resource that is left to a `with` that does not release it."""
        for site in project.owned_sites():
            if site.fate is not Fate.NEVER or not site.ended_by_with:
                continue
            resource = site.resource
            library = resource.name.partition(".")[0]
            where = f" (:{site.with_line})" if site.with_line != site.location.span.line else ""
            advice = _cure(resource.release_on_owner)
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f'{library}\'s "with"{where} ends the transaction and does not release '
                    f"{wording.thing(resource)} of {site.call}(){wording.opened_by(site)}; nothing else does. "
                    f"{advice}"
                ),
                location=site.location,
                severity=wording.severity_of(site, self.severity),
                chain=site.chain,
                plan=closing_plan(site, project),
                statement=site.statement,
                resource=site.resource.name,
                advice=advice,
            )


def _cure(owner: tuple[str, ...]) -> str:
    if owner:
        return f"Call {owner[0]}() in finally."
    return 'Use "with contextlib.closing(...) as conn, conn:".'
