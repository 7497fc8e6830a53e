"""Places as services want them: paths as URIs, columns in bytes, edits as whole lines."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterable, Sequence

from conn_lint.model.fix import Edit
from conn_lint.model.location import Span


def uri(path: str) -> str:
    """A path (with `/`) as a reference to a file: relative ones stay so."""
    try:
        quoted = urllib.parse.quote(os.fsencode(path))
    except UnicodeEncodeError:  # a half character that no file name has
        quoted = urllib.parse.quote(path.encode("utf-8", "surrogatepass"))
    if path.startswith("/"):
        return f"file://{quoted}"
    return f"file:///{quoted}" if path[1:3] == ":/" else quoted  # a drive of Windows


def byte_column(lines: Sequence[str], line: int, column: int) -> int:
    """A column (from 0) in characters as one from 1 in bytes of UTF-8."""
    text = lines[line - 1] if line <= len(lines) else ""
    return len(text[:column].encode("utf-8", "replace")) + max(column - len(text), 0) + 1


def as_whole_lines(edits: Sequence[Edit], lines: Sequence[str]) -> tuple[int, int, str] | None:
    """All edits of one file as one: the first and last line that they change, and what takes their place.

    None where the file has no such lines, or what is left of the last one moves up behind other text.
    """
    first = min(edit.span.line for edit in edits)
    last = max(_last_line(edit.span) for edit in edits)
    if not 1 <= first <= last <= len(lines):
        return None
    text = _changed(edits, lines[first - 1 :], first)
    after = "".join("\n" + line for line in lines[last:])
    if not text.endswith(after):  # all that is left is "", of which the break in front is gone too
        return (first, last, "") if text == after[1:] else None
    return first, last, text.removesuffix(after)


def _last_line(span: Span) -> int:
    """What ends at the beginning of a line takes lines above it away, and leaves this one."""
    return span.end_line - (span.end_column == 0 and span.end_line > span.line)


def _changed(edits: Iterable[Edit], lines: Sequence[str], first: int) -> str:
    """The text of lines, of which the first has this number, after the edits."""
    text = "\n".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, reverse=True):
        span = edit.span
        start = starts[span.line - first] + span.column
        end = starts[span.end_line - first] + span.end_column
        text = text[:start] + edit.text + text[end:]
    return text
