"""What every renderer is given. Paths in it are as they are shown: relative to where the user
stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from conn_lint.model.finding import Finding, Severity
from conn_lint.model.fix import Applicability, Fix


class Report(msgspec.Struct, frozen=True):
    """The findings in the order of their places; `files` were checked, comments silenced `suppressed` findings.

    `fixes` are rendered ones where they were asked for: the fix, or None and the reason why there is none here.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    suppressed: int = 0
    show_notes: bool = False
    fixes: Mapping[Finding, tuple[Fix | None, str]] = {}

    def shown(self) -> tuple[Finding, ...]:
        """The findings that a reader gets to see: notes only where they are wanted."""
        if self.show_notes:
            return self.findings
        return tuple(f for f in self.findings if f.severity is not Severity.NOTE)

    def hidden_notes(self) -> int:
        """How many notes are only counted."""
        return len(self.findings) - len(self.shown())


def rule_url(finding: Finding) -> str:
    """Where the rule is explained."""
    anchor = f"{finding.code}-{finding.rule}".lower()
    return f"https://github.com/conn-lint/conn-lint/blob/main/docs/rules.md#{anchor}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def severity_counts(findings: Iterable[Finding]) -> Counter[Severity]:
    """How many findings there are of each severity."""
    return Counter(finding.severity for finding in findings)


def cure(finding: Finding) -> str:
    """What a fix would do and how far it may be trusted, in words; "" where there is none."""
    plan = finding.plan
    if plan is None:
        return ""
    return f"fix ({plan.applicability.word}): {plan.title}"


def line(finding: Finding) -> str:
    """Code, message, and whether there is a fix: what formats with one line for each finding show behind the place."""
    plan = finding.plan
    tag = f" [{plan.applicability.word} fix]" if plan is not None else ""
    return f"{finding.code} {finding.message}{tag}"


def fixable(findings: Iterable[Finding], level: Applicability) -> int:
    """How many have a fix of exactly this level."""
    return sum(f.plan is not None and f.plan.applicability is level for f in findings)
