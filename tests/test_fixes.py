"""Fixes: each golden is fixed as its neighbour shows, and what comes out is as good as what went in."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import command, write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.engine.repair import Repaired
from conn_lint.fixes.apply import apply_edits, overlap, problem, unbound
from conn_lint.model.fix import Applicability, Edit
from conn_lint.model.location import Span
from conn_lint.syntax.scan import scan

FIXES = Path(__file__).parent.parent / "fixtures" / "fixes"
GOLDENS = sorted(path for path in FIXES.glob("*.py") if not path.stem.endswith(".fixed"))
PROJECT = '[project]\ndependencies = ["psycopg[binary,pool]>=3.2", "DBUtils"]\n'
OTHER_LINTERS = "SIM117,B019,PLW0603,F401,F841"

each_golden = pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)


def fix(data: bytes, folder: Path, level: Applicability = Applicability.UNSAFE) -> Repaired:
    """What a file by itself becomes."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    path = folder / "code.py"
    path.write_bytes(data)
    repairs = Repairs(level)
    run = check_projects(Job(paths=(str(path),)), Flags(use_cache=False), cure=repairs)
    assert run.problems == ()
    assert [trouble for _, outcome in run.checked for trouble in outcome.troubles] == []
    assert path.read_bytes() == data, "nothing is written before it is asked for"
    return repairs.done[0]


def fixed(data: bytes, folder: Path) -> bytes:
    return fix(data, folder).after.get("code.py", data)


@each_golden
def test_the_golden_is_fixed_as_shown(
    path: Path, tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    after = fixed(path.read_bytes(), tmp_path).decode()
    golden(path.with_suffix(".fixed.py"), after)
    compile(after, path.name, "exec")


@each_golden
def test_to_fix_again_changes_nothing(path: Path, tmp_path: Path) -> None:
    after = path.with_suffix(".fixed.py").read_bytes()
    assert fix(after, tmp_path).after == {}


@each_golden
def test_what_was_fixed_is_found_no_more(path: Path, tmp_path: Path) -> None:
    done = fix(path.read_bytes(), tmp_path)
    left = Counter(finding.code for finding in done.outcome.findings)
    unfixed = Counter(item.finding.code for item in done.withdrawn)
    unfixed.update(
        f.code
        for f in done.outcome.findings
        if f.plan is None or f.plan.applicability is Applicability.DISPLAY_ONLY
    )
    assert left == unfixed
    assert [item.reason for item in done.withdrawn if item.applied] == []


@each_golden
@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings_and_byte_order_mark_stay(path: Path, ending: str, tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    before = mark + path.read_bytes().replace(b"\n", ending.encode())
    after = path.with_suffix(".fixed.py").read_bytes()
    assert fixed(before, tmp_path) == mark + after.replace(b"\n", ending.encode())


@each_golden
def test_comments_stay(path: Path) -> None:
    before = path.read_text(encoding="utf-8")
    after = path.with_suffix(".fixed.py").read_text(encoding="utf-8")
    assert _comments(before) <= _comments(after)


def _comments(text: str) -> Counter[str]:
    return Counter(text[start:end] for start, end in scan(text).comments)


@each_golden
def test_no_other_linter_is_annoyed(path: Path) -> None:
    def complaints(file: Path) -> Counter[str]:
        args = ["ruff", "check", "--isolated", "--no-cache", "--select", OTHER_LINTERS]
        done = subprocess.run(
            [sys.executable, "-m", *args, "--output-format", "concise", str(file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith(str(file))]
        return Counter(line.split(": ", 1)[1].split()[0] for line in lines)

    assert complaints(path.with_suffix(".fixed.py")) <= complaints(path)


# Trust

SAFE = b"""import sqlite3

def add(path):
    with sqlite3.connect(path) as conn:
        conn.execute("DELETE FROM names")
"""
UNSAFE = b"""import sqlite3

def names(path):
    conn = sqlite3.connect(path)
    return conn.execute("SELECT name FROM names").fetchall()
"""


def test_only_safe_fixes_are_made_unasked(tmp_path: Path) -> None:
    assert fix(SAFE, tmp_path, Applicability.SAFE).after
    assert not fix(UNSAFE, tmp_path, Applicability.SAFE).after
    assert fix(UNSAFE, tmp_path, Applicability.UNSAFE).after


def test_a_latin_1_file_stays_one(tmp_path: Path) -> None:
    before = b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + SAFE
    after = fixed(before, tmp_path)
    assert b"# caf\xe9\n" in after
    assert b"closing(sqlite3.connect(path))" in after


def test_the_last_line_may_be_open(tmp_path: Path) -> None:
    assert not fixed(UNSAFE.rstrip(b"\n"), tmp_path).endswith(b"\n")


def test_a_name_that_is_taken_is_not_used(tmp_path: Path) -> None:
    before = SAFE.replace(b"def add", b"def closing():\n    pass\n\ndef add")
    assert b"with contextlib.closing(sqlite3" in fixed(before, tmp_path)
    taken = before.replace(b"import sqlite3", b"import sqlite3\ncontextlib = None", 1)
    done = fix(taken, tmp_path)
    assert done.after == {}
    assert "uses the name closing for something else" in done.withdrawn[0].reason


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("import contextlib\nimport sqlite3", "contextlib.closing("),
        ("import contextlib as c\nimport sqlite3", "with c.closing("),
        ("import sqlite3\nfrom contextlib import closing as shut", "with shut("),
        ("import sqlite3\nfrom contextlib import suppress", "from contextlib import closing, suppress\n"),
        ("import sqlite3\n\nimport x", "import sqlite3\nfrom contextlib import closing\n\nimport x"),
        ("from . import x\nimport sqlite3", "from . import x\nimport sqlite3\nfrom contextlib import closing\n"),
        ("import x\nimport sqlite3, os", "import x\nimport sqlite3, os\nfrom contextlib import closing\n"),
        ("import sqlite3\nimport os\nimport x", "import os\nfrom contextlib import closing\nimport x\n"),
        ('"""Doc."""\nimport sqlite3', '"""Doc."""\nimport sqlite3\nfrom contextlib import closing\n'),
        ("from __future__ import annotations\nimport sqlite3", "import sqlite3\nfrom contextlib import closing\n"),
    ],
)  # fmt: skip
def test_imports_are_added_once_and_in_place(imports: str, expected: str, tmp_path: Path) -> None:
    body = SAFE.decode().partition("\n")[2]
    second = body.replace("add", "more")
    after = fixed(f"{imports}\n{body}{second}".encode(), tmp_path).decode()
    assert expected in after
    assert after.count("import closing") <= 1


# Edits


def test_edits_are_applied_as_text() -> None:
    edits = [Edit("a.py", Span(2, 0, 2, 1), "x\ny"), Edit("a.py", Span(1, 1, 1, 1), "!")]
    assert apply_edits(b"ab\r\ncd\r\n", edits) == b"a!b\r\nx\r\nyd\r\n"


def test_equal_edits_are_made_once() -> None:
    edit = Edit("a.py", Span(1, 0, 1, 0), "import x\n")
    assert apply_edits(b"a\n", [edit, edit]) == b"import x\na\n"
    assert not overlap(edit, edit)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Span(1, 0, 1, 4), Span(1, 4, 1, 6), False),
        (Span(1, 0, 1, 5), Span(1, 4, 1, 6), True),
        (Span(1, 4, 1, 4), Span(1, 4, 1, 4), True),
        (Span(1, 0, 3, 0), Span(2, 0, 2, 1), True),
    ],
)
def test_overlap(one: Span, other: Span, expected: bool) -> None:
    assert overlap(Edit("a.py", one, "x"), Edit("a.py", other, "y")) is expected
    assert overlap(Edit("a.py", other, "y"), Edit("a.py", one, "x")) is expected
    assert not overlap(Edit("a.py", one, "x"), Edit("b.py", other, "y"))


def test_what_is_wrong_with_a_fixed_file_is_told() -> None:
    assert problem(b"a = 1\n", b"a = 2\n") == ""
    assert "would not parse" in problem(b"a = 1\n", b"a = (\n")
    assert "# why would be lost" in problem(b"a = 1  # why\n", b"a = 2\n")
    assert problem(b"b = 1\n", b"print(b)\n") == "nothing would bind the name b"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(a):\n    return a, b, len(a)\n", {"b"}),
        ("def f():\n    global c\n    c = 1\n\n\ndef g():\n    return c\n", set()),
        ("def f():\n    d = 1\n    return lambda: d\n\n\nprint(d)\n", {"d"}),
        ("import x.y as z\nfrom a import b as c\nprint(z, c, x, __name__)\n", {"x"}),
        ("class A:\n    e = 1\n    def f(self) -> A:\n        return e\n", {"e"}),
        ("print([g for g in ()], h := 1, h, g)\n", {"g"}),
        ("from os import *\nprint(getcwd)\n", set()),
        ("try:\n    i\nexcept NameError as error:\n    print(error)\n", {"i"}),
        ("print(\n", set()),
    ],
)
def test_names_that_nothing_binds(text: str, names: set[str]) -> None:
    assert unbound(text) == names


# The command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, {"pyproject.toml": "", "a.py": SAFE.decode(), "src/b.py": UNSAFE.decode()})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    return command(*args, cwd=Path.cwd(), stdin=stdin)


def test_fix_writes_the_safe_ones(project: Path) -> None:
    done = run("--fix", ".")
    assert done.returncode == 1
    assert "Fixed 1 in 1 file." in done.stderr
    assert "CNX201" in done.stdout
    assert "CNX203" not in done.stdout
    assert "closing" in (project / "a.py").read_text()
    assert (project / "src/b.py").read_bytes() == UNSAFE
    assert run("check", "--fix", "--unsafe-fixes", "src/").returncode == 0
    assert "closing" in (project / "src/b.py").read_text()


def test_diff_changes_nothing(project: Path) -> None:
    done = run("--diff", "--unsafe-fixes", ".")
    assert done.returncode == 1
    assert "+++ b/src/b.py\n" in done.stdout
    assert "Would fix 2 in 2 files." in done.stderr
    assert (project / "a.py").read_bytes() == SAFE
    patched = subprocess.run(
        ["patch", "-p1"], input=done.stdout, capture_output=True, text=True, check=False
    )
    assert patched.returncode == 0, patched.stdout
    assert run("--diff", "--unsafe-fixes", ".").stdout == ""


def test_a_diff_shows_what_is_never_applied_behind_a_mark(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "waits.py": (FIXES / "waits.py").read_bytes()})
    done = command("--diff", "--unsafe-fixes", ".", cwd=tmp_path)
    assert "+    time.sleep(5)\n" in done.stdout
    assert "CNX301 (display-only): end the transaction before the wait" in done.stdout
    assert "\n# +        session.commit()\n" in done.stdout
    patched = subprocess.run(
        ["patch", "-p1"],
        input=done.stdout,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert patched.returncode == 0, patched.stdout
    assert (tmp_path / "waits.py").read_bytes() == (FIXES / "waits.fixed.py").read_bytes()


def test_a_clean_project_has_no_diff(project: Path) -> None:
    assert run("--diff", "src").returncode == 0


@pytest.mark.usefixtures("project")
def test_fix_only_reports_nothing() -> None:
    done = run("--fix-only", "--show-fixes", ".")
    assert done.returncode == 0
    assert done.stdout == ""
    assert "a.py:4: CNX203: fixed: close it with contextlib.closing(...)" in done.stderr


def test_standard_input_is_fixed_to_standard_output(project: Path) -> None:
    done = run("--fix", "--stdin-filename", "c.py", "-", stdin=SAFE)
    assert "with closing(sqlite3.connect(path)) as conn, conn:" in done.stdout
    assert not (project / "c.py").exists()


def test_modes_and_links_stay(project: Path) -> None:
    (project / "a.py").chmod(0o751)
    (project / "link.py").symlink_to("a.py")
    run("--fix", "link.py")
    assert (project / "a.py").stat().st_mode & 0o777 == 0o751
    assert (project / "link.py").is_symlink()
    assert "closing" in (project / "a.py").read_text()


def test_what_is_left_alone_is_not_called_fixed(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "o.py"
    outside.write_bytes(SAFE)
    (project / "link.py").symlink_to(outside)
    done = run("--fix", "--show-fixes", ".")
    assert done.returncode == 2
    assert "link.py: it is a link to a file outside the project" in done.stderr
    assert "Fixed 1 in 1 file." in done.stderr
    assert "link.py:4: CNX203: fixed" not in done.stderr
    assert outside.read_bytes() == SAFE


def test_one_cure_for_several_is_shown_once(tmp_path: Path) -> None:
    client = "import github\n\n\ndef ask(name):\n    return github.Github().get_repo(name)\n"
    loop = "from a import ask\n\n\ndef all_of(names):\n    for name in names:\n        ask(name)\n"
    write(tmp_path, {"pyproject.toml": "", "a.py": client, "b.py": loop, "c.py": loop})
    done = command("--diff", "--unsafe-fixes", ".", cwd=tmp_path)
    assert done.stdout.count("CNX102 (display-only)") == 2
    assert done.stdout.count("# +@functools.cache") == 1
