"""CNX202."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.site import Fate, Site
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.release_plan import release_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class NotReleasedOnError(Rule):
    """A connection is released on the straight path, but an exception or an early way out skips the release.

    ## Why it matters
    The first slow query that times out, the first constraint that fails, leaves a connection behind. So the leak
    shows itself when the service is in trouble anyway, and takes the rest of it down: the pool or the server runs
    out of connections, and now every request fails.

    An exception, an early `return`, `break` or `continue` between the opening and the release counts, and so does a
    generator, `@contextmanager` or dependency that yields the connection without `try`/`finally`.

    ## Example
    ```python
    import psycopg2

    def count_orders(dsn):
        conn = psycopg2.connect(dsn)
        cursor = conn.cursor()
        cursor.execute("SELECT count(*) FROM orders")
        count = cursor.fetchone()[0]
        conn.close()
        return count
    ```

    ## Use instead
    ```python
    import psycopg2

    def count_orders(dsn):
        conn = psycopg2.connect(dsn)
        try:
            cursor = conn.cursor()
            cursor.execute("SELECT count(*) FROM orders")
            return cursor.fetchone()[0]
        finally:
            conn.close()
    ```

    ## Fix safety
    The fix puts what uses the connection into a `with` (`async with`) that releases it; into `contextlib.closing`
    where the library's own does not, or not in every version; into `try`/`finally` where there is neither, as for
    asyncpg or `putconn`. The block reaches to the last use of the connection, of its cursors and results.
    It is safe where a release is there already and moves to the end of such a block, with no unknown code given the
    connection meanwhile; for lazy sessions, and where the old release is elsewhere, it is unsafe.
    None is made where the connection has no plain name of its own, is used behind the block or in a handler around
    it, is released in a way that the fix does not know, or comes from a function of the project that may give what it
    was given itself.

    ## When to silence it
    Where nothing between the opening and the release can raise in truth, or where the process ends with the error
    anyway and the server notices at once.
    """

    __slots__ = ()

    code = "CNX202"
    name = "not-released-on-error"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each resource whose release can be skipped."""
        for site in project.owned_sites():
            if site.fate is not Fate.NOT_ON_ERROR or site.closed_not_returned:
                continue  # one that is closed and not returned has a rule of its own
            advice = f"{wording.cure(site.resource)}."
            yield Finding(
                code=self.code,
                rule=self.name,
                message=f"{_what(site)}. {advice}",
                location=site.location,
                severity=wording.severity_of(site, self.severity),
                chain=site.chain,
                plan=release_plan(site, project),
                statement=site.statement,
                resource=site.resource.name,
                advice=advice,
            )


def _what(site: Site) -> str:
    """What skips the release, with the first line that can."""
    thing = f"{wording.thing(site.resource)} of {site.call}(){wording.opened_by(site)}"
    release = f"the release (:{site.release_line})" if site.release_line else "its release"
    skip = site.skip
    if skip is None:
        return f"{thing} leaks when {release} is skipped"
    line = skip.location.span.line
    match skip.how:
        case "raise":
            what = f"{skip.text} (:{line})" if skip.text else f"line {line}"
            return f"{thing} leaks if {what} raises: {release} is skipped"
        case "yield":
            user = "the code that uses it"
            return f"{thing} leaks if {user} raises or stops at the yield (:{line}): {release} is skipped"
        case "return":
            return f"{thing} leaks when the function returns early (:{line}): {release} is skipped"
        case "rebind":
            return f"{thing} leaks when the next one is opened before {release}"
        case _:
            return f"{thing} leaks on the way past line {line}: {release} is skipped"
