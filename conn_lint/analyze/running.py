"""Which files of a project a started program loads: from what its command names, by imports."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.conditions import lies_in
from conn_lint.analyze.loaded import LoadedByName
from conn_lint.link.values import FunctionRef
from conn_lint.model.deployment import Process

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_MAIN = "__name__"
# What `python -m package` runs in it, as a launcher's name is the module that others look for.
_STARTED = {"python": "__main__"}

# Why more files are counted than what is started imports.
_BY_SETTINGS = "its settings name what is loaded: all files but those that are run by hand"
_UNNAMED = "no command names a file that it runs: all files that serve"
_NAMED = "{} loads modules by names that cannot be told: all files that serve"


class Loads(NamedTuple):
    """Files that a process loads; `supposed` says why, where that is more than what it is known to."""

    files: Collection[str]
    supposed: str = ""


class Running:
    """Answers for one program."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._by_name = LoadedByName(analysis)

    def loads(
        self, process: Process, others: Iterable[Process] = (), *, by_settings: bool
    ) -> Loads:
        """The files that the processes load. `by_settings`: a framework loads what settings name, so it may be any.

        What loads by name may load all that serves, but hardly what `others` are started with.
        """
        files = self._program.files
        if process.patterns:
            return Loads({path for path in files if lies_in(path, process.patterns)})
        start = self.file_of(process.target)
        if start is None and process.target:
            return Loads(())
        if by_settings:
            own = {start} if start is not None else set()
            return Loads((files.keys() - self._by_hand) | own, _BY_SETTINGS)
        if start is None:
            return Loads(self.services, _UNNAMED)
        launcher = process.launcher.partition(" ")[0]
        inner = self._module(f"{process.target}.{_STARTED.get(launcher, launcher)}")
        found = self._closure([start] if inner is None else [start, inner])
        by_name = min((path for path in found if not self._by_name.of(path).whole), default="")
        if not by_name:
            return Loads(found)
        starts = {self.file_of(other.target) for other in others if other != process}
        return Loads((self.services - starts - self._alone) | found, _NAMED.format(by_name))

    @functools.cached_property
    def services(self) -> frozenset[str]:
        """What serves: files with entry points, those that put them together, and all that these import.

        Without any, all but files that are run by hand.
        """
        own = [path for path, file in self._program.files.items() if not file.is_test]
        entered = {path for path in own if self._is_entered(path)}
        if entered:
            above = [path for path in own if not entered.isdisjoint(self._imports[path])]
            return frozenset(self._closure([*entered, *above]))
        imported = {other for path in own for other in self._imports[path] if other != path}
        return frozenset(path for path in own if path in imported or not self._has_main(path))

    @functools.cached_property
    def _by_hand(self) -> frozenset[str]:
        """Main programs that nobody imports and that serve nothing: they are started, not loaded."""
        return frozenset(filter(self._has_main, self._unimported))

    @functools.cached_property
    def _alone(self) -> frozenset[str]:
        """The same, and whatever else lies beside all packages and is imported by nobody."""
        beside = {path for path in self._unimported if not self._is_packaged(path)}
        return self._by_hand | beside

    @functools.cached_property
    def _unimported(self) -> frozenset[str]:
        imported = {other for path, own in self._imports.items() for other in own if other != path}
        return frozenset(
            path
            for path in self._program.files
            if path not in imported and not self._is_entered(path)
        )

    def _is_packaged(self, path: str) -> bool:
        return posixpath.join(posixpath.dirname(path), "__init__.py") in self._program.files

    def _has_main(self, path: str) -> bool:
        return self._program.words.mentions(path, 0, {_MAIN})

    def _is_entered(self, path: str) -> bool:
        heads = self._program.files[path].skeleton.heads
        entries = self._analysis.entries
        refs = [FunctionRef(path, n) for n, head in enumerate(heads) if head.kind == "function"]
        return any(entries.of(ref) is not None or entries.hook(ref) is not None for ref in refs)

    def _closure(self, starts: Iterable[str]) -> set[str]:
        found = set(starts)
        todo = list(found)
        while todo:
            for other in self._imports[todo.pop()]:
                if other not in found:
                    found.add(other)
                    todo.append(other)
        return found

    def file_of(self, target: str) -> str | None:
        """The file that a command's target means: a path, `package.module:app`, a function's dotted name."""
        files = self._program.files
        name = target.partition(":")[0].strip()
        if name.endswith(".py"):
            name = posixpath.normpath(name).lstrip("/")
            found = [path for path in files if path == name or name.endswith("/" + path)]
            found = found or [path for path in files if path.endswith("/" + name)]
            return min(found, key=len) if found else None
        name = name.replace("/", ".").lstrip(".")
        if not _DOTTED.fullmatch(name):
            return None
        for dotted in (name, name.rpartition(".")[0]):
            path = self._module(dotted)
            if path is not None:
                return path
        return None

    def _module(self, dotted: str) -> str | None:
        if not dotted:
            return None
        exact = [f.path for f in self._program.files.values() if f.module == dotted]
        tail = dotted.replace(".", "/")
        ends = tuple(f"/{tail}{end}" for end in (".py", "/__main__.py", "/__init__.py"))
        found = exact or [path for path in self._program.files if f"/{path}".endswith(ends)]
        return min(found, key=lambda path: (path.count("/"), path)) if found else None

    @functools.cached_property
    def _imports(self) -> dict[str, frozenset[str]]:
        return {path: frozenset(self._imported(path)) for path in self._program.files}

    def _imported(self, path: str) -> Iterator[str]:
        for item in self._program.files[path].skeleton.imports:
            for module in self._program.modules.named(item, path):
                if module.path is not None:
                    yield from self._with_packages(module.path)
        for loaded in self._by_name.of(path).paths:
            yield from self._with_packages(loaded)

    def _with_packages(self, path: str) -> Iterator[str]:
        """The module, and the packages around it, which are loaded with it."""
        yield path
        folder = posixpath.dirname(path)
        while folder:
            package = f"{folder}/__init__.py"
            if package not in self._program.files:
                return
            yield package
            folder = posixpath.dirname(folder)
