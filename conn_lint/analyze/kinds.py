"""What a project is: a service, a script or a library. A library's pools are set by those who use it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionRef

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

# Folders beside the code itself: what runs there says nothing of what the project is.
_ASIDE = frozenset(
    {"benchmark", "benchmarks", "demo", "demos", "doc", "docs", "example", "examples", "sample",
     "samples", "scripts", "tools"}
)  # fmt: skip
_NAMED = (("project", "name"), ("tool", "poetry", "name"), ("metadata", "name"))
_COMMANDS = (
    ("project", "scripts"),
    ("project", "gui-scripts"),
    ("tool", "poetry", "scripts"),
    ("options.entry_points", "console_scripts"),
)
_SETUP = "setup.py"


class Kinds:
    """Answers for files; what the project as a whole is told is looked for once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def is_library(self, path: str) -> bool:
        """The file belongs to a library: so the user says, or it is packaged and nothing in it is ever run."""
        kind = self._program.files[path].kind
        return kind == "library" or (kind == "auto" and self._is_library)

    @functools.cached_property
    def _is_library(self) -> bool:
        if not self._is_packaged() or self._has_commands():
            return False
        return not any(self._is_run(path) for path in self._own())

    def _is_packaged(self) -> bool:
        if _SETUP in self._program.files:
            return True
        return any(
            entry.keys[: len(keys)] == keys
            for document in self._analysis.documents
            if "/" not in document.path and document.format in ("toml", "ini")
            for entry in document.entries
            for keys in _NAMED
        )

    def _has_commands(self) -> bool:
        return any(
            entry.keys[: len(keys)] == keys
            for document in self._analysis.documents
            if "/" not in document.path
            for entry in document.entries
            for keys in _COMMANDS
        )

    def _own(self) -> Iterator[str]:
        for path, file in self._program.files.items():
            if not file.is_test and path != _SETUP and _ASIDE.isdisjoint(path.split("/")):
                yield path

    def _is_run(self, path: str) -> bool:
        """Requests, jobs or messages enter there, or it is run as a script."""
        if path.endswith("__main__.py") or self._program.runs_as_script(path):
            return True
        entries = self._analysis.entries
        heads = self._program.files[path].skeleton.heads
        return entries.script(path) is not None or any(
            entries.of(FunctionRef(path, index)) is not None
            for index, head in enumerate(heads)
            if head.kind == "function"
        )
