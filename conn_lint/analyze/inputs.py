"""What phase two is given: skeletons of all files, and a way to ask for summaries of units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from conn_lint.model.summary import Skeleton, UnitSummary

UnitKey: TypeAlias = tuple[str, int]
"""A file's path within the project and the number of the unit in its skeleton."""

LoadUnits: TypeAlias = Callable[[Iterable[UnitKey]], Mapping[UnitKey, UnitSummary]]
"""Parses (or takes from the cache) the units asked for; a unit that cannot be parsed has `error` set."""


class SourceFile(msgspec.Struct, frozen=True):
    """One file of the project. `path` is relative to the project's root, with `/`.

    `module` is its dotted name below its source root (`root`, relative, "" for the project's root itself).
    `is_reported`: tests, migrations and generated code are read for linking only.
    `kind` is service, script, library or auto.
    """

    path: str
    module: str
    root: str
    is_package: bool
    is_test: bool
    is_stub: bool
    kind: str
    skeleton: Skeleton
