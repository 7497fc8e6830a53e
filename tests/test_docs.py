"""Every example in README.md and docs/ does what it says: commands exist, settings are accepted, code parses."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from conn_lint.cli import main
from conn_lint.config.options import FIELDS, KNOWLEDGE_TABLES, ConfigError, parse_options
from conn_lint.knowledge.load import parse_user
from conn_lint.knowledge.schema import KnowledgeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCHEMA = json.loads((ROOT / "docs" / "conn-lint.schema.json").read_text(encoding="utf-8"))
EXAMPLE = ROOT / "docs" / "example"
PLACES = {"docs/index.md": ROOT / "docs" / "tour"}
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
_ENDS = {"|", ">", "&&", ";", ">>", "||", "<", "2>"}


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in _blocks(page) if block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        lines = match["text"].split("\n")
        inner = "\n".join(line.removeprefix(match["indent"]) for line in lines)
        yield Block(page.relative_to(ROOT).as_posix(), line, match["language"], inner)


def commands() -> list[tuple[str, list[str]]]:
    """Each command of ours in a block for a shell, with the words it is given."""
    found = []
    for block in blocks("bash", "sh", "shell", "console"):
        for line in block.text.replace("\\\n", " ").split("\n"):
            words = (
                shlex.split(line.removeprefix("$ "), comments=True) if "conn-lint" in line else []
            )
            while words:
                end = next((at for at, word in enumerate(words) if word in _ENDS), len(words))
                if words[0] == "conn-lint":
                    found.append((f"{block}: {line}", words[1:end]))
                words = words[end + 1 :]
    return found


def test_there_are_examples() -> None:
    assert len(blocks("python")) > 20
    assert len(blocks("toml")) > 4
    assert len(commands()) > 15


def test_every_block_says_its_language() -> None:
    """Those that do not would be run by none of these tests."""
    for page in PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(fences[::2]), page
        assert not any(fences[1::2]), page


@pytest.mark.parametrize(("line", "words"), commands(), ids=[line for line, _ in commands()])
def test_a_command_is_understood(line: str, words: list[str]) -> None:
    if words and words[0].startswith("-"):
        assert CliRunner().invoke(main, words).exit_code == 0
        return
    name = words[0] if words and words[0] in main.commands else "check"
    given = words[1:] if words and words[0] in main.commands else words
    try:
        main.commands[name].make_context(name, list(given))
    except click.UsageError as error:
        pytest.fail(f"{line}: {error.message}")


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_code_parses(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_settings_are_accepted(block: Block) -> None:
    document = tomllib.loads(block.text)
    table = document.get("tool", {}).get("conn-lint")
    if table is None and block.text.startswith("#:schema"):
        table = document
    if table is not None:
        parse_options(table, str(block))
        parse_user(table, str(block))
        jsonschema.validate(table, SCHEMA)


@pytest.mark.parametrize("block", blocks("yaml", "json"), ids=str)
def test_documents_parse(block: Block) -> None:
    assert yaml.safe_load(block.text) is not None


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_what_a_console_shows_is_what_is_printed(
    block: Block, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of the page, or where it says: `$ cd fixtures/...`."""
    monkeypatch.chdir(PLACES.get(block.page, EXAMPLE))
    parts = re.split(r"^\$ (.*)\n?", block.text, flags=re.MULTILINE)[1:]
    for command, expected in zip(parts[::2], parts[1::2], strict=True):
        words = shlex.split(command, comments=True)
        if words[0] == "cd":
            monkeypatch.chdir(ROOT / words[1])
            continue
        if words[0] != "conn-lint":
            continue
        done = CliRunner().invoke(main, [*words[1:], *no_cache(words)])
        assert done.exit_code in {0, 1}
        assert done.output.strip() == expected.strip(), command


def no_cache(words: list[str]) -> list[str]:
    command = main.commands.get(words[1])
    takes = command is None or any("--no-cache" in p.opts for p in command.params)
    return ["--no-cache"] if takes else []


def test_two_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README tells a newcomer, one command after the other: a finding, its explanation and its fix."""
    place = tmp_path / "tour"
    shutil.copytree(
        ROOT / "docs" / "tour", place, ignore=shutil.ignore_patterns(".conn_lint_cache")
    )
    monkeypatch.chdir(place)
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Two minutes")[2]
    (first, *_) = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    said = {}
    for line in first.split("\n"):
        words = shlex.split(line, comments=True)
        if words[:1] == ["conn-lint"]:
            done = CliRunner().invoke(main, words[1:])
            assert done.exit_code in {0, 1}, line
            said[" ".join(words)] = done.output
    assert "CNX202" in said["conn-lint check"]
    assert "not-released-on-error" in said["conn-lint rule CNX202"]
    assert "likely causes" in said["conn-lint explain too many clients already"]
    assert "+    with closing(connect()) as conn:" in said["conn-lint check --diff"]
    assert "CNX202" not in said["conn-lint check --fix"]
    assert "with closing(connect()) as conn:" in (place / "shop" / "store.py").read_text()


# The schema of the configuration


def test_the_schema_is_one_and_has_every_key() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert sorted(SCHEMA["properties"]) == sorted([*FIELDS, *KNOWLEDGE_TABLES])
    assert all(value.get("description") for value in SCHEMA["properties"].values())
    used = set(re.findall(r'"#/definitions/(\w+)"', json.dumps(SCHEMA)))
    assert used == set(SCHEMA["definitions"])
    assert "null" not in re.findall(r'"type": "(\w+)"', json.dumps(SCHEMA))


@pytest.mark.parametrize(
    "table",
    [
        {"selekt": ["CNX1"]},
        {"fail-on": "fatal"},
        {"select": "CNX1"},
        {"jobs": "many"},
        {"severity": {"CNX101": "bad"}},
        {"resource": [{"name": "x"}]},
    ],
    ids=str,
)
def test_what_the_program_refuses_the_schema_refuses(table: dict[str, object]) -> None:
    with pytest.raises((ConfigError, KnowledgeError)):
        _accept(table)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, SCHEMA)


def _accept(table: dict[str, object]) -> None:
    parse_options(table, "x")
    parse_user(table, "x")
