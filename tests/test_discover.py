from __future__ import annotations

import os
from pathlib import Path

import pytest
from projects import LEAK, places, run_check, write

from conn_lint.engine.discover import Listing, Role, discover
from conn_lint.engine.markers import DEFAULT_EXCLUDE
from conn_lint.engine.modules import Module, name_modules
from conn_lint.engine.roots import Roots
from conn_lint.model.settings import Settings


def listing(root: Path, *explicit: Path, **options: object) -> Listing:
    made = Settings(root=root, exclude=DEFAULT_EXCLUDE, **options)  # type: ignore[arg-type]
    return discover(made, Roots(), explicit)


def paths(found: Listing, role: Role = Role.REPORTED) -> list[str]:
    return [file.path for file in found.files if file.role is role]


def test_sources_and_the_rest(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "",
            "b.pyi": "",
            "c.pyw": "",
            "n.ipynb": "",
            "t.py.j2": "",
            "d.txt": "",
            "e.so": "",
        },
    )
    found = listing(tmp_path)
    assert paths(found) == ["a.py", "b.pyi", "c.pyw"]
    assert [(f.path, f.why) for f in found.files if f.role is Role.SKIPPED] == [
        ("n.ipynb", "a notebook"),
        ("t.py.j2", "a template"),
    ]


def test_default_and_own_excludes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "",
            ".venv/x.py": "",
            "node_modules/x.py": "",
            "env/pyvenv.cfg": "",
            "env/x.py": "",
            "gen/x.py": "",
            "gen/keep/y.py": "",
            "deep/gen.py": "",
        },
    )
    found = discover(
        Settings(root=tmp_path, exclude=(*DEFAULT_EXCLUDE, "/gen", "*\\gen.py")), Roots()
    )
    assert paths(found) == ["a.py"]
    assert [f.why for f in found.files if f.path == "deep/gen.py"] == ["excluded by a pattern"]


def test_an_excluded_file_given_itself_is_checked(tmp_path: Path) -> None:
    write(tmp_path, {"conn-lint.toml": "exclude = ['gen.py']\n", "gen.py": LEAK, "a.py": ""})
    assert places(run_check(tmp_path)) == []
    assert places(run_check(tmp_path / "gen.py")) == [("gen.py", 5, "CNX201")]


def test_nested_gitignores(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".git/info/exclude": "secret.py\n",
            ".gitignore": "# comment\n*.gen.py\nout/\n/only_here.py\n!keep.gen.py\n",
            "a.py": "",
            "x.gen.py": "",
            "keep.gen.py": "",
            "secret.py": "",
            "only_here.py": "",
            "out/b.py": "",
            "sub/.gitignore": "!x.gen.py\nc.py\n",
            "sub/x.gen.py": "",
            "sub/c.py": "",
            "sub/only_here.py": "",
        },
    )
    expected = ["a.py", "keep.gen.py", "sub/only_here.py", "sub/x.gen.py"]
    assert paths(listing(tmp_path)) == expected
    assert "x.gen.py" in paths(listing(tmp_path, respect_gitignore=False))


def test_gitignore_above_the_project_counts_within_the_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "ignored.py\n",
            "app/pyproject.toml": "",
            "app/ignored.py": "",
        },
    )
    assert paths(listing(tmp_path / "app")) == []


def test_loops_of_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"p/a.py": LEAK})
    (tmp_path / "p" / "loop").symlink_to(tmp_path / "p", target_is_directory=True)
    (tmp_path / "round.py").symlink_to("round.py")
    (tmp_path / "again.py").symlink_to(tmp_path / "p" / "a.py")
    found = listing(tmp_path)
    assert paths(found) == ["p/a.py"]
    why = {f.path: f.why for f in found.files}
    assert why["round.py"] == "a broken link"
    assert why["again.py"] == "a link to another file of the project"
    assert places(run_check(tmp_path)) == [("p/a.py", 5, "CNX201")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert [(f.path, f.why) for f in listing(tmp_path).files] == [("pipe.py", "not a regular file")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("tests/util.py", "a test"),
        ("pkg/test/x.py", "a test"),
        ("test_a.py", "a test"),
        ("a_test.py", "a test"),
        ("conftest.py", "a test"),
        ("app/migrations/0001_initial.py", "a migration"),
        ("alembic/versions/abc.py", "a migration"),
        ("api_pb2.py", "generated code"),
        ("api_pb2_grpc.py", "generated code"),
        ("build/lib/a.py", "built, not written"),
        ("contest.py", ""),
        ("testing.py", ""),
        ("builder/a.py", ""),
        ("versions/a.py", ""),
    ],
)
def test_what_is_read_but_not_reported(tmp_path: Path, name: str, why: str) -> None:
    write(tmp_path, {".git/HEAD": "", name: LEAK})
    assert [(f.path, f.why) for f in listing(tmp_path).files] == [(name, why)]
    assert bool(places(run_check(tmp_path))) is not bool(why)
    assert bool(places(run_check(tmp_path / name))) is not bool(why)
    assert places(run_check(tmp_path, include_tests=True)) == [(name, 5, "CNX201")]


def test_code_that_says_it_is_generated(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "# @generated by x\n" + LEAK})
    assert places(run_check(tmp_path)) == []


def test_the_roots_own_name_makes_no_test(tmp_path: Path) -> None:
    write(tmp_path, {"tests/pyproject.toml": "", "tests/a.py": LEAK})
    assert places(run_check(tmp_path / "tests")) == [("a.py", 5, "CNX201")]


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("a.py", Module("a", "", False)),
        ("pkg/__init__.py", Module("pkg", "", True)),
        ("pkg/sub/b.py", Module("pkg.sub.b", "", False)),
        ("src/lib/c.py", Module("lib.c", "src", False)),
        ("backend/app/d.py", Module("app.d", "backend", False)),
        ("space/inner/e.py", Module("space.inner.e", "", False)),
        ("set/by/user/f.py", Module("user.f", "set/by", False)),
        ("__init__.py", Module("__init__", "", False)),
    ],
)
def test_modules_are_named_below_their_source_root(path: str, module: Module) -> None:
    files = [
        "a.py",
        "pkg/__init__.py",
        "pkg/sub/__init__.py",
        "pkg/sub/b.py",
        "src/lib/__init__.py",
        "src/lib/c.py",
        "backend/app/__init__.py",
        "backend/app/d.py",
        "space/inner/e.py",
        "set/by/user/f.py",
        "__init__.py",
    ]
    assert name_modules(files, ["", "backend"], ["set/by"])[path] == module
