"""What a finding is known by from one run to the next, wherever its lines have moved: for baselines, and for services
that tell new findings from old ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from conn_lint.model.finding import Finding

VERSION = 1
"""Goes up whenever the same finding would get another fingerprint than before."""


class Key(NamedTuple):
    """What stays the same while code around a finding changes: no line number, and not the file's path.

    `content` is the text of its line, without secrets, comments and indentation. `number` tells those findings of a
    file apart that have all else in common, from the top.
    """

    code: str
    resource: str
    function: str
    content: str
    number: int

    def digest(self, *more: str) -> str:
        """The key, and what is given with it (as the path), in 32 hexadecimal digits."""
        # Marks of surrogates (a file name that is no text) have an encoding here, and only here.
        parts = [*map(str, self), *more]
        text = "\0".join(f"{len(part)}:{part}" for part in parts)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def keys(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Key]]:
    """Each finding with its key. All findings of a file must be given, for their numbers."""
    given = list(findings)
    seen: Counter[tuple[str, Key]] = Counter()
    found: dict[int, Key] = {}
    for finding in sorted(given, key=Finding.sort_key):
        key = Key(finding.code, finding.resource, finding.function, finding.content, 0)
        seen[finding.location.path, key] += 1
        found[id(finding)] = key._replace(number=seen[finding.location.path, key])
    return ((finding, found[id(finding)]) for finding in given)
