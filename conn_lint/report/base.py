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
    `known` are in a baseline. Of them the `most` worst are listed, if that is set.

    `fixes` are rendered ones where they were asked for: the fix, or None and the reason why there is none here.
    `troubles` are what could not be done. `rules` are all there are, `version` is the program's.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    suppressed: int = 0
    known: int = 0
    most: int | None = None
    show_notes: bool = False
    fixes: Mapping[Finding, tuple[Fix | None, str]] = {}
    troubles: tuple[str, ...] = ()
    rules: tuple[RuleText, ...] = ()
    version: str = ""

    def wanted(self) -> tuple[Finding, ...]:
        """The findings that are counted: notes only where they are wanted."""
        if self.show_notes:
            return self.findings
        return tuple(f for f in self.findings if f.severity is not Severity.NOTE)

    def shown(self) -> tuple[Finding, ...]:
        """Those of them that a reader gets to see."""
        return self._listed(self.wanted())

    def listed(self) -> frozenset[Finding]:
        """The findings that a program gets to see: notes are among them."""
        return frozenset(self._listed(self.findings))

    def _listed(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if self.most is None or len(findings) <= self.most:
            return findings
        worst = sorted(range(len(findings)), key=lambda n: (-findings[n].severity, n))
        return tuple(findings[n] for n in sorted(worst[: self.most]))

    def hidden_notes(self) -> int:
        """How many notes are only counted."""
        return len(self.findings) - len(self.wanted())


HOME = "https://github.com/conn-lint/conn-lint"


def rule_url(code: str, name: str) -> str:
    """Where a rule is explained."""
    return f"{HOME}/blob/main/docs/rules.md#{code}-{name}".lower()


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The graver ones first, else in the order of their places."""
    return sorted(findings, key=lambda finding: -finding.severity)


def step_words(step: Step) -> str:
    """What a step says, without its place."""
    return ": ".join(filter(None, (step.function, step.note)))


def step_line(step: Step) -> str:
    """A step of a chain as one line, where formats have no place of their own for it."""
    return f"{step.location.path}:{step.location.span.line} {step_words(step)}"


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
    counts = severity_counts(report.wanted())
    parts = [counted(counts[level], level.name.lower()) for level in sorted(counts, reverse=True)]
    where = f"in {counted(report.files, 'file')}"
    if not parts:
        return f"No connection bugs found {where}."
    left = len(report.wanted()) - len(report.shown())
    more = f" {left} of them not listed (--max-findings)." if left else ""
    return f"Found {', '.join(parts)} {where}.{more}"


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
