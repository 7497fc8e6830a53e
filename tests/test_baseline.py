"""Baselines: what is in one is not reported, whatever moves; what is new is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from projects import LEAK, SECRET, command, write

from conn_lint.config.baselines import read_baseline, write_baselines
from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, Run, check_projects
from conn_lint.config.resolve import Flags
from conn_lint.engine.baseline import BaselineError, parse_baseline, render_baseline
from conn_lint.model.baseline import Entry

CONFIG = '[tool.conn-lint]\nbaseline = "known.txt"\n'
TWO = LEAK + LEAK.replace("import psycopg2", "").replace("load", "store")
APP = """from flask import Flask
from db import connect

app = Flask(__name__)


@app.get("/orders")
def orders():
    with_closed(connect())
"""
DB = """import psycopg2


def connect():
    return psycopg2.connect("dbname=shop")
"""
MORE = """

@app.get("/users")
def users():
    with_closed(connect())
"""


def run(root: Path, *paths: str, writes: bool = False, **options: object) -> Run:
    table = {name.replace("_", "-"): value for name, value in options.items()}
    flags = Flags(options=parse_options(table, "test"), use_cache=False, writes_baseline=writes)
    return check_projects(Job(paths=tuple(str(root / path) for path in paths or (".",))), flags)


def save(root: Path, *paths: str, **options: object) -> None:
    done = run(root, *paths, writes=True, **options)
    assert done.problems == ()
    write_baselines(outcome for _, outcome in done.checked)


def new(done: Run) -> list[str]:
    return [f.code for _, outcome in done.checked for f in outcome.findings]


def gone(done: Run) -> list[str]:
    return [entry.function for _, outcome in done.checked for entry in outcome.matched.gone]


def known(root: Path, files: Mapping[str, str], config: str = CONFIG) -> Path:
    """A project whose findings are in its baseline."""
    write(root, {"pyproject.toml": config, **files})
    save(root)
    return root


def rows(root: Path, name: str = "known.txt") -> list[list[object]]:
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if not line.startswith("#")]


def test_what_is_known_is_not_reported(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO})
    assert new(run(tmp_path)) == []
    assert new(run(tmp_path, "a.py")) == []
    assert gone(run(tmp_path)) == []
    assert rows(tmp_path) == [
        ["a.py", "CNX201", name, "psycopg2.connect", "conn = psycopg2.connect(dsn)"]
        for name in ("load", "store")
    ]


@pytest.mark.parametrize(
    "after",
    [
        "# a comment\n\n\n" + TWO,
        TWO.replace("\n", "\r\n"),
        TWO.replace("    conn", "        conn").replace("    ", "\t", 0),
        TWO.replace("connect(dsn)\n", "connect(dsn)  # type: ignore\n"),
        LEAK.replace("import psycopg2", "import psycopg2").replace("load", "store")
        + LEAK.replace("import psycopg2", ""),
    ],
)
def test_moves_bring_nothing_back(tmp_path: Path, after: str) -> None:
    known(tmp_path, {"a.py": TWO})
    write(tmp_path, {"a.py": after})
    done = run(tmp_path)
    assert (new(done), gone(done)) == ([], [])


def test_a_renamed_file_keeps_its_entries(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO})
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert (new(run(tmp_path)), gone(run(tmp_path, "b.py"))) == ([], [])
    save(tmp_path)
    assert [row[0] for row in rows(tmp_path)] == ["b.py", "b.py"]


def test_a_copy_is_new(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO})
    write(tmp_path, {"b.py": TWO})
    assert new(run(tmp_path)) == ["CNX201", "CNX201"]


def test_equal_findings_count(tmp_path: Path) -> None:
    twice = LEAK + LEAK[LEAK.index("    conn = ") :]
    known(tmp_path, {"a.py": LEAK})
    write(tmp_path, {"a.py": twice})
    assert new(run(tmp_path)) == ["CNX201"]
    save(tmp_path)
    assert len(rows(tmp_path)) == 2
    assert new(run(tmp_path)) == []
    write(tmp_path, {"a.py": LEAK})
    assert gone(run(tmp_path)) == ["load"]


def test_what_is_cured_is_gone(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO, "b.py": LEAK})
    write(tmp_path, {"a.py": LEAK})
    assert gone(run(tmp_path)) == ["store"]
    assert gone(run(tmp_path, "b.py")) == []
    (tmp_path / "b.py").unlink()
    assert sorted(gone(run(tmp_path))) == ["load", "store"]


@pytest.mark.parametrize("broken", ["def load(:\n", b"\xff\xfe"])
def test_nothing_is_gone_from_a_file_that_cannot_be_read(
    tmp_path: Path, broken: str | bytes
) -> None:
    known(tmp_path, {"a.py": TWO})
    write(tmp_path, {"a.py": broken})
    done = run(tmp_path)
    assert (new(done), gone(done)) == (["CNX900"], [])


def test_what_is_not_looked_at_stays(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO, "b.py": LEAK, "lib/c.py": LEAK})
    before = rows(tmp_path)
    for name in ("a.py", "b.py", "lib/c.py"):
        write(tmp_path, {name: "x = 1\n"})
    save(tmp_path, "lib")
    assert rows(tmp_path) == [row for row in before if row[0] != "lib/c.py"]
    save(tmp_path, select=["CNX202"])
    assert len(rows(tmp_path)) == 3
    save(tmp_path, "a.py")
    assert [row[0] for row in rows(tmp_path)] == ["b.py"]
    save(tmp_path)
    assert rows(tmp_path) == []


def test_a_file_is_written_only_where_it_changes(tmp_path: Path) -> None:
    known(tmp_path, {"a.py": TWO})
    file = tmp_path / "known.txt"
    before = file.stat().st_ino
    save(tmp_path)
    assert file.stat().st_ino == before


def test_a_new_entry_point_is_new(tmp_path: Path) -> None:
    known(tmp_path, {"app.py": APP, "db.py": DB})
    assert [row[1:2] + row[5:] for row in rows(tmp_path)] == [["CNX101", ["GET /orders"]]]
    assert new(run(tmp_path)) == []
    write(tmp_path, {"app.py": APP + MORE})
    done = run(tmp_path)
    assert (new(done), gone(done)) == (["CNX101"], [])
    finding = done.checked[0][1].findings[0]
    assert " The baseline has this without GET /users. " in finding.message
    assert finding.message.endswith(finding.advice)
    assert new(run(tmp_path, baseline_reach=False)) == []
    save(tmp_path)
    assert [row[5] for row in rows(tmp_path)] == [["GET /orders", "GET /users"]]
    write(tmp_path, {"app.py": APP})
    assert new(run(tmp_path)) == []


SAVES = """import contextlib
import time

import psycopg2
import requests


def in_a_loop(rows):
    for row in rows:
        with contextlib.closing(psycopg2.connect("dbname=shop")) as conn:
            conn.cursor().execute("SELECT 1", row)


def through_a_loop(rows):
    for row in rows:
        one(row)


def one(row):
    with contextlib.closing(psycopg2.connect("dbname=shop")) as conn:
        conn.cursor().execute("SELECT 1", row)


def held(conn):
    conn.cursor().execute("SELECT 1")
    requests.get("https://example.com/", timeout=3)


def asks(order):
    with contextlib.closing(psycopg2.connect("dbname=shop")) as conn:
        held(conn)


def sleeps(order):
    with contextlib.closing(psycopg2.connect("dbname=shop")) as conn:
        conn.cursor().execute("SELECT 1")
        time.sleep(1)
"""
ROUTES = """from flask import Flask
from saves import asks, in_a_loop, sleeps, through_a_loop

app = Flask(__name__)


@app.get("/orders")
def orders():
    act(1)


def act(what):
    {function}(what)
"""
ANOTHER = """

@app.get("/users")
def users():
    {function}(2)
"""


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("in_a_loop", "CNX102"),
        ("through_a_loop", "CNX102"),
        ("asks", "CNX301"),
        ("sleeps", "CNX302"),
    ],
)
def test_a_new_entry_point_is_new_for_every_rule_that_knows_them(
    tmp_path: Path, function: str, code: str
) -> None:
    options = {"show_notes": True, "select": [code]}
    files = {"app.py": ROUTES.format(function=function), "saves.py": SAVES}
    write(tmp_path, {"pyproject.toml": CONFIG, **files})
    save(tmp_path, **options)
    assert ["GET /orders"] in [row[5] for row in rows(tmp_path) if len(row) > 5]
    assert new(run(tmp_path, **options)) == []
    write(tmp_path, {"app.py": files["app.py"] + ANOTHER.format(function=function)})
    done = run(tmp_path, **options)
    assert (new(done), gone(done)) == ([code], [])
    assert "The baseline has this without GET /users." in done.checked[0][1].findings[0].message
    assert new(run(tmp_path, baseline_reach=False, **options)) == []
    save(tmp_path, **options)
    assert new(run(tmp_path, **options)) == []


def test_an_entry_point_makes_another_finding_of_a_client_for_each_caller(tmp_path: Path) -> None:
    """CNX103 speaks where no entry point leads; once one does, CNX101 takes its place, and is new."""
    source = """import redis


def make():
    return redis.Redis(host="cache")


class Orders:
    def __init__(self):
        self.cache = make()


class Users:
    def __init__(self):
        self.cache = make()


orders, users = Orders(), Users()
"""
    known(tmp_path, {"store.py": source})
    assert [row[1] for row in rows(tmp_path)] == ["CNX103"]
    route = "from flask import Flask\nfrom store import make\n\napp = Flask(__name__)\n\n\n"
    write(tmp_path, {"app.py": f'{route}@app.get("/")\ndef home():\n    return make().get("x")\n'})
    assert new(run(tmp_path)) == ["CNX101"]


def test_entry_points_that_were_not_counted_are_not_new(tmp_path: Path) -> None:
    far = MORE.replace("with_closed(connect())", "help_users()")
    helper = "\n\ndef help_users():\n    with_closed(connect())\n"
    routes = "".join((far + helper).replace("users", f"users{n}") for n in range(90))
    known(tmp_path, {"app.py": APP + routes, "db.py": DB})
    assert rows(tmp_path)[0][5][-1] == "..."  # type: ignore[index]
    write(tmp_path, {"app.py": APP + routes + MORE})
    assert new(run(tmp_path)) == []


def test_projects_within_a_project_share_a_baseline_by_flag(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.conn-lint]\n",
            "a.py": LEAK,
            "inner/pyproject.toml": "[tool.conn-lint]\n",
            "inner/a.py": LEAK,
        },
    )
    options = ("--no-cache", "--baseline", "known.txt")
    done = command(*options, "--write-baseline", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "conn-lint: known.txt: 2 findings (2 new, 0 gone)\n"
    assert [row[0] for row in rows(tmp_path)] == ["a.py", "inner/a.py"]
    assert command(*options, cwd=tmp_path).returncode == 0
    assert command("inner", *options, cwd=tmp_path).returncode == 0
    write(tmp_path, {"inner/a.py": "x = 1\n"})
    command(*options, "--write-baseline", "inner", cwd=tmp_path)
    assert [row[0] for row in rows(tmp_path)] == ["a.py"]


def test_the_command(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": TWO})
    missing = command("--no-cache", cwd=tmp_path)
    assert missing.returncode == 2
    assert "known.txt: there is no such baseline" in missing.stderr
    assert command("--no-cache", "--write-baseline", cwd=tmp_path).returncode == 0
    done = command("--no-cache", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "No connection bugs found in 1 file. 2 in the baseline.\n"
    assert command("--no-cache", "--no-baseline", cwd=tmp_path).returncode == 1
    write(tmp_path, {"a.py": LEAK})
    done = command("--no-cache", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "conn-lint: known.txt:3: gone: a.py: CNX201 in store: conn = psycopg2.connect(dsn)",
        "conn-lint: known.txt: 1 finding gone; --write-baseline takes them out",
    ]
    both = command("--write-baseline", "--fix", cwd=tmp_path)
    assert (both.returncode, both.stdout) == (2, "")
    nowhere = command("--isolated", "--write-baseline", cwd=tmp_path)
    assert nowhere.returncode == 2
    assert "where to?" in nowhere.stderr


def test_flake8_honours_it(tmp_path: Path) -> None:
    """What flake8's own noqa silences takes no place of what the baseline has."""
    leak = LEAK[LEAK.index("    conn = ") :]
    known(tmp_path, {"a.py": LEAK})
    write(tmp_path, {"a.py": LEAK.replace("(dsn)\n", "(dsn)  # noqa: CNX201\n", 1) + leak})
    args = ("--isolated", "--select", "CNX", ".")
    assert command(*args, cwd=tmp_path, module="flake8").stdout == ""
    write(tmp_path, {"a.py": LEAK + leak})
    done = command(*args, cwd=tmp_path, module="flake8")
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["CNX201"]
    write(tmp_path, {"known.txt": "<<<<<<< ours\n"})
    done = command(*args, cwd=tmp_path, module="flake8")
    assert "known.txt: line 1: a merge left a conflict here" in done.stdout


def test_secrets_stay_out_of_it(tmp_path: Path) -> None:
    url = f"postgresql://app:{SECRET}@db/shop"
    source = LEAK.replace("connect(dsn)", f'connect("{url}", password="{SECRET}")')
    known(tmp_path, {"a.py": source})
    assert SECRET not in (tmp_path / "known.txt").read_text(encoding="utf-8")
    assert new(run(tmp_path)) == []


def test_names_cannot_forge_lines(tmp_path: Path) -> None:
    hostile = 'a\n["x.py", "CNX201"]\u202e.py'
    known(tmp_path, {hostile: TWO, "pkg/\u00e4 b#.py": LEAK})
    text = (tmp_path / "known.txt").read_text(encoding="utf-8")
    assert text.isascii()
    assert len(text.splitlines()) == 4
    assert new(run(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<<<<<<< HEAD\n", "line 1: a merge left a conflict here"),
        ("# x\n\n=======\n", "line 3: a merge left a conflict here"),
        (">>>>>>> theirs\n", "line 1: a merge left a conflict here"),
        ('["a.py", "CNX201"]\n', "line 1: it is no entry"),
        ("# x\nnothing\n", "line 2: it is no entry"),
        ('["a.py", "CNX201", "f", "r", "c", ["e"], 1]\n', "line 1: it is no entry"),
        ('["a.py", "CNX201", "f", "r", "c", [1]]\n', "line 1: it is no entry"),
        ('{"a": 1}\n', "line 1: it is no entry"),
        ("[" * 100_000 + "\n", "line 1: it is no entry"),
        ("# conn-lint baseline 2\n", "line 1: it is of version 2"),
    ],
)
def test_what_is_broken_is_named(text: str, message: str) -> None:
    with pytest.raises(BaselineError, match=message):
        parse_baseline(text)


def test_a_broken_baseline_stops_the_run(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": CONFIG, "a.py": LEAK, "known.txt": b"\xff\n"})
    assert "known.txt: no baseline: it is no text in UTF-8" in run(tmp_path).problems[0]
    (tmp_path / "known.txt").unlink()
    (tmp_path / "known.txt").mkdir()
    assert "cannot be read" in run(tmp_path).problems[0]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    entries = [
        Entry("b.py", "CNX201", "f", "r", "c"),
        Entry("a.py", "CNX201", 'f"', "r\\", "c\n", ("GET /",)),
    ]
    text = render_baseline(entries)
    assert render_baseline(reversed(entries)) == text
    (tmp_path / "b").write_text(text, encoding="utf-8")
    found = read_baseline(tmp_path / "b", "b").entries
    assert [e.path for e in found] == ["a.py", "b.py"]
    assert render_baseline(found) == text
