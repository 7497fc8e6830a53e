"""The command `graph`: from a project's files to a drawing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from projects import SECRET, write

from conn_lint.cli import main

API = """\
from fastapi import FastAPI

from shop import db

app = FastAPI()


@app.get("/orders")
def orders():
    return db.load()


@app.get("/users")
def users():
    return db.load()


@app.get("/direct")
def direct():
    conn = db.psycopg2.connect("x")
    conn.cursor()
"""
DB = f"""\
import functools

import psycopg2
import psycopg2.pool

POOL = psycopg2.pool.ThreadedConnectionPool(1, 5, "postgres://u:{SECRET}@h/d")


def load():
    conn = psycopg2.connect(
        "postgres://u:{SECRET}@h/d"
    )
    conn.close()


@functools.lru_cache
def shared():
    return psycopg2.pool.ThreadedConnectionPool(1, 5)


def tool():
    return psycopg2.connect("other")
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = {"shop/api.py": API, "shop/db.py": DB, "shop/__init__.py": "", "pyproject.toml": ""}
    return write(tmp_path, files)


def graph(*args: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["graph", *args])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def drawn(*args: str) -> tuple[dict[str, list[str]], list[str]]:
    """The lines of each node, and the arrows between their first lines."""
    code, out, err = graph(*args)
    assert (code, err) == (0, "")
    assert SECRET not in out
    nodes = {
        name: text.split("<br/>")
        for name, text in re.findall(r'^ +([a-z]\d+)[\[({]+"(.*?)"', out, re.MULTILINE)
    }
    arrows = re.findall(r'^  (\w+) --+>\|"(.*)"\| (\w+)$', out, re.MULTILINE)
    return nodes, sorted(f"{nodes[a][0]} {line} {nodes[b][0]}" for a, line, b in arrows)


def test_what_leads_to_each_connection() -> None:
    nodes, arrows = drawn()
    assert arrows == [
        "GET /direct :20 db.psycopg2.connect()",
        "GET /orders :10 load",
        "GET /users :15 load",
        "load :10 psycopg2.connect()",
        "module shop.db :6 psycopg2.pool.ThreadedConnectionPool()",
        "shared :18 psycopg2.pool.ThreadedConnectionPool()",
        "tool :22 psycopg2.connect()",
    ]
    sites = {lines[1]: lines[2:] for name, lines in nodes.items() if name.startswith("c")}
    assert sites == {
        "shop/api.py:20": ["made anew per request", "CNX101, CNX201"],
        "shop/db.py:6": ["made once, at import"],
        "shop/db.py:10": ["made anew per request", "CNX101"],
        "shop/db.py:18": ["made once per process"],
        "shop/db.py:22": [],
    }


def test_only_selected_findings_are_marked() -> None:
    nodes, _ = drawn("--select", "CNX2")
    assert not any("CNX101" in line for lines in nodes.values() for line in lines)


def test_paths_select_what_is_created_there() -> None:
    _, arrows = drawn("shop/db.py")
    assert "GET /orders :10 load" in arrows
    assert not any("direct" in arrow for arrow in arrows)


@pytest.mark.parametrize("place", ["shop/db.py:10", "shop/db.py:11", "shop/db.py:10:12"])
def test_focus_shows_one_with_all_its_chains(place: str) -> None:
    _, arrows = drawn("--focus", place)
    assert arrows == [
        "GET /orders :10 load",
        "GET /users :15 load",
        "load :10 psycopg2.connect()",
    ]


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("shop/db.py:1", "no connection is created at shop/db.py:1, but on line 6, 10, 18, 22"),
        ("shop/db.py:10:1", "no connection is created at shop/db.py:10, but on line 6, 10, 18, 22"),
        (
            "shop/__init__.py:1",
            "no connection is created at shop/__init__.py:1 or elsewhere in the file",
        ),
        ("shop/none.py:1", "there is no such file or folder"),
        ("shop/db.py", "'shop/db.py' is not PATH:LINE or PATH:LINE:COLUMN"),
    ],
)
def test_focus_on_nothing(place: str, error: str) -> None:
    code, out, err = graph("--focus", place)
    assert (code, out) == (2, "")
    assert error in err


def test_a_second_run_draws_the_same_from_the_cache() -> None:
    first = graph()
    assert (Path(".conn_lint_cache") / "results").is_dir()
    assert graph() == first
    assert CliRunner().invoke(main, ["check"]).exit_code == 1  # its results have no connections
    assert graph() == first


def test_dot_in_a_file() -> None:
    code, out, err = graph("--format", "dot", "--output", "x.dot", "--no-cache")
    assert (code, out, err) == (0, "", "")
    text = Path("x.dot").read_text(encoding="utf-8")
    assert text.startswith("digraph connections {\n")
    assert 'label="GET /orders\\norders, shop/api.py"' in text
    code, _, err = graph("--output", "none/x.mmd")
    assert code == 2
    assert "the drawing cannot be written" in err


def test_a_limit_is_said() -> None:
    code, out, err = graph("--max-nodes", "4")
    assert code == 0
    assert re.findall(r"^ +([a-z]\d+)[\[({]", out, re.MULTILINE) == ["e1", "m1", "c1", "c2"]
    assert "3 connections left out: more than 4 nodes" in err


def test_nothing_to_draw(tmp_path: Path) -> None:
    write(tmp_path, {"none/a.py": "x = 1\n"})
    assert graph("none") == (0, "flowchart LR\n", "")
