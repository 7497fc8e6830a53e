"""Fixes over the projects of a run: what would change in each, and what is left to report."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from conn_lint.engine.check import Outcome, Request, check
from conn_lint.engine.repair import Contents, Rendered, Repaired, render_all, repair
from conn_lint.engine.roots import Roots
from conn_lint.model.fix import Applicability
from conn_lint.model.settings import Settings


class Repairs:
    """Given to `check_projects` as its cure; afterwards `done` has the fixes of each project.

    Whoever writes them puts into `left_alone` the files that could not be written.
    """

    def __init__(self, level: Applicability, *, shows: bool = False) -> None:
        """`shows`: work out the fixes for people, too, which are never applied."""
        self._level = level
        self._shows = shows
        self.done: list[Repaired] = []
        self.left_alone: set[Path] = set()

    def __call__(
        self, outcome: Outcome, request: Request, settings: Settings, roots: Roots
    ) -> Outcome:
        """The outcome after all fixes that may be applied, in memory."""
        with _cached(settings) as kept:

            def look(contents: Contents) -> Outcome:
                overrides = {settings.root / path: data for path, data in contents.items()}
                again = msgspec.structs.replace(
                    request, overrides={**request.overrides, **overrides}
                )
                return check(again, kept, roots)

            read = reader(request, settings.root)
            repaired = repair(outcome, look, read, self._level, shows=self._shows)
        self.done.append(repaired)
        return repaired.outcome


class Renderings:
    """Given to `check_projects` as its cure: changes nothing, and notes the edits of each project."""

    def __init__(self) -> None:
        self.found: list[tuple[Path, Rendered]] = []

    def __call__(self, outcome: Outcome, request: Request, settings: Settings, _: Roots) -> Outcome:
        """The outcome as it is."""
        for rendered in render_all(outcome.findings, reader(request, settings.root)):
            self.found.append((settings.root, rendered))
        return outcome


def reader(request: Request, root: Path) -> Callable[[str], bytes]:
    """Reads a file by its path below the root, as the run saw it."""

    def read(path: str) -> bytes:
        given = request.overrides.get(root / path)
        return (root / path).read_bytes() if given is None else given

    return read


@contextlib.contextmanager
def _cached(settings: Settings) -> Iterator[Settings]:
    """Settings with a cache, for a while if there is to be none: the project is read again and again."""
    if settings.use_cache:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="conn-lint-") as folder:
        yield msgspec.structs.replace(settings, use_cache=True, cache_dir=Path(folder))
