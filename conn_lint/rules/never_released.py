"""CNX201."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.site import Fate
from conn_lint.rules import wording
from conn_lint.rules.base import Rule
from conn_lint.rules.release_plan import release_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


_ON_REQUEST = "Close it in a hook that runs when the request ends, also after an error."


class NeverReleased(Rule):
    """A function opens a connection, keeps it to itself, and releases it on no path.

    ## Why it matters
    The server keeps a slot, a process and 5 to 10 MB for every open connection until the garbage collector happens
    to find the object. Under load the slots run out first: `FATAL: sorry, too many clients already`, or
    `QueuePool limit of size 5 overflow 10 reached` where it was borrowed from a pool.

    A resource that is returned, yielded to a caller, stored on an object that releases it, registered (`ExitStack`,
    `atexit`) or given to a function that keeps it is not the function's to release, and is not reported. Neither is
    one at module level, nor one that its library needs nobody to close. What is put on an object that each request has
    anew (`flask.g`) counts where nothing in the project takes it from there and releases it.

    ## Example
    ```python
    import psycopg2

    def count_orders(dsn):
        conn = psycopg2.connect(dsn)
        cursor = conn.cursor()
        cursor.execute("SELECT count(*) FROM orders")
        return cursor.fetchone()[0]
    ```

    ## Use instead
    ```python
    import contextlib

    import psycopg2

    def count_orders(dsn):
        with contextlib.closing(psycopg2.connect(dsn)) as conn:
            cursor = conn.cursor()
            cursor.execute("SELECT count(*) FROM orders")
            return cursor.fetchone()[0]
    ```

    ## Fix safety
    The fix puts what uses the connection into a `with` (`async with`) that releases it; into `contextlib.closing`
    where the library's own does not, or not in every version; into `try`/`finally` where there is neither, as for
    asyncpg or `putconn`, or where the block would start what is started already. The block reaches to the last use of
    the connection, of its cursors and results. It is unsafe: something that the analysis does not see may still need
    the connection when the block ends. None is made where the connection has no plain name of its own, is used behind
    the block or in a handler around it, is returned or kept by way of a cursor (in a container, too, or as one of the
    sides of a ternary or `or`), is released in a way that the fix does not know, comes from a function of the project
    that may give what it was given itself, or belongs to an object that is given something else to keep.

    ## When to silence it
    Where something that the analysis cannot see releases it: a framework by a naming convention, a finalizer in C, a
    registry that is closed at shutdown. What all callers treat so may be described once in the configuration.
    """

    __slots__ = ()

    code = "CNX201"
    name = "never-released"
    severity = Severity.ERROR

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each resource that its function owns and never releases."""
        for site in project.owned_sites():
            if site.fate is not Fate.NEVER or site.ended_by_with:
                continue
            resource = site.resource
            advice = _ON_REQUEST if site.on_request else f"{wording.cure(resource)}."
            yield Finding(
                code=self.code,
                rule=self.name,
                message=(
                    f"{site.call}() opens {wording.noun(resource)}{wording.opened_by(site)} that "
                    f"{site.function or 'the module'} releases on no path; in the end "
                    f"{wording.consequence(resource)}. {advice}"
                ),
                location=site.location,
                severity=wording.severity_of(site, self.severity),
                chain=site.chain,
                plan=release_plan(site, project),
                statement=site.statement,
                resource=site.resource.name,
                advice=advice,
            )
