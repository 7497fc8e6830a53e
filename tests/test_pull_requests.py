"""What docs/pull-requests.md tells people to put into their pipelines is run, on a branch with a finding."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from doc_blocks import ROOT, Block, blocks
from projects import LEAK, command, write
from repositories import commit, git
from test_action import ACTION
from test_pre_commit import HOOKS

PAGES = {"docs/pull-requests.md", "README.md"}
DOCUMENTS = [yaml.safe_load(block.text) for block in blocks("yaml") if block.page in PAGES]


def commands() -> list[str]:
    """The lines that pipelines run, and those of the blocks for a shell."""
    page = [b for b in blocks("yaml", "groovy", "bash") if b.page == "docs/pull-requests.md"]
    text = "\n".join(block.text for block in page)
    return sorted(
        set(re.findall(r"^(?:.*?(?:: |- |'))?(conn-lint check[^'#\n]*)", text, re.MULTILINE))
    )


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from nodes(item)


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", ".gitignore": "bin/\n"})
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(tmp_path, "switch", "-q", "-c", "feature")
    write(tmp_path, {"leak.py": LEAK, "bin/conn-lint": ""})
    script = f'#!/bin/sh\nexec "{sys.executable}" -m conn_lint "$@"\n'
    (tmp_path / "bin/conn-lint").write_text(script)
    (tmp_path / "bin/conn-lint").chmod(0o755)
    return tmp_path


def test_there_are_commands() -> None:
    assert len(commands()) >= 6
    assert any("--output junit:" in line for line in commands())


@pytest.mark.parametrize("line", commands())
def test_a_pipeline_finds_it(line: str, branch: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("GIT", "CI_"))}
    environ["PATH"] = f"{branch / 'bin'}:{environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=branch,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == (0 if "--exit-zero" in line else 1), done.stderr
    files = re.findall(r"--output \w+:([\w.-]*\w)", line)
    reports = [done.stdout, *((branch / name).read_text(encoding="utf-8") for name in files)]
    assert done.stderr == ""
    assert all("CNX201" in text for text in reports if text)
    assert any(reports)


# By the keys that only documents of one kind have.
FORMS = {
    "jobs": ("check_jsonschema", "--builtin-schema", "vendor.github-workflows"),
    "conn-lint": ("check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"),
    "steps": ("check_jsonschema", "--builtin-schema", "vendor.azure-pipelines"),
    "repos": ("pre_commit", "validate-config"),
}
PIPELINES = [block for block in blocks("yaml") if block.page in PAGES]


def is_valid(form: tuple[str, ...], document: Any, folder: Path) -> bool:
    """The program that the form names accepts the document."""
    pytest.importorskip(form[0])
    write(folder, {"document.yaml": yaml.safe_dump(document)})
    done = command(*form[1:], "document.yaml", cwd=folder, module=form[0])
    assert done.stdout + done.stderr or done.returncode == 0
    return done.returncode == 0


@pytest.mark.parametrize("block", PIPELINES, ids=str)
def test_a_pipeline_has_the_form_that_its_service_asks_for(block: Block, tmp_path: Path) -> None:
    document = yaml.safe_load(block.text)
    if isinstance(document, list):  # steps of a job
        document = {"on": "push", "jobs": {"x": {"runs-on": "ubuntu-latest", "steps": document}}}
    if True in document:  # what YAML makes of GitHub's `on`
        document["on"] = document.pop(True)
    (form,) = {FORMS[key] for key in document if key in FORMS}
    assert is_valid(form, document, tmp_path)
    # The same with a wrong word is refused: the form is the right one, and looks inside.
    (key,) = FORMS.keys() & document.keys()
    assert not is_valid(form, {**document, key: "nothing"}, tmp_path)


@pytest.mark.parametrize("block", blocks("yaml", "groovy", page="docs/pull-requests.md"), ids=str)
def test_what_a_service_takes_was_written(block: Block) -> None:
    taken = re.findall(
        r"(?:sarif_file: |codequality: |testResultsFiles: |junit '|< )([\w.-]+\.\w+)", block.text
    )
    written = re.findall(r"(?:--output \w+:|sarif-file: )([\w.-]+\.\w+)", block.text)
    assert taken == written


@pytest.mark.parametrize("name", ["action.yml", ".pre-commit-hooks.yaml"])
def test_what_others_start_has_the_form_that_they_ask_for(name: str, tmp_path: Path) -> None:
    forms = {
        "action.yml": ("check_jsonschema", "--builtin-schema", "vendor.github-actions"),
        ".pre-commit-hooks.yaml": ("pre_commit", "validate-manifest"),
    }
    document = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert is_valid(forms[name], document, tmp_path)
    assert not is_valid(forms[name], {"name": 1}, tmp_path)


def test_the_action_and_the_hooks_exist_as_they_are_used() -> None:
    used = [node for document in DOCUMENTS for node in nodes(document)]
    actions = [node for node in used if str(node.get("uses", "")).startswith("conn-lint/")]
    assert len(actions) >= 3
    for node in actions:
        assert set(node.get("with", {})) <= set(ACTION["inputs"])
    repositories = [node for node in used if str(node.get("repo", "")).endswith("/conn-lint")]
    assert len(repositories) >= 2
    for node in repositories:
        assert {hook["id"] for hook in node["hooks"]} <= set(HOOKS)


def test_the_table_has_every_input() -> None:
    page = ROOT / "docs/pull-requests.md"
    table = page.read_text(encoding="utf-8").partition("| Input |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == list(ACTION["inputs"])
