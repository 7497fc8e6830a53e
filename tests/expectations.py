"""Reads from the comments of a fixture what is to be found in it.

`# expect: rule[, rule]` is found on this line. `# known-miss: rule reason` should be and is not;
`# known-false-alarm: rule reason` should not be and is. `# via: file:line, file:line` beside one of
them pins the chain of calls.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MARK = re.compile(r"#\s*(?P<kind>expect|known-miss|known-false-alarm|via):\s*(?P<rest>[^#]*)")


class Expected(NamedTuple):
    """One finding that is to be made, or (`found` False) is known to be missed."""

    path: str
    line: int
    rule: str
    found: bool
    chain: tuple[str, ...] | None


def read_expectations(path: Path, name: str) -> Iterator[Expected]:
    """The expectations in a file; `name` is what its findings call it. A mark without a reason
    fails.
    """
    with tokenize.open(path) as file:
        text = file.read()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from _in_comment(token.string, name, token.start[0])


def _in_comment(comment: str, name: str, line: int) -> Iterator[Expected]:
    marks = [(match["kind"], match["rest"].strip()) for match in _MARK.finditer(comment)]
    chains = [
        tuple(part.strip() for part in rest.split(",")) for kind, rest in marks if kind == "via"
    ]
    chain = chains[0] if chains else None
    for kind, rest in marks:
        if kind == "expect":
            for rule in rest.split(","):
                yield Expected(name, line, rule.strip(), True, chain)
        elif kind != "via":
            rule, _, reason = rest.partition(" ")
            if not reason:
                raise ValueError(f"{name}:{line}: {kind} needs a rule and a reason")
            yield Expected(name, line, rule, kind == "known-false-alarm", chain)
