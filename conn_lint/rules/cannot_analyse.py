"""CNX900."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.model.finding import Finding, Severity
from conn_lint.rules.base import Rule

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class CannotAnalyse(Rule):
    """A file cannot be read or parsed, or an internal error came up on it; the rest is still reported.

    ## Why it matters
    What is in that file is unknown: defects in it are not found, and a function of it may be what opens or closes a
    connection elsewhere. It is a finding like any other, so that one old file can be ignored or baselined and does
    not keep a build red.

    ## Example
    ```text
    print "a file for Python 2"
    ```

    ## Use instead
    ```python
    print("a file for Python 3")
    ```

    ## Fix safety
    There is nothing to fix by a tool.
    """

    __slots__ = ()

    code = "CNX900"
    name = "cannot-analyse"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Finding]:
        """Nothing: the engine makes these findings while it reads."""
        yield from ()
