"""What a run has found out, and how it is kept for the next one."""

from __future__ import annotations

import contextlib

import msgspec

from conn_lint.engine.cache import Cache
from conn_lint.engine.suppress import Comments
from conn_lint.model.budget import Budget
from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong in conn-lint itself; `trace` is for --verbose."""

    message: str
    trace: str = ""


class Result(msgspec.Struct, frozen=True):
    """What a run found out, before selection: cached under the digest of all its inputs.

    `comments` are those of the files with findings, and those that are meant for conn-lint alone.
    `connections` and `budget` are there where they were asked for. Of the `lines` of all files so many were `parsed`
    for it, those from the cache not counted.
    """

    findings: tuple[Finding, ...]
    comments: dict[str, Comments]
    troubles: tuple[Trouble, ...]
    connections: tuple[Connection, ...] = ()
    budget: Budget | None = None
    lines: int = 0
    parsed: int = 0


def kept_result(cache: Cache, key: str) -> Result | None:
    """The result of a run with this key."""
    data = cache.results.get(key)
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=Result)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def keep_result(cache: Cache, key: str, result: Result) -> None:
    """Keep a result, unless something went wrong; the next run has parsed nothing for it."""
    if result.troubles:
        return
    with contextlib.suppress(UnicodeEncodeError):  # a file name that is no text is not kept
        cache.results.put(key, msgspec.msgpack.encode(msgspec.structs.replace(result, parsed=0)))
