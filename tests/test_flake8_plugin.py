from __future__ import annotations

import argparse
import multiprocessing
import os
from pathlib import Path

import pytest
from packages import PACKAGES, copy_of
from projects import CLEAN, LEAK, command, write

from conn_lint.config import hosted
from conn_lint.config.hosted import Rows
from conn_lint.engine.select import off_by_default
from conn_lint.flake8_plugin import Plugin
from conn_lint.model.finding import Severity
from conn_lint.rules import ALL_RULES

CALLER = "from db import open_it\n\n\ndef f():\n    conn = open_it()\n    conn.cursor()\n"
MAKER = "import psycopg2\n\n\ndef open_it():\n    return psycopg2.connect('')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"pyproject.toml": "[tool.conn-lint]\n", "a.py": LEAK, "db.py": MAKER, "use.py": CALLER}
    return write(tmp_path, files | {"sub/b.py": CLEAN})


def flake8(root: Path, *args: str, stdin: bytes | None = None) -> list[str]:
    done = command("--isolated", *args, cwd=root, stdin=stdin, module="flake8")
    assert done.stderr == ""
    return [":".join(line.split(" ")[:2]) for line in sorted(done.stdout.splitlines())]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_same_findings_as_the_command(project: Path, jobs: str) -> None:
    done = command(".", "--format", "concise", cwd=project)
    expected = [":".join(line.split(" ")[:2]) for line in sorted(done.stdout.splitlines())]
    assert [line.split(":")[0] for line in expected] == ["a.py", "use.py"]
    assert flake8(project, "--select", "CNX", "-j", jobs, "a.py", "db.py", "use.py") == expected
    found = flake8(project, "--select", "CNX", "-j", jobs, ".")
    assert [line.removeprefix("./") for line in found] == expected
    assert flake8(project, "--select", "CNX", "use.py") == expected[1:]


@pytest.mark.parametrize("package", PACKAGES)
def test_real_packages_as_the_command_sees_them(package: str, tmp_path: Path) -> None:
    root = copy_of(package, tmp_path / "repository")
    done = command(".", "--format", "concise", "--disable-noqa", "--no-cache", cwd=root)
    expected = sorted(f"./{line}" for line in done.stdout.splitlines())
    assert len(expected) > 10
    args = ("--isolated", "--disable-noqa", "--select", "CNX", "-j", "2", ".")
    done = command(*args, cwd=root, module="flake8")
    assert (sorted(done.stdout.splitlines()), done.stderr) == (expected, "")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_are_no_forks(project: Path, method: str) -> None:
    code = (
        "import multiprocessing, sys\nfrom flake8.main.cli import main\n"
        "if __name__ == '__main__':\n"
        f"    multiprocessing.set_start_method({method!r})\n    sys.exit(main())\n"
    )
    write(project, {"run_flake8.py": code})
    args = ("--isolated", "--select", "CNX", "-j", "2", "a.py", "db.py", "use.py")
    done = command(*args, cwd=project, module="run_flake8")
    assert [line.split(" ")[1] for line in sorted(done.stdout.splitlines())] == ["CNX201", "CNX201"]
    assert done.stderr == ""


def test_workers_read_what_the_parent_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONN_LINT_HOSTED_RESULT", raising=False)
    rows = Rows({"/x.py": [(1, 0, "CNX201 m")]}, ("p",))
    hosted._hand_over(rows)
    name = os.environ["CONN_LINT_HOSTED_RESULT"]
    assert hosted._from_parent() is None  # this is no worker
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    assert hosted._from_parent() == rows
    Path(name).write_bytes(b"broken")
    assert hosted._from_parent() is None
    hosted._take_back(name, os.getpid())
    assert not Path(name).exists()
    assert hosted._from_parent() is None
    monkeypatch.delenv("CONN_LINT_HOSTED_RESULT")


def test_flake8s_own_selection_and_noqa(project: Path) -> None:
    silenced = LEAK.replace("(dsn)\n    conn.", "(dsn)  # noqa: CNX201\n    conn.")
    write(project, {"quiet.py": silenced, "off.py": "# conn-lint: off\n" + LEAK})
    assert flake8(project, "--select", "CNX", "quiet.py", "off.py") == []
    assert flake8(project, "--select", "CNX", "--disable-noqa", "quiet.py") == [
        "quiet.py:5:12::CNX201"
    ]
    assert flake8(project, "--select", "CNX", "--extend-ignore", "CNX201", "a.py") == []
    assert flake8(project, "--select", "CNX", "--per-file-ignores", "a.py:CNX2", "a.py") == []
    assert flake8(project, "--select", "E", "a.py") == []


def test_our_selection_does_not_count(project: Path) -> None:
    write(project, {"pyproject.toml": "[tool.conn-lint]\nignore = ['CNX201']\n"})
    assert flake8(project, "--select", "CNX", "a.py") == ["a.py:5:12::CNX201"]


def test_standard_input_takes_the_place_of_its_file(project: Path) -> None:
    found = flake8(
        project, "--select", "CNX", "--stdin-display-name", "db.py", "-", stdin=LEAK.encode()
    )
    assert found == ["db.py:5:12::CNX201"]
    found = flake8(
        project, "--select", "CNX", "--stdin-display-name", "use.py", "-", stdin=CALLER.encode()
    )
    assert found == ["use.py:5:12::CNX201"]
    assert flake8(project, "--select", "CNX", "-", stdin=LEAK.encode()) == ["stdin:5:12::CNX201"]


def test_isolated_files_know_nothing_of_each_other(project: Path) -> None:
    args = ("--select", "CNX", "--conn-lint-isolated-files")
    assert flake8(project, *args, "a.py", "db.py", "use.py") == ["a.py:5:12::CNX201"]
    assert flake8(project, *args, ".") == ["./a.py:5:12::CNX201"]


def test_notes_only_if_selected_by_code(project: Path) -> None:
    write(project, {"other.toml": "severity = { CNX201 = 'note' }\n"})
    config = ("--conn-lint-config", "other.toml", "a.py")
    assert flake8(project, "--select", "CNX", *config) == []
    assert flake8(project, "--select", "CNX201", *config) == ["a.py:5:12::CNX201"]
    assert flake8(project, "--extend-select", "CNX2", *config) == ["a.py:5:12::CNX201"]


def test_a_wrong_configuration_is_a_finding(project: Path) -> None:
    write(project, {"other.toml": "selekt = []\n"})
    done = command(
        "--isolated",
        "--select",
        "CNX",
        "--conn-lint-config",
        "other.toml",
        "a.py",
        cwd=project,
        module="flake8",
    )
    assert done.stdout.startswith("a.py:1:1: CNX900 other.toml: unknown key 'selekt'")
    assert done.stderr == ""


def test_an_internal_error_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise TypeError("broken\nbadly")

    monkeypatch.setattr("conn_lint.flake8_plugin.analyse_once", fail)
    options = argparse.Namespace(
        select=None,
        extend_select=None,
        filenames=["a.py"],
        conn_lint_config=None,
        conn_lint_isolated_files=False,
        stdin_display_name="stdin",
    )
    Plugin.parse_options(options)
    try:
        (row,) = Plugin(tree=None, filename="a.py").run()  # type: ignore[arg-type]
    finally:
        Plugin.rows = Rows()
    assert row[:2] == (1, 0)
    assert (
        row[2] == "CNX900 internal error of conn-lint (TypeError: broken badly); please report it"
    )


def test_off_by_default_rules_are_told_to_flake8(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Manager:
        def add_option(self, *args: object, **kwargs: object) -> None:
            pass

        def extend_default_ignore(self, codes: list[str]) -> None:
            told.extend(codes)

    monkeypatch.setattr(type(ALL_RULES[0]), "default", False)
    Plugin.add_options(Manager())
    assert told == sorted({ALL_RULES[0].code, *off_by_default()})
    assert ALL_RULES[0].code in told


def test_starting_the_plugin_is_light(project: Path) -> None:
    write(
        project,
        {
            "probe.py": "import sys\nimport conn_lint.flake8_plugin\n"
            "sys.exit(str({'click', 'rich', 'libcst'} & set(sys.modules) or ''))\n"
        },
    )
    done = command(cwd=project, module="probe")
    assert done.stderr.strip() == ""


def test_severities_are_ordered() -> None:
    assert Severity.NOTE < Severity.WARNING < Severity.ERROR
