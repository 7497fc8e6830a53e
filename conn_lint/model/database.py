"""The databases that Django's settings name."""

from __future__ import annotations

import msgspec

from conn_lint.model.engine import DatabaseEngine
from conn_lint.model.location import Location
from conn_lint.model.option import Scalar
from conn_lint.model.passage import KnownPooler
from conn_lint.model.pool import Server, Setting


class Age(msgspec.Struct, frozen=True):
    """How long connections are kept: seconds, 0 for not at all, None for ever; `decided`: the environment may say
    otherwise, `given`: the settings say it.
    """

    value: Scalar = 0
    given: bool = False
    decided: bool = False
    known: bool = True


class Database(msgspec.Struct, frozen=True):
    """One entry of DATABASES, as one module of settings leaves it.

    `location` is that of the statement that sets it, `statement` its lines; `call` is the call that makes it, if one
    does, `keywords` those that it has for keys (`conn_max_age=CONN_MAX_AGE`), `in_url` the keys that parameters of its
    URL set. `whole`: nothing unknown is put into it. `servers` are the addresses it may have, with the poolers in
    front, `cursors_on` those for which server-side cursors are on for certain. `keys` are those that are set, `pool`
    tells whether the option of that name is set and on, `pool_size` how many connections it (or the engine's own
    pool) has at most, as far as that is told, and `sizes` the settings that say so. `engine_name` is what is written
    as ENGINE, known or not. `host_from` is the variable of the environment that decides its host, or all of its URL.
    """

    alias: str
    module: str
    location: Location
    statement: tuple[int, int]
    call: Location | None
    engine: DatabaseEngine | None
    age: Age
    health_checks: bool | None
    pool: bool | None
    cursors_on: tuple[tuple[Server, KnownPooler | None], ...]
    keys: tuple[str, ...]
    options: tuple[str, ...]
    whole: bool
    servers: tuple[tuple[Server, KnownPooler | None], ...]
    is_async: bool
    is_example: bool
    pool_size: int | None = None
    sizes: tuple[Setting, ...] = ()
    engine_name: str = ""
    host_from: str = ""
    keywords: tuple[str, ...] = ()
    in_url: tuple[str, ...] = ()
