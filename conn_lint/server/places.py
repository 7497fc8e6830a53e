"""Places of findings and edits as an editor counts them: lines from 0, columns in units that both agreed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from lsprotocol import types
from pygls.workspace import PositionCodec

from conn_lint.model.location import Span
from conn_lint.syntax.source import SourceError, decode, split_lines


class Text:
    """A file's text as lines with their endings; a column of ours is one of its characters."""

    def __init__(self, source: str, codec: PositionCodec) -> None:
        self.source = source
        self.lines = split_lines(source)
        self._codec = codec

    def range(self, span: Span) -> types.Range:
        """A stretch in the editor's units; what lies outside the text is moved to its end."""
        return types.Range(
            self.position(span.line, span.column), self.position(span.end_line, span.end_column)
        )

    def position(self, line: int, column: int) -> types.Position:
        """A place in the editor's units."""
        if line > len(self.lines):
            last = self.lines[-1] if self.lines else ""
            if last.endswith(("\n", "\r")) or not last:
                return types.Position(len(self.lines), 0)
            line, column = len(self.lines), len(last)
        text = self.lines[line - 1].rstrip("\r\n")
        units = self._codec.client_num_units(text[:column])
        return types.Position(line - 1, units)

    def word(self, place: types.Position) -> str:
        """The word around a place of the editor's: letters, digits and hyphens."""
        if place.line >= len(self.lines):
            return ""
        text = self.lines[place.line]
        at = end = next(
            (
                n
                for n in range(len(text))
                if self._codec.client_num_units(text[:n]) >= place.character
            ),
            len(text),
        )
        while at and _is_of_word(text[at - 1]):
            at -= 1
        while end < len(text) and _is_of_word(text[end]):
            end += 1
        return text[at:end]


def changes(text: Text, after: str) -> Iterator[types.TextEdit]:
    """What makes the text into another one, whole lines at a time: what stays keeps its marks and cursors."""
    lines = split_lines(after)
    matcher = SequenceMatcher(None, text.lines, lines, autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what != "equal":
            place = text.range(Span(start + 1, 0, end + 1, 0))
            yield types.TextEdit(place, "".join(lines[new_start:new_end]))


def to_bytes(source: str) -> bytes:
    """The text as it would be saved, in the encoding that it names."""
    data = source.encode("utf-8", "surrogatepass")
    try:
        return source.encode(decode(data).encoding)
    except (SourceError, UnicodeEncodeError):
        return data


def overlaps(one: types.Range, other: types.Range) -> bool:
    """Both touch the same place."""
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def is_within(place: types.Position, stretch: types.Range) -> bool:
    """The place lies in the stretch."""
    return _key(stretch.start) <= _key(place) <= _key(stretch.end)


def endings(source: str) -> str:
    """The line ending that a text has most of."""
    found: Sequence[str] = [line[len(line.rstrip("\r\n")) :] for line in split_lines(source)]
    return max(("\n", "\r\n", "\r"), key=found.count)


def _key(place: types.Position) -> tuple[int, int]:
    return place.line, place.character


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char in "-_"
