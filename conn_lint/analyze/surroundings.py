"""The values of a program as each of the project's settings files has the variables of its environment."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.called import Called
from conn_lint.analyze.environment import Environment
from conn_lint.analyze.ini_sections import Section, sections_of
from conn_lint.analyze.stated import Keyed, Stated
from conn_lint.analyze.values import Values
from conn_lint.model.option import SettingsFile

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Setup(NamedTuple):
    """One way in which the program may be set up."""

    values: Values
    stated: Stated
    called: Called


class Surroundings:
    """The setups of a program, each made once: what they have found is kept."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._environment = Environment(analysis.documents, analysis.program.files)
        self._setups: dict[int, Setup] = {}
        self.keyed: dict[str, Keyed] = {}  # where names are written as keys: the same in all setups

    @functools.cached_property
    def sections(self) -> tuple[tuple[SettingsFile, tuple[Section, ...]], ...]:
        """What INI files say of settings that frameworks read by themselves."""
        files = self._analysis.knowledge.settings.files
        return tuple((file, sections_of(self._analysis.documents, file)) for file in files)

    @functools.cached_property
    def base(self) -> Setup:
        """What the code alone says."""
        return self._setup(self._analysis.values)

    def setups(self, path: str, *, examples: bool = False) -> Iterator[Setup]:
        """Those that the code of a file may run with; with `examples` those that only show how it may be set."""
        for scope in self._environment.scopes(path, examples=examples):
            key = id(scope)
            if key not in self._setups:
                self._setups[key] = self._setup(Values(self._analysis, scope.variables))
            yield self._setups[key]

    def _setup(self, values: Values) -> Setup:
        return Setup(values, values.stated, Called(self._analysis, values))
