"""Applies fixes in memory, pass by pass, and takes back what does not hold up when it is checked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from conn_lint.engine.analyse import trouble
from conn_lint.engine.check import Outcome
from conn_lint.fixes.apply import apply_edits, overlap, problem
from conn_lint.fixes.entries import documents_of, problem_in
from conn_lint.fixes.parsed import Files, RenderError
from conn_lint.fixes.render import render
from conn_lint.fixes.suppression import KIND as REMOVE_SUPPRESSION
from conn_lint.fixes.suppression import given_up
from conn_lint.fixes.unused import without_unused
from conn_lint.model.finding import Finding
from conn_lint.model.fix import Applicability, Edit, Fix
from conn_lint.rules.client_per_request import ClientPerRequest
from conn_lint.rules.connect_in_loop import ConnectInLoop
from conn_lint.rules.not_released_on_error import NotReleasedOnError
from conn_lint.rules.pool_waits_forever import PoolWaitsForever
from conn_lint.rules.pooled_connection_closed import PooledConnectionClosed
from conn_lint.rules.serverless_pool import ServerlessPool
from conn_lint.rules.stale_connections import StaleConnections
from conn_lint.rules.unused_suppression import UnusedSuppression
from conn_lint.syntax.deep import run_deep
from conn_lint.syntax.source import SourceError

_PASSES = 10
_TRIALS = 60  # analyses of one run, at most

# Of two defects at one place the nearer is reported: once it is cured, the other one is.
_NEARER = {
    ConnectInLoop.code: ClientPerRequest.code,
    PooledConnectionClosed.code: NotReleasedOnError.code,
}
# A pool that a fix has made is set as its library sets it: what is to be said of that is said next.
_OF_POOLS = (PoolWaitsForever.code, ServerlessPool.code, StaleConnections.code)
_MAKE_POOLS = frozenset({"borrow-from-pool", "make-one", "cache-function"})

Contents = dict[str, bytes]
Look = Callable[[Contents], Outcome]
"""The outcome for a project in which these files have other contents than on the disk."""


class Repaired(msgspec.Struct, frozen=True):
    """What one project would be after its fixes: nothing is written yet.

    `before` and `after` are the contents of the files that change, by their paths below the root. `applied` are
    the findings that are cured, `withdrawn` those that are not though they have a plan, `shown` those whose edits are
    for people only. `outcome` is what is left to report.
    """

    outcome: Outcome
    before: Contents
    after: Contents
    applied: tuple[Finding, ...]
    withdrawn: tuple[Withdrawn, ...]
    shown: tuple[Shown, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """What a fix for people only would change, from the files as they are after those that were applied."""

    finding: Finding
    before: Contents
    after: Contents


class Withdrawn(msgspec.Struct, frozen=True):
    """A finding whose fix could not be rendered, or (`applied`) was taken back after a check; with the reason."""

    finding: Finding
    reason: str
    applied: bool


class Rendered(msgspec.Struct, frozen=True):
    """A finding with its fix, or the reason why there is none."""

    finding: Finding
    fix: Fix | None
    reason: str = ""


def repair(
    outcome: Outcome,
    look: Look,
    read: Callable[[str], bytes],
    level: Applicability,
    *,
    shows: bool = False,
) -> Repaired:
    """Apply all fixes that may be trusted at least so far, until nothing applies.

    `outcome` is that of the files as they are, which `read` gives by their paths. `shows`: render those for people too.
    """
    return run_deep(_Repair(outcome, look, read, level).run, shows=shows)


def render_all(findings: Iterable[Finding], read: Callable[[str], bytes]) -> tuple[Rendered, ...]:
    """The edits of each finding that has a plan, each by itself on the files as they are."""
    return run_deep(_render_all, list(findings), Files(read))


def _render_all(findings: Sequence[Finding], files: Files) -> tuple[Rendered, ...]:
    return tuple(_rendered(finding, files) for finding in findings if finding.plan is not None)


def _rendered(finding: Finding, files: Files) -> Rendered:
    assert finding.plan is not None
    try:
        return Rendered(finding, render(finding.plan, files))
    except RenderError as refusal:
        return Rendered(finding, None, str(refusal))
    except Exception as error:  # noqa: BLE001 - one fix must not take the others with it
        return Rendered(finding, None, trouble("a fix", error).message)


class _Repair:
    def __init__(
        self, outcome: Outcome, look: Look, read: Callable[[str], bytes], level: Applicability
    ) -> None:
        self._outcome = outcome
        self._look = look
        self._disk = read
        self._level = level
        self._contents: Contents = {}
        self._before: Contents = {}
        self._applied: list[Finding] = []
        self._withdrawn: dict[tuple[str, ...], Withdrawn] = {}
        self._given = frozenset((*outcome.files, *outcome.documents))
        self._trials = 0

    def run(self, *, shows: bool) -> Repaired:
        passes = 0
        while passes < _PASSES and self._trials < _TRIALS:
            chosen = self._chosen()
            if not chosen:
                break
            if self._try(chosen):
                passes += 1
        after = {path: data for path, data in self._contents.items() if data != self._before[path]}
        before = {path: self._before[path] for path in after}
        withdrawn = tuple(self._withdrawn.values())
        shown = tuple(self._shown()) if shows else ()
        return Repaired(self._outcome, before, after, tuple(self._applied), withdrawn, shown)

    def _shown(self) -> Iterator[Shown]:
        files = Files(self._read)
        for finding in self._outcome.findings:
            if (
                finding.plan is not None
                and finding.plan.applicability is Applicability.DISPLAY_ONLY
            ):
                fix = _rendered(finding, files).fix
                changed, spoiled = self._changed([(finding, fix)] if fix is not None else [])
                if changed and not spoiled:
                    yield Shown(finding, {path: self._contents[path] for path in changed}, changed)

    def _read(self, path: str) -> bytes:
        if path not in self._contents:
            self._contents[path] = self._before[path] = self._disk(path)
        return self._contents[path]

    def _chosen(self) -> list[tuple[Finding, Fix]]:
        """Fixes that do not overlap; what could not be rendered is noted."""
        files = Files(self._read)
        chosen: list[tuple[Finding, Fix]] = []
        for finding in sorted(self._outcome.findings, key=lambda f: (f.code, f.sort_key())):
            plan = finding.plan
            if plan is None or plan.applicability < max(self._level, Applicability.UNSAFE):
                continue
            if self._key(finding) in self._withdrawn:
                continue
            rendered = self._allowed(_rendered(finding, files))
            if rendered.fix is None:
                self._withdraw(finding, rendered.reason, applied=False)
            elif not any(
                overlap(edit, other)
                for _, taken in chosen
                for other in taken.edits
                for edit in rendered.fix.edits
            ):
                chosen.append((finding, rendered.fix))
        return chosen

    def _allowed(self, rendered: Rendered) -> Rendered:
        """Only files that were given are changed."""
        fix = rendered.fix
        changed = {edit.path for edit in fix.edits} if fix is not None else set()
        other = changed - self._given
        if not other:
            return rendered
        as_well = " as well" if changed - other else ""
        reason = f"it would change {min(other)}{as_well}, which was not given"
        return Rendered(rendered.finding, None, reason)

    def _withdraw(self, finding: Finding, reason: str, *, applied: bool = True) -> None:
        self._withdrawn[self._key(finding)] = Withdrawn(finding, reason, applied)

    def _key(self, finding: Finding) -> tuple[str, ...]:
        """What a finding is known by while lines move: its line's text, and how many such there are above."""
        span = finding.location.span
        try:
            data = self._read(finding.location.path)
            lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        except OSError:
            lines = []
        text = lines[span.line - 1].strip() if span.line <= len(lines) else b""
        above = sum(line.strip() == text for line in lines[: span.line - 1])
        return finding.location.path, finding.code, repr(text), str(above)

    def _try(self, chosen: list[tuple[Finding, Fix]]) -> bool:
        """Apply fixes and check again; what is at fault is taken back."""
        changed, spoiled = self._changed(chosen)
        if spoiled:
            for finding, reason in spoiled:
                self._withdraw(finding, reason)
            return False
        self._trials += 1
        outcome = self._look({**self._contents, **changed})
        worse = _worse(self._outcome, outcome, chosen)
        if not worse:
            self._contents.update(changed)
            self._applied.extend(finding for finding, _ in chosen)
            self._outcome = outcome
            # What could not be rendered is tried again: lines have moved, and with them what it is known by.
            self._withdrawn = {k: item for k, item in self._withdrawn.items() if item.applied}
            return True
        suspects = [item for item in chosen if _touches(item, worse)] or chosen
        if len(suspects) == 1:
            finding, _ = suspects[0]
            self._withdraw(finding, next(iter(worse.values())))
            return False
        innocent = [item for item in chosen if item not in suspects]
        return self._try(innocent or suspects[: len(suspects) // 2])

    def _changed(
        self, chosen: Iterable[tuple[Finding, Fix]]
    ) -> tuple[Contents, list[tuple[Finding, str]]]:
        """The new contents; if one does not parse or has lost a comment, the fixes that do this by themselves."""
        chosen = list(chosen)
        fixes = [fix for _, fix in chosen]
        edits = [edit for fix in fixes for edit in fix.edits]
        changed: Contents = {}
        spoiled: list[tuple[Finding, str]] = []
        documents = {p: form for fix in fixes for p, form in documents_of(fix.plan).items()}
        for path in sorted({edit.path for edit in edits}):
            before = self._read(path)
            if path in documents:
                check = _document_check(before, documents[path])
            else:
                check = _code_check(before, given_up(before, fixes, path))
            found = _edited(before, [edit for edit in edits if edit.path == path], check)
            if isinstance(found, bytes):
                is_code = path not in documents
                changed[path] = without_unused(path, before, found) if is_code else found
                continue
            own = [item for item in chosen if any(edit.path == path for edit in item[1].edits)]
            for finding, fix in own:
                alone = _edited(before, [edit for edit in fix.edits if edit.path == path], check)
                if isinstance(alone, str):
                    spoiled.append((finding, alone))
            if not spoiled:
                spoiled = [(own[0][0], found)]
        return changed, spoiled


_Check = Callable[[bytes, int], str]
"""What is wrong with a file after so many edits, "" if nothing is."""


def _code_check(before: bytes, spared: Counter[str]) -> _Check:
    return lambda after, _: problem(before, after, spared)


def _document_check(before: bytes, form: str) -> _Check:
    return lambda after, count: problem_in(before, after, form, count)


def _edited(before: bytes, edits: Sequence[Edit], check: _Check) -> bytes | str:
    """The file after the edits, or what would be wrong with it."""
    try:
        after = apply_edits(before, edits)
    except SourceError as error:
        return error.message
    return check(after, len(set(edits))) or after


def _worse(
    before: Outcome, after: Outcome, chosen: Sequence[tuple[Finding, Fix]]
) -> dict[tuple[str, str], str]:
    """Where there are more findings than the fixes should have left, by path and code, with the reason."""
    if after.troubles:
        return {("", ""): after.troubles[0].message}
    found = _more(before.found, after.found, chosen)
    if any(fix.plan.kind == REMOVE_SUPPRESSION for _, fix in chosen):
        found |= _more(before.findings, after.findings, chosen)  # what a comment has silenced
    return found


def _more(
    before: Iterable[Finding], after: Iterable[Finding], chosen: Iterable[tuple[Finding, Fix]]
) -> dict[tuple[str, str], str]:
    cured = Counter((f.location.path, f.code) for f, _ in chosen)
    allowed = Counter((f.location.path, f.code) for f in before)
    allowed.subtract(cured)
    for (path, code), count in cured.items():
        if code in _NEARER:
            allowed[(path, _NEARER[code])] += count
    for _, fix in chosen:
        for path in {edit.path for edit in fix.edits if fix.plan.kind in _MAKE_POOLS}:
            allowed.update((path, code) for code in _OF_POOLS)
    found: dict[tuple[str, str], str] = {}
    for key, count in Counter((f.location.path, f.code) for f in after).items():
        if count > allowed[key] and key[1] != UnusedSuppression.code:  # that follows, and is next
            path, code = key
            what = "the finding would stay" if key in cured else f"it would bring a {code}"
            found[key] = f"{what} ({path})"
    return found


def _touches(item: tuple[Finding, Fix], worse: Iterable[tuple[str, str]]) -> bool:
    finding, fix = item
    paths = {finding.location.path, *(edit.path for edit in fix.edits)}
    return any(path in paths for path, _ in worse)
