"""What every renderer is given. Paths in it are as they are shown: relative to where the user
stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, Fix
from conn_lint.model.location import Location


class RuleText(msgspec.Struct, frozen=True):
    """A rule as reports describe it; `text` is its page, of which `title` is the first sentence."""

    code: str
    name: str
    severity: Severity
    title: str
    text: str


class Report(msgspec.Struct, frozen=True):
    """The findings in the order of their places; `files` were checked, comments silenced `suppressed` findings,
    `known` are in a baseline.

    `fixes` are rendered ones where they were asked for: the fix, or None and the reason why there is none here.
    `troubles` are what could not be done. `rules` are all there are, `version` is the program's.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    suppressed: int = 0
    known: int = 0
    show_notes: bool = False
    fixes: Mapping[Finding, tuple[Fix | None, str]] = {}
    troubles: tuple[str, ...] = ()
    rules: tuple[RuleText, ...] = ()
    version: str = ""

    def shown(self) -> tuple[Finding, ...]:
        """The findings that a reader gets to see: notes only where they are wanted."""
        if self.show_notes:
            return self.findings
        return tuple(f for f in self.findings if f.severity is not Severity.NOTE)

    def hidden_notes(self) -> int:
        """How many notes are only counted."""
        return len(self.findings) - len(self.shown())


HOME = "https://github.com/conn-lint/conn-lint"


def rule_url(code: str, name: str) -> str:
    """Where a rule is explained."""
    return f"{HOME}/blob/main/docs/rules.md#{code}-{name}".lower()


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The graver ones first, else in the order of their places."""
    return sorted(findings, key=lambda finding: -finding.severity)


def step_line(step: Step) -> str:
    """A step of a chain as one line, where formats have no place of their own for it."""
    place = f"{step.location.path}:{step.location.span.line}"
    return f"{place} {step.function}: {step.note}" if step.note else f"{place} {step.function}"


def reason(because: Location) -> str:
    """Why a finding is shown whose own place was not asked for."""
    return f"shown because of {because.path}:{because.span.line}"


def details(finding: Finding) -> list[str]:
    """What a format that has nothing but text shows of a finding: the message, the chain, the fix; a line each."""
    lines = [finding.message, *map(step_line, finding.chain)]
    if finding.because is not None:
        lines.append(reason(finding.because))
    return [*lines, cure(finding)] if finding.plan is not None else lines


def summary(report: Report) -> str:
    """One sentence: how many findings of which severity, in how many files."""
    counts = severity_counts(report.shown())
    parts = [counted(counts[level], level.name.lower()) for level in sorted(counts, reverse=True)]
    where = f"in {counted(report.files, 'file')}"
    return f"Found {', '.join(parts)} {where}." if parts else f"No connection bugs found {where}."


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
    why = f" ({reason(finding.because)})" if finding.because is not None else ""
    return f"{finding.code} {finding.message}{why}{tag}"


def fixable(findings: Iterable[Finding], level: Applicability) -> int:
    """How many have a fix of exactly this level."""
    return sum(f.plan is not None and f.plan.applicability is level for f in findings)
