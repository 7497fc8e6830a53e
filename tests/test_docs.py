"""The documentation is true to the program: its consoles, its settings, its first two minutes, the schema."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from doc_blocks import PAGES, ROOT, Block, blocks

from conn_lint.cli import main
from conn_lint.config.options import FIELDS, KNOWLEDGE_TABLES, ConfigError, parse_options
from conn_lint.knowledge.load import parse_user
from conn_lint.knowledge.schema import KnowledgeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = json.loads((ROOT / "docs" / "conn-lint.schema.json").read_text(encoding="utf-8"))
EXAMPLE = ROOT / "docs" / "example"
OTHERS = {
    "CONTRIBUTING.md",
    "docs/editors.md",
    "docs/other-tools.md",
}  # they have settings of other programs
SETTINGS = [block for block in blocks("toml") if block.page not in OTHERS]
PLACES = {"docs/index.md": ROOT / "docs" / "tour"}


def test_every_block_says_its_language() -> None:
    """Those that do not would be run by none of these tests."""
    for page in PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(fences[::2]), page
        assert not any(fences[1::2]), page


@pytest.mark.parametrize("block", SETTINGS, ids=str)
def test_settings_are_accepted(block: Block) -> None:
    document = tomllib.loads(block.text)
    table = document if block.text.startswith("#:schema") else document["tool"]["conn-lint"]
    parse_options(table, str(block))
    parse_user(table, str(block))
    jsonschema.validate(table, SCHEMA)


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
