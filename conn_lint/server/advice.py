"""What an editor is told of the findings in a file: diagnostics, documentation, and what can be done."""

from __future__ import annotations

import inspect
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from lsprotocol import types

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, Edit
from conn_lint.report.base import rule_url
from conn_lint.report.escape import markdown_line, one_line
from conn_lint.rules import ALL_RULES
from conn_lint.rules.base import Rule
from conn_lint.rules.unused_suppression import UnusedSuppression
from conn_lint.server.places import Text, endings, is_within, overlaps
from conn_lint.server.worker import Shown

SOURCE = "conn-lint"
FIX_ALL = "conn-lint.fixAll"
FIX_ALL_KIND = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}
_WARNINGS = {Applicability.SAFE: "", Applicability.UNSAFE: " (unsafe: read what it changes)"}


class Files(Protocol):
    """The files of the editor and of the disk, by absolute path."""

    def text(self, path: str) -> Text:
        """The text of a file, an empty one where it cannot be read."""

    def uri(self, path: str) -> str:
        """The address of a file, as the editor has it if it is open there."""


def diagnostic(finding: Finding, files: Files) -> types.Diagnostic:
    """One finding, with the calls that lead to it as related places."""
    text = files.text(finding.location.path)
    related = [
        types.DiagnosticRelatedInformation(_place(step, files), one_line(_words(step)))
        for step in finding.chain
    ]
    unused = finding.code == UnusedSuppression.code
    return types.Diagnostic(
        range=text.range(finding.location.span),
        message=one_line(finding.message),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(rule_url(finding.code, finding.rule)),
        source=SOURCE,
        related_information=related,
        tags=[types.DiagnosticTag.Unnecessary] if unused else None,
    )


def hover(
    place: types.Position, path: str, found: Sequence[Shown], files: Files
) -> types.Hover | None:
    """The page of the rule that found something there, or that a comment names there; and why it did."""
    text = files.text(path)
    here = [s.finding for s in found if is_within(place, text.range(s.finding.location.span))]
    word = text.word(place)
    rules = {finding.code for finding in here}
    if not here:
        rules = {rule.code for rule in ALL_RULES if word in (rule.code, rule.name)}
    pages = [_page(rule, here, files) for rule in ALL_RULES if rule.code in rules]
    if not pages:
        return None
    value = "\n\n---\n\n".join(pages)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, value))


def _page(rule: Rule, here: Iterable[Finding], files: Files) -> str:
    link = rule_url(rule.code, rule.name)
    parts = [f"**[{rule.code} {rule.name}]({link})**"]
    for finding in here:
        if finding.code == rule.code and finding.chain:
            parts.append("Why:")
            parts.append("\n".join(_why(step, files) for step in finding.chain))
    return "\n\n".join([*parts, inspect.cleandoc(rule.__doc__ or "")])


def _why(step: Step, files: Files) -> str:
    """A step as an item of a list, with a link to its line."""
    place = _place(step, files)
    name = step.location.path.rpartition("/")[2]
    line = step.location.span.line
    return f"1. [{markdown_line(name)}:{line}]({_target(place.uri)}#L{line}) {markdown_line(_words(step))}"


def _target(uri: str) -> str:
    """An address that ends no link of Markdown before its end."""
    return urllib.parse.quote(uri, safe="%/:@?#&=+$,;!*'~")


def _words(step: Step) -> str:
    return f"{step.function}: {step.note}" if step.note else step.function


def _place(step: Step, files: Files) -> types.Location:
    path = step.location.path
    return types.Location(files.uri(path), files.text(path).range(step.location.span))


def actions(
    where: types.Range, uri: str, found: Sequence[Shown], files: Files, *, shows_disabled: bool
) -> Iterator[types.CodeAction]:
    """What can be done about the findings at a place, those that are trusted most first."""
    here = [
        s
        for s in found
        if overlaps(where, files.text(s.finding.location.path).range(s.finding.location.span))
    ]
    for shown in sorted(here, key=lambda s: -_level(s)):
        plan = shown.finding.plan
        if plan is None:
            continue
        known = [diagnostic(shown.finding, files)]
        title = one_line(f"{shown.finding.code}: {plan.title}")
        kind = types.CodeActionKind.QuickFix
        if shown.edits and plan.applicability is not Applicability.DISPLAY_ONLY:
            yield types.CodeAction(
                title=f"{title}{_WARNINGS[plan.applicability]}",
                kind=kind,
                diagnostics=known,
                is_preferred=plan.applicability is Applicability.SAFE,
                edit=workspace_edit(shown.edits, files),
            )
        elif shows_disabled:
            reason = shown.reason or "for its author to decide: it is shown, and never applied"
            yield types.CodeAction(
                title=title,
                kind=kind,
                diagnostics=known,
                disabled=types.CodeActionDisabled(one_line(reason)),
            )
    yield from _noqa_actions(here, files)
    for level, title in (
        (Applicability.SAFE, "Apply all safe fixes in this file"),
        (Applicability.UNSAFE, "Apply all fixes in this file, the unsafe ones too"),
    ):
        if here and any(s.edits and _level(s) is level for s in found):
            yield types.CodeAction(
                title=f"conn-lint: {title}",
                kind=types.CodeActionKind.QuickFix,
                command=types.Command(title, FIX_ALL, arguments=[uri, level.word]),
            )


def _level(shown: Shown) -> Applicability:
    plan = shown.finding.plan
    return plan.applicability if plan is not None else Applicability.DISPLAY_ONLY


def _noqa_actions(here: Sequence[Shown], files: Files) -> Iterator[types.CodeAction]:
    """A comment for each rule that silences its findings there."""
    from conn_lint.engine.silence import NOT_FOR, noqa_edits  # noqa: PLC0415 - brings LibCST

    by_code: dict[str, list[Finding]] = defaultdict(list)
    for shown in here:
        if shown.finding.code not in NOT_FOR:
            by_code[shown.finding.code].append(shown.finding)
    for code, findings in by_code.items():
        path = findings[0].location.path
        source = "".join(line.rstrip("\r\n") + "\n" for line in files.text(path).lines)
        yield types.CodeAction(
            title=f"Silence {code} here (# noqa)",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(finding, files) for finding in findings],
            edit=workspace_edit(noqa_edits(path, source, findings), files),
        )


def workspace_edit(edits: Iterable[Edit], files: Files) -> types.WorkspaceEdit:
    """Edits of one or several files."""
    found: dict[str, list[types.TextEdit]] = defaultdict(list)
    for edit in sorted(set(edits)):
        text = files.text(edit.path)
        new = edit.text.replace("\n", endings(text.source))
        found[files.uri(edit.path)].append(types.TextEdit(text.range(edit.span), new))
    return types.WorkspaceEdit(changes=dict(found))
