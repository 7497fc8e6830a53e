"""Names files as modules: which folders imports start from, and what a file is called below
them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

# A folder that holds one of these is one that programs are started from.
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "manage.py", "requirements.txt", "Pipfile")
SOURCE_FOLDERS = frozenset(("src", "lib", "python"))
_INITS = ("__init__.py", "__init__.pyi")


class Module(NamedTuple):
    """`root` is the source root, relative to the project ("" for the project's own root)."""

    name: str
    root: str
    is_package: bool


def name_modules(
    paths: Iterable[str], started_from: Iterable[str], sources: Iterable[str] = ()
) -> dict[str, Module]:
    """The module of each file. `started_from` are the folders with a marker, `sources` the roots
    the user set.
    """
    ordered = tuple(sorted(sources, key=len, reverse=True))
    naming = _Naming(frozenset(paths), frozenset(started_from), ordered)
    return {path: naming.module(path) for path in naming.paths}


class _Naming:
    def __init__(
        self, paths: frozenset[str], started_from: frozenset[str], sources: tuple[str, ...]
    ) -> None:
        self.paths = paths
        self._started_from = started_from
        self._sources = sources
        self._roots: dict[str, str] = {}

    def module(self, path: str) -> Module:
        folder = posixpath.dirname(path)
        if folder not in self._roots:
            self._roots[folder] = self._root(folder)
        root = self._roots[folder]
        parts = posixpath.splitext(path[len(root) + 1 if root else 0 :])[0].split("/")
        is_package = parts[-1] == "__init__"
        if is_package and len(parts) > 1:
            parts.pop()
        return Module(".".join(parts), root, is_package and parts != ["__init__"])

    def _root(self, folder: str) -> str:
        for source in self._sources:
            if not source or folder == source or folder.startswith(source + "/"):
                return source
        while folder and any(posixpath.join(folder, init) in self.paths for init in _INITS):
            folder = posixpath.dirname(folder)
        while folder:
            if folder in self._started_from or posixpath.basename(folder) in SOURCE_FOLDERS:
                return folder
            folder = posixpath.dirname(folder)
        return folder
