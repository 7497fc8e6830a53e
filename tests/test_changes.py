"""Only what a branch changed: on real repositories of git."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import LEAK, write
from repositories import API, DB, commit, git

from conn_lint.cli import main
from conn_lint.config.changes import changes_since, target_branch
from conn_lint.config.options import ConfigError

OLD = LEAK.replace("load", "old")
TIDY = """\
import psycopg2


def load(dsn):
    conn = psycopg2.connect(dsn)
    try:
        conn.cursor().execute("select 1")
    finally:
        conn.close()
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("GIT", "CI_", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    root = tmp_path / "shop"
    files = {"pyproject.toml": "[tool.conn-lint]\n", "old.py": OLD, "tidy.py": TIDY, "db.py": DB}
    write(root, files | {".gitignore": ".conn_lint_cache/\n"})
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    commit(root)
    git(root, "switch", "-q", "-c", "feature")
    monkeypatch.chdir(root)
    return root


def check(*args: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["check", "--format", "json", *args])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def found(*args: str) -> list[tuple[str, int, str]]:
    _, out, err = check(*(args or ("--changed-since", "main")))
    assert err == ""
    return [(f["path"], f["line"], f["code"]) for f in json.loads(out)]


def test_nothing_changed_nothing_found(repository: Path) -> None:
    assert found(".") == [("old.py", 5, "CNX201")]
    assert found() == []
    git(repository, "commit", "-q", "--allow-empty", "-m", "x")
    assert found() == []


@pytest.mark.parametrize("state", ["untracked", "staged", "committed", "edited"])
def test_what_is_new_is_found_in_any_state(repository: Path, state: str) -> None:
    write(repository, {"new.py": "" if state == "edited" else LEAK})
    if state == "staged":
        git(repository, "add", "--all")
    if state in {"committed", "edited"}:
        commit(repository)
    write(repository, {"new.py": LEAK})
    assert found() == [("new.py", 5, "CNX201")]
    assert found("--changed-since", "main", "tidy.py") == []
    assert check("--changed-since", "main")[0] == 1


def test_lines_that_only_moved_are_not_found(repository: Path) -> None:
    write(repository, {"old.py": "# one more line\n\n" + OLD + "\n\nX = 1\n"})
    assert found() == []
    write(repository, {"old.py": "# one more line\n\n" + OLD.replace("(dsn)\n", "(dsn, 1)\n", 1)})
    assert [row[:2] for row in found()] == [("old.py", 7)]


def test_what_a_deleted_line_causes_is_found(repository: Path) -> None:
    write(repository, {"tidy.py": TIDY.replace("        conn.close()\n", "        pass\n")})
    assert found() == [("tidy.py", 5, "CNX201")]
    write(
        repository,
        {
            "tidy.py": TIDY.replace("\n    finally:\n        conn.close()", "").replace(
                "    try:\n        conn", "    if dsn:\n        conn"
            )
        },
    )
    assert found() == [("tidy.py", 5, "CNX201")]


def test_what_a_new_caller_leads_to_is_found(repository: Path) -> None:
    write(repository, {"api.py": API})
    (finding,) = json.loads(check("--changed-since", "main")[1])
    assert (finding["path"], finding["code"]) == ("db.py", "CNX101")
    assert finding["because"] == {"path": "api.py", "line": 9}
    commit(repository)
    git(repository, "branch", "-q", "-f", "main")
    write(repository, {"api.py": API.replace("connect()", "connect( )")})
    assert found() == [("db.py", 5, "CNX101")]
    write(repository, {"api.py": API + "\n\nX = 1\n"})
    assert found() == []


def test_what_one_more_caller_leads_to_is_found(repository: Path) -> None:
    write(repository, {"api.py": API})
    commit(repository)
    git(repository, "branch", "-q", "-f", "main")
    write(repository, {"other.py": "\n" + API.replace("/orders", "/other")})
    (finding,) = json.loads(check("--changed-since", "main")[1])
    assert (finding["path"], finding["code"]) == ("db.py", "CNX101")
    assert finding["because"] == {"path": "other.py", "line": 10}


def test_renamed_functions_and_files_are_nothing_new(repository: Path) -> None:
    git(repository, "mv", "old.py", "moved.py")
    assert found() == []
    write(repository, {"moved.py": OLD.replace("def old", "def renamed")})
    assert found() == []
    write(repository, {"moved.py": OLD + "\n\n" + LEAK.partition("\n\n\n")[2]})
    assert found() == [("moved.py", 10, "CNX201")]
    (repository / "moved.py").unlink()
    assert found() == []


def test_only_changes_since_the_branch_was_left_count(repository: Path) -> None:
    git(repository, "switch", "-q", "main")
    write(repository, {"theirs.py": LEAK})
    commit(repository)
    git(repository, "switch", "-q", "feature")
    write(repository, {"mine.py": LEAK})
    assert found() == [("mine.py", 5, "CNX201")]
    git(repository, "add", "--all")
    git(repository, "commit", "-q", "-m", "x")
    git(repository, "-c", "user.name=t", "merge", "-q", "--no-edit", "main")
    assert found() == [("mine.py", 5, "CNX201")]


def test_names_that_git_would_quote(repository: Path) -> None:
    names = ["a b.py", "ü.py", 'quo"te.py', "tab\t.py", "line\nbreak.py", "-dash.py", "a -> b.py"]
    write(repository, dict.fromkeys(names, OLD))
    commit(repository)
    git(repository, "branch", "-q", "-f", "main")
    write(repository, {name: OLD + "\n\n" + LEAK.partition("\n\n\n")[2] for name in names})
    assert sorted(found()) == sorted((name, 10, "CNX201") for name in names)


def test_a_merge_that_is_on_shows_too_much_rather_than_too_little(repository: Path) -> None:
    write(repository, {"tidy.py": TIDY.replace("select 1", "select 2")})
    commit(repository)
    git(repository, "switch", "-q", "main")
    write(repository, {"tidy.py": TIDY.replace("select 1", "select 3")})
    commit(repository)
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "-q", "feature")
    write(repository, {"tidy.py": LEAK})
    assert ("tidy.py", 5, "CNX201") in found("--changed-since", "HEAD")


def test_what_the_user_has_told_git_does_not_matter(repository: Path) -> None:
    for name, value in (
        *(("diff.interHunkContext", "9"), ("diff.context", "9"), ("diff.noprefix", "true")),
        *(("diff.external", "false"), ("diff.renames", "false"), ("color.diff", "always")),
        *(("diff.relative", "true"), ("core.pager", "false"), ("diff.algorithm", "patience")),
    ):
        git(repository, "config", name, value)
    write(repository, {"tidy.py": "# a\n" + TIDY + "# b\n"})
    git(repository, "mv", "old.py", "moved.py")
    assert changes_since("main", repository).lines == {
        repository / "tidy.py": ((1, 1), (11, 11)),
        repository / "moved.py": (),
    }
    assert found() == []


def test_what_a_deleted_file_causes_is_found(repository: Path) -> None:
    write(repository, {"base.py": "class Base:\n    def close(self):\n        self.conn.close()\n"})
    store = (
        "import psycopg2\n\n\nclass Store({}):\n"
        "    def __init__(self):\n        self.conn = psycopg2.connect('')\n"
    )
    use = "\n\ndef use():\n    Store().conn.cursor()\n"
    write(repository, {"store.py": "from base import Base\n" + store.format("Base") + use})
    commit(repository)
    git(repository, "branch", "-q", "-f", "main")
    before = found(".")
    (repository / "base.py").unlink()
    write(repository, {"store.py": store.format("") + use})
    assert [row for row in found() if row[0] == "store.py"]
    assert before != found(".")


def test_settings_files_count_and_others_do_not(repository: Path) -> None:
    names = [".env", "deploy/compose.yaml", "app/serverless.json", "Dockerfile.web", "my.cnf"]
    write(repository, dict.fromkeys([*names, "data.json", "x.js"], "a=1\n"))
    commit(repository)
    lines = changes_since("main", repository).lines
    assert sorted(path.relative_to(repository).as_posix() for path in lines) == sorted(names)


def test_from_a_folder_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository, {"sub/new.py": LEAK, "new.py": LEAK})
    monkeypatch.chdir(repository / "sub")
    assert found() == [("new.py", 5, "CNX201")]
    assert found("--changed-since", "main", "..") == [
        ("../new.py", 5, "CNX201"),
        ("new.py", 5, "CNX201"),
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--changed-since", "nope"), "--changed-since: git knows no revision 'nope'\n"),
        (
            ("--changed-since", "--output=x"),
            "--changed-since: git knows no revision '--output=x'\n",
        ),
        (("--changed-since", ""), "--changed-since: git knows no revision ''\n"),
        (("--changed-since", "main", "--fix"), "run --fix by itself\n"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_mistakes(args: tuple[str, ...], message: str) -> None:
    code, out, err = check(*args)
    assert (code, out) == (2, "")
    assert err.endswith(message)


def test_without_a_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.parent)
    assert "--changed-since: not a git repository" in check("--changed-since", "main")[2]
    monkeypatch.setenv("PATH", "")
    assert check("--changed-since", "main")[2] == (
        "conn-lint: --changed-since: git is not installed\n"
    )


def test_a_shallow_clone(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository, {"new.py": LEAK})
    commit(repository)
    clone = repository.parent / "clone"
    source = f"file://{repository}"
    git(repository.parent, "clone", "-q", "--depth=1", "--branch=feature", source, str(clone))
    monkeypatch.chdir(clone)
    _, _, err = check("--changed-since", "origin/main")
    assert "git knows no revision 'origin/main'; this clone is shallow" in err
    git(clone, "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    _, _, err = check("--changed-since", "origin/main")
    assert "no commit in common; this clone is shallow" in err
    assert "fetch-depth: 0" in err


def test_the_branch_that_this_one_goes_into(repository: Path) -> None:
    assert target_branch({}, repository) == "main"
    assert target_branch({"GITHUB_BASE_REF": "next"}, repository) == "origin/next"
    azure = {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/next"}
    assert target_branch(azure, repository) == "origin/next"
    assert target_branch({"CI_MERGE_REQUEST_DIFF_BASE_SHA": "abc"}, repository) == "abc"
    write(repository, {"new.py": LEAK})
    assert found("--diff-only") == [("new.py", 5, "CNX201")]
    git(repository, "branch", "-q", "-D", "main")
    with pytest.raises(ConfigError, match="no branch to compare with"):
        target_branch({}, repository)


def test_lines_are_those_of_the_work_tree(repository: Path) -> None:
    write(
        repository, {"tidy.py": "# a\n" + TIDY + "# b\n# c\n", "old.py": OLD.partition("\n\n")[0]}
    )
    lines = changes_since("main", repository).lines
    assert lines[repository / "tidy.py"] == ((1, 1), (11, 12))
    assert not changes_since("main", repository).touch(repository / "db.py", 1, 99)
