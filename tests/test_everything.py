"""Reading only what can matter loses nothing: a run for which every unit matters finds the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packages import PACKAGES, copy_of
from test_fixtures import FOLDERS, PROJECTS, RULES

from conn_lint.analyze import program
from conn_lint.analyze.analysis import Analysis
from conn_lint.analyze.program import analyze_program
from conn_lint.analyze.project import Project
from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine import phase_one
from conn_lint.engine.jobs import UnitJob
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import LoadUnits, SourceFile, TextOf
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding
from conn_lint.model.settings import Settings
from conn_lint.model.summary import DocumentSummary, UnitSummary


def forced(
    files: Mapping[str, SourceFile],
    load: LoadUnits,
    text: TextOf,
    knowledge: Knowledge,
    *,
    documents: tuple[DocumentSummary, ...] = (),
    above: tuple[DocumentSummary, ...] = (),
    below: str = "",
    settings: Settings | None = None,
) -> Project:
    """Phase two where nothing is left out: all units are read, and all are solved in each round."""
    made = Analysis(files, load, text, knowledge, documents, everything=True)
    made.above, made.below = above, below
    made.program.load(
        (path, number) for path, file in files.items() for number in range(len(file.skeleton.units))
    )
    return Project(made, made.run(), settings)


Lowered = tuple[bytes, UnitSummary]
Found = tuple[list[tuple[str, Finding]], list[tuple[str, Connection]]]


class Runs:
    """Checks paths on demand and by force, and counts the units that both parse."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.parsed = {True: 0, False: 0}

    def found(self, path: Path, *, isolated: bool = False, everything: bool) -> Found:
        """All findings with their chains, and all connections as they are drawn."""

        def count(phase: phase_one.PhaseOne, missing: list[UnitJob]) -> Iterator[Lowered]:
            self.parsed[everything] += len(missing)
            return lower(phase, missing)

        lower = phase_one.PhaseOne._lowered
        with self._patch.context() as patch:
            patch.setattr(program, "analyze_program", forced if everything else analyze_program)
            patch.setattr(phase_one.PhaseOne, "_lowered", count)
            flags = Flags(options=parse_options({"jobs": 1}, "test"), use_cache=False, noqa=False)
            run = check_projects(
                Job(paths=(str(path),), isolated_files=isolated, draws=True), flags
            )
        assert run.problems == ()
        assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
        return (
            [(str(o.root), finding) for _, o in run.checked for finding in o.findings],
            [(str(o.root), drawn) for _, o in run.checked for drawn in o.connections],
        )


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_single_files(runs: Runs) -> None:
    on_demand = runs.found(RULES, isolated=True, everything=False)
    assert len(on_demand[0]) > 300
    assert runs.found(RULES, isolated=True, everything=True) == on_demand
    assert runs.parsed[True] > runs.parsed[False]


def test_projects(runs: Runs) -> None:
    on_demand = runs.found(PROJECTS, everything=False)
    assert len({root for root, _ in on_demand[0]}) > len(FOLDERS) / 2
    assert runs.found(PROJECTS, everything=True) == on_demand
    assert runs.parsed[True] > runs.parsed[False]


def test_all_single_files_as_one_program(runs: Runs, tmp_path: Path) -> None:
    """Words of one file are the words of all: what one opens, another may open by the same name."""
    for path in RULES.glob("*/*.py"):
        (tmp_path / f"{path.parent.name}_{path.name}").write_bytes(path.read_bytes())
    on_demand = runs.found(tmp_path, everything=False)
    assert len(on_demand[0]) > 200
    assert runs.found(tmp_path, everything=True) == on_demand


@pytest.mark.parametrize("package", PACKAGES)
def test_real_packages(package: str, runs: Runs, tmp_path: Path) -> None:
    root = copy_of(package, tmp_path / "repository")
    on_demand = runs.found(root, everything=False)
    assert {finding.code for _, finding in on_demand[0]} > {"CNX201"}
    assert runs.found(root, everything=True) == on_demand
    assert runs.parsed[True] > 1.2 * runs.parsed[False]
