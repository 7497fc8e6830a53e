"""Where a project begins: every file belongs to exactly one root, told by the markers above it
alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from conn_lint.engine.joined import joined, top_of
from conn_lint.engine.markers import CONFIG_FILE, PYPROJECT, REPOSITORY, is_package

_TABLE = re.compile(
    r"""^\s*(?:\[{1,2}\s*tool\s*\.\s*["']?conn-lint\b|tool\s*\.\s*["']?conn-lint\b)"""
    r"""|^\s*\[\s*tool\s*\][^\[]*^\s*["']?conn-lint\b""",
    re.MULTILINE,
)


def declares(path: Path) -> bool:
    """Whether a pyproject.toml holds a `[tool.conn-lint]` table, judged without parsing the
    file.
    """
    try:
        return _TABLE.search(path.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False


class Roots:
    """Answers for one run; what was looked up is remembered, so a run sees one state of the disk.

    `configured=False` looks at no configuration (`--isolated`): packaging files and repositories
    still count.
    """

    def __init__(self, *, configured: bool = True) -> None:
        self._configured = configured
        self._configurations: dict[Path, Path | None] = {}
        self._joined: dict[Path, frozenset[Path]] = {}

    def configuration(self, folder: Path) -> Path | None:
        """The file in this folder that configures conn-lint, if there is one."""
        if not self._configured:
            return None
        if folder not in self._configurations:
            self._configurations[folder] = self._find(folder)
        return self._configurations[folder]

    @staticmethod
    def _find(folder: Path) -> Path | None:
        own = folder / CONFIG_FILE
        if own.is_file():
            return own
        shared = folder / PYPROJECT
        return shared if shared.is_file() and declares(shared) else None

    def of(self, path: Path) -> Path:
        """The root of the project that a file or folder (absolute, resolved) lies in.

        The nearest folder with a configuration; else, within the repository, the nearest with a
        packaging file, or the top for packages that import each other; else the repository's top;
        else the folder itself (of a file: the folder its top package lies in).
        """
        folder = path if path.is_dir() else path.parent
        above = list(_upwards(folder))
        for candidate in above:
            if self.configuration(candidate) is not None:
                return candidate
        for candidate in above:
            if is_package(candidate):
                return self._together(candidate)
            if (candidate / REPOSITORY).exists():
                return candidate
        return _outermost_package(folder)

    def _together(self, package: Path) -> Path:
        """The root of the program that a package belongs to; nothing above it has a configuration."""
        top = top_of(package)
        if top is None:
            return package
        if top not in self._joined:
            self._joined[top] = joined(top, lambda folder: self.configuration(folder) is not None)
        return top if package in self._joined[top] else package


def _upwards(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.parents


def _outermost_package(folder: Path) -> Path:
    """Never a folder beyond the package itself: what lies beside it is somebody else's."""
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder
