"""Adds to findings what they are known by wherever they move: the function around them, and the text of their line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

import msgspec

from conn_lint.model.finding import Finding
from conn_lint.model.mask import mask
from conn_lint.model.summary import Skeleton
from conn_lint.syntax.source import SourceError, decode

_LONGEST = 300  # of a line: what is generated may have all on one


def identified(
    findings: Iterable[Finding],
    skeletons: Mapping[str, Skeleton],
    read: Callable[[str], bytes | None],
) -> Iterator[Finding]:
    """The findings, sorted by file, with `function` and `content`; `read` gives the bytes of a file."""
    for path, group in groupby(findings, key=lambda finding: finding.location.path):
        lines = _lines(read(path))
        skeleton = skeletons.get(path)
        for finding in group:
            number = finding.location.span.line
            text = lines[number - 1] if number <= len(lines) else ""
            yield msgspec.structs.replace(
                finding,
                function=_function(skeleton, number) if skeleton is not None else "",
                content=" ".join(mask(_without_comment(text)).split())[:_LONGEST],
            )


def _lines(data: bytes | None) -> list[str]:
    try:
        return decode(data).text.split("\n") if data is not None else []
    except SourceError:
        return []


def _function(skeleton: Skeleton, line: int) -> str:
    """The qualified name of the innermost function or class around a line; "" for the module."""
    around = [head for head in skeleton.heads if head.line <= line <= head.end_line]
    return max(around, key=lambda head: head.line).qualname if around else ""


def _without_comment(line: str) -> str:
    """The line up to its comment: one more `noqa` makes no other finding of it."""
    quote, escaped = "", False
    for at, char in enumerate(line):
        if escaped:
            escaped = False
        elif quote:
            escaped = char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#":
            return line[:at]
    return line
