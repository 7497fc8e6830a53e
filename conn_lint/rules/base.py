"""What a rule is: a name, a code, a documentation page (its docstring) and a question to the project."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from conn_lint.model.finding import Finding, Severity

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class Rule(abc.ABC):
    """Stateless. The docstring has the headings Why it matters, Example, Use instead, Fix safety.

    Where there are good reasons not to follow it, When to silence it comes last.
    """

    __slots__ = ()

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    default: ClassVar[bool] = True  # on unless selected explicitly

    @abc.abstractmethod
    def check(self, project: Project) -> Iterator[Finding]:
        """Yield one finding for each defect."""
