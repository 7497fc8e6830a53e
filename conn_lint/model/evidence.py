"""Where facts come from."""

from __future__ import annotations

import msgspec


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fact was read (or a live run), in which version, and what is in doubt."""

    source: str
    version: str
    unverified: tuple[str, ...] = ()
