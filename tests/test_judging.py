"""How grave findings are, and how many are listed, by flags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import CLEAN, LEAK, command, write

ERROR = LEAK
WARNING = LEAK.replace('("select 1")', '("select 1")\n    conn.close()')


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"a.py": WARNING, "b.py": ERROR, "c.py": WARNING, "d.py": ERROR, "e.py": CLEAN}
    return write(
        tmp_path, {"pyproject.toml": '[tool.conn-lint.severity]\nCNX2 = "error"\n', **files}
    )


def test_the_worst_are_listed(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": WARNING, "b.py": ERROR, "c.py": WARNING, "d.py": ERROR})
    args = ("--no-cache", "--format", "concise", "--max-findings")

    def listed(most: int) -> list[str]:
        done = command(*args, str(most), cwd=tmp_path)
        assert done.returncode == 1
        return [line.split(":")[0] for line in done.stdout.splitlines()]

    assert listed(0) == []
    assert listed(2) == ["b.py", "d.py"]
    assert listed(3) == ["a.py", "b.py", "d.py"]
    assert listed(9) == ["a.py", "b.py", "c.py", "d.py"]
    text = command("--no-cache", "--max-findings", "3", cwd=tmp_path).stdout
    assert text.splitlines()[-1].startswith(
        "Found 2 errors, 2 warnings in 4 files. 1 of them not listed (--max-findings)."
    )
    found = json.loads(
        command("--no-cache", "--max-findings", "1", "--format", "json", cwd=tmp_path).stdout
    )
    assert [finding["path"] for finding in found] == ["b.py"]


def test_severity_by_flag_goes_over_the_configuration(project: Path) -> None:
    done = command("--no-cache", cwd=project)
    assert "Found 4 errors in 5 files." in done.stdout
    done = command("--no-cache", "--severity", "never-released=note", cwd=project)
    assert "Found 2 errors in 5 files. 2 notes not shown" in done.stdout
    done = command("--no-cache", "--severity", "CNX201,CNX202=warning", cwd=project)
    assert "Found 4 warnings in 5 files." in done.stdout
    assert done.returncode == 1


def test_fail_on(project: Path) -> None:
    args = ("--no-cache", "--severity", "CNX2=warning", "--fail-on")
    assert command(*args, "error", cwd=project).returncode == 0
    assert command(*args, "warning", cwd=project).returncode == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--severity", "CNX201"), "'CNX201' is not CODE=LEVEL"),
        (("--severity", "=note"), "'=note' is not CODE=LEVEL"),
        (("--severity", "CNX777=note"), "options: 'CNX777' is no rule"),
        (("--severity", "CNX201=high"), "'high' is not allowed"),
        (("--fail-on", "high"), "'high' is not allowed"),
        (("--max-findings", "-1"), "-1 is not in the range"),
    ],
)
def test_wrong_values(project: Path, args: tuple[str, ...], message: str) -> None:
    done = command("--no-cache", *args, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
