"""Several reports of one run, and where they go."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import LEAK, write

from conn_lint.cli import main
from conn_lint.cli.outputs import start_of, targets_of
from conn_lint.config.options import ConfigError


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "src/a.py": LEAK})
    monkeypatch.chdir(tmp_path)


def invoke(*args: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["check", *args])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def test_several_reports_of_one_run() -> None:
    code, out, err = invoke(
        *("--output", "sarif:out.sarif", "--output", "junit:out.xml", "--output", "concise:-")
    )
    assert (code, err) == (1, "")
    assert out.startswith("src/a.py:5:12: CNX201 ")
    assert len(json.loads(Path("out.sarif").read_text())["runs"][0]["results"]) == 1
    assert ET.parse("out.xml").getroot().tag == "testsuites"


def test_the_older_flags_go_together_with_it() -> None:
    _, out, _ = invoke("--format", "github", "--output", "json:out.json")
    assert out.startswith("::error ")
    assert len(json.loads(Path("out.json").read_text())) == 1
    _, out, _ = invoke("-o", "out.txt", "--output", "concise:-")
    assert out.startswith("src/a.py:5:12: CNX201 ")
    assert Path("out.txt").read_text().startswith("src/a.py:5:12: CNX201 [never-released]")
    assert invoke("--output", "json:again.json")[1] == ""


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sarfi:x"], "unknown format 'sarfi' in 'sarfi:x', did you mean 'sarif'?"),
        (["C:\\x.sarif"], "unknown format 'C'"),
        (["sarif"], "'sarif' says no file; sarif:FILE, or sarif:- to print it"),
        (["out.sarif"], "'out.sarif' is not FORMAT:FILE, as in sarif:out.sarif"),
        (["sarif:"], "'sarif:' says no file; sarif:- prints it"),
        (["json:-", "text:-"], "json and text cannot share standard output; json:FILE"),
        (["json:x", "sarif:./x"], "two reports would be written to x"),
        (["json:src"], "the report cannot be written: src is a folder"),
        (["json:" + "x" * 300], "the report cannot be written: "),
        (["json:no/x"], "the report cannot be written: there is no folder no"),
    ],
)
def test_mistakes_are_told_before_any_work(args: list[str], message: str) -> None:
    flags = [word for arg in args for word in ("--output", arg)]
    code, out, err = invoke(*flags, "nothere.py")
    assert (code, out) == (2, "")
    assert message in err
    assert "nothere" not in err
    assert sorted(path.name for path in Path().iterdir()) == ["pyproject.toml", "src"]


def test_no_report_beside_a_diff() -> None:
    code, _, err = invoke("--diff", "--output", "json:x")
    assert (code, err) == (2, "conn-lint: --output: --diff writes no report\n")


def test_a_drive_is_no_format() -> None:
    values = {"output_format": None, "output_file": None, "diff": False, "fix_only": False}
    (target,) = targets_of({**values, "outputs": ("sarif:C:x",)}, {})
    assert (target.output_format, str(target.path)) == ("sarif", "C:x")
    with pytest.raises(ConfigError, match="no folder"):
        targets_of({**values, "outputs": ("sarif:C:/no/x",)}, {})


def test_one_report_that_cannot_be_written_does_not_keep_others_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("conn_lint.cli.outputs._check", lambda targets: None)
    code, out, err = invoke("--output", "json:no/x", "--output", "concise:-")
    assert code == 2
    assert "a.py:5:12" in out
    assert err.startswith("conn-lint: the report cannot be written: ")


@pytest.mark.parametrize("output_format", ["github", "markdown"])
def test_the_page_of_a_job_gets_a_summary(
    output_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path("page.md").resolve()
    page.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    _, out, _ = invoke("--format", output_format)
    text = page.read_text()
    assert text.startswith("# Before\n## conn-lint\n\nFound 1 error in 1 file.\n")
    assert out != ""
    invoke("--output", f"{output_format}:{page}")
    assert page.read_text() == text + text.removeprefix("# Before\n")  # never over it, never twice
    invoke("--format", "text")
    assert page.read_text().count("## conn-lint") == 2


def test_a_page_that_is_not_there_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/no/such/folder/page.md")
    code, _, err = invoke("--format", "github")
    assert (code, err) == (1, "")


def test_paths_are_those_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path.cwd()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(root))
    monkeypatch.chdir("src")
    assert ",file=src/a.py," in invoke("--format", "github")[1]
    assert invoke("--format", "concise")[1].startswith("a.py:5:12")
    (run,) = json.loads(invoke("--format", "sarif", "--with-edits")[1])["runs"]
    (result,) = run["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/a.py"
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "src/a.py"
    assert start_of("github", {"GITHUB_WORKSPACE": "/elsewhere"}) == Path.cwd()
    assert json.loads(invoke("--format", "rdjson")[1])["diagnostics"][0]["suggestions"]
