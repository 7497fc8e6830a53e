"""Puts the knowledge base into wheels as one JSON file: to read its TOML files takes each run 0.1 s."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DATA = Path("conn_lint/knowledge/data")
_BUILT = "conn_lint/knowledge/built.json"


class KnowledgeHook(BuildHookInterface):
    """Adds the file to wheels; an editable installation reads the TOML files, which may change."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        self._aside = tempfile.TemporaryDirectory()
        built = Path(self._aside.name) / "built.json"
        built.write_text(json.dumps(tables(Path(self.root) / _DATA)), encoding="utf-8")
        build_data["force_include"][str(built)] = _BUILT

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._aside.cleanup()


def tables(folder: Path) -> dict[str, Any]:
    """The tables of each file by its name below `folder`, libraries before frameworks, sorted."""
    files = [*sorted(folder.glob("*.toml")), *sorted(folder.glob("frameworks/*.toml"))]
    return {
        file.relative_to(folder).as_posix(): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in files
    }
