"""Names of files and what stands in code cannot break or inject into what an editor shows, or does."""

from __future__ import annotations

import html.parser
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hostile import CODE, FINDINGS, NAMES, project
from lsp_client import Client, applied
from markdown_it import MarkdownIt
from projects import write

pytest.importorskip("pygls")
TAGS = {"p", "a", "strong", "em", "code", "pre", "h2", "ul", "li", "ol", "hr"}
RULES = "https://github.com/conn-lint/conn-lint/blob/main/docs/rules"
# A folder whose name would end a link of Markdown, and begin another one.
FOLDER = "a](http:x) <img src=x onerror=alert(1)> `b`\n# c \x1b[31m\u202e"
DB = """import psycopg2


def connect():
    return psycopg2.connect("")
"""
FIXABLE = """import psycopg2


def load(dsn):
    conn = psycopg2.connect(dsn)
    conn.cursor().execute("select 1")
    conn.close()
"""
# The route calls a function of another file: both are named in the chain.
API = (
    CODE.partition("def load")[0]
    .replace('psycopg2.connect("")', "connect()")
    .replace("import psycopg2", "from db import connect")
)


class Page(html.parser.HTMLParser):
    """What an editor makes of a page in Markdown, where it lets HTML pass."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        reader = MarkdownIt("commonmark", {"html": True})
        reader.validateLink = lambda url: True  # type: ignore[method-assign]
        self.feed(reader.render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"href", "start", "class"}, attrs
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module", name="client")
def _client(root: Path) -> Iterator[Client]:
    with Client(root) as made:
        yield made


def is_shown(text: str) -> None:
    """Noncharacters steer nothing, and are left as they are."""
    assert re.sub("[\ufffe\uffff]", "", text).isprintable(), repr(text)
    assert text.strip()


def is_address(uri: str) -> None:
    assert re.fullmatch(r"file:///[A-Za-z0-9/%._~()!*'@$&+,;=:-]+", uri), uri


def to_path(uri: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))


def look(client: Client, root: Path, path: Path) -> tuple[str, list[dict[str, Any]]]:
    uri = client.open(path)
    found = client.diagnostics(uri)
    for one in found:
        is_shown(one["message"])
        assert one["codeDescription"]["href"].startswith(RULES)
        for step in one.get("relatedInformation", []):
            is_shown(step["message"])
            is_address(step["location"]["uri"])
            assert to_path(step["location"]["uri"]).is_relative_to(root)
    return uri, found


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name(name: str, client: Client, root: Path) -> None:
    path = root / f"{name.replace('/', ' ')}.py"
    uri, found = look(client, root, path)
    assert len(found) == FINDINGS
    for one in found:
        start = one["range"]["start"]
        page = client.hover(uri, start["line"], start["character"])
        assert all(char.isprintable() or char == "\n" for char in page)
        rendered = Page(page)
        assert rendered.tags <= TAGS
        assert all(link.startswith((RULES, root.as_uri())) for link in rendered.links), (
            rendered.links
        )
        for action in client.actions(uri, start["line"]):
            is_shown(action["title"])
            for changed, edits in action.get("edit", {}).get("changes", {}).items():
                assert changed == uri
                compile(applied(CODE, edits), "applied", "exec")
    client.close(uri)


@pytest.mark.parametrize("name", [*NAMES, "a(b"])
def test_steps_in_files_of_any_name(name: str, client: Client, root: Path) -> None:
    """The route lies in such a file, and its path is named in the message, the related places and the page."""
    folder = root / FOLDER / str(abs(hash(name)))
    route = folder / f"{name}.py"
    write(folder, {"pyproject.toml": "[tool.conn-lint]\n", "db.py": DB, route.name: API})
    uri, (found,) = look(client, root, folder / "db.py")
    assert found["code"] == "CNX101"
    (step,) = found["relatedInformation"]
    assert to_path(step["location"]["uri"]) == route
    page = Page(client.hover(uri, 4, 12))
    assert page.tags <= TAGS
    (rule, link) = page.links
    assert rule.startswith(RULES)
    assert to_path(link.removesuffix("#L9")) == route
    client.close(uri)


def test_fixes_of_a_file_of_any_name(client: Client, root: Path) -> None:
    for name in ("a\nb.py", "%0A::[x](y).py", "<b> `c`.py"):
        path = root / "fixes" / name
        write(root / "fixes", {"pyproject.toml": "[tool.conn-lint]\n", name: FIXABLE})
        uri = client.open(path)
        assert len(client.diagnostics(uri)) == 1
        fix = next(a for a in client.actions(uri, 4) if "edit" in a and "CNX202" in a["title"])
        assert "closing(" in applied(FIXABLE, fix["edit"]["changes"][uri])
        (every,) = client.actions(uri, 4, ["source.fixAll"])
        assert "closing(" in applied(FIXABLE, every["edit"]["changes"][uri])
        client.close(uri)


def test_a_name_in_a_message_of_the_server(root: Path) -> None:
    """Settings of the project that are wrong are told of, with the path of their file."""
    folder = root / "x\n\x1b[31m\u202e"
    write(folder, {"pyproject.toml": "[tool.conn-lint]\nnothing = 1\n", "a.py": DB})
    with Client(folder) as client:
        client.open(folder / "a.py")
        said = client.wait(lambda m: m.get("method") == "window/showMessage")["params"]["message"]
    assert said.startswith("conn-lint: ")
    assert "pyproject.toml" in said
    is_shown(said)
