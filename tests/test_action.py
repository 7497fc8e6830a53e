"""The action for GitHub: its steps are run by bash, with what GitHub would give them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import LEAK, write

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner: a checkout with a finding, and the files that steps write to."""
    files = {"pyproject.toml": "[tool.conn-lint]\n", "a.py": LEAK, "b b.py": LEAK}
    write(tmp_path / "work", files)
    write(tmp_path, dict.fromkeys(("output", "path", "summary"), ""))
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "conn-lint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conn_lint "$@"\n')
    command.chmod(0o755)
    return tmp_path


def step(runner: Path, what: dict[str, Any], **inputs: str) -> tuple[int, str, str]:
    """Run a step as GitHub does: expressions in its environment, then bash on a file."""
    given = {name: value["default"] for name, value in ACTION["inputs"].items()}
    given.update({name.replace("_", "-"): value for name, value in inputs.items()})

    def value(match: re.Match[str]) -> str:
        context, _, name = match[1].partition(".")
        return str(ROOT) if match[1] == "github.action_path" else given[name] if context else ""

    environ = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "CI_"))}
    environ |= {k: re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, v) for k, v in what["env"].items()}
    environ |= {
        "PATH": f"{runner / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(runner),
        "GITHUB_OUTPUT": str(runner / "output"),
        "GITHUB_PATH": str(runner / "path"),
        "GITHUB_STEP_SUMMARY": str(runner / "summary"),
        "GITHUB_WORKSPACE": str(runner / "work"),
    }
    write(runner, {"step.sh": what["run"]})
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(runner / "step.sh")],
        cwd=runner / "work",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_has_the_form_that_github_asks_for() -> None:
    assert set(ACTION) == {"name", "description", "branding", "inputs", "outputs", "runs"}
    assert ACTION["runs"]["using"] == "composite"
    for value in ACTION["inputs"].values():
        assert set(value) == {"description", "default"}
    for what in (INSTALL, CHECK):
        assert what["shell"] == "bash"
        assert "${{" not in what["run"], "an input in a script would be run"
        assert set(re.findall(r"inputs\.([\w-]+)", str(what["env"]))) <= set(ACTION["inputs"])
    used = re.findall(r"inputs\.([\w-]+)", str(ACTION["runs"]))
    assert sorted(used) == sorted(ACTION["inputs"])


def test_findings_become_annotations_and_a_summary(runner: Path) -> None:
    code, out, err = step(runner, CHECK)
    assert (code, err) == (1, "")
    assert [line[:8] for line in out.splitlines()] == ["::error ", "::error ", "Found 2 "]
    assert (runner / "output").read_text() == "exit-code=1\n"
    assert (runner / "summary").read_text().startswith("## conn-lint\n\nFound 2 errors in 2 files.")


@pytest.mark.parametrize(
    ("inputs", "code", "found"),
    [
        ({"paths": "b b.py"}, 1, ["b b.py"]),
        ({"paths": "a.py\nb b.py\n"}, 1, ["a.py", "b b.py"]),
        ({"args": "--ignore 'CNX2' --quiet"}, 0, []),
        ({"args": '--extend-exclude "b b.py"'}, 1, ["a.py"]),
        ({"fail-on": "never"}, 0, ["a.py", "b b.py"]),
        ({"fail-on": "error"}, 1, ["a.py", "b b.py"]),
        ({"paths": "nothere"}, 2, []),
        ({"fail-on": "sometimes"}, 2, []),
        ({"args": " \n", "paths": "b b.py"}, 1, ["b b.py"]),
        ({"args": "'"}, 1, []),
    ],
)
def test_inputs(runner: Path, inputs: dict[str, str], code: int, found: list[str]) -> None:
    given = {"format": "concise", **inputs}
    done, out, _ = step(runner, CHECK, **given)
    lines = [line for line in out.splitlines() if "CNX" in line]
    assert (done, [line.partition(":")[0] for line in lines]) == (code, found)


def test_a_report_for_code_scanning(runner: Path) -> None:
    assert step(runner, CHECK, sarif_file="out.sarif")[0] == 1
    (run,) = json.loads((runner / "work" / "out.sarif").read_text())["runs"]
    assert len(run["results"]) == 2


@pytest.mark.parametrize("name", ACTION["inputs"])
def test_nothing_in_an_input_is_run(runner: Path, name: str) -> None:
    evil = f"\"'; touch {runner}/owned; $(touch {runner}/owned) `touch {runner}/owned` #"
    step(runner, CHECK, **{name: evil})
    assert not (runner / "owned").exists()


def test_installing_it(runner: Path) -> None:
    code, _, err = step(runner, INSTALL)
    assert code == 0, err
    folder = Path((runner / "path").read_text().strip())
    done = subprocess.run(
        [folder / "conn-lint", "--version"], capture_output=True, text=True, check=True, cwd=runner
    )
    assert done.stdout.startswith("conn-lint, version ")
    assert step(runner, INSTALL, version="99.99")[0] == 1
