"""`--add-noqa`: comments that silence what is found, and change nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import LEAK, command, write

HEAD = "import psycopg2\n\n\ndef load(dsn):\n"
USE = "    conn.cursor().execute('select 1')\n"


def silence(root: Path, *args: str) -> str:
    done = command("--no-cache", "--add-noqa", *args, cwd=root)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("conn = psycopg2.connect(dsn)\n", "conn = psycopg2.connect(dsn)  # noqa: CNX201\n"),
        (
            "conn = psycopg2.connect(dsn)  # why \n",
            "conn = psycopg2.connect(dsn)  # why  # noqa: CNX201\n",
        ),
        (
            "conn = psycopg2.connect(dsn) # noqa: E501 as it is long\n",
            "conn = psycopg2.connect(dsn) # noqa: E501, CNX201 as it is long\n",
        ),
        (
            "conn = psycopg2.connect(\n        dsn\n    )\n",
            "conn = psycopg2.connect(  # noqa: CNX201\n        dsn\n    )\n",
        ),
        (
            "conn = psycopg2.connect('''\n  dbname=x\n''',)\n",
            "conn = psycopg2.connect('''\n  dbname=x\n''',)  # noqa: CNX201\n",
        ),
        (
            "conn = \\\n        psycopg2.connect \\\n        (dsn)\n",
            "conn = \\\n        psycopg2.connect \\\n        (dsn)  # noqa: CNX201\n",
        ),
        (
            "conn = psycopg2.connect(dsn); x = '#'\n",
            "conn = psycopg2.connect(dsn); x = '#'  # noqa: CNX201\n",
        ),
    ],
)
def test_lines(tmp_path: Path, before: str, after: str) -> None:
    write(tmp_path, {"a.py": HEAD + "    " + before + USE})
    assert silence(tmp_path) == "conn-lint: 1 finding silenced in 1 file\n"
    text = (tmp_path / "a.py").read_text(encoding="utf-8")
    assert text == HEAD + "    " + after + USE
    assert command("--no-cache", cwd=tmp_path).returncode == 0
    args = ("--isolated", "--select", "CNX", ".")
    assert command(*args, cwd=tmp_path, module="flake8").stdout == ""
    assert silence(tmp_path) == "conn-lint: 0 findings silenced in 0 files\n"
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("mark", "ending", "encoding"),
    [(b"\xef\xbb\xbf", "\r\n", "utf-8"), (b"", "\r", "utf-8"), (b"", "\r\n", "latin-1")],
)
def test_bytes_stay(tmp_path: Path, mark: bytes, ending: str, encoding: str) -> None:
    source = f"# coding: {encoding}\n# \u00e9\n" + LEAK
    before = mark + source.replace("\n", ending).encode(encoding)
    write(tmp_path, {"a.py": before})
    silence(tmp_path)
    after = source.replace("connect(dsn)\n", "connect(dsn)  # noqa: CNX201\n")
    assert (tmp_path / "a.py").read_bytes() == mark + after.replace("\n", ending).encode(encoding)


def test_a_file_without_a_last_line_break(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": HEAD + "    psycopg2.connect(dsn).cursor()"})
    silence(tmp_path)
    text = (tmp_path / "a.py").read_text(encoding="utf-8")
    assert text == HEAD + "    psycopg2.connect(dsn).cursor()  # noqa: CNX201"


def test_several_codes_on_a_line(tmp_path: Path) -> None:
    source = """import psycopg2

def load(names):
    for name in names:
        psycopg2.connect("dbname=shop").cursor().execute(name)
"""
    write(tmp_path, {"a.py": source})
    assert silence(tmp_path) == "conn-lint: 2 findings silenced in 1 file\n"
    assert "execute(name)  # noqa: CNX102, CNX201\n" in (tmp_path / "a.py").read_text("utf-8")


def test_only_what_was_given_and_is_shown(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK, "b.py": LEAK, "c.py": "def f(:\n"})
    silence(tmp_path, "b.py", "c.py", "--severity", "CNX201=note")
    assert (tmp_path / "b.py").read_text("utf-8") == LEAK
    silence(tmp_path, "b.py", "c.py", "--severity", "CNX201=note", "--show-notes")
    assert "noqa" in (tmp_path / "b.py").read_text("utf-8")
    assert (tmp_path / "a.py").read_text("utf-8") == LEAK
    assert (tmp_path / "c.py").read_text("utf-8") == "def f(:\n"


def test_standard_input(tmp_path: Path) -> None:
    args = ("--no-cache", "--add-noqa", "--stdin-filename", "a.py", "-")
    done = command(*args, cwd=tmp_path, stdin=LEAK.encode())
    assert done.stdout == LEAK.replace("connect(dsn)\n", "connect(dsn)  # noqa: CNX201\n")
    assert not (tmp_path / "a.py").exists()


def test_not_together_with_fixes(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK})
    for other in ("--fix", "--diff", "--write-baseline"):
        done = command("--add-noqa", other, cwd=tmp_path)
        assert done.returncode == 2
        assert "cannot be given together" in done.stderr
    assert (tmp_path / "a.py").read_text("utf-8") == LEAK


def test_a_link_out_of_the_project_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"out.py": LEAK, "project/pyproject.toml": "[tool.conn-lint]\n"})
    (tmp_path / "project" / "a.py").symlink_to(tmp_path / "out.py")
    done = command("--no-cache", "--add-noqa", cwd=tmp_path / "project")
    assert (tmp_path / "out.py").read_text("utf-8") == LEAK
    assert done.returncode in (0, 2)
