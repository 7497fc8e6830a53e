"""What Django's settings name: engines by their names or the schemes of URLs, calls that make settings of a URL."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence, Set

from conn_lint.model.engine import DatabaseEngine, DatabaseHandle, DatabaseMaker
from conn_lint.model.resource import Family


class Databases:
    """The tables of all families; a later family's records come first."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._engines = tuple(e for f in reversed(families) for e in f.database_engine)
        self._readers = frozenset(n for f in families for r in f.settings_reader for n in r.names)
        self._makers = {n: m for f in families for m in f.database_maker for n in m.names}
        self._handles = {n: h for f in families for h in f.database_handle for n in h.names}

    def handle(self, name: str) -> DatabaseHandle | None:
        """What the object of this name stands for."""
        return self._handles.get(name)

    @property
    def readers(self) -> Set[str]:
        """Calls that read other files of settings."""
        return self._readers

    def engine(self, name: str) -> DatabaseEngine | None:
        """The engine of this name."""
        for engine in self._engines:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in engine.names):
                return engine
        return None

    def reading(self, keys: Set[str]) -> DatabaseEngine | None:
        """The only engine that reads a key of these beside Django's own."""
        found = [e for e in self._engines if not keys.isdisjoint(e.reads)]
        return found[0] if len(found) == 1 else None

    def of_scheme(self, scheme: str) -> DatabaseEngine | None:
        """The engine that a URL of this scheme stands for."""
        wanted = scheme.partition("+")[0]
        return next((e for e in self._engines if wanted in e.schemes), None)

    def maker(self, name: str) -> DatabaseMaker | None:
        """How a call of this name makes settings."""
        return self._makers.get(name)
