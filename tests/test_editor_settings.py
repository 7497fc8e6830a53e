"""What docs/editors.md tells people to put into their editors starts the server, with settings that it takes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from doc_blocks import Block, blocks
from lsp_client import Client
from projects import LEAK, write

from conn_lint.config.options import parse_options

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("pygls")
PAGE = "docs/editors.md"
LANGUAGES = ("json", "lisp", "lua", "toml")


class Asked(NamedTuple):
    """What an editor does by a block: the command that it runs, and what it sends."""

    words: list[str]
    options: dict[str, Any]
    on_saving: tuple[str, ...] = ()


def asked(block: Block) -> Asked:
    match block.language:
        case "lisp":
            assert block.text.count("(") == block.text.count(")")
            return Asked(re.findall(r'"(conn-lint)" "(\w+)"', block.text)[0], {})
        case "lua":
            (listed,) = re.findall(r"cmd = \{(.*?)\}", block.text)
            (given,) = re.findall(r"init_options = \{(.*?)\}", block.text)
            options = dict.fromkeys(re.findall(r'\["([\w-]+)"\] = true', given), True)
            return Asked(re.findall(r'"(.*?)"', listed), options)
        case "toml":
            document = tomllib.loads(block.text)
            (language,) = document["language"]
            assert "conn-lint" in language["language-servers"]
            server = document["language-server"]["conn-lint"]
            return Asked([server["command"], *server["args"]], {})
    document = json.loads(block.text)
    if "conn-lint" in document:  # the command is in the text above it
        return Asked(["conn-lint", "server"], document["conn-lint"])
    kinds = tuple(document["editor.codeActionsOnSave"])
    words = [document["glspc.server.command"], *document["glspc.server.commandArguments"]]
    return Asked(words, document["glspc.server.initializationOptions"], kinds)


@pytest.mark.parametrize("block", blocks(*LANGUAGES, page=PAGE), ids=str)
def test_an_editor_starts_the_server(block: Block, tmp_path: Path) -> None:
    command, *args = asked(block).words
    assert command == "conn-lint"
    options = asked(block).options
    parse_options(options, str(block))
    write(tmp_path, {"pyproject.toml": "[tool.conn-lint]\n", "a.py": LEAK})
    with Client(tmp_path, options, args=args) as client:
        offered = client.initialized["capabilities"]["codeActionProvider"]["codeActionKinds"]
        assert set(asked(block).on_saving) <= set(offered)
        (found,) = client.diagnostics(client.open(tmp_path / "a.py"))
        assert found["code"] == "CNX201"
        assert not [m for m in client.sent if m.get("method") == "window/showMessage"]


def test_some_send_settings() -> None:
    assert len([b for b in blocks(*LANGUAGES, page=PAGE) if asked(b).options]) == 3
    assert any(asked(block).on_saving for block in blocks("json", page=PAGE))
