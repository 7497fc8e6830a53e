"""Paths select findings: those that lie there, and those that a step of their chain leads to from there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import command, run_check, write
from repositories import API, DB

from conn_lint.cli import main

FILES = {"pyproject.toml": "[tool.conn-lint]\n", "db.py": DB, "web/api.py": API, "other.py": ""}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(*args: str) -> list[tuple[str, int, str, object]]:
    done = CliRunner().invoke(main, ["check", "--format", "json", *args])
    found = json.loads(done.stdout)
    return [(f["path"], f["line"], f["code"], f["because"]) for f in found]


@pytest.mark.usefixtures("project")
def test_who_wrote_the_handler_sees_what_it_leads_to() -> None:
    itself = ("db.py", 5, "CNX101", None)
    because = ("db.py", 5, "CNX101", {"path": "web/api.py", "line": 9})
    assert shown(".") == shown("db.py") == shown("db.py", "web/api.py") == [itself]
    assert shown("web/api.py") == shown("web") == [because]
    assert shown("other.py") == []


def test_who_wrote_another_handler_sees_it_too(project: Path) -> None:
    write(
        project, {"far/jobs.py": API.replace("/orders", "/jobs").replace("\n\napp", "\n\n\n\napp")}
    )
    assert shown("db.py") == [("db.py", 5, "CNX101", None)]
    for path, line in (("web", 9), ("far", 11)):
        (name,) = (project / path).iterdir()
        because = {"path": f"{path}/{name.name}", "line": line}
        assert shown(path) == [("db.py", 5, "CNX101", because)]
    assert shown("other.py") == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "output_format",
    ["text", "concise", "github", "sarif", "gitlab", "junit", "azure", "rdjson", "markdown"],
)
def test_every_format_says_why_it_is_shown(output_format: str) -> None:
    def text(path: str) -> str:
        args = ["check", "--format", output_format, path]
        return CliRunner().invoke(main, args).stdout.replace("&#58;", ":")

    assert "shown because of " in text("web")
    assert "web/api.py:9" in text("web").partition("shown because of ")[2]
    assert "shown because of " not in text("db.py")


def test_a_fix_changes_only_what_was_given(project: Path) -> None:
    done = CliRunner().invoke(main, ["check", "--fix", "--unsafe-fixes", "web/api.py"])
    assert done.exit_code == 1
    assert (project / "db.py").read_text() == DB


def test_comments_and_patterns_hold_where_the_finding_is(project: Path) -> None:
    assert shown("web", "--per-file-ignores", "db.py:CNX101") == []
    assert shown("web", "--per-file-ignores", "web/*:CNX101") != []
    write(project, {"db.py": DB.replace("('')", "('')  # noqa: CNX101")})
    assert shown("web") == []


def test_flake8_shows_findings_where_they_are(project: Path) -> None:
    def codes(*paths: str) -> list[str]:
        args = ("--isolated", "--select", "CNX", *paths)
        return command(*args, cwd=project, module="flake8").stdout.split(" ")[:2]

    assert codes("web/api.py") == [""]
    assert codes("web/api.py", "db.py")[:2] == ["db.py:5:12:", "CNX101"]


def test_the_public_function_does_the_same(project: Path) -> None:
    run = run_check(project / "web")
    assert [f.because is not None for _, outcome in run.checked for f in outcome.findings] == [True]
