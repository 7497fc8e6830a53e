"""Runs conn-lint on the fixtures and demands exactly the findings that their comments announce."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import Expected, read_expectations
from projects import command

from conn_lint.config.projects import Job, check_projects, relocate
from conn_lint.config.resolve import Flags
from conn_lint.engine.roots import Roots
from conn_lint.model.finding import Finding
from conn_lint.report.base import line

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES = FIXTURES / "rules"
PROJECTS = FIXTURES / "projects"
SINGLE = sorted(RULES.glob("*/*.py"))
FOLDERS = sorted(path for path in PROJECTS.glob("*") if path.is_dir())


def findings(
    path: Path, *, isolated: bool, base: Path | None = None, noqa: bool = True
) -> list[Finding]:
    """The findings at or below a path; paths in them are relative to `base`."""
    job = Job(paths=(str(path),), isolated_files=isolated)
    run = check_projects(job, Flags(use_cache=False, noqa=noqa))
    assert run.problems == ()
    found = [(outcome.root, finding) for _, outcome in run.checked for finding in outcome.findings]
    assert not [trouble for _, outcome in run.checked for trouble in outcome.troubles]
    start = base or (path if path.is_dir() else path.parent)
    return [_relative(root, finding, start) for root, finding in found]


def _relative(root: Path, finding: Finding, base: Path) -> Finding:
    return relocate(finding, lambda name: (root / name).relative_to(base).as_posix())


def compare(found: list[Finding], expected: list[Expected]) -> None:
    made = {(f.location.path, f.location.span.line, f.rule) for f in found}
    wanted = {(e.path, e.line, e.rule) for e in expected if e.found}
    missed = {(e.path, e.line, e.rule) for e in expected if not e.found}
    assert made == wanted, [f"{f.location.path}:{f.location.span.line} {f.message}" for f in found]
    assert not made & missed
    chains = {(f.location.path, f.location.span.line, f.rule): _chain(f) for f in found}
    for e in expected:
        if e.found and e.chain is not None:
            assert chains[e.path, e.line, e.rule] == e.chain


def _chain(finding: Finding) -> tuple[str, ...]:
    return tuple(f"{step.location.path}:{step.location.span.line}" for step in finding.chain)


def expectations_below(folder: Path) -> list[Expected]:
    return [
        expected
        for path in sorted(folder.rglob("*.py"))
        for expected in read_expectations(path, path.relative_to(folder).as_posix())
    ]


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_file(path: Path) -> None:
    compare(findings(path, isolated=True), list(read_expectations(path, path.name)))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_project(folder: Path) -> None:
    compare(findings(folder, isolated=False), expectations_below(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_one_file_of_a_project_agrees_with_all_of_it(folder: Path) -> None:
    whole = findings(folder, isolated=False)
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        found = findings(path, isolated=False, base=folder)
        alone = [finding for finding in found if finding.because is None]  # not what it leads to
        expected = [finding for finding in whole if finding.location.path == name]
        assert alone == expected, name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_flake8_agrees_on_projects(folder: Path) -> None:
    agree(folder, ())


def test_flake8_agrees_on_single_files() -> None:
    if SINGLE:
        agree(RULES, ("--conn-lint-isolated-files",))


def agree(folder: Path, options: tuple[str, ...]) -> None:
    """Compare all that flake8 shows of a finding; which noqa counts where is a matter of each (flake8 joins
    fewer lines).
    """
    isolated = bool(options)
    expected = sorted(
        f"./{f.location.path}:{f.location.span.line}:{f.location.span.column + 1}: "
        f"{' '.join(line(f).split())}"
        for f in findings(folder, isolated=isolated, noqa=False)
        # flake8 has E999 for the first, and its own ways with comments
        if f.severity > 0 and f.code not in ("CNX900", "CNX901")
    )
    args = ("--isolated", "--disable-noqa", "--select", "CNX", *options, ".")
    done = command(*args, cwd=folder, module="flake8")
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == expected


def test_every_project_is_one_of_its_own() -> None:
    """Else the whole repository would be read with it."""
    assert [folder.name for folder in FOLDERS if Roots().of(folder) != folder] == []
