"""Packages of one repository that import each other are one project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from projects import LEAK, command, places, run_check, write

from conn_lint.config.projects import Job, Projects, Run, check_projects
from conn_lint.config.resolve import Flags

NAMED = "[project]\nname = 'x'\n"
CORE = """\
import psycopg2


def load(dsn):
    conn = psycopg2.connect(dsn)
    rows = conn.cursor().execute("select 1")
    conn.close()
    return rows
"""
API = """\
from fastapi import FastAPI
from core.db import load

app = FastAPI()


@app.get("/rows")
def rows():
    return load("dbname=shop")
"""
UNRELATED = {"tools_x/pyproject.toml": NAMED, "tools_x/x.py": LEAK}
REPOSITORY = {
    ".git/HEAD": "",
    "libs/core/pyproject.toml": NAMED,
    "libs/core/src/core/__init__.py": "",
    "libs/core/src/core/db.py": CORE,
    "services/api/pyproject.toml": NAMED,
    "services/api/app.py": API,
    **UNRELATED,
}
DB = "libs/core/src/core/db.py"


def found(run: Run, top: Path) -> set[tuple[str, int, str]]:
    """The findings of all projects of a run, with paths below the top."""
    return {
        ((o.root / f.location.path).relative_to(top).as_posix(), f.location.span.line, f.code)
        for _, o in run.checked
        for f in o.findings
    }


def test_a_client_of_one_package_is_made_per_request_of_another(tmp_path: Path) -> None:
    run = run_check(write(tmp_path, REPOSITORY))
    assert [o.root for _, o in run.checked] == [tmp_path, tmp_path / "tools_x"]
    expected = {(DB, 5, "CNX101"), (DB, 5, "CNX202"), ("tools_x/x.py", 5, "CNX201")}
    assert found(run, tmp_path) == expected
    (made,) = (f for _, o in run.checked for f in o.findings if f.code == "CNX101")
    assert "services/api/app.py:9" in made.message


@pytest.mark.parametrize("path", [DB, "libs/core", "libs", "services/api", "services/api/app.py"])
def test_part_of_a_repository_agrees_with_all_of_it(tmp_path: Path, path: str) -> None:
    write(tmp_path, REPOSITORY)
    whole = {place for place in found(run_check(tmp_path), tmp_path) if place[0].startswith(path)}
    part = found(run_check(tmp_path / path), tmp_path)
    assert {place for place in part if place[0].startswith(path)} == whole
    # What a given file leads to elsewhere is shown with it.
    assert part - whole <= {(DB, 5, "CNX101")}


def roots(tmp_path: Path, files: dict[str, str]) -> set[str]:
    """The projects of a repository, by their folders."""
    write(tmp_path, {".git/HEAD": "", **files})
    return {o.root.relative_to(tmp_path).as_posix() for _, o in run_check(tmp_path).checked}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"a/setup.cfg": "", "a/x.py": "import own\n", "a/own.py": "", "b/setup.cfg": "", "b/own.py": ""},
            {".", "a", "b"},
            id="a name that the package has itself",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/x.py": "import c\n", "b/setup.cfg": "", "b/c.py": "",
             "d/setup.cfg": "", "d/c.py": ""},
            {".", "a", "b", "d"},
            id="a name that several packages have",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/x.py": "import json\n", "b/setup.cfg": "", "b/json.py": ""},
            {".", "a", "b"},
            id="a module of Python itself",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/tests/x.py": "import c\n", "b/setup.cfg": "", "b/c.py": ""},
            {".", "a", "b"},
            id="tests alone",
        ),
        pytest.param(
            {"examples/a/setup.cfg": "", "examples/a/x.py": "import c\n", "b/setup.cfg": "", "b/c.py": ""},
            {".", "examples/a", "b"},
            id="an example",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/x.py": "import c\n", "b/conn-lint.toml": "", "b/setup.cfg": "", "b/c.py": ""},
            {".", "a", "b"},
            id="one with settings of its own",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/x.py": "from firm.c import d\n", "a/firm/a/__init__.py": "",
             "b/setup.cfg": "", "b/src/firm/c/__init__.py": ""},
            {"."},
            id="a package in a namespace that both have",
        ),
        pytest.param(
            {"run.py": "import c\n", "b/setup.cfg": "", "b/c.py": ""},
            {"."},
            id="a script beside the packages",
        ),
        pytest.param(
            {"a/setup.cfg": "", "a/y.py": "", "a/in/setup.cfg": "", "a/in/x.py": "import c\n",
             "b/setup.cfg": "", "b/c.py": ""},
            {"."},
            id="a package within another one",
        ),
    ],
)  # fmt: skip
def test_what_joins(tmp_path: Path, files: dict[str, str], expected: set[str]) -> None:
    assert roots(tmp_path, files) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a/setup.cfg": "", "a/x.py": "import c\n", "b/setup.cfg": "", "b/c.py": ""})
    os.mkfifo(tmp_path / "a" / "pipe.py")
    (tmp_path / "b" / "folder.py").mkdir()
    (tmp_path / "b" / "loop.py").symlink_to(tmp_path / "b" / "loop.py")
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "c" / "pyproject.toml").mkdir(parents=True)
    (tmp_path / "a" / "\udcff.py").write_bytes(b"import \xff\n")
    assert roots(tmp_path, {}) == {"."}


def test_an_ignored_package_is_no_part(tmp_path: Path) -> None:
    files = {
        ".gitignore": "/vendor/\n",
        "x.py": "import c\n",
        "vendor/b/setup.cfg": "",
        "vendor/b/c.py": LEAK,
    }
    assert roots(tmp_path, files) == {"."}
    assert Projects(Flags()).root(tmp_path / "vendor/b/c.py") == tmp_path / "vendor/b"


def test_without_a_repository_a_workspace_says_what_belongs_together(tmp_path: Path) -> None:
    files = {
        "a/pyproject.toml": NAMED,
        "a/x.py": "import c\n",
        "b/pyproject.toml": NAMED,
        "b/c.py": "",
    }
    write(tmp_path, files)
    assert Projects(Flags()).root(tmp_path / "b/c.py") == tmp_path / "b"
    write(tmp_path, {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['*']\n"})
    assert Projects(Flags()).root(tmp_path / "b/c.py") == tmp_path


def test_unjoined_packages_do_not_see_each_other(tmp_path: Path) -> None:
    """The one that would be joined is a project of its own by its settings."""
    write(tmp_path, {**REPOSITORY, "services/api/conn-lint.toml": ""})
    assert (DB, 5, "CNX101") not in found(run_check(tmp_path), tmp_path)


def test_a_package_that_comes_in_is_seen_despite_the_cache(tmp_path: Path) -> None:
    write(tmp_path, {k: v for k, v in REPOSITORY.items() if not k.startswith("services")})

    def codes() -> set[str]:
        run = check_projects(Job(paths=(str(tmp_path / DB),)), Flags())
        return {code for _, _, code in places(run)}

    assert codes() == {"CNX202"}
    write(tmp_path, REPOSITORY)
    assert codes() == {"CNX101", "CNX202"}
    (tmp_path / "services/api/app.py").unlink()
    assert codes() == {"CNX202"}


def test_flake8_shows_what_the_command_shows(tmp_path: Path) -> None:
    write(tmp_path, REPOSITORY)
    done = command("--select", "CNX", "--isolated", DB, cwd=tmp_path, module="flake8")
    assert {line.split()[1] for line in done.stdout.splitlines()} == {"CNX101", "CNX202"}
