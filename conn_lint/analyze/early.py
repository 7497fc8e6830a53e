"""Whether a client may be made when its file is imported, in place of its first use."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from conn_lint.analyze.sites import Solved
from conn_lint.analyze.walking import Reached

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_LATER = ("first-use", "background")  # when a client connects that may be made early


class Early:
    """Built once for a run: which files tests import is asked of skeletons alone."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def of(self, solved: Solved, reached: tuple[Reached, ...]) -> bool:
        """Its file is that of the functions that are entered, where such a client stands at module level. A test that
        imports the file could not put another one in its place before it is made.
        """
        resource = solved.resource
        if resource.kind != "client" or resource.is_async or resource.opens not in _LATER:
            return False
        if resource.needs_loop or resource.loop_bound or resource.network_at_creation:
            return False
        frameworks = {item.entered.entry.framework for item in reached}
        facts = self._analysis.knowledge.frameworks
        if not facts.at_import(frameworks, fork_safe=not resource.fork):
            return False
        tops = {item.links[0].caller.at if item.links else solved.at for item in reached}
        path = solved.at.path
        if path in self._tested or any(top.path != path for top in tops):
            return False
        own = {function.name for at in tops if (function := self._program.function(at))}
        return not any(map(self._analysis.demand.in_tests, own))

    @functools.cached_property
    def _tested(self) -> frozenset[str]:
        """The files that run when tests are imported, or in them."""
        seen = {path for path, file in self._program.files.items() if file.is_test}
        waiting = list(seen)
        while waiting:
            path = waiting.pop()
            for item in self._program.files[path].skeleton.imports:
                for found in self._program.modules.paths(item, path):
                    if found not in seen:
                        seen.add(found)
                        waiting.append(found)
        return frozenset(seen)
