"""Changes what comments tell the linter, and leaves the rest of them as it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from conn_lint.model.location import Span
from conn_lint.syntax.comments import Said, said_in
from conn_lint.syntax.lines import Lines
from conn_lint.syntax.scan import scan

_BLANKS = " \t\f"
_LEADS_ON = re.compile("[\\s,;:.\u2013\u2014-]+")  # between codes and the reason behind them


class Commented:
    """A file's text, whose lines end with a line feed, as lines with comments."""

    def __init__(self, text: str) -> None:
        scanned = scan(text)
        self._text = text
        self._physical = scanned.physical
        self._lines = Lines(text)
        self._comments = {self._lines.line(start): (start, end) for start, end in scanned.comments}

    def comment(self, line: int) -> tuple[str, Span] | None:
        """The comment on a line, and where it stands."""
        if line not in self._comments:
            return None
        start, end = self._comments[line]
        text = self._text[start:end].rstrip(_BLANKS)
        column = start - self._lines.start(line)
        return text, Span(line, column, line, column + len(text))

    def code(self, line: int) -> str:
        """A line without its comment; "" where there is no such line."""
        if not 1 <= line <= self._lines.count:
            return ""
        found = self.comment(line)
        column = found[1].column if found is not None else self.end(line).column
        start = self._lines.start(line)
        return self._text[start : start + column].rstrip(_BLANKS)

    def before(self, span: Span) -> str:
        """What stands on a line in front of a place."""
        start = self._lines.start(span.line)
        return self._text[start : start + span.column]

    def end(self, line: int) -> Span:
        """The end of a line, from the last character that is no blank on."""
        start = self._lines.start(line)
        stop = self._text.find("\n", start)
        text = self._text[start : stop if stop >= 0 else len(self._text)]
        return Span(line, len(text.rstrip(_BLANKS)), line, len(text))

    def line_for(self, line: int) -> int:
        """The line, or the next one at whose end a comment can stand: no string and no backslash carries it over."""
        end = self._physical.find("\n", self._lines.start(line))
        return self._lines.line(end) if end >= 0 else self._lines.count


def without(
    comment: str, kind: str, codes: tuple[str, ...], gone: Collection[str], *, whole: bool
) -> str:
    """The comment without the codes that are `gone` in what it says with this kind and these codes.

    `whole`: all of that goes. What else the comment says stays; "" if that is nothing.
    """
    said = next(
        (s for s in said_in(comment, alone=True) if (s.kind, s.codes) == (kind, codes)), None
    )
    if said is None:
        return comment
    lost = [place for place, code in zip(said.words, said.codes, strict=True) if code in gone]
    if whole:
        end = lost[-1][1] if lost else _bare_end(said)
        return _joined(comment[: said.start], comment[end:])
    kept = [comment[slice(*place)] for place in said.words if place not in lost]
    first, last = said.words[0][0], said.words[-1][1]
    return comment[:first] + _glue(comment[first:last]).join(kept) + comment[last:]


def with_codes(comment: str, codes: Iterable[str]) -> str:
    """The comment ("" for none) with a noqa for these codes: in the one it has, else behind all. One for all stays."""
    wanted = sorted(set(codes))
    said = next((s for s in said_in(comment, alone=False) if s.kind == "noqa"), None)
    if said is None:
        return f"{comment}{'  ' if comment else ''}# noqa: {', '.join(wanted)}"
    new = [code for code in wanted if code not in said.codes]
    if not said.codes or not new:
        return comment
    first, last = said.words[0][0], said.words[-1][1]
    glue = _glue(comment[first:last])
    return comment[:last] + "".join(glue + code for code in new) + comment[last:]


def _bare_end(said: Said) -> int:
    """Where the codes would begin."""
    return said.words[0][0] if said.words else said.end


def _glue(text: str) -> str:
    """What stands between codes: a comma and a blank, unless the author has it otherwise."""
    return "," if re.search(r",\S", text) else ", "


def _joined(before: str, after: str) -> str:
    """What is left of a comment when a part of it has gone."""
    rest = after.rstrip()
    led = _LEADS_ON.match(rest)
    if led is not None:
        rest = rest[led.end() :]
    head = before.rstrip() if before.strip("# \t") else ""
    if not rest.strip("# \t"):
        return head
    if rest.startswith("#"):
        return f"{head}  {rest}" if head else rest
    return f"{head} {rest}" if head else f"# {rest}"
