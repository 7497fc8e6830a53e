"""How programs read settings, put addresses together and limit waits: looked up by the dotted names of calls."""

from __future__ import annotations

from collections.abc import Sequence

from conn_lint.model.option import (
    AddressMaker,
    Limiter,
    PoolClass,
    Reader,
    SettingsClass,
    SettingsFile,
    Unpacker,
)
from conn_lint.model.resource import Family


class SettingsFacts:
    """The tables of all families; a later family's records win."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._readers = {n: r for f in families for r in f.reader for n in r.names}
        self._unpackers = {n: u for f in families for u in f.unpacker for n in u.names}
        self._classes = {n: s for f in families for s in f.settings_class for n in s.bases}
        self._fields = frozenset(n for f in families for s in f.settings_class for n in s.fields)
        self._addresses = {n: a for f in families for a in f.address_maker for n in a.names}
        self._pools = {n: p for f in families for p in f.pool_class for n in p.names}
        self.files: tuple[SettingsFile, ...] = tuple(s for f in families for s in f.settings_file)
        self._limiters = {n: x for f in families for x in f.limiter for n in x.names}

    def reader(self, dotted: str) -> Reader | None:
        """How a call (or a mapping) reads a setting from the environment, or from a framework's settings."""
        return self._readers.get(dotted)

    def unpacker(self, dotted: str) -> Unpacker | None:
        """How a call takes keywords out of a dict."""
        return self._unpackers.get(dotted)

    def settings_class(self, dotted: str) -> SettingsClass | None:
        """What a base says of classes whose fields are read from the environment."""
        return self._classes.get(dotted)

    def declares_field(self, dotted: str) -> bool:
        """Whether a call of it declares a field of such a class, with its default."""
        return dotted in self._fields

    def address_maker(self, dotted: str) -> AddressMaker | None:
        """How a call puts a server's address together."""
        return self._addresses.get(dotted)

    def pool_class(self, dotted: str) -> PoolClass | None:
        """What a class of pools keeps open."""
        return self._pools.get(dotted)

    def limiter(self, dotted: str) -> Limiter | None:
        """How a call limits the time that something may take."""
        return self._limiters.get(dotted)
