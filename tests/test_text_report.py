"""The report for people, as terminals of many kinds show it: the goldens are in fixtures/report."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location, Span
from conn_lint.report.base import Report
from conn_lint.report.cells import cells, expand_tabs, wrap
from conn_lint.report.excerpt import excerpts
from conn_lint.report.text import Layout, render_summary, render_text

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "fixtures" / "report"

SHOP = """\
def load(order):
    conn = connect(order)
    return conn.cursor()

def 注文(番号):
    名前 = "注文 🛒"; conn = 接続(番号)
\tif 番号:
\t\tx = 1;\tconn = connect(番号, "postgres://shop:hunter2@db/shop")
"""
ADVICE = "Use contextlib.closing(...), or close in finally."
LEAKS = (
    "connect() opens a connection (opened by acme.connect(), shop/db.py:3) that load releases on no path; "
    'in the end the server runs out of connections ("too many clients already"). '
)


def step(path: str, line: int, function: str, note: str) -> Step:
    return Step(Location(path, Span(line, 0, line, 1)), function, note)


def found(
    span: Span,
    severity: Severity = Severity.ERROR,
    chain: tuple[Step, ...] = (),
    level: Applicability | None = None,
    advice: str = ADVICE,
) -> Finding:
    location = Location("shop/注文.py", span)
    plan = None
    if level is not None:
        plan = FixPlan("wrap-in-with", "release it with contextlib.closing(...)", level, ())
    message = LEAKS + advice
    return Finding(
        "CNX201", "never-released", message, location, severity, chain, plan, advice=advice
    )


NESTED = (
    step("shop/api.py", 9, "orders", "leads to find"),
    step("shop/find.py", 20, "find", "leads to load"),
    step("shop/db.py", 3, "load", "opened by acme.connect()"),
)
BESIDE = tuple(step(f"shop/{name}.py", 7, name, "gets one of its own") for name in ("a", "b", "c"))
REPORT = Report(
    (
        found(Span(2, 11, 2, 25), chain=NESTED, level=Applicability.SAFE),
        found(Span(6, 24, 6, 30), Severity.WARNING, level=Applicability.UNSAFE),
        found(Span(8, 16, 8, 60), Severity.NOTE, BESIDE, Applicability.DISPLAY_ONLY),
        found(Span(99, 0, 99, 4), advice=""),
    ),
    files=3,
    show_notes=True,
)
LAYOUTS = {
    "piped": Layout(160),
    "terminal": Layout(100, wraps=True),
    "narrow": Layout(40, wraps=True),
    "tiny": Layout(5, wraps=True),
    "latin": Layout(80, wraps=True, encoding="iso-8859-1"),
}


def lines_of(_: str) -> Sequence[str]:
    return SHOP.split("\n")


def shown(layout: Layout, report: Report = REPORT) -> str:
    stream = io.StringIO()
    console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False, markup=False)
    for text in render_text(report, lines_of, layout):
        console.print(text)
    console.print(render_summary(report))
    return stream.getvalue()


@pytest.mark.parametrize("name", LAYOUTS)
def test_goldens(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / f"{name}.txt", shown(LAYOUTS[name]))


@pytest.mark.parametrize("name", ["terminal", "narrow"])
def test_what_is_longer_than_a_terminal_is_one_word(name: str) -> None:
    layout = LAYOUTS[name]
    for line in shown(layout).split("\n")[:-2]:  # the last one is the summary
        is_place = re.search(r"[\w/]+\.py:\d+", line)
        assert is_place or cell_len(line) <= layout.width, line


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_marks_stand_below_what_they_mark(name: str) -> None:
    lines = shown(LAYOUTS[name]).split("\n")
    marked = [(lines[at - 1], line) for at, line in enumerate(lines) if "^" in line]
    assert len(marked) == 3
    for code, marks in marked[:1] if name in {"tiny", "narrow"} else marked:
        start = cell_len(marks[: marks.index("^")])
        at = next(n for n in range(len(code)) if cell_len(code[:n]) == start)
        assert code[at:].startswith(("connect(", "接続(", "??("))
        assert cell_len(code[at:]) >= marks.count("^")


def test_secrets_stay_secret() -> None:
    for layout in LAYOUTS.values():
        assert "hunter2" not in shown(layout)


def test_a_terminal_without_lines_gets_none() -> None:
    text = shown(LAYOUTS["latin"])
    path = "shop/注文.py"  # escaped where it is written
    assert text.replace(path, "").encode("iso-8859-1")


@given(
    st.text(max_size=60).filter(lambda line: "\n" not in line and "\r" not in line),
    st.integers(0, 70),
    st.integers(0, 70),
    st.integers(1, 80),
    st.sampled_from(["utf-8", "ascii", "cp1252", "euc_jp"]),
)
def test_an_excerpt_fits_whatever_the_line_is(
    line: str, start: int, length: int, width: int, encoding: str
) -> None:
    (part,) = excerpts([line], Span(1, start, 1, start + length), width, 0, encoding)
    assert cells(part.text) <= width
    assert 0 <= part.start < part.end
    assert not {unicodedata.category(char) for char in part.text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert part.text.encode(encoding).decode(encoding) == part.text


@given(st.text(), st.integers(1, 50))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    lines = list(wrap(text, width))
    assert " ".join(lines).split(" ") == text.split(" ") or "  " in text or text[:1] == " "
    assert " ".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert cells(line) <= width or " " not in line.strip()


def test_tabs_go_to_the_next_stop() -> None:
    assert expand_tabs("\ta\tbcde\tf") == "    a   bcde    f"
    assert expand_tabs("漢\tx") == "漢  x"


# On a terminal


def on_a_terminal(columns: int, **settings: str) -> str:
    """What the command prints where its output is a terminal of so many columns."""
    master, slave = pty.openpty()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": str(columns)}
    env |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **settings}
    command = ["check", "--no-cache", "--exit-zero", "src/shop/orders.py"]
    with subprocess.Popen(
        [sys.executable, "-m", "conn_lint", *command],
        cwd=ROOT / "docs" / "example",
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(slave)
        parts = []
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # as Linux says that the other end is closed
                break
            if not part:
                break
            parts.append(part)
        assert process.wait(60) == 0
    os.close(master)
    return b"".join(parts).decode()


def test_colour_is_as_the_terminal_and_its_user_want_it() -> None:
    colour = re.compile(r"\x1b\[(?:\d+;)*3[0-7]m")
    assert colour.search(on_a_terminal(80))
    assert not colour.search(on_a_terminal(80, NO_COLOR="1"))
    assert "\x1b" not in on_a_terminal(80, TERM="dumb")


def test_a_pipe_has_colour_only_where_it_is_forced() -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "conn_lint", "--no-cache", "--exit-zero", "src"]

    def piped(**settings: str) -> str:
        place = ROOT / "docs" / "example"
        return subprocess.run(
            command,
            cwd=place,
            env=env | settings,
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout

    forced = piped(FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[" in forced
    assert re.sub(r"\x1b\[[0-9;]*m", "", forced) == piped()
    assert piped().startswith("src/shop/orders.py:9:14: CNX201 [never-released] connect() opens")


def test_a_terminal_that_is_not_unicode() -> None:
    text = on_a_terminal(60, PYTHONIOENCODING="ascii")
    assert text.isascii()
    assert " 9 | " in text
