"""Files and folders that mark where a project, a package or a repository begins."""

from __future__ import annotations

from pathlib import Path

CONFIG_FILE = "conn-lint.toml"
PYPROJECT = "pyproject.toml"
PACKAGING = (PYPROJECT, "setup.cfg")
REPOSITORY = ".git"
MARKERS = frozenset((CONFIG_FILE, *PACKAGING, REPOSITORY))
DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".conn_lint_cache",
    "__pycache__",
    "__pypackages__",
    "node_modules",
    "site-packages",
    "venv",
)


def is_package(folder: Path) -> bool:
    """The folder has a packaging file."""
    return any((folder / name).is_file() for name in PACKAGING)


def repository_top(path: Path) -> Path | None:
    """The top of the repository that a folder lies in."""
    return next((p for p in (path, *path.parents) if (p / REPOSITORY).exists()), None)
