"""Adds to findings what they are known by wherever they move: the function around them, the code on their line, and
a number among equal ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

import msgspec

from conn_lint.model.finding import Finding
from conn_lint.model.fingerprint import numbered
from conn_lint.model.mask import mask
from conn_lint.model.summary import Skeleton
from conn_lint.syntax.noqa import Commented
from conn_lint.syntax.source import SourceError, decode

_LONGEST = 300  # of a line: what is generated may have all on one


def identified(
    findings: Iterable[Finding],
    skeletons: Mapping[str, Skeleton],
    read: Callable[[str], bytes | None],
) -> Iterator[Finding]:
    """The findings, in the order of their places, with what is added here; `read` gives the bytes of a file."""
    return numbered(_described(findings, skeletons, read))


def _described(
    findings: Iterable[Finding],
    skeletons: Mapping[str, Skeleton],
    read: Callable[[str], bytes | None],
) -> Iterator[Finding]:
    for path, group in groupby(findings, key=lambda finding: finding.location.path):
        text = _text(read(path))
        skeleton = skeletons.get(path)
        for finding in group:
            number = finding.location.span.line
            yield msgspec.structs.replace(
                finding,
                function=_function(skeleton, number) if skeleton is not None else "",
                content=" ".join(mask(text.code(number)).split())[:_LONGEST],
            )


def _text(data: bytes | None) -> Commented:
    try:
        return Commented(decode(data).text if data is not None else "")
    except SourceError:
        return Commented("")


def _function(skeleton: Skeleton, line: int) -> str:
    """The qualified name of the innermost function or class around a line; "" for the module."""
    around = [head for head in skeleton.heads if head.line <= line <= head.end_line]
    return max(around, key=lambda head: head.line).qualname if around else ""
