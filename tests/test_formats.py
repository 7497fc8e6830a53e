"""Formats for services: valid by their schemas, and true to what was found."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt
from projects import write

from conn_lint.cli import main
from conn_lint.cli.outputs import FORMATS
from conn_lint.model.finding import Finding, Severity, Step
from conn_lint.model.fix import Edit
from conn_lint.model.location import Location, Span
from conn_lint.report.base import Report, step_line
from conn_lint.report.places import as_whole_lines, byte_column, uri
from conn_lint.report.sarif import render_sarif
from conn_lint.rules import ALL_RULES

SCHEMAS = Path(__file__).parent / "schemas"
SETTINGS = "[tool.conn-lint]\n"
DB = """\
import psycopg2


def connect(dsn):
    return psycopg2.connect(dsn)
"""
# Line 10 is CNX101 with a chain that leads there, line 15 is CNX202 with one that goes on, and a safe fix.
API = """\
import psycopg2
from db import connect
from flask import Flask

app = Flask("shop")
dsn = ""


def opened():
    return psycopg2.connect(dsn)


def report(row):
    'One row.'
    könn = connect(dsn)
    könn.cursor().execute(row)
    könn.close()


@app.get("/orders")
def orders():
    conn = opened()
    try:
        return conn.cursor().fetchall()
    finally:
        conn.close()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    write(tmp_path, {"pyproject.toml": SETTINGS, "db.py": DB, "api.py": API})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(output_format: str, *args: str) -> str:
    done = CliRunner().invoke(main, ["check", "--format", output_format, *args])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def validate(found: object, schema: str) -> None:
    rules = json.loads((SCHEMAS / schema).read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(rules, format_checker=jsonschema.FormatChecker()).validate(found)


def sarif(*args: str) -> dict[str, Any]:
    log = json.loads(report("sarif", *args))
    validate(log, "sarif-2.1.0.json")
    (run,) = log["runs"]
    return dict(run)


def results(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["ruleId"]: result for result in run["results"]}


def place(location: dict[str, Any]) -> tuple[str, int]:
    physical = location.get("location", location)["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


@pytest.mark.usefixtures("project")
def test_sarif_has_the_rules_with_their_pages() -> None:
    run = sarif()
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule.code for rule in ALL_RULES)
    assert all("## Why it matters" in rule["help"]["markdown"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


@pytest.mark.usefixtures("project")
def test_sarif_shows_how_a_chain_goes() -> None:
    found = results(sarif())
    assert set(found) == {"CNX101", "CNX202"}
    flows = {
        code: [place(step) for step in result["codeFlows"][0]["threadFlows"][0]["locations"]]
        for code, result in found.items()
    }
    assert flows["CNX101"] == [("api.py", 22), ("api.py", 10)]  # from the route down to the call
    assert flows["CNX202"] == [("api.py", 15), ("db.py", 5)]  # from the call down to what opens it
    assert [place(step) for step in found["CNX202"]["relatedLocations"]] == [("db.py", 5)]
    assert "[db.py:5](0) connect: opened by" in found["CNX202"]["message"]["text"]
    region = found["CNX202"]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 15, "startColumn": 12, "endLine": 15, "endColumn": 24}
    (logical,) = found["CNX101"]["locations"][0]["logicalLocations"]
    assert logical["fullyQualifiedName"] == "opened"


def test_sarif_fingerprints_stay(project: Path) -> None:
    before = {code: found["partialFingerprints"] for code, found in results(sarif()).items()}
    write(project, {"api.py": "# one more line\n\n" + API})
    after = {code: found["partialFingerprints"] for code, found in results(sarif()).items()}
    assert before == after
    assert len({json.dumps(found) for found in before.values()}) == 2


@pytest.mark.usefixtures("project")
def test_sarif_has_edits_where_they_are_wanted() -> None:
    assert "fixes" not in results(sarif())["CNX202"]
    (fix,) = results(sarif("--with-edits"))["CNX202"]["fixes"]
    assert fix["description"]["text"].endswith("(safe)")
    changed = apply_sarif(API, fix)
    assert "with closing(connect(dsn)) as könn:" in changed
    compile(changed, "api.py", "exec")


def apply_sarif(text: str, fix: dict[str, Any]) -> str:
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "api.py"
    lines = text.split("\n")
    for edit in reversed(change["replacements"]):
        region = edit["deletedRegion"]
        first, last = region["startLine"] - 1, region["endLine"] - 1
        before = lines[first][: region["startColumn"] - 1]
        after = lines[last][region["endColumn"] - 1 :] if last < len(lines) else ""
        lines[first : last + 1] = (before + edit["insertedContent"]["text"] + after).split("\n")
    return "\n".join(lines)


@pytest.mark.usefixtures("project")
def test_sarif_tells_what_went_wrong() -> None:
    (invocation,) = sarif(".", "nothere")["invocations"]
    assert not invocation["executionSuccessful"]
    (note,) = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "nothere: there is no such file or folder"


@pytest.mark.usefixtures("project")
def test_sarif_carries_notes() -> None:
    write(Path(), {"pyproject.toml": SETTINGS + "severity = { CNX101 = 'note' }\n"})
    assert results(sarif())["CNX101"]["level"] == "note"
    assert "CNX101" not in report("concise")


def test_gitlab(project: Path) -> None:
    found = json.loads(report("gitlab"))
    assert [(issue["check_name"], issue["location"]) for issue in found] == [
        ("client-per-request", {"path": "api.py", "lines": {"begin": 10, "end": 10}}),
        ("not-released-on-error", {"path": "api.py", "lines": {"begin": 15, "end": 15}}),
    ]
    assert [issue["severity"] for issue in found] == ["major", "minor"]
    write(project, {"again.py": API})
    both = [issue["fingerprint"] for issue in json.loads(report("gitlab"))]
    assert len(set(both)) == len(both) > 2  # equal ones count as one finding there
    assert {issue["fingerprint"] for issue in found} <= set(both)
    write(project, {"api.py": "", "again.py": ""})
    assert json.loads(report("gitlab")) == []


@pytest.mark.usefixtures("project")
def test_junit() -> None:
    root = ET.fromstring(report("junit"))
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("api.py", "2", "2")
    names = [case.get("name") for case in suite]
    assert names[1] == "CNX202 not-released-on-error in report: könn = connect(dsn)"
    failure = suite[1][0]
    assert failure.get("type") == "warning"
    assert "db.py:5 connect: opened by psycopg2.connect()" in (failure.text or "").split("\n")
    (problems,) = ET.fromstring(report("junit", "pyproject.toml", "nothere"))
    assert [case[0].tag for case in problems] == ["error"]
    ((passed,),) = ET.fromstring(report("junit", "db.py", "--ignore", "CNX1,CNX2"))
    assert len(passed) == 0


@pytest.mark.usefixtures("project")
def test_azure(project: Path) -> None:
    *commands, last = report("azure").splitlines()
    found = [re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.*)", line) for line in commands]
    assert all(found)
    assert [dict(p.split("=") for p in match[1].split(";") if p) for match in found if match] == [
        {
            "type": kind,
            "sourcepath": (project / "api.py").as_posix(),
            "linenumber": line,
            "columnnumber": column,
            "code": code,
        }
        for kind, line, column, code in (
            ("error", "10", "12", "CNX101"),
            ("warning", "15", "12", "CNX202"),
        )
    ]
    assert last == "Found 1 error, 1 warning in 2 files."


@pytest.mark.usefixtures("project")
def test_rdjson_counts_bytes_and_suggests_whole_lines() -> None:
    found = json.loads(report("rdjson"))
    validate(found, "rdjson.json")
    _, second = found["diagnostics"]
    assert second["code"]["value"] == "CNX202"
    # It is the character 12, with one of two bytes in front of it.
    assert second["location"]["range"]["start"] == {"line": 15, "column": 13}
    (suggestion,) = second["suggestions"]
    first, last = (suggestion["range"][end]["line"] for end in ("start", "end"))
    assert "column" not in suggestion["range"]["start"]
    lines = API.split("\n")
    lines[first - 1 : last] = suggestion["text"].split("\n")
    assert "\n".join(lines) == apply_sarif(
        API, results(sarif("--with-edits"))["CNX202"]["fixes"][0]
    )


@pytest.mark.usefixtures("project")
def test_no_suggestion_repeats_a_secret() -> None:
    # The import of contextlib goes above the password, so the suggestion would hold its line.
    write(Path(), {"api.py": API.replace('dsn = ""', 'password = "hunter2-Zq9"\ndsn = ""')})
    text = report("rdjson")
    assert "hunter2" not in text
    assert all("suggestions" not in d for d in json.loads(text)["diagnostics"][1:])


@pytest.mark.usefixtures("project")
def test_markdown_is_a_table_of_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    text = report("markdown")
    assert text.startswith("## conn-lint\n\nFound 1 error, 1 warning in 2 files.\n\n| |")
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<tr>") == 3
    assert "<code>api.py:10</code>" in html
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    assert "(https://github.com/acme/shop/blob/abc/api.py#L10)" in report("markdown")


@pytest.mark.usefixtures("project")
def test_a_long_list_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    many = "import psycopg2\n\n" + "".join(
        f"\ndef f{n}():\n    c = psycopg2.connect('')\n    c.cursor()\n\n" for n in range(130)
    )
    write(Path(), {"many.py": many})
    text = report("markdown", "many.py")
    assert text.count("[CNX201]") == 100
    assert text.endswith("\n\n30 more findings not listed here.\n")
    *_, last = report("github", "many.py").splitlines()
    assert last.startswith("::notice title=conn-lint::Found 130 errors in 1 file. GitHub shows 10")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("output_format", FORMATS)
def test_nothing_found_is_a_report_too(output_format: str) -> None:
    write(Path(), {"api.py": ""})
    text = report(output_format)
    assert "CNX2" not in text or output_format == "sarif"
    if output_format in {"json", "gitlab"}:
        assert json.loads(text) == []


def test_places() -> None:
    assert uri("a b/ü#.py") == "a%20b/%C3%BC%23.py"
    assert uri("caf\udce9.py") == "caf%E9.py"
    assert uri("/tmp/a.py") == "file:///tmp/a.py"
    assert uri("C:/a.py") == "file:///C%3A/a.py"
    assert uri("a\ud800.py") == "a%ED%A0%80.py"
    assert byte_column(["a𐐀b"], 1, 2) == 6
    assert byte_column([], 3, 4) == 5


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([("", (2, 0, 2, 0), "x\n")], (2, 2, "x\nb")),  # an insertion
        ([("", (1, 1, 1, 1), "+"), ("", (3, 0, 3, 1), "C")], (1, 3, "a+\nb\nC")),
        ([("", (2, 0, 3, 0), "")], (2, 2, "")),  # a line goes
        ([("", (2, 0, 3, 0), "x\ny\n")], (2, 2, "x\ny")),
        ([("", (3, 0, 4, 0), "z\n")], (3, 3, "z")),
        ([("", (1, 1, 2, 0), " ")], None),  # the next line moves up
        ([("", (9, 0, 9, 0), "x")], None),
    ],
)
def test_edits_as_whole_lines(
    edits: list[tuple[str, tuple[int, int, int, int], str]], expected: tuple[int, int, str] | None
) -> None:
    made = [Edit(path, Span(*span), text) for path, span, text in edits]
    assert as_whole_lines(made, ["a", "b", "c", ""]) == expected


def test_a_step_in_a_settings_file_is_in_no_function() -> None:
    here = Location(".env", Span(1, 0, 1, 3))
    step = Step(here, "", "the server's address")
    finding = Finding("CNX201", "never-released", "m", here, Severity.ERROR, (step,))
    assert step_line(step) == ".env:1 the server's address"
    (log,) = map(json.loads, render_sarif(Report((finding,))))
    validate(log, "sarif-2.1.0.json")
    (related,) = log["runs"][0]["results"][0]["relatedLocations"]
    assert related["message"]["text"] == "the server's address"
    assert "logicalLocations" not in related
