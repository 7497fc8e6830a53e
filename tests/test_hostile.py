"""Names of files and what stands in code can break no format, and make nobody do anything: for each of them.

The readers here do what a service does with a report: GitHub's and Azure's runners obey lines, browsers tags.
"""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from hostile import FINDINGS, NAMES, project
from markdown_it import MarkdownIt
from projects import command, write

from conn_lint.cli.outputs import FORMATS
from conn_lint.report.escape import one_line

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture(scope="module", name="project")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def report(project: Path) -> Callable[[str], str]:
    """What the command prints in a format; the cache makes all runs but the first short."""
    bare = {name: "" for name in os.environ if name.startswith(("GITHUB", "CI", "BUILD"))}
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b"}
    made: dict[str, str] = {}

    def run(output_format: str) -> str:
        if output_format not in made:
            args = ("check", "--with-edits", "--format", output_format)
            done = command(*args, cwd=project, **{**bare, **github, "GITHUB_SHA": "abc"})
            assert (done.returncode, done.stderr) == (1, ""), done.stderr
            made[output_format] = done.stdout
        return made[output_format]

    return run


@pytest.fixture(scope="module")
def paths(report: Callable[[str], str]) -> list[str]:
    """The path of each finding, as JSON has it."""
    return [finding["path"] for finding in json.loads(report("json"))]


def test_every_file_is_found_by_its_name(paths: list[str]) -> None:
    assert sorted(paths) == sorted(f"{name}.py" for name in NAMES for _ in range(FINDINGS))


@pytest.mark.parametrize("output_format", FORMATS)
def test_no_format_has_what_steers_a_terminal(
    report: Callable[[str], str], output_format: str
) -> None:
    odd = {char for char in report(output_format) if not char.isprintable()}
    # Excerpts show code as it is, but for what is unsafe.
    assert odd <= {"\n", "\ufffe", "\uffff"} if output_format != "rdjson" else odd <= {"\n"}


@pytest.mark.parametrize("output_format", sorted(set(FORMATS) - {"github", "azure"}))
def test_nothing_is_obeyed_that_a_report_says(
    report: Callable[[str], str], output_format: str
) -> None:
    for line in report(output_format).split("\n"):
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line


def test_text(report: Callable[[str], str], paths: list[str]) -> None:
    heads = [line for line in report("text").split("\n") if re.search(r": CNX\d+ \[", line)]
    assert [head.partition(".py:")[0] + ".py" for head in heads] == [one_line(p) for p in paths]


def test_concise(report: Callable[[str], str], paths: list[str]) -> None:
    lines = report("concise").split("\n")[:-1]
    assert [re.split(r":\d+:\d+: CNX\d+ ", line)[0] for line in lines] == [
        one_line(path) for path in paths
    ]


def runner_commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """As GitHub's runner reads them."""
    for line in text.split("\n"):
        if line.lstrip().startswith("::"):
            head, _, data = line.lstrip()[2:].partition("::")
            name, _, listed = head.partition(" ")
            properties = dict(item.split("=", 1) for item in listed.split(","))
            yield name, {k: decoded(v, "%3A:%2C,") for k, v in properties.items()}, decoded(data)


def decoded(text: str, more: str = "") -> str:
    pairs = {
        "%0D": "\r",
        "%0A": "\n",
        **{more[i : i + 3]: more[i + 3] for i in range(0, len(more), 4)},
    }
    for code, char in pairs.items():
        text = text.replace(code, char)
    return text.replace("%25", "%")


def test_github(report: Callable[[str], str], paths: list[str]) -> None:
    found = list(runner_commands(report("github")))
    assert [name for name, _, _ in found].count("notice") == 1  # the sum
    found = [item for item in found if item[1]["title"] != "conn-lint"]
    assert {name for name, _, _ in found} <= {"error", "warning"}
    files = ["\n".join(map(one_line, path.split("\n"))) for path in paths]  # line breaks come back
    assert sorted(properties["file"] for _, properties, _ in found) == sorted(files)
    allowed = {"title", "file", "line", "endLine", "col", "endColumn"}
    assert all(set(properties) <= allowed for _, properties, _ in found)
    assert all(message.startswith(p["file"] + ":") for _, p, message in found)
    others = [line for line in report("github").split("\n") if not line.startswith("::")]
    assert others == [""]


def agent_commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """As the agent of Azure Pipelines reads them: anywhere in a line."""
    for line in text.split("\n"):
        start = line.find("##vso[")
        if start >= 0:
            head, _, data = line[start + 6 :].partition("]")
            name, _, listed = head.partition(" ")
            properties = dict(item.split("=", 1) for item in listed.split(";") if item)
            yield name, {k: agent_decoded(v) for k, v in properties.items()}, agent_decoded(data)


def agent_decoded(text: str) -> str:
    for code, char in {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%AZP25": "%"}.items():
        text = text.replace(code, char)
    return text


def test_azure(report: Callable[[str], str], paths: list[str], project: Path) -> None:
    found = list(agent_commands(report("azure")))
    assert {name for name, _, _ in found} == {"task.logissue"}
    sources = [properties["sourcepath"] for _, properties, _ in found]
    assert sorted(sources) == sorted(one_line(f"{project.as_posix()}/{path}") for path in paths)
    assert all(len(properties) == 5 for _, properties, _ in found)
    assert not any("##vso[" in data or "\n" in data for _, _, data in found)
    rest = [line for line in report("azure").split("\n") if not line.startswith("##vso[")]
    assert [line[:6] for line in rest] == ["Found ", ""]


def test_sarif(report: Callable[[str], str], paths: list[str]) -> None:
    log = json.loads(report("sarif"))
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)
    results = log["runs"][0]["results"]
    found = []
    for result in results:
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"[A-Za-z0-9/%._~-]+", artifact["uri"])
        found.append(urllib.parse.unquote(artifact["uri"], errors="surrogateescape"))
        links = re.findall(r"(?<!\\)\]\(([^)]*)", result["message"]["text"])
        assert all(link.isdecimal() for link in links), result["message"]
    assert found == paths


def test_gitlab(report: Callable[[str], str], paths: list[str]) -> None:
    issues = json.loads(report("gitlab"))
    assert [issue["location"]["path"] for issue in issues] == paths
    assert len({issue["fingerprint"] for issue in issues}) == len(paths)


def in_xml(path: str) -> str:
    return re.sub("[\ufffe\uffff]", "\ufffd", one_line(path))


def test_junit(report: Callable[[str], str], paths: list[str]) -> None:
    root = ET.fromstring(report("junit"))
    assert {element.tag for element in root.iter()} == {
        *("testsuites", "testsuite", "testcase", "failure")
    }
    files = [case.get("file", "") for case in root.iter("testcase")]
    visible = [in_xml(path) for path in paths]
    assert files == visible
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)


def test_rdjson(report: Callable[[str], str], paths: list[str]) -> None:
    found = json.loads(report("rdjson"))
    schema = json.loads((SCHEMAS / "rdjson.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(found)
    assert [item["location"]["path"] for item in found["diagnostics"]] == paths


class Page(html.parser.HTMLParser):
    """What a browser makes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href"}
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_markdown(report: Callable[[str], str], paths: list[str]) -> None:
    page = Page()
    page.feed(MarkdownIt("commonmark").enable("table").render(report("markdown")))
    tags = {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "a"}
    assert set(page.tags) <= tags
    rules = "https://github.com/conn-lint/conn-lint/blob/main/docs/rules"
    source = "https://github.com/a/b/blob/abc/"
    assert all(link.startswith((rules, source)) for link in page.links)
    rows = [row for row in page.rows if row]
    assert all(len(row) == 3 for row in rows)
    places = [re.sub(r":\d+\n?\Z", "", row[1]) for row in rows]
    assert sorted(set(places)) == sorted({in_xml(path) for path in paths})
    assert "://" not in re.sub(r"https://github\.com\S*", "", report("markdown"))
    assert not re.search(r"[@#]\w", re.sub(r"&#\d+;|#L\d+|\(http\S*\)", "", report("markdown")))


def test_a_hostile_name_of_a_report(project: Path, tmp_path: Path) -> None:
    name = "a\n::error::x\x1b.sarif"
    done = command("check", "--output", f"sarif:{tmp_path}/{name}", "plain.py", cwd=project)
    assert done.returncode == 1
    assert json.loads((tmp_path / name).read_text())["version"] == "2.1.0"
    done = command("check", "--output", f"sarif:{tmp_path}/no/{name}", "plain.py", cwd=project)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr[:-1].isprintable()


def test_a_diff_of_odd_names_can_be_applied(tmp_path: Path) -> None:
    names = ("a\nb.py", 'quo"te\\.py', "\x1b[31m.py", "caf\udce9.py", "ü b.py")
    fixable = "import psycopg2\n\n\ndef f(d):\n    c = psycopg2.connect(d)\n    c.cursor().execute(d)\n    c.close()\n"
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", **dict.fromkeys(names, fixable)})
    done = command("check", "--diff", cwd=tmp_path)
    assert done.returncode == 1
    assert all(char.isprintable() or char == "\n" for char in done.stdout)
    assert sum(line.startswith("+++ ") for line in done.stdout.split("\n")) == len(names)
    patch = tmp_path.parent / "x.patch"
    patch.write_text(done.stdout)
    subprocess.run(["git", "apply", str(patch)], cwd=tmp_path, check=True)
    assert all("closing(" in (tmp_path / name).read_text() for name in names)
