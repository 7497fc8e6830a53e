"""What must not matter: order, number of processes, the cache, how things are imported and named, what is asked for."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import click
import flake8
import pytest
import renaming
import rich
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import analysis
from projects import write
from test_fixtures import FIXTURES, FOLDERS, RULES, SINGLE

from conn_lint.analyze.project import Project
from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine import phase_one
from conn_lint.rules import ALL_RULES

# (file, line, column, rule, message), or without what names the variables.
Found = list[tuple[str, int, int, str, str]]

WITHOUT_ERRORS = [
    path
    for path in SINGLE
    if path.parent.name != "cannot_analyse"
    and "expect: cannot-analyse" not in path.read_text(encoding="utf-8")
]


def check(
    *paths: Path,
    jobs: int = 1,
    isolated: bool = False,
    cache: bool = False,
    start: Path | None = None,
) -> Found:
    """All findings below the paths; files are named from `start`."""
    options = parse_options({"jobs": jobs}, "test")
    job = Job(paths=tuple(map(str, paths)), isolated_files=isolated)
    run = check_projects(job, Flags(options=options, use_cache=cache))
    assert run.problems == ()
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    base = (start or paths[0]).resolve()
    return sorted(
        (
            (outcome.root / f.location.path).relative_to(base).as_posix(),
            f.location.span.line,
            f.location.span.column,
            f.rule,
            f.message,
        )
        for _, outcome in run.checked
        for f in outcome.findings
        if f.because is None  # it is shown since it begins there, and lies elsewhere
    )


def places(found: Iterable[tuple[str, int, int, str, str]]) -> list[tuple[str, int, str]]:
    return [(path, line, rule) for path, line, _, rule, _ in found]


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def rules_of_program(program: dict[str, str], order: list[str]) -> list[tuple[str, int, str, str]]:
    """The findings of phase two where the files come in this order."""
    made = analysis(program)
    made = type(made)(
        {path: made.program.files[path] for path in order},
        made.program._load,
        made.program._text,
        made.knowledge,
    )
    project = Project(made, made.run())
    return sorted(
        (f.location.path, f.location.span.line, f.rule, f.message)
        for rule in ALL_RULES
        for f in rule.check(project)
    )


READABLE = [folder for folder in FOLDERS if folder.name != "broken_neighbour"]
# What is found in the others rests on settings files, which a program in memory has not.
BY_SETTINGS = ("lambda_settings", "prisma_pooler", "pyramid_ini")
IN_CODE = [folder for folder in READABLE if folder.name not in BY_SETTINGS]


@pytest.mark.parametrize("folder", IN_CODE, ids=lambda path: path.name)
def test_order_of_files(folder: Path) -> None:
    program = texts(folder)
    names = sorted(program)
    expected = rules_of_program(program, names)
    assert expected
    assert rules_of_program(program, names[::-1]) == expected
    for seed in range(3):
        random.Random(seed).shuffle(names)
        assert rules_of_program(program, names) == expected


def test_order_of_all_fixtures_as_one_program() -> None:
    program = {
        f"{path.parent.name}_{path.name}": path.read_text(encoding="utf-8")
        for path in WITHOUT_ERRORS
    }
    expected = rules_of_program(program, sorted(program))
    assert len(expected) > 50
    assert rules_of_program(program, sorted(program, reverse=True)) == expected


def test_order_of_arguments() -> None:
    paths = sorted((FIXTURES / "projects").rglob("*.py"))
    expected = check(*paths, start=FIXTURES)
    assert expected
    assert check(*paths[::-1], start=FIXTURES) == expected


@pytest.mark.parametrize(
    ("folder", "isolated"), [(RULES, True), (FIXTURES / "projects/classes_that_own", False)]
)
def test_number_of_jobs(folder: Path, isolated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = check(folder, isolated=isolated)
    assert expected
    monkeypatch.setattr(phase_one, "_FILES_WORTH", 0)
    monkeypatch.setattr(phase_one, "_UNITS_WORTH", 0)
    assert check(folder, isolated=isolated, jobs=3) == expected


@pytest.mark.parametrize(("folder", "isolated"), [(RULES, True), (FIXTURES / "projects", False)])
def test_warm_and_cold_cache(folder: Path, isolated: bool, tmp_path: Path) -> None:
    expected = check(folder, isolated=isolated)
    work = tmp_path / "work"
    shutil.copytree(folder, work, ignore=shutil.ignore_patterns(".conn_lint_cache"))
    cold = check(work, isolated=isolated, cache=True)
    assert places(cold) == places(expected)
    assert check(work, isolated=isolated, cache=True) == cold
    for place in {work, *(path for path in work.iterdir() if path.is_dir())}:
        write(
            place, {"one_more.py": "import os\n"}
        )  # the results do not fit, skeletons and units do
    assert check(work, isolated=isolated, cache=True) == cold


REWRITES = {"aliased": renaming.aliased, "through the module": renaming.through_module}


def test_style_of_import_in_single_files(tmp_path: Path) -> None:
    changed = 0
    for path in WITHOUT_ERRORS:
        text = path.read_text(encoding="utf-8")
        write(tmp_path / "as written", {f"{path.parent.name}/{path.name}": text})
        for style, rewrite in REWRITES.items():
            rewritten = rewrite(text)
            changed += rewritten != text
            write(tmp_path / style, {f"{path.parent.name}/{path.name}": rewritten})
    assert changed > 20
    found: dict[str, list[tuple[str, int, str]]] = {}
    for name, line, rule in places(check(tmp_path, isolated=True)):
        style, _, rest = name.partition("/")
        found.setdefault(style, []).append((rest, line, rule))
    assert len(found["as written"]) > 50
    for style in REWRITES:
        assert found[style] == found["as written"], style


@pytest.mark.parametrize("style", REWRITES)
@pytest.mark.parametrize("folder", READABLE, ids=lambda path: path.name)
def test_style_of_import_in_projects(style: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "new", ignore=shutil.ignore_patterns(".conn_lint_cache"))
    for name, text in texts(folder).items():
        if not name.endswith("__init__.py"):  # what others import from it keeps its name
            write(tmp_path / "new", {name: REWRITES[style](text)})
    assert places(check(tmp_path / "new")) == places(check(folder))


LOCALS = {
    path: names
    for path in WITHOUT_ERRORS
    if (names := renaming.plain_locals(path.read_text(encoding="utf-8")))
}
NEW_NAMES = st.one_of(
    st.sampled_from(
        ["x", "_", "connection", "pool", "self_", "cursor2", "lifespan", "kept", "été", "close_"]
    ),
    st.text("abcxyz_é", min_size=1, max_size=6),
).filter(renaming.is_usable)
PLAIN: dict[Path, list[tuple[str, int, str]]] = {}


def test_there_are_names_to_change() -> None:
    assert len(LOCALS) > 20
    assert sum("conn" in names for names in LOCALS.values()) > 10


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_names_of_variables(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = data.draw(st.sampled_from(sorted(LOCALS)), label="fixture")
    text = path.read_text(encoding="utf-8")
    taken = renaming.names_in(text)
    old = LOCALS[path]
    new = data.draw(
        st.lists(
            NEW_NAMES.filter(lambda name: name not in taken),
            min_size=len(old),
            max_size=len(old),
            unique=True,
        ),
        label="names",
    )
    rewritten = renaming.renamed(text, dict(zip(old, new, strict=True)))
    assert rewritten != text
    if path not in PLAIN:
        PLAIN[path] = places(check(path, isolated=True, start=path.parent))
    folder = tmp_path_factory.mktemp("renamed") / "settings"
    others = shutil.ignore_patterns("*.py", ".conn_lint_cache")
    shutil.copytree(path.parent, folder, ignore=others)  # some rules are on by the settings beside
    write(folder, {path.name: rewritten})
    assert places(check(folder / path.name, isolated=True, start=folder)) == PLAIN[path]


def agree(root: Path, whole: Found, files: Iterable[Path], **options: bool) -> None:
    """Each folder and each of these files, asked alone, gives what the whole project gives for it."""
    for folder in sorted(
        {parent for file in files for parent in file.parents if root in parent.parents}
    ):
        name = folder.relative_to(root).as_posix() + "/"
        expected = [item for item in whole if item[0].startswith(name)]
        assert check(folder, start=root, **options) == expected, name
    for file in files:
        name = file.relative_to(root).as_posix()
        assert check(file, start=root, **options) == [f for f in whole if f[0] == name], name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_parts_of_projects_agree(folder: Path) -> None:
    agree(folder, check(folder), sorted(folder.rglob("*.py")))


# Things that those packages make, taken for connections: their own code has none.
RESOURCES = """\
[[resource]]
name = "made.up"
kind = "connection"
acquire = ["io.StringIO", "io.BytesIO", "subprocess.Popen", "re.compile", "threading.RLock", "argparse.ArgumentParser",
  "click.Context", "rich.console.Console", "rich.table.Table", "rich.text.Text", "tokenize.TokenInfo",
  "collections.defaultdict", "argparse.Namespace"]
release = ["close", "wait", "append"]
evidence = { source = "made up", version = "1" }
"""


@pytest.mark.parametrize("package", [click, flake8, rich], ids=lambda package: package.__name__)
def test_parts_of_real_packages_agree(package: object, tmp_path: Path) -> None:
    source = Path(str(getattr(package, "__file__", ""))).parent
    root = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.typed")
    shutil.copytree(source, root / "src" / source.name, ignore=ignored)
    write(root, {"conn-lint.toml": RESOURCES, "pyproject.toml": "[project]\nname = 'x'\n"})
    whole = check(root, cache=True)
    assert len(whole) >= 2
    files = sorted({root / path for path, *_ in whole})[:4]
    clean = [path for path in sorted((root / "src").rglob("*.py")) if path not in files][:2]
    agree(root, whole, [*files, *clean], cache=True)
