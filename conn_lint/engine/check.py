"""A run over one project: what it knows, what is wrong, and what of it is to be reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from conn_lint.deploy.defects import with_codes
from conn_lint.engine.analyse import Result, Trouble, Wants, analyse, name_below
from conn_lint.engine.baseline import Matched, View, match
from conn_lint.engine.discover import Found, Listing, Role, discover, judge
from conn_lint.engine.inputs import Inputs, read_inputs
from conn_lint.engine.phase_one import Progress, silent
from conn_lint.engine.roots import Roots
from conn_lint.engine.select import Selection
from conn_lint.engine.suppress import is_suppressed
from conn_lint.engine.unused import find_unused
from conn_lint.model.baseline import Baseline
from conn_lint.model.budget import Budget
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.location import Location
from conn_lint.model.settings import Settings
from conn_lint.rules.cannot_analyse import CannotAnalyse


class Outcome(msgspec.Struct, frozen=True):
    """What a run reports: paths in it are relative to `root`.

    `files` were reported on, `read` is how many were known; of their `lines` so many were `parsed`.
    `unreported` are given files on which nothing is ever reported. `nested` are the roots of other
    projects below the given paths. Comments in the code silenced `suppressed` findings. `connections`
    are there where they were asked for. `found` is all that is wrong in the project, wanted or not;
    `matched` how the findings stand to the baseline.
    """

    root: Path
    findings: tuple[Finding, ...]
    troubles: tuple[Trouble, ...] = ()
    files: tuple[str, ...] = ()
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
    is not reported.
    """

    paths: tuple[Path, ...]
    overrides: Mapping[Path, bytes] = {}
    isolated: bool = False
    host_decides: bool = False
    draws: bool = False
    baseline: Baseline | None = None
    adds_up: bool = False


def check(
    request: Request, settings: Settings, roots: Roots | None = None, progress: Progress = silent
) -> Outcome:
    """Check paths of one project. Nothing is printed, and no file but the cache is written."""
    within = _Within(request.paths, settings.root)
    listing = _listing(request, settings, roots or Roots(), within)
    overrides = {name_below(p, settings.root): data for p, data in request.overrides.items()}
    inputs = read_inputs(listing, settings, overrides)
    wants = Wants(request.isolated, request.draws, request.adds_up)
    result = analyse(inputs, settings, progress, wants)
    seen = _Seen(inputs, listing, settings.root)
    matched, suppressed = _wanted(result, settings, within, request, seen)
    known = (*matched.new, *matched.known)
    linked = [Found(f.path, Role.LINKED, f.why) for f in inputs.files.values() if not f.is_reported]
    return Outcome(
        root=settings.root,
        findings=matched.new,
        troubles=result.troubles,
        files=tuple(path for path in inputs.reported() if within.holds(path)),
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
    connections: Iterable[Connection], findings: Iterable[Finding], within: _Within
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


class _Within:
    """Whether a file, by its name below the root, is one of the given paths or below one."""

    def __init__(self, paths: Iterable[Path], root: Path) -> None:
        inside = [path for path in paths if path.is_relative_to(root)]
        self._paths = frozenset(name_below(path, root) for path in inside)
        self._all = "." in self._paths or any(root.is_relative_to(path) for path in paths)

    def names(self, name: str) -> bool:
        """Whether the file itself was given."""
        return name in self._paths

    def holds(self, name: str) -> bool:
        """Whether the file or a folder above it was given."""
        if self._all or name in self._paths:
            return True
        return any(name[:at] in self._paths for at, char in enumerate(name) if char == "/")


def _listing(request: Request, settings: Settings, roots: Roots, within: _Within) -> Listing:
    explicit = [path for path in request.paths if path in request.overrides or path.is_file()]
    if not request.isolated:
        return discover(settings, roots, explicit)
    if len(explicit) == len(request.paths):
        names = sorted({name_below(path, settings.root) for path in explicit})
        return Listing(tuple(judge(name, settings) for name in names), ())
    listing = discover(settings, roots, explicit)
    return Listing(tuple(f for f in listing.files if within.holds(f.path)), listing.nested)


def _wanted(
    result: Result, settings: Settings, within: _Within, request: Request, seen: _Seen
) -> tuple[Matched, int]:
    """The findings to report, as severe as the user wants, held against the baseline; how many comments silenced."""
    selection = Selection(settings)
    wanted: list[Finding] = []
    aside: list[Finding] = []  # what the host will silence needs no place in the baseline
    suppressed = 0
    for finding in result.findings:
        path = finding.location.path
        if not request.host_decides and not selection.keeps(finding):
            continue
        comments = result.comments.get(path)
        noqa = settings.noqa and not request.host_decides
        if comments is None:
            wanted.append(finding)
        elif is_suppressed(finding, comments, noqa=noqa):
            suppressed += within.holds(path)
        else:
            by_host = request.host_decides and is_suppressed(finding, comments)
            (aside if by_host else wanted).append(finding)
    if not request.host_decides:
        wanted += find_unused(result, selection.wants, seen.read, noqa=settings.noqa)
    severities = dict(settings.severity)
    wanted, aside = ([_graded(f, severities) for f in found] for found in (wanted, aside))
    wanted.sort(key=Finding.sort_key)
    aside = [finding for finding in aside if within.holds(finding.location.path)]
    matched = _matched(wanted, result, settings, within, request, selection, seen)
    found = sorted((*matched.new, *aside), key=Finding.sort_key)
    return msgspec.structs.replace(matched, new=tuple(found)), suppressed


def _graded(finding: Finding, severities: Mapping[str, Severity]) -> Finding:
    severity = severities.get(finding.code, finding.severity)
    return msgspec.structs.replace(finding, severity=severity)


def _matched(
    findings: list[Finding],
    result: Result,
    settings: Settings,
    within: _Within,
    request: Request,
    selection: Selection,
    seen: _Seen,
) -> Matched:
    if request.baseline is None:
        return Matched(tuple(f for f in findings if within.holds(f.location.path)))
    failed = {f.location.path for f in result.findings if f.code == CannotAnalyse.code}

    def judges(path: str, code: str) -> bool:
        """Whatever is wrong there by this rule was found, and is wanted."""
        sure = not result.troubles and (path not in failed or code == CannotAnalyse.code)
        return sure and (request.host_decides or selection.wants(path, code))

    view = View(root=settings.root, owns=seen.owns, reports=within.holds, judges=judges)
    return match(findings, request.baseline, view, by_reach=settings.baseline_reach)


class _Seen:
    """The files of a project, as a run has seen them."""

    def __init__(self, inputs: Inputs, listing: Listing, root: Path) -> None:
        self.read = inputs.bytes_of
        self._nested = tuple(f"{name_below(nested, root)}/" for nested in listing.nested)

    def owns(self, name: str) -> bool:
        """It does not lie in a project within this one."""
        return not name.startswith(self._nested)
