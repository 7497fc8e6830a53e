from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Sequence

import pytest
from rich.console import Console

from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.location import Location, Span
from conn_lint.report.base import Report
from conn_lint.report.concise import render_concise
from conn_lint.report.escape import code_line, one_line
from conn_lint.report.excerpt import excerpts
from conn_lint.report.github import render_github
from conn_lint.report.json_report import render_json
from conn_lint.report.statistics import render_statistics
from conn_lint.report.text import Layout, render_summary, render_text

HOSTILE = [
    "a\nb.py",
    "a\r\n::error::owned.py",
    "a::b,c=d%0A%25.py",
    "\x1b[31mred\x1b[0m.py",
    "caf\udce9.py",
    "right\u202eto left.py",
    "line\u2028separator.py",
    "[bold]markup[/bold].py",
    "a:1:2: CNX000 fake.py",
    "nul\x00.py",
]


PLACE = Span(2, 4, 2, 10)


def finding(
    path: str = "a.py",
    message: str = "it leaks",
    severity: Severity = Severity.ERROR,
    span: Span = PLACE,
    chain: tuple[Step, ...] = (),
) -> Finding:
    return Finding("CNX201", "never-released", message, Location(path, span), severity, chain)


def lines_of(path: str) -> Sequence[str]:
    return ["import x", "    x.open() + 1  # after", ""]


def text(report: Report, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=terminal,
        highlight=False,
        soft_wrap=True,
        emoji=False,
        markup=False,
    )
    for line in render_text(report, lines_of, Layout(100)):
        console.print(line)
    console.print(render_summary(report))
    return stream.getvalue()


def only(lines: Iterable[str]) -> str:
    (text,) = lines
    return text


def test_text_has_excerpt_and_chain() -> None:
    chain = (
        Step(Location("b.py", Span(7, 0, 7, 1)), "get", "calls load"),
        Step(Location("c.py", Span(9, 0, 9, 1)), "load", ""),
    )
    assert text(Report((finding(chain=chain),), files=3)) == (
        "a.py:2:5: CNX201 [never-released] it leaks\n"
        "  |\n"
        "2 | x.open() + 1  # after\n"
        "  | ^^^^^^\n"
        "  b.py:7 get: calls load\n"
        "  └─ c.py:9 load\n"
        "\n"
        "Found 1 error in 3 files.\n"
    )


def test_text_has_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" not in text(Report((finding(),)))
    assert "\x1b[" in text(Report((finding(),)), terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in text(Report((finding(),)), terminal=True)


def test_summaries() -> None:
    note = finding(severity=Severity.NOTE)
    warning = finding(severity=Severity.WARNING)
    assert str(render_summary(Report((), files=1))) == "No connection bugs found in 1 file."
    found = Report((note, note, warning), files=2, suppressed=4)
    assert str(render_summary(found)) == (
        "Found 1 warning in 2 files. 2 notes not shown (--show-notes). 4 silenced by comments."
    )
    shown = Report((note, note, warning), files=2, show_notes=True)
    assert str(render_summary(shown)) == "Found 1 warning, 2 notes in 2 files."


def test_notes_are_counted_unless_they_are_wanted() -> None:
    note = Report((finding(severity=Severity.NOTE),))
    wanted = Report(note.findings, show_notes=True)
    assert "CNX201" not in text(note)
    assert list(render_concise(note)) == []
    assert list(render_github(note)) == ["No connection bugs found in 0 files."]
    assert len(list(render_concise(wanted))) == len(list(render_github(wanted))) - 1 == 1
    assert len(json.loads(only(render_json(note)))) == 1


def test_concise() -> None:
    assert list(render_concise(Report((finding(),)))) == ["a.py:2:5: CNX201 it leaks"]


def test_json_has_exactly_these_keys() -> None:
    chain = (Step(Location("b.py", Span(7, 0, 7, 1)), "get", "calls load"),)
    (found,) = json.loads(only(render_json(Report((finding(chain=chain),)))))
    url = found.pop("url")
    assert url.endswith("#cnx201-never-released")
    assert re.fullmatch("[0-9a-f]{32}", found.pop("fingerprint"))
    assert found == {
        "code": "CNX201",
        "rule": "never-released",
        "severity": "error",
        "message": "it leaks",
        "path": "a.py",
        "line": 2,
        "column": 5,
        "end_line": 2,
        "end_column": 11,
        "chain": [{"path": "b.py", "line": 7, "function": "get", "note": "calls load"}],
        "because": None,
        "fix": None,
    }


def test_github_escapes_and_puts_the_worst_first() -> None:
    findings = (
        finding("b,c:d%.py", "50 %\nmore", Severity.WARNING),
        finding(span=Span(1, 0, 3, 4)),
    )
    assert list(render_github(Report(findings))) == [
        "::error title=CNX201 never-released,file=a.py,line=1,endLine=3,col=1"
        "::a.py:1:1: CNX201 it leaks",
        "::warning title=CNX201 never-released,file=b%2Cc%3Ad%25.py,line=2,endLine=2,col=5,"
        "endColumn=11"
        "::b,c:d%25.py:2:5: CNX201 50 %25%0Amore",
        "Found 1 error, 1 warning in 0 files.",
    ]


def test_statistics() -> None:
    other = Finding("CNX202", "not-released-on-error", "m", finding().location, Severity.NOTE)
    report = Report((finding(), other, finding()))
    assert list(render_statistics(report)) == [
        "2  CNX201 never-released",
        "1  CNX202 not-released-on-error",
    ]
    assert list(render_statistics(Report(()))) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_or_message_breaks_a_format(name: str) -> None:
    chain = (Step(Location(name, Span(7, 0, 7, 1)), name, name),)
    report = Report((finding(name, name, chain=chain), finding()), files=2)
    plain = text(report)
    assert len(plain.splitlines()) == 12
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\u2028\udc80-\udcff]", plain)
    concise = list(render_concise(report))
    assert [line.isprintable() for line in concise] == [True, True]
    (first, _) = json.loads(only(render_json(report)))
    assert first["path"] == first["message"] == name
    assert only(render_json(report)).isascii()
    commands = list(render_github(report))
    assert all(line.isprintable() for line in commands)
    head = re.fullmatch(r"::error (?P<listed>[^:]*)::(?P<message>.*)", commands[0])
    assert head is not None
    properties = dict(part.split("=", 1) for part in head["listed"].split(","))
    assert set(properties) == {"title", "file", "line", "endLine", "col", "endColumn"}


def test_one_line_keeps_what_is_harmless() -> None:
    assert one_line("größe 漢字 \N{SNOWMAN}") == "größe 漢字 \N{SNOWMAN}"
    assert one_line("a\tb\\n\n") == "a\\tb\\n\\n"
    assert one_line("\U000e0001") == "\\U000e0001"
    assert code_line("\ta\x1b") == " a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("line", "span", "expected"),
    [
        ("x = open()", Span(1, 4, 1, 10), ("x = open()", 4, 10)),
        ("    x()", Span(1, 4, 1, 7), ("x()", 0, 3)),
        ("x = open(", Span(1, 4, 3, 1), ("x = open(", 4, 9)),
        ("x", Span(1, 50, 1, 60), ("x", 1, 2)),
        ("", Span(1, 0, 1, 0), ("", 0, 1)),
        ("\tx = f()", Span(1, 5, 1, 8), ("x = f()", 4, 7)),
    ],
)
def test_excerpts(line: str, span: Span, expected: tuple[str, int, int]) -> None:
    (found,) = excerpts([line], span, 80)
    assert tuple(found[1:]) == expected


def test_long_lines_are_cut_around_the_mark() -> None:
    line = "a" * 500 + "open()" + "b" * 500
    (found,) = excerpts([line], Span(1, 500, 1, 506), 60)
    assert len(found.text) == 60
    assert found.text[found.start : found.end] == "open()"


def test_no_excerpt_of_a_line_that_is_not_there() -> None:
    assert excerpts([], Span(1, 0, 1, 1), 80) == ()
    assert excerpts(["x"], Span(5, 0, 5, 1), 80) == ()
