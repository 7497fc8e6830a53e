"""Puts noqa comments on the lines of findings: for those who want their suppressions in the code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import msgspec

from conn_lint.engine.repair import Contents
from conn_lint.fixes.apply import apply_edits
from conn_lint.model.finding import Finding
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span
from conn_lint.rules.cannot_analyse import CannotAnalyse
from conn_lint.rules.unused_suppression import UnusedSuppression
from conn_lint.syntax.noqa import Commented, with_codes
from conn_lint.syntax.scan import scan
from conn_lint.syntax.source import SourceError, decode

# On a file that cannot be read no line can be told from another; and a comment for a comment is none.
NOT_FOR = (CannotAnalyse.code, UnusedSuppression.code)


class Silenced(msgspec.Struct, frozen=True):
    """The contents of the files that change, by their paths below the root; how many findings they silence.

    `problems` say of the others why nothing was done.
    """

    before: Contents
    after: Contents
    count: int
    problems: tuple[str, ...]


def silence(findings: Iterable[Finding], read: Callable[[str], bytes]) -> Silenced:
    """What the files would be with a noqa for each of the findings; nothing is written."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.code not in NOT_FOR:
            by_file[finding.location.path].append(finding)
    before: Contents = {}
    after: Contents = {}
    problems: list[str] = []
    count = 0
    for path, found in sorted(by_file.items()):
        try:
            data = read(path)
            changed = apply_edits(data, noqa_edits(path, decode(data).text, found))
        except OSError as error:
            problems.append(f"{path}: it cannot be read ({error.strerror or error})")
            continue
        except SourceError as error:
            problems.append(f"{path}: {error.message}")
            continue
        if _code(data) != _code(changed):
            problems.append(f"{path}: no comment can stand there; it is left as it is")
        elif changed != data:
            before[path], after[path] = data, changed
            count += len(found)
    return Silenced(before, after, count, tuple(problems))


def noqa_edits(path: str, source: str, findings: Iterable[Finding]) -> Iterator[Edit]:
    """The edits that silence findings of one file, each on its line.

    Where a string or a backslash carries the line over, on the one where it ends: flake8 looks there too.
    """
    text = Commented(source)
    codes: dict[int, set[str]] = defaultdict(set)
    for finding in findings:
        codes[text.line_for(finding.location.span.line)].add(finding.code)
    for line, wanted in sorted(codes.items()):
        found = text.comment(line)
        end = text.end(line)
        comment, column = (found[0], found[1].column) if found is not None else ("", end.column)
        after = with_codes(comment, wanted)
        if after != comment:
            place = Span(line, column, line, end.end_column)
            yield Edit(path, place, after if comment else f"  {after}")


def _code(data: bytes) -> list[str]:
    """The code of a file, line by line, without its comments."""
    return [line.rstrip() for line in scan(decode(data).text).physical.split("\n")]
