"""Whether one file may import another one, and how it would write that: as the project's own imports do."""

from __future__ import annotations

import functools
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from conn_lint.model.flow import Import

if TYPE_CHECKING:
    from conn_lint.link.program import Program

_INIT = "__init__.py"


class Importing:
    """Asks skeletons alone: no unit is read for it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._modules = program.modules
        self._loaded: dict[str, tuple[str, ...]] = {}

    def text(self, importer: str, wanted: str) -> str:
        """The module as the importer would write it, ".db" or "shop.db"; "" where it must not, or cannot, import it:
        nothing but tests does so far, or it imports the importer itself, directly or through others.
        """
        own = self._program.files[importer]
        if own.root != self._program.files[wanted].root:
            return ""
        written = self._written.get((own.root, wanted))
        if written is None:
            return ""
        if wanted not in self._loads(importer) and importer in self._loading(wanted, importer):
            return ""
        return self._spelling(importer, wanted, written)

    def is_new_to_tests(self, importer: str, wanted: str) -> bool:
        """Tests that run the importer do without the wanted file so far."""
        return any(importer in loaded and wanted not in loaded for loaded in self._tests)

    @functools.cached_property
    def _tests(self) -> tuple[frozenset[str], ...]:
        """The files that run with each test."""
        files = self._program.files.items()
        return tuple({self._loading(path, "") for path, file in files if file.is_test})

    def _spelling(self, importer: str, wanted: str, written: Counter[str]) -> str:
        is_relative = any(item.level for item in self._outside(importer))
        absolute = [text for text, _ in written.most_common() if not text.startswith(".")]
        for text in absolute if not is_relative else ():
            found = self._modules.absolute(text, importer)
            if found is not None and found.path == wanted:
                return text
        return self._relative(importer, wanted) if is_relative or not absolute else ""

    @functools.cached_property
    def _written(self) -> Mapping[tuple[str, str], Counter[str]]:
        """How files other than tests write a module of their source root: by that and the module's file."""
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for path, file in self._program.files.items():
            for item in file.skeleton.imports if not file.is_test else ():
                module = self._modules.source(item, path)
                member = self._modules.member(module, item.name) if module and item.name else None
                dots = "." * item.level
                if module is not None and module.path is not None:
                    found[file.root, module.path][dots + item.module] += 1
                if member is not None and member.path is not None:
                    whole = ".".join(filter(None, (item.module, item.name)))
                    found[file.root, member.path][dots + whole] += 1
        return found

    def _relative(self, importer: str, wanted: str) -> str:
        """From the importer's package, if both lie in one."""
        folder = posixpath.dirname(importer)
        if f"{folder}/{_INIT}".lstrip("/") not in self._program.files:
            return ""
        target = wanted.removesuffix(f"/{_INIT}").removesuffix(".py")
        steps = posixpath.relpath(target, folder or ".").split("/")
        level = 1 + steps.count("..")
        dotted = ".".join(step for step in steps if step not in ("..", "."))
        found = self._modules.relative(dotted, level, importer)
        return "." * level + dotted if found is not None and found.path == wanted else ""

    def _outside(self, path: str) -> Iterator[Import]:
        """The imports that run when the file is imported."""
        skeleton = self._program.files[path].skeleton
        inside = [(h.def_line, h.end_line) for h in skeleton.heads if h.kind == "function"]
        for item in skeleton.imports:
            if not any(first < item.line <= last for first, last in inside):
                yield item

    def _loading(self, wanted: str, importer: str) -> frozenset[str]:
        """The files that run when the module is imported, itself among them.

        The packages around the importer are loaded already, if not to their end: what they import counts only where
        one of these files asks for it.
        """
        around = set(self._packages(importer))
        seen: set[str] = set()
        todo = [wanted]
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            todo += [one for one in self._packages(path) if one not in around]
            todo += self._loads(path)
        return frozenset(seen)

    def _loads(self, path: str) -> tuple[str, ...]:
        """The files that the imports of this one run."""
        if path not in self._loaded:
            found = (p for item in self._outside(path) for p in self._modules.paths(item, path))
            self._loaded[path] = tuple(dict.fromkeys(found))
        return self._loaded[path]

    def _packages(self, path: str) -> Iterator[str]:
        """The files of the packages that it lies in."""
        folder = posixpath.dirname(path)
        while folder:
            init = f"{folder}/{_INIT}"
            if init in self._program.files and init != path:
                yield init
            folder = posixpath.dirname(folder)
