"""Finds the file that an import means: in the file's own source root first, never by guessing."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator

from conn_lint.link.values import ModuleRef
from conn_lint.model.flow import Import


class Modules:
    """All modules of a project by their path. Paths are relative to the project and written with `/`."""

    def __init__(self, paths: Iterable[str], roots: Iterable[str]) -> None:
        self._files = frozenset(paths)
        self._roots = tuple(sorted(set(roots), key=lambda root: (-len(root), root)))
        self._folders: set[str] = set()
        self._absolute: dict[tuple[str, str], ModuleRef | None] = {}  # by the importer's folder
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._files):
            folder = posixpath.dirname(path)
            self._by_name[posixpath.basename(path)].append(path)
            while folder not in self._folders:
                self._folders.add(folder)
                if not folder:
                    break
                folder = posixpath.dirname(folder)

    def absolute(self, dotted: str, importer: str) -> ModuleRef | None:
        """The module of the project that `import dotted` means in the file `importer`."""
        key = (dotted, posixpath.dirname(importer))
        if key not in self._absolute:
            self._absolute[key] = self._find(dotted, importer)
        return self._absolute[key]

    def _find(self, dotted: str, importer: str) -> ModuleRef | None:
        tail = dotted.replace(".", "/")
        own = self._bases(importer)
        for namespaces in (False, True):
            for base in own:
                found = self._at(posixpath.join(base, tail), namespaces=namespaces)
                if found is not None:
                    return found
            others = {
                found
                for base in self._roots
                if base not in own
                and (found := self._at(posixpath.join(base, tail), namespaces=namespaces))
            }
            if others:
                return others.pop() if len(others) == 1 else None
        folder = posixpath.dirname(importer)
        while (
            folder
        ):  # a package whose folder is put on the path, or from which a script is started
            found = self._at(f"{folder}/{tail}", namespaces=False)
            if found is not None:
                return found
            folder = posixpath.dirname(folder)
        return self._by_suffix(tail) if "." in dotted else None

    def relative(self, dotted: str, level: int, importer: str) -> ModuleRef | None:
        """The module that `from .dotted import x` means, with `level` dots."""
        folder = posixpath.dirname(importer)
        for _ in range(level - 1):
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        if not dotted:
            return self._at(folder, namespaces=True)
        tail = dotted.replace(".", "/")
        return self._at(posixpath.join(folder, tail) if folder else tail, namespaces=True)

    def member(self, package: ModuleRef, name: str) -> ModuleRef | None:
        """The submodule `name` of a package."""
        if package.path is not None and posixpath.basename(package.path) not in _INITS:
            return None
        folder = package.folder
        return self._at(posixpath.join(folder, name) if folder else name, namespaces=True)

    def source(self, item: Import, importer: str) -> ModuleRef | None:
        """The module of the project that an import statement imports, or imports from."""
        if item.level:
            return self.relative(item.module, item.level, importer)
        return self.absolute(item.module, importer)

    def named(self, item: Import, importer: str) -> Iterator[ModuleRef]:
        """The modules of the project that an import statement names: what it imports from, and what it imports."""
        module = self.source(item, importer)
        if module is None:
            return
        yield module
        member = self.member(module, item.name) if item.name else None
        if member is not None:
            yield member

    def paths(self, item: Import, importer: str) -> Iterator[str]:
        """The files of these modules; a package without an `__init__.py` has none."""
        for module in self.named(item, importer):
            if module.path is not None:
                yield module.path

    def _bases(self, importer: str) -> tuple[str, ...]:
        """Where the importer's own imports start: its source root, a script's own folders, roots around it."""
        folder = posixpath.dirname(importer)
        own = [root for root in self._roots if _below(importer, root)]
        scripts = []
        while True:
            if not any(posixpath.join(folder, init) in self._files for init in _INITS):
                scripts.append(folder)
            if not folder:
                break
            folder = posixpath.dirname(folder)
        return tuple(dict.fromkeys((*own[:1], *scripts, *own[1:])))

    def _at(self, stem: str, *, namespaces: bool) -> ModuleRef | None:
        for path in (f"{stem}.py", *(posixpath.join(stem, init) for init in _INITS), f"{stem}.pyi"):
            if path in self._files:
                package = posixpath.basename(path) in _INITS
                return ModuleRef(path, stem if package else posixpath.dirname(path))
        if namespaces and stem in self._folders:
            return ModuleRef(None, stem)
        return None

    def _by_suffix(self, tail: str) -> ModuleRef | None:
        """The only file whose path ends so; two of them are none."""
        name = posixpath.basename(tail)
        candidates = [
            path
            for file, end in (
                (f"{name}.py", f"/{tail}.py"),
                ("__init__.py", f"/{tail}/__init__.py"),
            )
            for path in self._by_name.get(file, ())
            if path.endswith(end)
        ]
        if len(candidates) != 1:
            return None
        path = candidates[0]
        return ModuleRef(path, posixpath.dirname(path))


_INITS = ("__init__.py", "__init__.pyi")


def _below(path: str, root: str) -> bool:
    return not root or path.startswith(root + "/")
