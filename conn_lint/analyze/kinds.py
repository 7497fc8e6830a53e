"""What a project is: a service, a script or a library. A library's pools are set by those who use it.

A project of several packages is a service where anything in it is run.
"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conn_lint.link.values import FunctionRef

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

# Folders beside the code itself: what runs there says nothing of what the project is.
ASIDE = frozenset(
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
_PACKAGING = ("pyproject.toml", "setup.cfg")
_SETUP = "setup.py"


class Kinds:
    """Answers for files; what the project as a whole is told is looked for once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def is_library(self, path: str) -> bool:
        """The file belongs to a library: so the user says, or it is packaged and nothing in it is ever run."""
        kind = self._program.files[path].kind
        if kind != "auto":
            return kind == "library"
        return self._is_packaged(path) and not self._runs

    @functools.cached_property
    def _runs(self) -> bool:
        return any(self._is_run(path) for path in self._own())

    def _is_packaged(self, path: str) -> bool:
        """The file is in a package, and there are no commands in that."""
        packages, with_commands = self._packages
        folder = posixpath.dirname(path)
        while folder not in packages:
            if not folder:
                return False
            folder = posixpath.dirname(folder)
        return folder not in with_commands

    @functools.cached_property
    def _packages(self) -> tuple[frozenset[str], frozenset[str]]:
        """The folders in which packages begin, and those of them whose package has commands."""
        packages = {posixpath.dirname(p) for p in self._program.files if _is_setup(p)}
        with_commands = set()
        for document in self._analysis.documents:
            folder, name = posixpath.split(document.path)
            if name not in _PACKAGING:
                continue
            for entry in document.entries:
                if any(entry.keys[: len(keys)] == keys for keys in _NAMED):
                    packages.add(folder)
                elif any(entry.keys[: len(keys)] == keys for keys in _COMMANDS):
                    with_commands.add(folder)
        return frozenset(packages), frozenset(with_commands)

    def _own(self) -> Iterator[str]:
        for path, file in self._program.files.items():
            if not file.is_test and not _is_setup(path) and ASIDE.isdisjoint(path.split("/")):
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


def _is_setup(path: str) -> bool:
    return posixpath.basename(path) == _SETUP
