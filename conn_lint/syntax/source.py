"""From bytes to text as Python reads it: encoding, byte order mark, line endings."""

from __future__ import annotations

import io
import re
import tokenize
from itertools import islice

import msgspec

_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTES_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")
_BOM = b"\xef\xbb\xbf"


class SourceError(Exception):
    """The bytes are no Python source: `message` says why, `line` where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Source(msgspec.Struct, frozen=True):
    r"""A decoded file. `text` has `\n` at the end of every line, `raw` the endings of the file.

    Lines and columns of both are the same, so spans found in one hold in the other; edits are made
    in `raw`. `newline` is the ending used most. Form feeds and other line-like characters of
    Unicode end no line.
    """

    text: str
    raw: str
    encoding: str
    newline: str
    has_bom: bool


def decode(data: bytes) -> Source:
    """Read a file's bytes, by its byte order mark or its declaration (PEP 263), else as UTF-8.

    Raises SourceError for an unknown or wrong encoding and for NUL bytes.
    """
    nul = data.find(b"\0")
    if nul >= 0:
        what = "it looks like UTF-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "it is no text"
        raise SourceError(f"the file contains NUL bytes: {what}", _line_of(data, nul))
    has_bom = data.startswith(_BOM)
    encoding = _declared(data)
    try:
        raw = (data[len(_BOM) :] if has_bom else data).decode(encoding)
    except UnicodeDecodeError as error:
        start = error.start + (len(_BOM) if has_bom else 0)
        message = f"the file cannot be read as {encoding}: {error.reason}"
        raise SourceError(message, _line_of(data, start)) from error
    except (LookupError, ValueError) as error:
        raise SourceError(f"the file cannot be read as {encoding}: {error}", 1) from error
    if "\0" in raw:
        line = len(split_lines(raw[: raw.index("\0") + 1]))
        raise SourceError("the file contains NUL characters", line)
    text = normalise(raw)
    return Source(text, raw, encoding, _common_ending(raw), has_bom)


def encode(text: str, like: Source) -> bytes:
    """The bytes of `text`, whose line endings stay as they are, in the encoding of `like`.

    Raises SourceError for a character that the encoding lacks.
    """
    try:
        data = text.encode(like.encoding)
    except UnicodeEncodeError as error:
        line = len(split_lines(text[: error.start + 1]))
        raise SourceError(f"the text cannot be written as {like.encoding}", line) from error
    return _BOM + data if like.has_bom else data


def normalise(text: str) -> str:
    r"""Give every line the ending `\n`, as the tokenizer does; other characters end no line."""
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_lines(text: str) -> list[str]:
    """Split into lines as Python's tokenizer does, keeping the endings."""
    ends = [match.end() for match in _LINE_END.finditer(text)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    lines = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return lines if text else []


def _declared(data: bytes) -> str:
    """The encoding's name: "utf-8" also where there is a byte order mark."""
    # Only these two lines may hold the declaration.
    head = b"".join(match[0] for match in islice(_BYTES_LINE.finditer(data), 2))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(head).readline)
    except SyntaxError as error:
        if "invalid or missing encoding" not in str(error):
            raise SourceError(str(error), 1) from error
        return "utf-8"  # decoding will tell which byte is wrong
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _line_of(data: bytes, offset: int) -> int:
    before = data[:offset].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _common_ending(text: str) -> str:
    windows = text.count("\r\n")
    counts = {
        "\n": text.count("\n") - windows,
        "\r\n": windows,
        "\r": text.count("\r") - windows,
    }
    return max(counts, key=lambda ending: counts[ending])
