"""What the rules on holding share: one finding for each place that waits while something is held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from conn_lint.model.finding import Finding
from conn_lint.rules import holding_words
from conn_lint.rules.base import Rule
from conn_lint.rules.wait_plan import wait_plan

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class HeldRule(Rule):
    """A rule on one kind of wait."""

    __slots__ = ()

    category: ClassVar[str]  # as `model.holding.Holding` has it

    def check(self, project: Project) -> Iterator[Finding]:
        """One finding for each such wait."""
        for holding in project.holdings():
            if holding.category == self.category:
                yield Finding(
                    code=self.code,
                    rule=self.name,
                    message=holding_words.message(holding),
                    location=holding.location,
                    severity=holding_words.severity_of(holding, self.severity),
                    chain=holding.chain,
                    plan=wait_plan(holding),
                    statement=holding.statement,
                    resource=holding.resource.name,
                    reach=holding.reach,
                    advice=holding_words.advice(holding),
                )
