"""An array of objects, for programs. Lines and columns count from 1; notes are always in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conn_lint.model.finding import Finding, Step
from conn_lint.model.fingerprint import key_of
from conn_lint.model.fix import Applicability, Edit
from conn_lint.report.base import Report, rule_url
from conn_lint.report.escape import json_text


def render_json(report: Report) -> Iterator[str]:
    """The whole report. Only ASCII is written, so that no encoding of a terminal or a pipe can
    fail.
    """
    listed = report.listed()
    found = [
        {**finding_object(finding, report), "fingerprint": key_of(finding).digest()}
        for finding in report.findings
        if finding in listed
    ]
    yield json_text(found)


def finding_object(finding: Finding, report: Report) -> dict[str, Any]:
    """One finding, as programs read it."""
    span = finding.location.span
    return {
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "message": finding.message,
        "path": finding.location.path,
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
        "because": _because(finding),
        "chain": [step_object(step) for step in finding.chain],
        "fix": _fix(finding, report),
        "url": rule_url(finding.code, finding.rule),
    }


def _because(finding: Finding) -> dict[str, Any] | None:
    because = finding.because
    return {"path": because.path, "line": because.span.line} if because is not None else None


def step_object(step: Step) -> dict[str, Any]:
    """One link of a chain, as programs read it."""
    return {
        "path": step.location.path,
        "line": step.location.span.line,
        "function": step.function,
        "note": step.note,
    }


def _fix(finding: Finding, report: Report) -> dict[str, Any] | None:
    """What a fix would do; its edits too where they were asked for, or the reason why it cannot be made here."""
    plan = finding.plan
    if plan is None:
        return None
    found: dict[str, Any] = {"title": plan.title, "applicability": plan.applicability.word}
    if finding in report.fixes:
        fix, reason = report.fixes[finding]
        found["edits"] = [_edit(edit) for edit in fix.edits] if fix is not None else []
        if fix is None:
            found["applicability"] = Applicability.DISPLAY_ONLY.word
            found["reason"] = reason
    return found


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "path": edit.path,
        "line": edit.span.line,
        "column": edit.span.column + 1,
        "end_line": edit.span.end_line,
        "end_column": edit.span.end_column + 1,
        "text": edit.text,
    }
