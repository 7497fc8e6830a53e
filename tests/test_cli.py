from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import CLEAN, LEAK, SECRET, command, write

from conn_lint import __version__, check_paths, check_source
from conn_lint.api import ConfigError
from conn_lint.cli import main
from conn_lint.cli.options import per_file_ignores
from conn_lint.rules import ALL_RULES


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "a.py": LEAK, "src/b.py": CLEAN})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*args: str, stdin: str | bytes | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, list(args), input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "args",
    [("check",), (".",), ("check", "."), ("--no-cache", "."), ("a.py",), ("check", "src", "a.py")],
)
def test_what_is_no_command_is_checked(args: tuple[str, ...]) -> None:
    code, out, err = invoke(*args)
    assert code == 1
    assert "a.py:5:12: CNX201" in out
    assert err == ""


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("src",), 0),
        (("a.py",), 1),
        (("a.py", "--exit-zero"), 0),
        (("a.py", "--ignore", "CNX2"), 0),
        (("a.py", "--select", "CNX202,CNX203"), 0),
        (("a.py", "--select", "CNX202", "--extend-select", "never-released"), 1),
        (("a.py", "--per-file-ignores", "*.py:CNX201"), 0),
        ((".", "--extend-exclude", "a.py"), 0),
        ((".", "--exclude", "*.py"), 0),
        (("nothere.py",), 2),
        (("a.py", "nothere.py", "--exit-zero"), 2),
        (("a.py", "--select", "CNX9999"), 2),
        (("a.py", "--jobs", "many"), 2),
        (("a.py", "--config", "nothere.toml"), 2),
        (("a.py", "--format", "xml"), 2),
        (("a.py", "--output-file", "no/such/folder/x"), 2),
        (("a.py", "--nonsense"), 2),
        (("a.py", "--per-file-ignores", "CNX201"), 2),
        (("rule", "CNX9999"), 2),
        (("settings", "nothere"), 2),
        (("files", "nothere"), 2),
    ],
)
def test_exit_codes(args: tuple[str, ...], code: int) -> None:
    found, out, err = invoke(*args)
    assert found == code
    assert "Traceback" not in out + err
    assert bool(err) is (code == 2)


@pytest.mark.usefixtures("project")
def test_fail_on_and_severity() -> None:
    write(Path(), {"conn-lint.toml": "fail-on = 'error'\nseverity = { CNX201 = 'warning' }\n"})
    code, out, _ = invoke("a.py")
    assert code == 0
    assert "Found 1 warning in 1 file." in out
    write(Path(), {"conn-lint.toml": "severity = { CNX201 = 'note' }\n"})
    assert invoke("a.py")[1] == (
        "No connection bugs found in 1 file. 1 note not shown (--show-notes).\n"
    )
    assert "CNX201" in invoke("a.py", "--show-notes")[1]


@pytest.mark.usefixtures("project")
def test_a_wrong_configuration_is_explained() -> None:
    write(Path(), {"pyproject.toml": "[tool.conn-lint]\nselekt = []\n"})
    code, out, err = invoke(".")
    assert (code, out) == (2, "")
    assert err == (
        "conn-lint: pyproject.toml: [tool.conn-lint]: unknown key 'selekt', "
        "did you mean 'select'?\n"
    )


@pytest.mark.usefixtures("project")
def test_another_projects_wrong_configuration_stops_only_that() -> None:
    write(Path(), {"sub/conn-lint.toml": "x = 1\n", "sub/c.py": LEAK})
    code, out, err = invoke(".")
    assert code == 2
    assert "a.py:5:12" in out
    assert "sub/conn-lint.toml: unknown key 'x'" in err


@pytest.mark.usefixtures("project")
def test_standard_input_takes_the_place_of_its_file() -> None:
    assert invoke("-", stdin=LEAK)[1].startswith("stdin:5:12: CNX201")
    assert invoke("-", "--stdin-filename", "src/b.py", stdin=LEAK)[1].startswith("src/b.py:5:12")
    assert (
        "5 | conn = psycopg2.connect(dsn)"
        in invoke("-", "--stdin-filename", "src/b.py", stdin=LEAK)[1]
    )
    code, out, _ = invoke("-", "--stdin-filename", "a.py", stdin=CLEAN)
    assert (code, out) == (0, "No connection bugs found in 1 file.\n")
    assert invoke("-", "--stdin-filename", "new/c.py", stdin=LEAK)[0] == 1
    code, out, _ = invoke(
        "-", "a.py", "--stdin-filename", "src/b.py", "--format", "concise", stdin=LEAK
    )
    assert [line.partition(":")[0] for line in out.splitlines()] == ["a.py", "src/b.py"]


@pytest.mark.usefixtures("project")
def test_formats_and_output_file() -> None:
    (found,) = json.loads(invoke("a.py", "--format", "json")[1])
    assert (found["path"], found["line"], found["code"]) == ("a.py", 5, "CNX201")
    assert json.loads(invoke("src", "--format", "json")[1]) == []
    assert invoke("a.py", "--format", "github")[1].startswith("::error ")
    code, out, _ = invoke("a.py", "--format", "concise", "--output-file", "report.txt")
    assert (code, out) == (1, "")
    assert Path("report.txt").read_text().startswith("a.py:5:12: CNX201")


@pytest.mark.usefixtures("project")
def test_statistics() -> None:
    assert invoke("a.py", "--quiet", "--statistics")[1].endswith("1  CNX201 never-released\n")
    _, out, err = invoke("a.py", "--format", "json", "--statistics")
    assert len(json.loads(out)) == 1
    assert err == "1  CNX201 never-released\n"


@pytest.mark.usefixtures("project")
def test_paths_are_shown_from_where_the_user_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    assert invoke("..")[1].startswith("../a.py:5:12")


@pytest.mark.usefixtures("project")
def test_quiet_and_verbose() -> None:
    told = invoke("a.py", "--verbose")[2]
    assert re.search(
        r"2 files read \((\d+) lines, [1-9]\d*\.\d % of them parsed\), 1 file reported on", told
    )
    assert "0.0 % of them parsed" in invoke("a.py", "--verbose")[2]  # all is known
    assert "Found" not in invoke("a.py", "--quiet")[1]


@pytest.mark.usefixtures("project")
def test_a_given_file_that_is_never_reported_on_is_named() -> None:
    write(Path(), {"tests/t.py": LEAK})
    code, _, err = invoke("tests/t.py")
    assert code == 0
    assert err == "conn-lint: tests/t.py: nothing is reported here: a test (--include-tests)\n"
    assert invoke("tests/t.py", "--include-tests")[0] == 1


@pytest.mark.usefixtures("project")
def test_internal_errors_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, project: object) -> None:
        raise KeyError(f"password={SECRET}")

    monkeypatch.setattr(type(ALL_RULES[0]), "check", fail)
    code, out, err = invoke(".", "--no-cache")
    assert code == 2
    assert f"internal error in the rule {ALL_RULES[0].name} (KeyError: " in err
    assert "please report it" in err
    assert "Traceback" not in out + err
    code, _, err = invoke(".", "--no-cache", "--verbose")
    assert "Traceback" in err
    assert SECRET not in err


@pytest.mark.usefixtures("project")
def test_a_fault_on_one_file_is_a_finding_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ValueError("lowering broke")

    monkeypatch.setattr("conn_lint.engine.workers.read_unit", fail)
    code, out, err = invoke(".", "--no-cache", "--format", "concise")
    assert code == 2
    assert "a.py:4:1: CNX900 an internal error of conn-lint (ValueError: lowering broke)" in out
    assert "Traceback" not in out + err


def test_rule_and_rules() -> None:
    code, out, _ = invoke("rule", "CNX201")
    assert code == 0
    assert out.startswith("# never-released (CNX201, error)\n")
    assert invoke("rule", "never-released")[1] == out
    assert [line[:6] for line in invoke("rules")[1].splitlines()] == sorted(
        r.code for r in ALL_RULES
    )
    assert "did you mean 'never-released'?" in invoke("rule", "never-relesed")[2]


@pytest.mark.usefixtures("project")
def test_settings_files_clean() -> None:
    code, out, _ = invoke("settings")
    assert code == 0
    assert out.startswith("# pyproject.toml\n")
    assert "max-pool-size = 20" in out
    write(Path(), {"n.ipynb": "", "tests/t.py": "", "g.py": "# @generated\n"})
    assert invoke("files")[1].splitlines() == [
        "a.py: reported",
        "g.py: linked (generated code)",
        "n.ipynb: skipped (a notebook)",
        "pyproject.toml: document",
        "src/b.py: reported",
        "tests/t.py: linked (a test)",
    ]
    assert invoke("files", "src")[1].splitlines() == ["src/b.py: reported"]
    invoke(".")
    assert Path(".conn_lint_cache").exists()
    assert invoke("clean")[1].startswith("deleted ")
    assert not Path(".conn_lint_cache").exists()
    assert invoke("clean")[1].startswith("no cache at ")


def test_per_file_ignores_as_flake8_writes_them() -> None:
    assert per_file_ignores("a.py:CNX201,CNX202 b/*:CNX203\n c.py: CNX204") == {
        "a.py": ["CNX201", "CNX202"],
        "b/*": ["CNX203"],
        "c.py": ["CNX204"],
    }


def test_version_starts_light() -> None:
    code = (
        "import sys\nfrom conn_lint.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'libcst', 'rich', 'yaml', 'msgspec', 'pathspec'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"conn-lint, version {__version__}\n"


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, conn_lint\n"
        "sys.exit(len([name for name in sys.modules if name.startswith('conn_lint.')]))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_real_command(project: Path) -> None:
    done = command("check", "--format", "concise", cwd=project)
    assert done.returncode == 1
    assert done.stdout.startswith("a.py:5:12: CNX201 ")
    assert done.stderr == ""
    assert "\x1b" not in command(".", cwd=project).stdout


def test_public_functions(project: Path) -> None:
    (found,) = check_paths([project])
    assert found.location.path == (project / "a.py").as_posix()
    assert check_paths([project / "a.py"], ignore=["CNX201"]) == []
    assert [f.code for f in check_source(LEAK)] == ["CNX201"]
    assert check_source(CLEAN.encode(), filename=project / "a.py") == []
    with pytest.raises(ConfigError, match="there is no such file"):
        check_paths([project / "nothere"])
    assert not isinstance(sys.stdout, io.BytesIO)
