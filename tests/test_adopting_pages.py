"""The pages on old code and on editors: what they show is run, or read by what it is meant for."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import command

from conn_lint.config.options import parse_options
from conn_lint.engine.baseline import parse_baseline

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = Path(__file__).parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found
    return found


def commands(page: str) -> list[list[str]]:
    lines = [
        line.partition("  #")[0] for block in blocks(page, "bash") for line in block.splitlines()
    ]
    return [shlex.split(line)[1:] for line in lines if line.startswith("conn-lint ")]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".conn_lint_cache")
    return shutil.copytree(DOCS / "example", tmp_path / "example", ignore=ignored)


def test_the_commands_for_old_code_run(example: Path) -> None:
    shown = commands("adopting.md")
    assert len(shown) >= 4
    for args in shown:
        done = command(*args, cwd=example)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr


def test_the_entry_is_one_of_the_example(example: Path) -> None:
    write = next(args for args in commands("adopting.md") if "--write-baseline" in args)
    assert command(*write, cwd=example).returncode == 0
    (entry,) = parse_baseline("".join(blocks("adopting.md", "text")))
    written = parse_baseline((example / "known.txt").read_text(encoding="utf-8"))
    assert (entry.path, entry.code, entry.function, entry.resource, entry.content) in {
        (e.path, e.code, e.function, e.resource, e.content) for e in written
    }


def test_the_settings_are_some() -> None:
    for text in blocks("adopting.md", "toml"):
        parse_options(tomllib.loads(text)["tool"]["conn-lint"], "docs/adopting.md")


def test_settings_of_editors_are_read() -> None:
    (helix,) = (tomllib.loads(text) for text in blocks("editors.md", "toml"))
    assert helix["language-server"]["conn-lint"]["args"] == ["server"]
    sent: list[dict[str, Any]] = []
    for text in blocks("editors.md", "json"):
        settings = json.loads(text)
        sent.append(
            settings.get("conn-lint", settings.get("glspc.server.initializationOptions", {}))
        )
    (lua,) = blocks("editors.md", "lua")
    sent.append(dict.fromkeys(re.findall(r'\["([\w-]+)"\] = true', lua), True))
    assert len([options for options in sent if options]) == 3
    for options in sent:
        parse_options(options, "docs/editors.md")
    assert all('"server"' in text for text in (lua, *blocks("editors.md", "lisp")))
