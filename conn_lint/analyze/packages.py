"""Packages that a project is known to have: those it imports, and those that its settings files ask for."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

# `name[extra,extra]>=1`, as requirements are written
_REQUIREMENT = re.compile(r"\s*(?P<name>[\w.-]+)\s*(\[(?P<extras>[\w\s,.-]*)\])?")
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
            and not self._required.isdisjoint({_plain(library.package), *map(_plain, library.also)})
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
        """Plain names of what settings files require, and `name[extra]` for each extra."""
        found: set[str] = set()
        for document in self._analysis.documents:
            for entry in document.entries:
                words = [str(key).lower() for key in entry.keys]
                if not any(ask in word for word in words for ask in _ASKS):
                    continue
                found.add(_plain(words[-1]))  # poetry has names for keys
                match = _REQUIREMENT.match(entry.value) if isinstance(entry.value, str) else None
                if match is not None:
                    name = _plain(match["name"])
                    extras = (match["extras"] or "").split(",")
                    found |= {name, *(f"{name}[{_plain(extra)}]" for extra in extras)}
        return frozenset(found)


def _plain(name: str) -> str:
    """A distribution's name as indexes compare it; extras stay."""
    return re.sub(r"[-_.]+", "-", name.strip().lower())
