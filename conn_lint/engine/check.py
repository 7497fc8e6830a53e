"""A run over one project: files, skeletons, analysis, rules, and what of it the user wants to see."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from conn_lint import __version__
from conn_lint.analyze.program import analyze_program
from conn_lint.engine.cache import FOLDER, Cache, code_version, digest_of
from conn_lint.engine.discover import Found, Listing, Role, discover, judge
from conn_lint.engine.ignore import compile_patterns
from conn_lint.engine.inputs import Inputs, read_inputs
from conn_lint.engine.modules import name_modules
from conn_lint.engine.phase_one import Failure, PhaseOne, Progress, silent
from conn_lint.engine.roots import Roots
from conn_lint.engine.select import CANNOT_ANALYSE, Selection
from conn_lint.engine.suppress import Comments, comments_of, is_suppressed
from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import SourceFile
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.location import Location, Span
from conn_lint.model.mask import mask
from conn_lint.model.settings import Settings
from conn_lint.model.summary import Skeleton
from conn_lint.rules import ALL_RULES
from conn_lint.syntax.deep import run_deep


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong in conn-lint itself; `trace` is for --verbose."""

    message: str
    trace: str = ""


class Result(msgspec.Struct, frozen=True):
    """What a run found out, before the user's selection: cached under the digest of all its inputs."""

    findings: tuple[Finding, ...]
    comments: dict[str, Comments]
    troubles: tuple[Trouble, ...]
    parsed: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What a run reports. `files` is how many files were reported on, `read` how many were known.

    `unreported` are the given files on which nothing is ever reported, with the reason. `nested` are roots of
    other projects below the given paths. `passed` counts findings by code that comments silenced.
    """

    root: Path
    findings: tuple[Finding, ...]
    troubles: tuple[Trouble, ...] = ()
    files: tuple[str, ...] = ()
    read: int = 0
    unreported: tuple[Found, ...] = ()
    nested: tuple[Path, ...] = ()
    suppressed: int = 0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to check: `paths` (absolute, resolved) select what is reported, never what is known.

    `overrides` gives the content of files by path, for standard input. With `isolated` nothing is known but the
    given files, each with the others. `host_decides`: selection, noqa and ignores are left to the host (flake8).
    """

    paths: tuple[Path, ...]
    overrides: Mapping[Path, bytes] = {}
    isolated: bool = False
    host_decides: bool = False


def check(
    request: Request, settings: Settings, roots: Roots | None = None, progress: Progress = silent
) -> Outcome:
    """Check the paths of one project. Nothing is printed, no file but the cache is written."""
    listing = _listing(request, settings, roots or Roots())
    overrides = {_name(path, settings): data for path, data in request.overrides.items()}
    inputs = read_inputs(listing, settings, overrides)
    result = _result(inputs, settings, progress)
    within = _Within(request.paths, settings)
    kept, suppressed = _wanted(result, inputs, settings, within, request)
    return Outcome(
        root=settings.root,
        findings=kept,
        troubles=result.troubles,
        files=tuple(path for path in inputs.reported() if within.holds(path)),
        read=len(inputs.files),
        unreported=tuple(
            f for f in listing.files if f.role is not Role.REPORTED and within.names(f.path)
        ),
        nested=tuple(root for root in listing.nested if within.holds(_name(root, settings))),
        suppressed=suppressed,
    )


def _listing(request: Request, settings: Settings, roots: Roots) -> Listing:
    explicit = [path for path in request.paths if path in request.overrides or path.is_file()]
    if not request.isolated:
        return discover(settings, roots, explicit)
    files = tuple(judge(_name(path, settings), settings) for path in sorted(explicit))
    return Listing(files, ())


def _name(path: Path, settings: Settings) -> str:
    return path.relative_to(settings.root).as_posix()


class _Within:
    """Whether a file, by its name below the root, is one of the given paths or below one."""

    def __init__(self, paths: Iterable[Path], settings: Settings) -> None:
        self._paths = frozenset(
            _name(path, settings) for path in paths if path.is_relative_to(settings.root)
        )
        self._all = "." in self._paths or any(settings.root.is_relative_to(path) for path in paths)

    def names(self, name: str) -> bool:
        return name in self._paths

    def holds(self, name: str) -> bool:
        if self._all or name in self._paths:
            return True
        return any(name[:at] in self._paths for at, char in enumerate(name) if char == "/")


def _result(inputs: Inputs, settings: Settings, progress: Progress) -> Result:
    """The run's result: from the cache if exactly these inputs were seen before."""
    knowledge = Knowledge(load_builtin(), settings.knowledge)
    cache = Cache(_cache_folder(settings))
    key = _run_key(inputs, settings, knowledge)
    found = cache.results.get(key)
    if found is not None:
        try:
            return msgspec.msgpack.decode(found, type=Result)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    result = run_deep(lambda: _analyse(inputs, settings, knowledge, cache, progress))
    cache.save()
    if not result.troubles:
        cache.results.put(key, msgspec.msgpack.encode(result))
    return result


def _cache_folder(settings: Settings) -> Path | None:
    if not settings.use_cache:
        return None
    return settings.cache_dir or settings.root / FOLDER


def _run_key(inputs: Inputs, settings: Settings, knowledge: Knowledge) -> str:
    """A digest of everything that a result depends on; selection is not among it, nor where the project lies."""
    choices = (
        settings.kind,
        settings.max_pool_size,
        settings.versions,
        sorted(inputs.started_from),
    )
    sources = sorted(_name(source, settings) for source in settings.source_roots)
    files = [(file.path, file.digest, file.is_reported) for file in inputs.files.values()]
    parts = (choices, sources, files, sorted(inputs.unreadable.items()))
    data = msgspec.msgpack.encode(parts)
    versions = f"{__version__} {code_version()} {knowledge.digest()}"
    return digest_of(versions.encode(), data).hex()


def _analyse(
    inputs: Inputs, settings: Settings, knowledge: Knowledge, cache: Cache, progress: Progress
) -> Result:
    phase_one = PhaseOne(inputs, cache, settings.jobs, progress)
    skeletons = phase_one.skeletons()
    files = _source_files(inputs, skeletons, settings)
    findings: list[Finding] = []
    troubles: list[Trouble] = []
    try:
        project = analyze_program(files, phase_one.load, knowledge)
    except Exception as error:  # noqa: BLE001 - the fault is ours: say so, and report what is known
        troubles.append(_trouble("the analysis", error))
    else:
        for rule in ALL_RULES:
            try:
                findings.extend(rule.check(project))
            except Exception as error:  # noqa: BLE001 - one rule must not take the others with it
                troubles.append(_trouble(f"the rule {rule.name}", error))
    findings.extend(_cannot_analyse(phase_one.failures.values()))
    troubles.extend(
        Trouble(f"{f.path}: {f.message}", f.trace) for f in phase_one.failures.values() if f.trace
    )
    reported = frozenset(inputs.reported()) | frozenset(inputs.unreadable)
    kept = sorted(map(_masked, findings), key=Finding.sort_key)
    kept = [finding for finding in kept if finding.location.path in reported]
    comments = {
        path: found
        for path in {f.location.path for f in kept} & skeletons.keys()
        if (found := comments_of(skeletons[path])) is not None
    }
    return Result(tuple(kept), comments, tuple(troubles), phase_one.parsed)


def _source_files(
    inputs: Inputs, skeletons: Mapping[str, Skeleton], settings: Settings
) -> dict[str, SourceFile]:
    sources = [_name(source, settings) for source in settings.source_roots]
    modules = name_modules(skeletons, inputs.started_from, ["" if s == "." else s for s in sources])
    kinds = [(compile_patterns([pattern]), kind) for pattern, kind in settings.kind]
    return {
        path: SourceFile(
            path=path,
            module=modules[path].name,
            root=modules[path].root,
            is_package=modules[path].is_package,
            is_test=not inputs.files[path].is_reported,
            is_stub=path.endswith(".pyi"),
            kind=next((kind for spec, kind in kinds if spec.match_file(path)), "auto"),
            skeleton=skeletons[path],
        )
        for path in sorted(skeletons)
    }


def _trouble(where: str, error: Exception) -> Trouble:
    what = f"{type(error).__name__}: {error}"
    message = f"internal error in {where} ({what}); please report it, --verbose shows where"
    return Trouble(mask(message), mask(traceback.format_exc()))


def _cannot_analyse(failures: Iterable[Failure]) -> Iterator[Finding]:
    code, name = CANNOT_ANALYSE
    for failure in failures:
        at = Location(failure.path, Span(failure.line, 0, failure.line, 0))
        yield Finding(
            code,
            name,
            failure.message,
            at,
            Severity.WARNING,
            statement=(failure.line, failure.line),
        )


def _masked(finding: Finding) -> Finding:
    chain = tuple(msgspec.structs.replace(step, note=mask(step.note)) for step in finding.chain)
    return msgspec.structs.replace(finding, message=mask(finding.message), chain=chain)


def _wanted(
    result: Result, inputs: Inputs, settings: Settings, within: _Within, request: Request
) -> tuple[tuple[Finding, ...], int]:
    """The findings to report, with the severity the user gives them, and how many comments silenced."""
    selection = Selection(settings)
    severities = dict(settings.severity)
    kept: list[Finding] = []
    suppressed = 0
    for finding in result.findings:
        if not within.holds(finding.location.path):
            continue
        if not request.host_decides and not selection.keeps(finding):
            continue
        comments = result.comments.get(finding.location.path)
        noqa = settings.noqa and not request.host_decides
        if comments is not None and settings.noqa and is_suppressed(finding, comments, noqa=noqa):
            suppressed += 1
            continue
        severity = severities.get(finding.code, finding.severity)
        kept.append(msgspec.structs.replace(finding, severity=severity))
    return tuple(kept), suppressed
