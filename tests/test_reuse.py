"""The result of an earlier run is taken where files have changed in nothing that it rests on, and only there."""

from __future__ import annotations

import ast
import os
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from projects import places, write

from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, Run, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine import analyse
from conn_lint.engine.cache import FOLDER, digest_of
from conn_lint.model.finding import Finding

PROJECTS = Path(__file__).parents[1] / "fixtures" / "projects"

FILES = {
    "store.py": """\
import psycopg2


def opened():
    return psycopg2.connect('')


def unrelated(text):
    # in words
    return text.split()
""",
    "views.py": """\
import flask

from store import opened

app = flask.Flask(__name__)


@app.get("/")
def index():
    conn = opened()
    conn.close()
    return compute(3)


def compute(number):
    return number + 1


def unrelated(text):
    words = text.split()
    return len(words)
""",
    "other.py": """\
LIMIT = 3


def total(rows):
    return sum(rows[:LIMIT])


class Basket:
    def __init__(self):
        self.rows = []

    def add(self, row):
        self.rows.append(row)
""",
}


NOTES = parse_options({"show-notes": True, "extend-select": ["CNX901"]}, "test")


def check(root: Path) -> Run:
    return check_projects(Job(paths=(str(root),)), Flags(options=NOTES))


def findings(run: Run) -> list[Finding]:
    assert not run.problems
    assert not any(outcome.troubles for _, outcome in run.checked)
    return [finding for _, outcome in run.checked for finding in outcome.findings]


def is_right(run: Run, root: Path) -> bool:
    """It is what a run finds that has no cache."""
    fresh = check_projects(Job(paths=(str(root),)), Flags(options=NOTES, use_cache=False))
    return findings(run) == findings(fresh)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each run that found no result of exactly its inputs: whether that of an earlier one was taken."""
    taken: list[bool] = []
    original = analyse.reused

    def spy(*given: object) -> object:
        result = original(*given)  # type: ignore[arg-type]
        taken.append(result is not None)
        return result

    monkeypatch.setattr(analyse, "reused", spy)
    return taken


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")


def check_edit(root: Path, runs: list[bool], path: str, old: str, new: str) -> bool:
    """Whether the result before the edit was taken; either way it must be what a run without a cache finds."""
    write(root, FILES)
    check(root)
    runs.clear()
    edit(root, path, old, new)
    found = check(root)
    taken = list(runs)
    assert is_right(found, root)
    assert len(taken) == 1
    return taken[0]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("other.py", "sum(rows[:LIMIT])", "sum(rows[1:LIMIT])"),
        ("other.py", "sum(rows", "max(rows"),
        ("other.py", "    return sum", "    # the first few\n    return sum"),
        ("other.py", "rows.append(row)", "rows.insert(0, row)"),
        ("other.py", "self.rows = []", "self.items = self.rows = []"),
        ("other.py", "LIMIT = 3", "LIMIT = 3\nMOST = 4"),
        ("views.py", "text.split()", "text.strip()"),
    ],
)
def test_what_nobody_asked_for_may_change(
    tmp_path: Path, runs: list[bool], path: str, old: str, new: str
) -> None:
    assert check_edit(tmp_path, runs, path, old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param("other.py", "sum(rows", "opened(rows", id="calls what opens"),
        pytest.param("other.py", "sum(rows", "f(index, rows", id="mentions a handler"),
        pytest.param("other.py", "LIMIT = 3", "import store", id="imports"),
        pytest.param("other.py", "LIMIT = 3", "LIMIT = 3\n\n\ndef new(): ...", id="defines"),
        pytest.param("other.py", "def add", "async def add", id="is another kind"),
        pytest.param("other.py", "class Basket:", "class Basket(dict):", id="has a base"),
        pytest.param("other.py", "    def add", "    @property\n    def add", id="is decorated"),
        pytest.param("other.py", "sum(rows", "sum((rows", id="cannot be read"),
        pytest.param("store.py", "connect('')", "connect('', 1)", id="was read"),
        pytest.param("views.py", "return compute", "\n    return compute", id="was read, too"),
        pytest.param(
            "views.py", "def compute", "# moved\n\n\ndef compute", id="moves what is after it"
        ),
    ],
)
def test_what_was_asked_for_is_looked_at_again(
    tmp_path: Path, runs: list[bool], path: str, old: str, new: str
) -> None:
    assert not check_edit(tmp_path, runs, path, old, new)


def test_edits_add_up_and_comments_are_those_of_now(tmp_path: Path, runs: list[bool]) -> None:
    write(tmp_path, FILES)
    check(tmp_path)
    for number in range(3):
        edit(tmp_path, "other.py", "return sum(", f"return sum({number} + ")
        check(tmp_path)
    edit(tmp_path, "other.py", "return sum", "return sum  # noqa: CNX201\n    return sum")
    found = check(tmp_path)
    assert runs == [False, True, True, True, True]
    assert [place for place in places(found) if place[0] == "other.py"] == [
        ("other.py", 5, "CNX901")
    ]


def test_comments_in_a_file_with_findings_are_those_of_now(
    tmp_path: Path, runs: list[bool]
) -> None:
    write(tmp_path, FILES)
    assert {path for path, *_ in places(check(tmp_path))} == {"store.py"}
    edit(tmp_path, "store.py", "    # in words", "# flake8: noqa")
    assert places(check(tmp_path)) == []
    assert runs == [False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_a_file_name_that_is_no_text_is_no_trouble(tmp_path: Path, runs: list[bool]) -> None:
    write(tmp_path, FILES)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text("x = 1\n", encoding="utf-8")
    for _ in range(2):
        assert is_right(check(tmp_path), tmp_path)
    assert runs[0] is False


@pytest.mark.parametrize("store", ["traces", "results"])
def test_what_is_damaged_is_none(tmp_path: Path, runs: list[bool], store: str) -> None:
    """A wrong byte may still be read, as another name or line, or as a file that is not there."""
    write(tmp_path, FILES)
    check(tmp_path)
    (kept,) = (tmp_path / FOLDER / store).iterdir()
    whole = kept.read_bytes()
    shutil.copytree(tmp_path / FOLDER, tmp_path / "kept")
    edit(tmp_path, "other.py", "sum(rows", "max(rows")
    for at in range(7, len(whole), 97):
        shutil.rmtree(tmp_path / FOLDER)
        shutil.copytree(tmp_path / "kept", tmp_path / FOLDER)
        kept.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        check(tmp_path)
    assert len(runs) > 5
    assert True not in runs
    assert is_right(check(tmp_path), tmp_path)


def test_a_trace_of_other_files_is_none(tmp_path: Path, runs: list[bool]) -> None:
    write(tmp_path, FILES)
    check(tmp_path)
    (kept,) = (tmp_path / FOLDER / "traces").iterdir()
    record = msgspec.msgpack.decode(kept.read_bytes()[16:])
    record[1] = {f"not_{path}": digest for path, digest in record[1].items()}
    data = msgspec.msgpack.encode(record)
    kept.write_bytes(digest_of(data) + data)
    edit(tmp_path, "other.py", "sum(rows", "max(rows")
    assert is_right(check(tmp_path), tmp_path)
    assert True not in runs


@pytest.mark.parametrize("project", ["layers", "chat_service", "classes_that_own", "django_site"])
def test_random_edits_find_what_a_fresh_run_finds(
    tmp_path: Path, runs: list[bool], project: str
) -> None:
    root = tmp_path / project
    shutil.copytree(PROJECTS / project, root)
    random_ = random.Random(project)
    files = sorted(root.rglob("*.py"))
    check(root)
    for _ in range(12):
        path = random_.choice(files)
        before = path.read_text(encoding="utf-8")
        path.write_text(_changed(before, files, random_.choice), encoding="utf-8")
        assert is_right(check(root), root)
        if random_.random() < 0.5:
            path.write_text(before, encoding="utf-8")


def _changed(text: str, files: list[Path], choice: Callable[..., str]) -> str:
    """A line more or less, or another name in one, so that it still is Python."""
    words = sorted(
        {w for file in files for w in re.findall(r"[^\W\d]\w*", file.read_text("utf-8"))}
    )
    for _ in range(100):
        lines = text.split("\n")
        at = choice(range(len(lines)))  # type: ignore[call-overload]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        name = choice(words)
        lines[at : at + 1] = choice(
            [  # type: ignore[arg-type]
                [],
                [lines[at], lines[at]],
                [f"{indent}{name}({choice(words)})", lines[at]],
                [f"{indent}new = {choice(words)}.{name}()", lines[at]],
                [re.sub(r"[^\W\d]\w*", name, lines[at], count=1)],
            ]
        )
        changed = "\n".join(lines)
        try:
            ast.parse(changed)
        except SyntaxError:
            continue
        return changed
    return text
