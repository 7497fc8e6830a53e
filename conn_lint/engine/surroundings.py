"""Files above a project that say how it is run: in a repository of several projects, a compose file lies at the top."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

import msgspec

from conn_lint.engine.documents import Document, format_of, read_bytes, why_too_large
from conn_lint.engine.markers import REPOSITORY

_NAMES = frozenset(("fly.toml", "render.yaml", "render.yml"))
_FORMATS = frozenset(("conf", "dockerfile", "env", "procfile", "shell"))
_BESIDE = frozenset(
    ("deploy", "deployment", "deployments", "docker", "infra", "ops", "k8s", "kubernetes")
)
_HIGHEST = 5  # folders above the project
_MOST = 60  # files


class Surroundings(msgspec.Struct, frozen=True):
    """`documents` have paths below the top of the repository, in which the project is the folder `below`."""

    documents: dict[str, Document] = {}
    below: str = ""


def surroundings(root: Path) -> Surroundings:
    """What lies in the folders between a project and the top of its repository, that one included, and in folders for
    deploying beside them.
    """
    top = next(
        (p for p in (root, *root.parents)[: _HIGHEST + 1] if (p / REPOSITORY).exists()), root
    )
    if top == root:
        return Surroundings()
    found: dict[str, Document] = {}
    folder = root.parent
    while folder.is_relative_to(top):
        for path in _files(folder, root):
            format_name = _format(path.name)
            if not format_name or len(found) >= _MOST or path.is_symlink() or not path.is_file():
                continue
            if not why_too_large(path, format_name):
                below = path.relative_to(top).as_posix()
                found[below] = read_bytes(below, format_name, top)
        if folder == top:
            break
        folder = folder.parent
    return Surroundings(found, root.relative_to(top).as_posix())


def _files(folder: Path, root: Path) -> Iterator[Path]:
    """What lies in a folder above the project, and in those beside the project that are for deploying."""
    for path in _entries(folder):
        yield path
        if path.name in _BESIDE and path != root and not path.is_symlink() and path.is_dir():
            yield from _entries(path)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _format(name: str) -> str:
    """Only what starts programs; other settings up there are those of other projects."""
    format_name = format_of(posixpath.join("x", name))
    is_wanted = (
        format_name in _FORMATS or name in _NAMES or (format_name == "yaml" and "compose" in name)
    )
    return format_name if is_wanted else ""
