"""Each kind of bad input gets a clear message and no traceback, and the other files are still
done.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import LEAK, command, write

CASES: dict[str, tuple[bytes, str]] = {
    "nul bytes": (b"x = 1\n\0\n", "NUL"),
    "wrong encoding": (b"# coding: utf-8\nx = '\xe9'\n", "cannot be read as utf-8"),
    "unknown encoding": (b"# -*- coding: klingon -*-\nx = 1\n", "klingon"),
    "utf-16": ("x = 1\n".encode("utf-16"), "NUL"),
    "syntax error": (b"def f(:\n    pass\n", "never closes"),
    "python 2": (b'import psycopg2\n\n\ndef f():\n    print "hello"\n', "syntax error"),
    "unfinished string": (b'x = """\n', "never ends"),
    "bad indentation": (b"def f():\n        x = 1\n    y = 2\n", "syntax error"),
    "3,000 nested brackets": (b"x = " + b"(" * 3000 + b")" * 3000 + b"\n", "nested 3000 deep"),
    "200 nested lists": (b"x = " + b"[" * 201 + b"]" * 201 + b"\n", "nested 201 deep"),
}
BIG = b"import psycopg2\n" + b"".join(
    b"def f%d(a, b=1):\n    x = [%d, 'text', a]\n    return g(x, b)\n\n" % (n, n)
    for n in range(90_000)
)
ELIFS = (
    b"import psycopg2\n\n\ndef f(x, dsn):\n    conn = psycopg2.connect(dsn)\n"
    b"    if x == 0:\n        y = 0\n"
)
ELIFS += b"".join(b"    elif x == %d:\n        y = g(%d)\n" % (n, n) for n in range(1, 1500))


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_cannot_be_analysed(tmp_path: Path, name: str) -> None:
    data, message = CASES[name]
    write(tmp_path, {"a.py": LEAK, "bad.py": data})
    done = command(".", "--format", "concise", "--no-cache", cwd=tmp_path)
    first, second = done.stdout.splitlines()
    assert first.startswith("a.py:5:12: CNX201 ")
    assert second.startswith("bad.py:")
    assert " CNX900 " in second
    assert message in second
    assert done.returncode == 1
    assert done.stderr == ""
    ignored = command(".", "--format", "concise", "--no-cache", "--ignore", "CNX900", cwd=tmp_path)
    assert ignored.stdout.splitlines() == [first]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""),
        ("only a comment", b"# nothing"),
        ("byte order mark", b"\xef\xbb\xbfx = 1\n"),
        ("latin-1", b"# coding: latin-1\nx = '\xe9'\n"),
        ("line endings", b"x = 1\r\ny = 2\rz = 3\n"),
        ("form feeds", b"\x0cx = 1\n\x0c\ndef f():\n    pass\n"),
        (
            "many nested blocks",
            b"".join(b" " * n + b"if x:\n" for n in range(95)) + b" " * 95 + b"y\n",
        ),
        ("long sum", b"x = " + b" + ".join([b"1"] * 5000) + b"\n"),
        ("long chain", b"import psycopg2\nx = psycopg2.connect()" + b".a()" * 300 + b"\n"),
        ("1,500 elif branches", b"x = 1\nif x == 0:\n    pass\n" + b"elif x:\n    pass\n" * 1500),
    ],
)
def test_strange_but_readable(tmp_path: Path, name: str, data: bytes) -> None:
    write(tmp_path, {"a.py": LEAK, "odd.py": data})
    done = command(".", "--format", "concise", "--no-cache", cwd=tmp_path)
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["a.py:5:12:"], done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_1500_elif_branches_in_a_function_that_matters(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK, "odd.py": ELIFS})
    done = command(".", "--format", "concise", "--no-cache", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("a.py:5:12: CNX201 ")


def test_a_5_mb_generated_file(tmp_path: Path) -> None:
    assert len(BIG) > 5_000_000
    write(tmp_path, {"a.py": LEAK, "big.py": BIG})
    done = command(".", "--format", "concise", "--no-cache", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["a.py:5:12:"]


def test_a_missing_path(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": LEAK})
    done = command("nothere", "a.py", "--format", "concise", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith("a.py:5:12: CNX201 ")
    assert done.stderr == "conn-lint: nothere: there is no such file or folder\n"


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from projects import run_check  # noqa: PLC0415

    write(tmp_path, {"a.py": LEAK, "locked.py": LEAK})
    original = Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name == "locked.py":
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    run = run_check(tmp_path)
    found = [(f.location.path, f.code) for _, outcome in run.checked for f in outcome.findings]
    assert found == [("a.py", "CNX201"), ("locked.py", "CNX900")]
    message = run.checked[0][1].findings[1].message
    assert message == "the file cannot be read: Permission denied"


def test_a_loop_of_links(tmp_path: Path) -> None:
    write(tmp_path, {"p/a.py": LEAK})
    (tmp_path / "p" / "q").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to("self")
    done = command(".", "--format", "concise", cwd=tmp_path)
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["p/a.py:5:12:"]
    assert command("self", cwd=tmp_path).stderr == (
        "conn-lint: self: there is no such file or folder\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [("[tool.conn-lint\n", "not valid TOML"), ("[tool.conn-lint]\nx = 1\n", "unknown key 'x'")],
)
def test_an_invalid_configuration(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, {"a.py": LEAK, "pyproject.toml": text})
    done = command(".", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("conn-lint: pyproject.toml: ")
    assert "Traceback" not in done.stderr


def test_names_that_no_encoding_has(tmp_path: Path) -> None:
    name = b"caf\xe9\x1b[31m.py".decode("utf-8", "surrogateescape")
    try:
        write(tmp_path, {name: LEAK})
    except OSError:
        pytest.skip("this file system allows no such names")
    for output_format in ("text", "concise", "json", "github"):
        done = command(".", "--format", output_format, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "\x1b" not in done.stdout
