"""From the files of a project to everything that is wrong in them, whatever of it the user wants
to see.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from conn_lint import __version__
from conn_lint.engine.cache import FOLDER, Cache, code_version, digest_of
from conn_lint.engine.collector import seldom_collected
from conn_lint.engine.documents import summaries
from conn_lint.engine.identity import identified
from conn_lint.engine.ignore import compile_patterns
from conn_lint.engine.inputs import Inputs
from conn_lint.engine.modules import name_modules
from conn_lint.engine.phase_one import Failure, PhaseOne, Progress
from conn_lint.engine.result import Result, Trouble, keep_result, kept_result
from conn_lint.engine.reuse import record, reused
from conn_lint.engine.suppress import comments_of, is_for_us
from conn_lint.knowledge.load import data_digest, load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import SourceFile
from conn_lint.link.tracing import trace_of
from conn_lint.model.budget import Budget
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding, Step
from conn_lint.model.location import Location, Span
from conn_lint.model.mask import mask
from conn_lint.model.settings import Settings
from conn_lint.model.summary import DocumentSummary, Skeleton
from conn_lint.model.trace import Trace
from conn_lint.rules import ALL_RULES
from conn_lint.rules.base import Rule
from conn_lint.rules.cannot_analyse import CannotAnalyse
from conn_lint.syntax.deep import run_deep

if TYPE_CHECKING:
    from conn_lint.analyze.project import Project


class Wants(msgspec.Struct, frozen=True, array_like=True):
    """What is asked of a run beside its findings: with `isolated` each file is analysed as if it were alone in the
    world; `draws`: the result has connections; `adds_up`: it has a budget.
    """

    isolated: bool = False
    draws: bool = False
    adds_up: bool = False


def analyse(
    inputs: Inputs, settings: Settings, progress: Progress, wants: Wants | None = None
) -> Result:
    """The result of a run, from the cache if exactly these inputs were seen before.

    `wants` says what beside findings it is to have.
    """
    wants = wants or Wants()
    try:
        cache = Cache(_cache_folder(settings))
        base, key = _run_keys(inputs, settings, wants)
        result = kept_result(cache, key)
        if result is None:
            phase_one = PhaseOne(inputs, cache, settings.jobs, progress)
            result = reused(cache, base, key, inputs, phase_one)
            if result is None:
                knowledge = Knowledge(load_builtin(), settings.knowledge)
                run = _Run(inputs, settings, knowledge, cache, phase_one)
                with seldom_collected():
                    result = run_deep(run.result, wants=wants)
                if run.trace is not None and not result.troubles:
                    record(cache, base, key, inputs, run.trace)
            cache.save()
            keep_result(cache, key, result)
    except Exception as error:  # noqa: BLE001 - the fault is ours: say so, other projects go on
        return Result((), {}, (trouble("conn-lint", error),))
    return result


def trouble(where: str, error: Exception) -> Trouble:
    """An internal error in words, with what can be done about it."""
    what = f"{type(error).__name__}: {error}"
    message = f"internal error in {where} ({what}); please report it, --verbose shows where it is"
    return Trouble(mask(message), mask(traceback.format_exc()))


def name_below(path: Path, root: Path) -> str:
    """How a file or folder is called within its project."""
    return path.relative_to(root).as_posix()


class _Run:
    def __init__(
        self,
        inputs: Inputs,
        settings: Settings,
        knowledge: Knowledge,
        cache: Cache,
        phase_one: PhaseOne,
    ) -> None:
        self._inputs = inputs
        self._settings = settings
        self._knowledge = knowledge
        self._cache = cache
        self._phase_one = phase_one
        self._troubles: list[Trouble] = []
        self.trace: Trace | None = None

    def result(self, *, wants: Wants) -> Result:
        skeletons = self._phase_one.skeletons()
        files = _source_files(self._inputs, skeletons, self._settings)
        groups = [{path: file} for path, file in files.items()] if wants.isolated else [files]
        documents = (
            () if wants.isolated else summaries(self._inputs.documents, self._cache.documents)
        )
        findings: list[Finding] = []
        drawn: list[Connection] = []
        budget: Budget | None = None
        for group in groups:
            project = self._project(group, documents)
            if project is not None:
                findings.extend(self._findings(project))
                self.trace = trace_of(project.program) if wants == Wants() else None
                drawn.extend(self._connections(project) if wants.draws else ())
                budget = self._budget(project) if wants.adds_up else None
        failures = self._phase_one.failures.values()
        findings.extend(map(_cannot_analyse, failures))
        self._troubles.extend(
            Trouble(f"{f.path}: {f.message}", f.trace) for f in failures if f.trace
        )
        inputs = self._inputs
        reported = {*inputs.reported(), *inputs.unreadable, *inputs.documents}
        kept = [_masked(finding) for finding in findings if finding.location.path in reported]
        kept.sort(key=Finding.sort_key)
        kept = list(identified(kept, skeletons, inputs.bytes_of))
        found_in = {finding.location.path for finding in kept}
        comments = {
            path: found
            for path in sorted(skeletons.keys() & reported)
            if (found := comments_of(skeletons[path])) is not None
            and (path in found_in or is_for_us(found))
        }
        connections = sorted((c for c in drawn if c.location.path in reported), key=_place)
        return Result(
            findings=tuple(kept),
            comments=comments,
            troubles=tuple(self._troubles),
            connections=tuple(connections),
            budget=budget,
            lines=sum(skeleton.lines for skeleton in skeletons.values()),
            parsed=self._phase_one.parsed_lines,
        )

    def _project(
        self, files: Mapping[str, SourceFile], documents: tuple[DocumentSummary, ...]
    ) -> Project | None:
        from conn_lint.analyze import program  # noqa: PLC0415 - a result from the cache needs none of it

        one, knowledge, around = self._phase_one, self._knowledge, self._inputs.around
        try:
            return program.analyze_program(
                files,
                one.load,
                one.text,
                knowledge,
                documents=documents,
                above=summaries(around.documents, self._cache.documents),
                below=around.below,
                settings=self._settings,
            )
        except Exception as error:  # noqa: BLE001 - what phase one found is still reported
            self._troubles.append(trouble("the analysis", error))
            return None

    def _findings(self, project: Project) -> Iterator[Finding]:
        for rule in ALL_RULES:
            yield from self._checked(rule, project)

    def _checked(self, rule: Rule, project: Project) -> Iterable[Finding]:
        try:
            return list(rule.check(project))
        except Exception as error:  # noqa: BLE001 - one rule must not take the others with it
            self._troubles.append(trouble(f"the rule {rule.name}", error))
            return ()

    def _budget(self, project: Project) -> Budget | None:
        try:
            return project.budget()
        except Exception as error:  # noqa: BLE001 - the findings are still reported
            self._troubles.append(trouble("the budget", error))
            return None

    def _connections(self, project: Project) -> Iterable[Connection]:
        try:
            return list(map(_masked_connection, project.connections()))
        except Exception as error:  # noqa: BLE001 - the findings are still reported
            self._troubles.append(trouble("the connections", error))
            return ()


def _place(connection: Connection) -> tuple[Location, str]:
    return connection.location, connection.call


def _cache_folder(settings: Settings) -> Path | None:
    if not settings.use_cache:
        return None
    return settings.cache_dir or settings.root / FOLDER


def _run_keys(inputs: Inputs, settings: Settings, wants: Wants) -> tuple[str, str]:
    """Digests of everything that a result depends on, but for the bytes of Python files, and of all.

    Selection is not among it, nor where the project lies.
    """
    parts = (
        settings.kind,
        settings.max_pool_size,
        settings.deployment,
        settings.strict,
        settings.versions,
        settings.knowledge,
        sorted(os.fsencode(name_below(s, settings.root)) for s in settings.source_roots),
        sorted(map(os.fsencode, inputs.started_from)),
        [(os.fsencode(f.path), f.is_reported) for f in inputs.files.values()],
        sorted((os.fsencode(path), why) for path, why in inputs.unreadable.items()),
        sorted((os.fsencode(d.path), d.digest, d.problem) for d in inputs.documents.values()),
        sorted(
            (os.fsencode(d.path), d.digest, d.problem) for d in inputs.around.documents.values()
        ),
        os.fsencode(inputs.around.below),
        wants,
    )
    versions = f"{__version__} {code_version()} {data_digest()}"
    base = digest_of(versions.encode(), msgspec.msgpack.encode(parts))
    return base.hex(), digest_of(base, *(file.digest for file in inputs.files.values())).hex()


def _source_files(
    inputs: Inputs, skeletons: Mapping[str, Skeleton], settings: Settings
) -> dict[str, SourceFile]:
    sources = [name_below(source, settings.root) for source in settings.source_roots]
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


def _cannot_analyse(failure: Failure) -> Finding:
    return Finding(
        code=CannotAnalyse.code,
        rule=CannotAnalyse.name,
        message=failure.message,
        location=Location(failure.path, Span(failure.line, 0, failure.line, 0)),
        severity=CannotAnalyse.severity,
        statement=(failure.line, failure.line),
    )


def _masked(finding: Finding) -> Finding:
    chain = _masked_steps(finding.chain)
    return msgspec.structs.replace(finding, message=mask(finding.message), chain=chain)


def _masked_connection(connection: Connection) -> Connection:
    ways = tuple(
        msgspec.structs.replace(way, label=mask(way.label), steps=_masked_steps(way.steps))
        for way in connection.ways
    )
    return msgspec.structs.replace(connection, call=mask(connection.call), ways=ways)


def _masked_steps(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(msgspec.structs.replace(step, note=mask(step.note)) for step in steps)
