"""What the knowledge base says of errors that servers, pools and drivers raise: frozen records from TOML."""

from __future__ import annotations

import msgspec

from conn_lint.model.evidence import Evidence
from conn_lint.model.finding import Finding


class KnownError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One error, as people meet it in a log.

    `patterns` are regular expressions, found anywhere in a text without regard to case. `rules` name those whose
    findings lead to it, the likeliest first. `at` and `perhaps` name groups of resources: of the first it is said, of
    the second it may be (nobody can tell which server an engine's URL names); "" is any resource. `besides` is what
    leads to it and no code shows.
    """

    id: str
    message: str
    by: str
    patterns: tuple[str, ...]
    means: str
    rules: tuple[str, ...]
    at: tuple[str, ...]
    cure: str
    evidence: Evidence
    docs: str
    besides: str = ""
    perhaps: tuple[str, ...] = ()


class KnownErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them; `groups` are patterns of resources' names (`psycopg.*`)."""

    groups: dict[str, tuple[str, ...]]
    error: tuple[KnownError, ...]


class Cause(msgspec.Struct, frozen=True):
    """A finding that is likely to have led to an error: the larger the weight, the likelier.

    `traced`: the traceback passes through it.
    """

    finding: Finding
    error: KnownError
    weight: float
    traced: bool
