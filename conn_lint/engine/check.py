"""A run over one project: what it knows, what is wrong, and what of it is to be reported."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from conn_lint.deploy.defects import with_codes
from conn_lint.engine.analyse import Wants, analyse, name_below
from conn_lint.engine.baseline import Matched, View, match
from conn_lint.engine.discover import Found, Listing, Role, discover, judge
from conn_lint.engine.inputs import Inputs, read_inputs
from conn_lint.engine.phase_one import Progress, silent
from conn_lint.engine.result import Result, Trouble
from conn_lint.engine.roots import Roots
from conn_lint.engine.select import Selection
from conn_lint.engine.suppress import is_suppressed
from conn_lint.engine.surroundings import surroundings
from conn_lint.engine.unused import find_unused
from conn_lint.engine.within import News, Within, new_ones
from conn_lint.model.baseline import Baseline
from conn_lint.model.budget import Budget
from conn_lint.model.changes import Changes
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.location import Location
from conn_lint.model.settings import Settings
from conn_lint.rules.cannot_analyse import CannotAnalyse


class Outcome(msgspec.Struct, frozen=True):
    """What a run reports: paths in it are relative to `root`.

    `files` were reported on, `documents` are the settings files at or below the given paths, `read` is how many files
    were known; of their `lines` so many were `parsed`.
    `unreported` are given files on which nothing is ever reported. `nested` are the roots of other
    projects below the given paths. Comments in the code silenced `suppressed` findings. `connections`
    are there where they were asked for. `found` is all that is wrong in the project, wanted or not;
    `matched` how the findings stand to the baseline.
    """

    root: Path
    findings: tuple[Finding, ...]
    troubles: tuple[Trouble, ...] = ()
    files: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    read: int = 0
    lines: int = 0
    parsed: int = 0
    unreported: tuple[Found, ...] = ()
    nested: tuple[Path, ...] = ()
    suppressed: int = 0
    connections: tuple[Connection, ...] = ()
    found: tuple[Finding, ...] = ()
    matched: Matched = Matched()
    budget: Budget | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to check. `paths` (absolute, resolved) select what is reported, never what is known.

    `overrides` is the content of files that come from standard input. With `isolated` nothing
    beyond each single file is known. `host_decides`: selection, noqa and ignores are left to the
    program that asks (flake8). `draws`: connections are wanted too; `adds_up`: a budget is. What is in the `baseline`
    is not reported. With `changes` only what they cause is.
    """

    paths: tuple[Path, ...]
    overrides: Mapping[Path, bytes] = {}
    isolated: bool = False
    host_decides: bool = False
    draws: bool = False
    baseline: Baseline | None = None
    adds_up: bool = False
    changes: Changes | None = None


def check(
    request: Request, settings: Settings, roots: Roots | None = None, progress: Progress = silent
) -> Outcome:
    """Check paths of one project. Nothing is printed, and no file but the cache is written."""
    roots = roots or Roots()
    within = Within(request.paths, settings.root, request.changes)
    listing = _listing(request, settings, roots, within)
    overrides = {name_below(p, settings.root): data for p, data in request.overrides.items()}
    inputs = read_inputs(listing, settings, overrides)
    if request.adds_up or settings.deployment is not None:
        inputs = msgspec.structs.replace(inputs, around=surroundings(settings.root))
    wants = Wants(request.isolated, request.draws, request.adds_up)
    result = analyse(inputs, settings, progress, wants)
    seen = _Seen(inputs, listing, settings.root)
    news = _news(result, request.changes, settings, roots)
    shown = functools.partial(within.shown, news=news, steps=not request.host_decides)
    matched, suppressed = _wanted(result, settings, shown, request, seen, within)
    known = (*matched.new, *matched.known)
    linked = [Found(f.path, Role.LINKED, f.why) for f in inputs.files.values() if not f.is_reported]
    return Outcome(
        root=settings.root,
        findings=matched.new,
        troubles=result.troubles,
        files=tuple(path for path in inputs.reported() if within.holds(path)),
        documents=tuple(path for path in sorted(inputs.documents) if within.holds(path)),
        read=len(inputs.files),
        lines=result.lines,
        parsed=result.parsed,
        unreported=tuple(found for found in linked if within.names(found.path)),
        nested=tuple(r for r in listing.nested if within.holds(name_below(r, settings.root))),
        suppressed=suppressed,
        connections=tuple(_with_codes(result.connections, known, within)),
        found=result.findings,
        matched=matched,
        budget=None if result.budget is None else with_codes(result.budget, known),
    )


def _with_codes(
    connections: Iterable[Connection], findings: Iterable[Finding], within: Within
) -> Iterator[Connection]:
    """The connections below the given paths, each with the codes of the findings that rest on it."""
    codes: dict[Location, set[str]] = defaultdict(set)
    for finding in findings:
        for place in (finding.location, *(step.location for step in finding.chain)):
            codes[place].add(finding.code)
    for connection in connections:
        if within.holds(connection.location.path):
            found = tuple(sorted(codes[connection.location]))
            yield msgspec.structs.replace(connection, codes=found)


def _listing(request: Request, settings: Settings, roots: Roots, within: Within) -> Listing:
    explicit = [path for path in request.paths if path in request.overrides or path.is_file()]
    if not request.isolated:
        return discover(settings, roots, explicit)
    if len(explicit) == len(request.paths):
        names = sorted({name_below(path, settings.root) for path in explicit})
        return Listing(tuple(judge(name, settings) for name in names), ())
    listing = discover(settings, roots, explicit)
    return Listing(tuple(f for f in listing.files if within.holds(f.path)), listing.nested)


def _news(result: Result, changes: Changes | None, settings: Settings, roots: Roots) -> News:
    """The findings that were not there before the changes: what they cause on lines that did not change.

    A release that was deleted leaves no changed line, and what a changed setting means shows elsewhere.
    """
    if changes is None:
        return frozenset()
    before = {p: data for p, data in changes.before.items() if p.is_relative_to(settings.root)}
    if not before:
        return frozenset()
    gone = tuple(path for path in before if not path.exists())
    request = Request(paths=(settings.root, *gone), overrides=before, host_decides=True)
    old = check(request, settings, roots)
    return frozenset() if old.troubles else new_ones(old.found, result.findings)


def _wanted(
    result: Result,
    settings: Settings,
    shown: Callable[[Finding], Finding | None],
    request: Request,
    seen: _Seen,
    within: Within,
) -> tuple[Matched, int]:
    """The findings to report, as severe as the user wants, held against the baseline; how many comments silenced."""
    selection = Selection(settings)
    wanted: list[Finding] = []
    aside: list[Finding] = []  # what the host will silence needs no place in the baseline
    suppressed = 0
    for finding in result.findings:
        if not request.host_decides and not selection.keeps(finding):
            continue
        comments = result.comments.get(finding.location.path)
        noqa = settings.noqa and not request.host_decides
        if comments is None:
            wanted.append(finding)
        elif is_suppressed(finding, comments, noqa=noqa):
            suppressed += shown(finding) is not None
        else:
            by_host = request.host_decides and is_suppressed(finding, comments)
            (aside if by_host else wanted).append(finding)
    if not request.host_decides:
        wanted += find_unused(result, selection.wants, seen.read, noqa=settings.noqa)
    severities = dict(settings.severity)
    wanted, aside = ([_graded(f, severities) for f in found] for found in (wanted, aside))
    wanted.sort(key=Finding.sort_key)
    aside = list(filter(None, map(shown, aside)))
    matched = _matched(wanted, result, settings, shown, request, selection, seen, within)
    found = sorted((*matched.new, *aside), key=Finding.sort_key)
    return msgspec.structs.replace(matched, new=tuple(found)), suppressed


def _graded(finding: Finding, severities: Mapping[str, Severity]) -> Finding:
    severity = severities.get(finding.code, finding.severity)
    return msgspec.structs.replace(finding, severity=severity)


def _matched(
    findings: list[Finding],
    result: Result,
    settings: Settings,
    shown: Callable[[Finding], Finding | None],
    request: Request,
    selection: Selection,
    seen: _Seen,
    within: Within,
) -> Matched:
    if request.baseline is None:
        return Matched(tuple(filter(None, map(shown, findings))))
    failed = {f.location.path for f in result.findings if f.code == CannotAnalyse.code}

    def judges(path: str, code: str) -> bool:
        """Whatever is wrong there by this rule was found, and is wanted."""
        sure = not result.troubles and (path not in failed or code == CannotAnalyse.code)
        return sure and (request.host_decides or selection.wants(path, code))

    view = View(
        root=settings.root, owns=seen.owns, reports=within.holds, judges=judges, shown=shown
    )
    return match(findings, request.baseline, view, by_reach=settings.baseline_reach)


class _Seen:
    """The files of a project, as a run has seen them."""

    def __init__(self, inputs: Inputs, listing: Listing, root: Path) -> None:
        self.read = inputs.bytes_of
        self._nested = tuple(f"{name_below(nested, root)}/" for nested in listing.nested)

    def owns(self, name: str) -> bool:
        """It does not lie in a project within this one."""
        return not name.startswith(self._nested)
