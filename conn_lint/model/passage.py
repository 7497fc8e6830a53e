"""The way from a client to its server: through a pooler or not, and what the client does there."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.evidence import Evidence

Mode: TypeAlias = Literal[
    "transaction",  # a server connection for each transaction
    "session",  # one for as long as the client is connected
    "pins",  # for each transaction, until session state is seen: then for the client alone
    "unknown",  # a pooler, but its configuration decides
]
Preparing: TypeAlias = Literal[
    "fail",  # the pooler does not know of prepared statements
    "depends",  # newer versions can keep track of them, if they are told to
    "tracked",  # the pooler prepares them again where it must
]


class KnownPooler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an address is known to be a pooler's: all of `schemes`, `hosts` (patterns), `ports` and `parameters` that
    are given must fit; port 0 is one that the address leaves out. The first record that fits decides.

    `configured`: it is the project's own, so that the project's files can say in which mode it runs.
    """

    name: str
    mode: Mode
    evidence: Evidence
    schemes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    prepared: Preparing = "fail"
    configured: bool = False


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host of databases that has a pooler beside each: how its direct addresses look, and what to use instead.

    Where that is but another port, or something behind the first part of the host's name, `port` or `behind` has it.
    """

    name: str
    hosts: tuple[str, ...]
    pooled: str
    evidence: Evidence
    ports: tuple[int, ...] = ()
    port: int = 0
    behind: str = ""


class SessionState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SQL (a regular expression, whatever the case) or methods that leave something in a session of the server.

    `effect` is what becomes of it behind a pooler in transaction mode, `cure` what to do, in words.
    """

    name: str
    pattern: str
    effect: str
    cure: str
    evidence: Evidence
    methods: tuple[str, ...] = ()


class Prepared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client that prepares statements on the server, and what keeps it from that.

    `of` are resources; `schemes` those of the URL that choose this driver (none: any). Each of `cures` is enough, by
    all of its terms, and the first is the one to propose that the call has a place for; one of `not_enough` alone is
    none. A term is `keyword=value`, with dots into dicts, `?name=value` for a parameter of the URL, and `*` for any
    value. `error` is what it ends in, `runs` says what was measured. All of it holds from version `since` on.
    """

    client: str
    of: tuple[str, ...]
    cures: tuple[tuple[str, ...], ...]
    evidence: Evidence
    error: str
    schemes: tuple[str, ...] = ()
    not_enough: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    since: str = ""
