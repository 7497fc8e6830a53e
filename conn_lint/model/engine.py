"""What the knowledge base says of databases in settings: their engines, and calls that make an entry of a URL."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.evidence import Evidence

Product: TypeAlias = Literal["postgresql", "other-server", "embedded"]


class PoolPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of a table of settings that gives a part of a pool's size."""

    table: str
    key: str
    default: int


class DatabaseEngine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of ENGINE (patterns), and schemes of URLs that stand for one.

    `pools`: it has a pool of its own, as large as all `sizes` together, and reads `reads` beside Django's own keys;
    `option_pool`: it knows `pool`.
    """

    names: tuple[str, ...]
    product: Product
    evidence: Evidence
    schemes: tuple[str, ...] = ()
    pools: bool = False
    option_pool: bool = False
    reads: tuple[str, ...] = ()
    sizes: tuple[PoolPart, ...] = ()


class DatabaseHandle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects of a framework that stand for a database of its settings: the one called `alias`, or (`by_alias`) a
    mapping of all, by their names.
    """

    names: tuple[str, ...]
    evidence: Evidence
    alias: str = "default"
    by_alias: bool = False


class DatabaseMaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that give a database's settings, made from a URL.

    `url` is where that is given, or `variable` the one of the environment that has it where `name` gives none;
    `default` stands for it. `keys` are keywords (or positions) with the keys of the settings that they set, `in_url`
    those that parameters of the URL set.
    """

    names: tuple[str, ...]
    evidence: Evidence
    url: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    variable: str = ""
    default: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    in_url: tuple[str, ...] = ()


class SettingsReader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that run other files of settings as if they stood there: paths from the module's folder, or patterns."""

    names: tuple[str, ...]
    evidence: Evidence
