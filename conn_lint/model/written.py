"""Entries of settings files that a fix may change."""

from __future__ import annotations

import msgspec

from conn_lint.model.location import Location


class Written(msgspec.Struct, frozen=True):
    """Where settings files say something: the places, and the format of the file for each.

    `against` says why they must stay as they are, "" if nothing is known against a change. `readers` are files of code,
    of settings and scripts that read them: one of them for what is changed, the others maybe for something else.
    """

    places: tuple[Location, ...]
    formats: tuple[str, ...]
    against: str = ""
    readers: tuple[str, ...] = ()
