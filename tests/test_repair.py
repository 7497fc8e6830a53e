"""The fix engine: what does not hold up is taken back, and files are written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import command, write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine import repair as engine
from conn_lint.engine.repair import Repaired
from conn_lint.engine.write import write_files
from conn_lint.fixes.parsed import Files
from conn_lint.model.fix import Applicability, Edit, Fix, FixPlan
from conn_lint.model.location import Span

SOURCE = """import sqlite3


def one(path):
    with sqlite3.connect(path) as conn:  # first
        conn.execute("DELETE FROM names")


def two(path):
    with sqlite3.connect(path) as conn:
        conn.execute("DELETE FROM names")
"""
Change = Callable[[FixPlan, Fix], tuple[Edit, ...]]


def repair(tmp_path: Path, source: str = SOURCE) -> Repaired:
    write(tmp_path, {"pyproject.toml": "", "a.py": source})
    repairs = Repairs(Applicability.UNSAFE)
    check_projects(Job(paths=(str(tmp_path),)), Flags(use_cache=False), cure=repairs)
    return repairs.done[0]


def with_renderer(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Every fix is rendered as usual, and then made into what `change` says."""
    render = engine.render

    def changed(plan: FixPlan, files: Files) -> Fix:
        fix = render(plan, files)
        return Fix(plan, change(plan, fix))

    monkeypatch.setattr(engine, "render", changed)


def first_only(edits: Callable[[Fix], tuple[Edit, ...]]) -> Change:
    """Only the fix of the first function is made into something else."""

    def change(plan: FixPlan, fix: Fix) -> tuple[Edit, ...]:
        return edits(fix) if plan.spans[0].span.line < 9 else fix.edits

    return change


def line(number: int, text: str) -> tuple[Edit, ...]:
    return (Edit("a.py", Span(number, 0, number, 100), text),)


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        (lambda _: (Edit("a.py", Span(5, 0, 5, 4), ""),), "would not parse"),
        (lambda _: (Edit("a.py", Span(5, 41, 5, 49), ""),), "# first would be lost"),
        (lambda _: (Edit("a.py", Span(6, 8, 6, 8), "pass\n        "),), "the finding would stay"),
        (
            lambda _: (Edit("a.py", Span(5, 4, 5, 39), "conn = sqlite3.connect(path)\n    if conn:"),),
            "it would bring a CNX201",
        ),
    ],
)  # fmt: skip
def test_a_fix_that_does_harm_is_taken_back(
    edits: Callable[[Fix], tuple[Edit, ...]],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_renderer(monkeypatch, first_only(edits))
    done = repair(tmp_path)
    assert [finding.location.span.line for finding in done.applied] == [10]
    (taken,) = done.withdrawn
    assert taken.applied
    assert reason in taken.reason
    after = done.after["a.py"].decode()
    assert after.startswith("import sqlite3\nfrom contextlib import closing\n")
    assert "with sqlite3.connect(path) as conn:  # first" in after


def test_a_renderer_that_fails_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fix: Fix) -> tuple[Edit, ...]:
        raise ZeroDivisionError

    with_renderer(monkeypatch, first_only(fail))
    done = repair(tmp_path)
    assert len(done.applied) == 1
    assert "internal error" in done.withdrawn[0].reason


def test_passes_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fix that moves its finding on, and is allowed to."""
    monkeypatch.setattr(engine, "_worse", lambda *_: {})
    with_renderer(monkeypatch, lambda plan, _: (Edit("a.py", Span(1, 0, 1, 0), "\n"),))
    assert len(repair(tmp_path).applied) <= 2 * 10


def test_fixes_that_touch_are_made_one_after_the_other(tmp_path: Path) -> None:
    source = """import sqlite3


def both(one, other):
    with sqlite3.connect(one) as first, sqlite3.connect(other) as second:
        first.execute("x")
        second.execute("x")


def nested(one, other):
    first = sqlite3.connect(one)
    second = sqlite3.connect(other)
    first.execute("x")
    second.execute("x")
    second.close()
    first.close()
"""
    done = repair(tmp_path, source)
    assert len(done.applied) == 4
    after = done.after["a.py"].decode()
    assert "closing(sqlite3.connect(one)) as first, first, closing(" in after
    assert done.outcome.findings == ()


SPREAD = {
    "pyproject.toml": "",
    "app.py": """from flask import Flask
from store import connect

app = Flask(__name__)


@app.get("/")
def index():
    conn = connect()
    try:
        with conn.cursor() as cursor:
            cursor.execute("SELECT 1")
            return str(cursor.fetchone())
    finally:
        conn.close()
""",
    "store.py": """import psycopg2


def connect():
    return psycopg2.connect("dbname=shop")
""",
}


def test_a_fix_in_several_files_is_made_where_all_are_given(tmp_path: Path) -> None:
    write(tmp_path, SPREAD)
    done = command("--fix", "--unsafe-fixes", "--show-fixes", "store.py", cwd=tmp_path)
    assert (tmp_path / "store.py").read_text() == SPREAD["store.py"], done.stderr
    assert "it would change app.py as well, which was not given" in done.stderr
    command("--fix", "--unsafe-fixes", ".", cwd=tmp_path)
    assert "ThreadedConnectionPool" in (tmp_path / "store.py").read_text()
    assert (tmp_path / "app.py").read_text() != SPREAD["app.py"]


# Files


def contents(text: str) -> dict[str, bytes]:
    return {"a.py": text.encode()}


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "changed\n", "b.py": "old\n"})
    before, after = {"a.py": b"old\n", "b.py": b"old\n"}, {"a.py": b"new\n", "b.py": b"new\n"}
    written, problems = write_files(tmp_path, before, after)
    assert written == ["b.py"]
    assert problems == ["a.py: it was changed while it was checked; it is left as it is"]
    assert (tmp_path / "a.py").read_text() == "changed\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.py"]


def test_a_link_that_leads_outside_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"outside.py": "old\n", "project/b.py": ""})
    (tmp_path / "project" / "a.py").symlink_to(tmp_path / "outside.py")
    written, problems = write_files(tmp_path / "project", contents("old\n"), contents("new\n"))
    assert written == []
    assert "outside the project" in problems[0]
    assert (tmp_path / "outside.py").read_text() == "old\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_the_old_file(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.py": "old\n"})

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            write_files(tmp_path, contents("old\n"), contents("new\n"))
    else:
        assert (
            "cannot be written" in write_files(tmp_path, contents("old\n"), contents("new\n"))[1][0]
        )
    assert (tmp_path / "a.py").read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_modes_are_kept(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "old\n"})
    (tmp_path / "a.py").chmod(0o750)
    write_files(tmp_path, contents("old\n"), contents("new\n"))
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o750


# Reports


def test_every_format_tells_the_level(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "a.py": SOURCE})
    names = ("text", "concise", "json", "github", "sarif", "gitlab", "junit", "azure", "rdjson")
    shown = {
        name: command(".", "--format", name, cwd=tmp_path).stdout for name in (*names, "markdown")
    }
    assert [name for name, text in shown.items() if "safe" not in text] == []
    assert "fix (safe): close it with" in shown["text"]
    assert "2 fixable with --fix." in shown["text"]
    assert "[safe fix]" in shown["concise"]
    assert "%0Afix (safe): close it with" in shown["github"]
    fix = json.loads(shown["json"])[0]["fix"]
    assert fix["applicability"] == "safe"
    assert "edits" not in fix


def test_edits_are_given_where_they_are_asked_for(tmp_path: Path) -> None:
    odd = "import sqlite3\n\n\ndef f(path):\n    c = sqlite3.connect(path); c.execute('x')\n"
    write(tmp_path, {"pyproject.toml": "", "src/a.py": SOURCE, "src/b.py": odd})
    done = command("--format", "json", "--with-edits", "src", cwd=tmp_path)
    first, _, refused = (finding["fix"] for finding in json.loads(done.stdout))
    assert {edit["path"] for edit in first["edits"]} == {"src/a.py"}
    assert "closing(sqlite3.connect(path))" in [edit["text"] for edit in first["edits"]]
    assert refused["applicability"] == "display-only"
    assert refused["edits"] == []
    assert refused["reason"] == "several statements stand on its line"
