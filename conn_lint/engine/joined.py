"""Packages of one repository that import each other: one program, though each has a packaging file of its own.

Told by plain imports: a name that a package imports, has not itself, and that one other package alone defines. What
declares a dependency and imports nothing of it has nothing to be linked.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from conn_lint.analyze.kinds import ASIDE
from conn_lint.engine.ignore import GitIgnores
from conn_lint.engine.markers import DEFAULT_EXCLUDE, PACKAGING, PYPROJECT, REPOSITORY, is_package
from conn_lint.engine.modules import SOURCE_FOLDERS

_SKIPPED = frozenset((*DEFAULT_EXCLUDE, "build", "dist", "fixtures", "test", "tests"))
_INIT = "__init__"
# What packages have for themselves, whatever it is called elsewhere.
_OWN = frozenset(("__main__", "conftest", "main", "manage", "noxfile", "setup", "tasks", _INIT))
_IMPORT = re.compile(rb"\n[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*)")
_WORKSPACE = re.compile(r"^\s*\[\s*tool\s*\.[\w.\- ]*\bworkspace\b", re.MULTILINE)
_DEEPEST = 3  # how many names deep a package may lie in namespaces
_MOST_FOLDERS = 20_000


class _Package(NamedTuple):
    """`files` may import from others; it has modules and folders of these `names`, and `offers` some to others."""

    files: list[Path]
    names: set[str]
    offers: set[str]


def top_of(package: Path) -> Path | None:
    """The folder whose packages may belong to the program of this one; None where there is none.

    The repository's top; without a repository, the outermost folder that declares a workspace. What lies around
    others is nobody's business.
    """
    found = None
    for folder in (package, *package.parents):
        if (folder / REPOSITORY).exists():
            return folder if folder != package else None
        if folder != package and declares_workspace(folder / PYPROJECT):
            found = folder
    return found


def declares_workspace(path: Path) -> bool:
    """Whether a pyproject.toml names packages that belong together, judged without parsing the file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return _WORKSPACE.search(text) is not None


def joined(top: Path, is_foreign: Callable[[Path], bool]) -> frozenset[Path]:
    """The packages below `top` that import another one, or code beside them, or are imported there.

    With them go the packages around them. Foreign folders are projects of their own.
    """
    packages = _read(top, is_foreign)
    if len(packages) < 2:
        return frozenset()
    makers: defaultdict[str, set[Path]] = defaultdict(set)
    for folder, package in packages.items():
        for name in package.offers:
            makers[name].add(folder)
    unique = {
        name: folders.pop()
        for name, folders in makers.items()
        if len(folders) == 1 and name not in sys.stdlib_module_names
    }
    found: set[Path] = set()
    for folder, package in packages.items():
        for name in _imports(package.files).intersection(unique):
            if name.partition(".")[0] not in package.names:
                found |= {folder, unique[name]}
    around = {p for folder in found for p in folder.parents if p in packages}
    return frozenset(found | around)


def _imports(files: Iterable[Path]) -> set[str]:
    """The modules that the files import, and those that these lie in."""
    named: set[bytes] = set()
    for path in files:
        with contextlib.suppress(OSError):
            named.update(_IMPORT.findall(b"\n" + path.read_bytes()))
    found: set[str] = set()
    for name in named:
        parts = name.decode().split(".")[:_DEEPEST]
        found.update(".".join(parts[:at]) for at in range(1, len(parts) + 1))
    return found


def _read(top: Path, is_foreign: Callable[[Path], bool]) -> dict[Path, _Package]:
    """The packages below a folder, which itself is the one of all else; none where folders are too many."""
    packages: dict[Path, _Package] = {}
    regular: set[Path] = set()  # folders with an __init__.py
    for count, (folder, owner, entries) in enumerate(_walk(top, is_foreign)):
        if count > _MOST_FOLDERS:
            return {}
        package = packages.setdefault(owner, _Package([], set(), set()))
        files = sorted(
            entry.name
            for entry in entries
            if entry.name.endswith((".py", ".pyi")) and entry.is_file(follow_symlinks=False)
        )
        package.files.extend(folder / name for name in files if name.endswith(".py"))
        modules = {name.rpartition(".")[0] for name in files}
        parts = folder.relative_to(owner).parts
        package.names.update(modules, parts[-1:] if modules else ())
        if parts and parts[0] in SOURCE_FOLDERS:  # even with an __init__.py, imports start there
            parts = parts[1:]
        if _INIT in modules:
            if parts and len(parts) <= _DEEPEST and folder.parent not in regular:
                package.offers.add(".".join(parts))
            if parts:
                regular.add(folder)
        if not parts:
            package.offers.update(modules - _OWN)
    return packages


def _walk(
    top: Path, is_foreign: Callable[[Path], bool]
) -> Iterator[tuple[Path, Path, list[os.DirEntry[str]]]]:
    """The folders below one, each with the package that it belongs to, and what is in it."""
    ignores = GitIgnores(top)
    todo = [(top, top)]
    while todo:
        folder, owner = todo.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            continue
        names = {entry.name for entry in entries}
        if folder != top:
            if "pyvenv.cfg" in names or REPOSITORY in names or is_foreign(folder):
                continue
            if not names.isdisjoint(PACKAGING) and is_package(folder):
                if not ASIDE.isdisjoint(folder.relative_to(top).parts) or _ignored(
                    folder, ignores, top
                ):
                    continue
                owner = folder
        yield folder, owner, entries
        for entry in entries:
            if entry.name not in _SKIPPED and entry.is_dir(follow_symlinks=False):
                todo.append((folder / entry.name, owner))


def _ignored(folder: Path, ignores: GitIgnores, top: Path) -> bool:
    return any(
        ignores.ignores(path, is_dir=True)
        for path in (folder, *folder.parents)
        if path.is_relative_to(top) and path != top
    )
