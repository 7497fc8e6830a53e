"""What a finding is known by from one run to the next, wherever its lines have moved: for baselines, and for services
that tell new findings from old ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from conn_lint.model.finding import Finding
from conn_lint.model.mask import mask

VERSION = 1
"""Goes up whenever the same finding would get another fingerprint than before."""


class Key(NamedTuple):
    """What stays the same while code around a finding changes: no line number, and not the file's path.

    `content` is the text of its line, without secrets, comments and indentation. `number` is that of the finding.
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


def key_of(finding: Finding) -> Key:
    """What a finding is known by."""
    return Key(finding.code, subject_of(finding), finding.function, finding.content, finding.number)


def subject_of(finding: Finding) -> str:
    """What it is about, in one word: what is opened, unless something else tells it apart from others."""
    return mask(finding.about) or finding.resource


def numbered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings with their numbers. All of a file must be given, in their order.

    So must those that nobody gets to see: a comment or a baseline that hides one changes no other's number.
    """
    seen: Counter[tuple[str, Key]] = Counter()
    for finding in findings:
        same = (finding.location.path, key_of(finding)._replace(number=0))
        seen[same] += 1
        yield msgspec.structs.replace(finding, number=seen[same])
