"""CNX901."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class UnusedSuppression(Rule):
    """A comment tells conn-lint to be silent about something that it does not find there.

    ## Why it matters
    What the comment was written for is cured, has moved, or was never there. It says of sound code that something is
    wrong with it, and the next defect on that line, which nobody has looked at, is silenced by it.

    Off unless selected, as in other linters: whether a comment is needed changes with code elsewhere, and with what
    conn-lint knows of libraries, so that an update could turn a build red over comments.

    A comment counts as used if it names a rule whose finding it would silence, whether that rule is selected or not.
    Of what remains, only codes and names of selected rules are reported, those that conn-lint has no rule for, and
    a bare `conn-lint: off` with nothing to silence until its `on`. Never reported are a `noqa` without codes, codes
    of other linters, `noqa: CNX901` itself, and anything in a file that could not be analysed or that is not
    reported on (tests). Under flake8 the rule says nothing: which `noqa` counts there is decided by flake8.

    ## Example
    ```python
    import contextlib

    import psycopg2

    def count_orders(dsn):
        with contextlib.closing(psycopg2.connect(dsn)) as conn:  # noqa: CNX201
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
    Safe. The fix takes out the codes that silence nothing, all of the `noqa` if no other is left in it, and the line
    if it holds nothing else. Other comments, and a reason that was given, stay. With a `conn-lint: off` goes the `on`
    that ends it.
    """

    __slots__ = ()

    code = "CNX901"
    name = "unused-suppression"
    severity = Severity.WARNING
    default = False

    def check(self, project: Project) -> Iterator[Finding]:
        """Nothing: the engine makes these findings, once it knows what comments have silenced."""
        yield from ()
