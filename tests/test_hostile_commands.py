"""Names of files and what stands in code cannot break or inject into what the other commands print or write."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import pytest
from hostile import CODE, FINDINGS, NAMES, project
from markdown_it import MarkdownIt
from projects import command, write
from test_chart import dot_tokens

from conn_lint.engine.baseline import parse_baseline

TOO_MANY = "too many clients already"
POOL = """
import sqlalchemy

engine = sqlalchemy.create_engine("postgresql://db.internal/shop", pool_size=90)
"""
FIXABLE = """

def fixable(dsn):
    conn = psycopg2.connect(dsn)
    conn.cursor().execute("select 1")
    conn.close()
"""
STATED = """[tool.conn-lint.deployment]
workers = 8
max-connections = 100
"""
WRITTEN = {
    "budget text": ("budget", "--exit-zero"),
    "budget json": ("budget", "--exit-zero", "--format", "json"),
    "budget html": ("budget", "--exit-zero", "--format", "html"),
    "explain text": ("explain", "--all", TOO_MANY),
    "explain json": ("explain", "--all", "--format", "json", TOO_MANY),
    "graph mermaid": ("graph", "--max-nodes", "9999"),
    "graph dot": ("graph", "--max-nodes", "9999", "--format", "dot"),
    "graph html": ("graph", "--html", "--output", "-"),
    "files": ("files",),
    "settings": ("settings",),
    "diff": ("check", "--exit-zero", "--diff", "--unsafe-fixes"),
    "show-fixes": ("check", "--exit-zero", "--show-fixes"),
    "statistics": ("check", "--exit-zero", "--statistics"),
    "flake8": ("--isolated", "--exit-zero", "--select", "CNX", "--exclude", "caf*", "."),
}


class Page(html.parser.HTMLParser):
    """The tags of a page with the names of their attributes, and its addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[tuple[str, ...]] = set()
        self.addresses: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, *sorted(name for name, _ in attrs)))
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src")}


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("hostile"))
    write(root, {f"{name.replace('/', ' ')}.py": CODE + FIXABLE + POOL for name in NAMES})
    return write(root, {"pyproject.toml": STATED})


@pytest.fixture(scope="module", name="plain")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without anything odd."""
    root = tmp_path_factory.mktemp("plain")
    code = "\n".join(re.sub(r'"/?x\\\\n.*"', '"x"', line) for line in CODE.split("\n"))
    return write(root, {"pyproject.toml": STATED, "a.py": code + FIXABLE + POOL})


def written(what: str, root: Path) -> str:
    module = "flake8" if what == "flake8" else "conn_lint"
    done = command(*WRITTEN[what], cwd=root, module=module)
    assert done.returncode == 0, done.stderr
    assert all(char.isprintable() or char in "\n\ufffe\uffff" for char in done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout
    return done.stdout


# flake8 writes names of files itself, as they are (and cannot write all of them); a diff has the code as it is.
AS_IT_IS = {"flake8", "diff"}


@pytest.mark.parametrize("what", WRITTEN)
def test_nothing_steers_a_terminal_or_a_service(what: str, root: Path) -> None:
    for line in written(what, root).split("\n"):
        ours = line.partition(": CNX")[2] if what == "flake8" else line
        assert re.sub("[\ufffe\uffff]", "", ours).isprintable(), repr(line)
        assert not ours.lstrip().startswith("::"), line
        assert what in AS_IT_IS or not re.search(r"##\w*\[", line), line


@pytest.mark.parametrize("what", ["budget html", "graph html"])
def test_a_page_has_the_tags_that_it_has_anyway(what: str, root: Path, plain: Path) -> None:
    page, usual = Page(written(what, root)), Page(written(what, plain))
    assert page.tags <= usual.tags
    assert page.addresses <= usual.addresses
    assert len(usual.tags) > 8


@pytest.mark.parametrize("what", ["budget json", "explain json"])
def test_data_is_data(what: str, root: Path) -> None:
    text = json.dumps(json.loads(written(what, root)), ensure_ascii=False)
    assert "caf\udce9.py" in text
    assert written(what, root).isascii()


def test_a_drawing_has_all_and_no_more(root: Path, plain: Path) -> None:
    tokens = dot_tokens(written("graph dot", root))
    usual = {text for kind, text in dot_tokens(written("graph dot", plain)) if kind == "id"}
    words = {re.sub(r"\d+\Z", "", text) for kind, text in tokens if kind == "id"}
    assert words <= {re.sub(r"\d+\Z", "", text) for text in usual}
    lines = written("graph mermaid", root).split("\n")
    assert all(
        re.match(r"flowchart LR|  +[efmcg]\d+\W|  +(subgraph|end|class|classDef)\b|\Z", line)
        for line in lines
    )
    assert not any("click" in line.split('"')[0] for line in lines)


def test_a_baseline_and_what_is_said_of_it(root: Path) -> None:
    known = ("check", "--show-notes", "--baseline", "known.txt")
    done = command(*known, "--write-baseline", cwd=root)
    assert done.returncode == 0, done.stderr
    text = (root / "known.txt").read_text(encoding="utf-8")
    entries = parse_baseline(text)
    assert text.isascii()
    assert len(entries) >= FINDINGS * len(NAMES)
    assert {entry.path for entry in entries} == {f"{name.replace('/', ' ')}.py" for name in NAMES}
    assert command(*known, cwd=root).returncode == 0
    emptied = {f"{name.replace('/', ' ')}.py": "x = 1\n" for name in NAMES}
    before = {name: (root / name).read_bytes() for name in emptied}
    write(root, emptied)
    try:
        gone = command(*known, cwd=root).stderr
    finally:
        write(root, before)
    lines = gone.split("\n")[:-1]
    assert len(lines) > 10
    assert all(
        line.startswith("conn-lint: known.txt:") and line.isprintable()
        for line in lines
        if "\ufffe" not in line
    )


@pytest.mark.parametrize("output_format", ["github", "markdown"])
def test_the_page_of_a_job(output_format: str, root: Path, tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("")
    command(
        "check", "--format", output_format, cwd=root, GITHUB_STEP_SUMMARY=str(page), GITHUB_SERVER_URL="",
    )  # fmt: skip
    shown = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(page.read_text()))
    tags = {tag for tag, *_ in shown.tags}
    assert (
        {"table", "td"}
        <= tags
        <= {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "br", "a"}
    )
    assert all(link.startswith("https://github.com/conn-lint/") for link in shown.addresses)


def test_comments_in_files_of_any_name(tmp_path: Path) -> None:
    root = project(tmp_path)
    done = command("check", "--add-noqa", "--show-notes", cwd=root)
    assert done.returncode == 0, done.stderr
    assert all(char.isprintable() or char in "\n\ufffe\uffff" for char in done.stdout + done.stderr)
    for name in NAMES:
        text = (root / f"{name.replace('/', ' ')}.py").read_text(encoding="utf-8")
        assert text.count("# noqa: CNX") == FINDINGS - 2  # two lines have two of them
        compile(text, "a.py", "exec")
    assert command("check", "--show-notes", cwd=root).returncode == 0


def test_a_name_on_standard_input(root: Path) -> None:
    name = "a\n::error::x\x1b[31m.py"
    for output_format in ("text", "concise", "github", "json"):
        args = ("check", "--stdin-filename", name, "--format", output_format, "-")
        done = command(*args, cwd=root, stdin=CODE.encode())
        assert done.returncode == 1
        assert all(char.isprintable() or char == "\n" for char in done.stdout + done.stderr)
        assert not re.search(r"^::error::x", done.stdout, re.MULTILINE)


def test_wrong_words_are_told_of_in_one_line(root: Path) -> None:
    """Names in messages of failure: paths, settings, options."""
    odd = "no\n::error::x\x1b[31m\u202e"
    write(
        root,
        {
            "wrong/pyproject.toml": '[tool.conn-lint]\n"no\\n::error::x\\u001b[31m" = 1\n',
            "wrong/a.py": "",
        },
    )
    for args in ((odd,), ("--baseline", odd), ("--config", odd), ("--select", odd), ("wrong",)):
        done = command("check", *args, cwd=root)
        assert done.returncode == 2, args
        assert all(char.isprintable() or char == "\n" for char in done.stderr), args
        assert not re.search(r"^\s*::", done.stderr, re.MULTILINE), done.stderr
