"""SARIF 2.1.0, which GitHub's code scanning, editors and dashboards read. Notes are always in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fingerprint import VERSION, key_of
from conn_lint.model.fix import Edit, Fix
from conn_lint.model.location import Location, Span
from conn_lint.report.base import HOME, Report, RuleText, reason, rule_url, step_words
from conn_lint.report.escape import json_text
from conn_lint.report.places import uri

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEMS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}


def render_sarif(report: Report) -> Iterator[str]:
    """The log, of one run."""
    numbers = {rule.code: number for number, rule in enumerate(report.rules)}
    listed = report.listed()
    results = [_result(f, report, numbers) for f in report.findings if f in listed]
    run = {
        "tool": {"driver": _driver(report)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the checkout."}}},
        "invocations": [_invocation(report.troubles)],
        "results": results,
    }
    yield json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(report: Report) -> dict[str, Any]:
    return {
        "name": "conn-lint",
        "version": report.version,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in report.rules],
    }


def _rule(rule: RuleText) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.title},
        "help": {"text": rule.text, "markdown": rule.text},
        "helpUri": rule_url(rule.code, rule.name),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["connections", "reliability"],
            "precision": "high",
            "problem.severity": _PROBLEMS[rule.severity],
        },
    }


def _invocation(troubles: Iterable[str]) -> dict[str, Any]:
    notes = [{"level": "error", "message": {"text": _text(trouble)}} for trouble in troubles]
    return {"executionSuccessful": not notes, "toolExecutionNotifications": notes}


def _result(finding: Finding, report: Report, numbers: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_site(finding)],
        "partialFingerprints": {f"connLint/v{VERSION}": key_of(finding).digest()},
    }
    if finding.code in numbers:
        result["ruleIndex"] = numbers[finding.code]
    if finding.chain:
        result["relatedLocations"] = [
            {"id": number, **_step(step)} for number, step in enumerate(finding.chain)
        ]
        if finding.direction != "beside":
            result["codeFlows"] = [_flow(finding)]
    fix, _ = report.fixes.get(finding, (None, ""))
    if fix is not None and fix.edits:
        result["fixes"] = [_fix(fix)]
    return result


def _message(finding: Finding) -> str:
    """The message, and the chain as links to the related locations, which GitHub shows only so."""
    lines = [_text(finding.message)]
    for number, step in enumerate(finding.chain):
        place = f"{step.location.path}:{step.location.span.line}"
        text = place.translate({ord(char): f"\\{char}" for char in "[]\\"})
        lines.append(f"[{text}]({number}) {_text(step_words(step))}")
    if finding.because is not None:
        lines.append(_text(reason(finding.because)))
    return "\n".join(lines)


def _text(text: str) -> str:
    """What looks like a link is none."""
    return text.replace("](", "] (")


def _site(finding: Finding) -> dict[str, Any]:
    place = _place(finding.location)
    if finding.function:
        place["logicalLocations"] = [_logical(finding.function)]
    return place


def _step(step: Step) -> dict[str, Any]:
    place = _place(step.location)
    if step.function:
        place["logicalLocations"] = [_logical(step.function)]
    return {**place, "message": {"text": _text(step_words(step))}}


def _logical(function: str) -> dict[str, Any]:
    return {"fullyQualifiedName": function, "kind": "function"}


def _flow(finding: Finding) -> dict[str, Any]:
    steps = [_step(step) for step in finding.chain]
    site = {**_site(finding), "message": {"text": f"{finding.code} {finding.rule}"}}
    places = [*steps, site] if finding.direction == "here" else [site, *steps]
    return {"threadFlows": [{"locations": [{"location": place} for place in places]}]}


def _fix(fix: Fix) -> dict[str, Any]:
    changes = [
        {"artifactLocation": _artifact(path), "replacements": [_replacement(e) for e in edits]}
        for path, edits in groupby(sorted(fix.edits), key=lambda edit: edit.path)
    ]
    title = f"{fix.plan.title} ({fix.plan.applicability.word})"
    return {"description": {"text": _text(title)}, "artifactChanges": changes}


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _place(location: Location) -> dict[str, Any]:
    region = _region(location.span)
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(location.path),
            "region": region,
        }
    }


def _artifact(path: str) -> dict[str, str]:
    found = uri(path)
    return {"uri": found} if ":" in found.partition("/")[0] else {"uri": found, "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column + 1,
        "endLine": span.end_line,
        "endColumn": span.end_column + 1,
    }
