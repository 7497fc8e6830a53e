"""CNX901: which comments are judged, and how they are taken out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projects import command, places, run_check, write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine import repair as engine
from conn_lint.fixes.parsed import Files
from conn_lint.model.fix import Applicability, Edit, Fix, FixPlan
from conn_lint.model.location import Span
from conn_lint.rules.never_released import NeverReleased

UNUSED = "x = 1  # noqa: CNX201\n"
LEAK = """import psycopg2

def load(dsn):
    conn = psycopg2.connect(dsn)  # noqa: CNX201
    conn.cursor().execute("select 1")
"""
CONFIG = '[tool.conn-lint]\nextend-select = ["CNX901"]\n'


def fixed(tmp_path: Path, source: bytes) -> bytes:
    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": source})
    repairs = Repairs(Applicability.SAFE)
    check_projects(Job(paths=(str(tmp_path),)), Flags(use_cache=False), cure=repairs)
    assert repairs.done[0].withdrawn == ()
    return repairs.done[0].after.get("a.py", source)


def codes(tmp_path: Path, **options: object) -> list[str]:
    return [code for _, _, code in places(run_check(tmp_path, **options))]


def test_off_unless_selected(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": UNUSED})
    assert codes(tmp_path) == []
    assert codes(tmp_path, select=["CNX"]) == []
    assert codes(tmp_path, extend_select=["unused-suppression"]) == ["CNX901"]


@pytest.mark.parametrize(
    "options",
    [
        {"select": ["CNX202", "CNX901"]},
        {"ignore": ["CNX201"]},
        {"per_file_ignores": {"a.py": ["CNX201"]}},
        {"per_file_ignores": {"a.py": ["CNX901"]}},
    ],
)
def test_codes_that_are_not_selected_are_left_alone(
    tmp_path: Path, options: dict[str, object]
) -> None:
    write(tmp_path, {"a.py": UNUSED})
    assert codes(tmp_path, **{"extend_select": ["CNX901"], **options}) == []


def test_a_rule_that_is_ignored_may_still_be_silenced(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK.replace("CNX201", "CNX2")})
    assert codes(tmp_path, extend_select=["CNX901"], ignore=["CNX201"]) == []


def test_files_that_are_not_reported_on_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"test_a.py": UNUSED, "b.py": UNUSED, "c.py": UNUSED})
    run = run_check(tmp_path / "b.py", extend_select=["CNX901"])
    assert places(run) == [("b.py", 1, "CNX901")]


def test_nothing_is_said_after_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("not today")

    write(tmp_path, {"a.py": UNUSED})
    monkeypatch.setattr(NeverReleased, "check", fail)
    assert codes(tmp_path, extend_select=["CNX901"]) == []


def test_disable_noqa_judges_ranges_only(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": UNUSED + "# conn-lint: off\n"})
    done = command("--disable-noqa", "--no-cache", "--format", "concise", cwd=tmp_path)
    assert [line.split(":")[1] for line in done.stdout.splitlines()] == ["2"]


def test_flake8_has_comments_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": UNUSED})
    done = command("--isolated", "--select", "CNX", ".", cwd=tmp_path, module="flake8")
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x = 1  # noqa: CNX201\n", b"x = 1\n"),
        (b"x = 1  # noqa: CNX201", b"x = 1"),
        (b"x = 1\t# noqa: CNX201  \r\ny = 2\r\n", b"x = 1\r\ny = 2\r\n"),
        (b"\xef\xbb\xbfx = 1  # noqa: CNX201, E501\r", b"\xef\xbb\xbfx = 1  # noqa: E501\r"),
        (
            b"# coding: latin-1\nx = '\xe9'  # \xe9 # noqa: CNX201\n",
            b"# coding: latin-1\nx = '\xe9'  # \xe9\n",
        ),
        (b"x = 1\n    # noqa: CNX201\ny = 2\n", b"x = 1\ny = 2\n"),
        (b"# conn-lint: off\nx = 1\n# conn-lint: on\n", b"x = 1\n"),
        (
            b"# conn-lint: off CNX201\nx = 1\n# conn-lint: on\n",
            b"x = 1\n# conn-lint: on\n",
        ),
        (b"x = 1  # noqa: CNX201  # conn-lint: off\n", b"x = 1\n"),
        (b"x = 1  # noqa: CNX101\ny = 2  # noqa: CNX102\n", b"x = 1\ny = 2\n"),
        (LEAK.replace(": CNX201", ": CNX201, CNX202").encode(), LEAK.encode()),
    ],
)
def test_the_fix(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert fixed(tmp_path, before) == after
    assert fixed(tmp_path, after) == after


def test_what_a_cure_leaves_unused_goes_too(tmp_path: Path) -> None:
    before = """import sqlite3

def add(path):
    with sqlite3.connect(path) as conn:  # noqa: CNX202
        conn.execute("delete from names")
"""
    after = fixed(tmp_path, before.encode()).decode()
    assert "closing(" in after
    assert "noqa" not in after


def test_a_comment_that_is_needed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render: Callable[[FixPlan, Files], Fix] = engine.render

    def too_much(plan: FixPlan, files: Files) -> Fix:
        fix = render(plan, files)
        edits = (Edit("a.py", Span(4, 32, 4, 48), ""),)
        return Fix(plan, (*edits, *fix.edits))

    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": LEAK + UNUSED})
    monkeypatch.setattr(engine, "render", too_much)
    monkeypatch.setattr(engine, "problem", lambda *_: "")
    repairs = Repairs(Applicability.SAFE)
    check_projects(Job(paths=(str(tmp_path),)), Flags(use_cache=False), cure=repairs)
    assert repairs.done[0].after == {}
    assert [item.reason for item in repairs.done[0].withdrawn] == ["it would bring a CNX201 (a.py)"]
