"""Packages that a project is known to have: those it imports, and those that its settings files ask for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.syntax.requirements_document import extras, normal

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

# `name[extra,extra]`, as requirements begin
_REQUIREMENT = re.compile(r"\s*(?P<name>[\w.-]+)\s*(\[(?P<extras>[^\]]*)\])?")
_ASKS = (
    "dependencies",
    "requires",
    "packages",
    "group",
)  # keys, or parts of them, above requirements


class Packages:
    """Answers by the name under which a package is imported."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def has(self, package: str) -> bool:
        """The project has the package, as far as it says so itself."""
        if package in self._imported:
            return True
        return any(
            package in {module.partition(".")[0] for module in library.imports}
            and not self._required.isdisjoint({normal(library.package), *library.also})
            for library in self._analysis.knowledge.libraries
        )

    @functools.cached_property
    def _imported(self) -> frozenset[str]:
        return frozenset(
            item.module.partition(".")[0]
            for file in self._analysis.program.files.values()
            for item in file.skeleton.imports
            if not item.level
        )

    @functools.cached_property
    def _required(self) -> frozenset[str]:
        """Names of what settings files require, as an index has them, and `name[extra]` for each extra."""
        found: set[str] = set()
        for document in self._analysis.documents:
            listed = document.format in ("lock", "requirements")
            for entry in document.entries:
                keys = [str(key) for key in entry.keys]
                if listed:
                    found.update(_with_extras(keys[0], keys[1:]))
                elif any(ask in key.lower() for key in keys for ask in _ASKS):
                    found.add(normal(keys[-1]))  # names are keys for some
                    if isinstance(entry.value, str) and (match := _REQUIREMENT.match(entry.value)):
                        found.update(_with_extras(match["name"], extras(match["extras"])))
        return frozenset(found)


def _with_extras(name: str, more: Iterable[str]) -> Iterator[str]:
    name = normal(name)
    yield name
    for extra in more:
        yield f"{name}[{extra}]"
