"""The conditions under which a record on a framework holds: where code lies, what is imported, names of parameters."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
from sys import intern
from typing import TYPE_CHECKING

from conn_lint.knowledge.index import dotted_prefixes
from conn_lint.link.values import FunctionRef
from conn_lint.model.framework import Recognition

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Conditions:
    """Answers from skeletons where that is possible."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._imports: dict[str, frozenset[str]] = {}
        self._packages: dict[str, tuple[str, ...]] = {}
        self._renamed: dict[str, dict[str, str | None]] = {}

    def hold(self, record: Recognition, path: str) -> bool:
        """The record can hold for code in this file."""
        return (
            (not record.files or lies_in(path, record.files))
            and (not record.imports or not self.imports(path).isdisjoint(record.imports))
            and self.hold_somewhere(record)
        )

    def hold_somewhere(self, record: Recognition) -> bool:
        """The record can hold for some code of the project."""
        wanted = record.project_imports
        return not wanted or not self.project_imports.isdisjoint(wanted)

    def imports(self, path: str) -> frozenset[str]:
        """All modules and names that the file imports, with the packages they lie in."""
        if path not in self._imports:
            self._imports[path] = frozenset(
                prefix
                for item in self._program.files[path].skeleton.imports
                if not item.level
                for prefix in self._with_packages(
                    f"{item.module}.{item.name}" if item.name else item.module
                )
            )
        return self._imports[path]

    def _with_packages(self, dotted: str) -> tuple[str, ...]:
        """The name and those of its packages, each as one object for all files: many import the same."""
        if dotted not in self._packages:
            self._packages[dotted] = tuple(map(intern, dotted_prefixes(dotted)))
        return self._packages[dotted]

    def original(self, path: str, name: str) -> str:
        """The last part of what a name is imported as, or the name itself."""
        if path not in self._renamed:
            self._renamed[path] = {
                item.bound: item.name
                for item in self._program.files[path].skeleton.imports
                if item.name not in (None, "*", item.bound)
            }
        return self._renamed[path].get(name) or name

    @functools.cached_property
    def project_imports(self) -> frozenset[str]:
        """The same for all files."""
        return frozenset(name for path in self._program.files for name in self.imports(path))

    @functools.cached_property
    def modules(self) -> frozenset[str]:
        """The top modules that the program can reach: its own, those it imports, those behind their types."""
        own = {file.module.partition(".")[0] for file in self._program.files.values()}
        imported = {name for name in self.project_imports if "." not in name}
        return self._analysis.knowledge.modules_behind(frozenset(own | imported))

    def parameters_fit(self, record: Recognition, ref: FunctionRef) -> bool:
        """The function's first parameters have the record's names; asked of its unit's words first."""
        if not record.parameters:
            return True
        wanted = [frozenset(word.split("|")) for word in record.parameters if word != "..."]
        if any("*" not in words and not self._program.mentions(ref, words) for words in wanted):
            return False
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        if function is None:
            return False
        given = [p for p in function.parameters if p.kind in ("positional", "normal")]
        if len(given) < len(wanted):
            return False
        more = given[len(wanted) :]
        if more and record.parameters[-1] != "..." and any(p.default is None for p in more):
            return False
        return all(
            "*" in words or parameter.name in words
            for words, parameter in zip(wanted, given, strict=False)
        )

    def is_unmentioned(self, ref: FunctionRef) -> bool:
        """No other function of the project, outside tests, names it."""
        head = self._program.head(ref)
        stem = posixpath.basename(ref.path).removesuffix(".py")
        for path, number in self._analysis.mentioning(head.name):
            if number == 0 or (path, number) == (ref.path, head.unit):
                continue
            if self._program.files[path].is_test:
                continue
            imports = self._program.files[path].skeleton.imports
            if path == ref.path or any(item.name in (head.name, stem) for item in imports):
                return False
        return True


def lies_in(path: str, patterns: tuple[str, ...]) -> bool:
    """The file's path or name fits a pattern."""
    name = posixpath.basename(path)
    return any(
        fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(name, pattern)
        for pattern in patterns
    )


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    """The name is one of the patterns."""
    return any(
        name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern))
        for pattern in patterns
    )
