from __future__ import annotations

import ast

import pytest

from conn_lint.syntax.source import SourceError, decode, encode, normalise, split_lines


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(b"x = 1\n", "utf-8", id="nothing declared"),
        pytest.param("x = 'é'\n".encode(), "utf-8", id="utf-8 undeclared"),
        pytest.param(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "iso-8859-1", id="emacs"),
        pytest.param(
            b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\nx = '\xe9'\n", "cp1252", id="vim"
        ),
        pytest.param(b"\xef\xbb\xbf# coding: utf-8\nx = '\xc3\xa9'\n", "utf-8", id="mark"),
        pytest.param(b"#\r# coding: latin-1\rx = '\xe9'\r", "iso-8859-1", id="carriage returns"),
        pytest.param(b"#\r\r# coding: latin-1\rx = '\xc3\xa9'\r", "utf-8", id="in the third line"),
        pytest.param(b"x = 1\n# coding: latin-1\n", "utf-8", id="behind code"),
    ],
)
def test_encoding_is_the_declared_one(data: bytes, encoding: str) -> None:
    source = decode(data)
    assert source.encoding == encoding
    assert ast.dump(ast.parse(source.text)) == ast.dump(ast.parse(data))


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        pytest.param(b"x = 1\n\ny = '\xe9'\n", 3, "utf-8", id="latin-1 undeclared"),
        pytest.param(b"x\r\ry = '\xe9'\n", 3, "utf-8", id="other line endings"),
        pytest.param(b"y = '\xe9'\n", 1, "utf-8", id="in the first line"),
        pytest.param(b"\xef\xbb\xbf\n'\xe9'\n", 2, "utf-8", id="behind a mark"),
        pytest.param(b"# coding: ascii\n'\xe9'\n", 2, "ascii", id="not as declared"),
        pytest.param(b"# coding: klingon\n", 1, "klingon", id="unknown encoding"),
        pytest.param(b"# coding: rot13\n", 1, "rot13", id="no encoding of text"),
        pytest.param(b"\xef\xbb\xbf# coding: latin-1\n", 1, "", id="mark and declaration differ"),
        pytest.param(b"x = 1\ny = '\0'\n", 2, "NUL", id="NUL"),
        pytest.param("x = 1\n".encode("utf-16"), 1, "UTF-16", id="UTF-16"),
        pytest.param(b"# coding: utf-7\n+AAA-\n", 2, "NUL", id="NUL by decoding"),
    ],
)
def test_unreadable_bytes_are_explained(data: bytes, line: int, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data)
    assert caught.value.line == line
    assert words in caught.value.message
    assert str(caught.value) == caught.value.message


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (b"a\nb\n", "\n"),
        (b"a\r\nb\r\n", "\r\n"),
        (b"a\rb\r", "\r"),
        (b"a\nb\r\nc\r\n", "\r\n"),
        (b"", "\n"),
    ],
)
def test_newline_is_the_most_common_ending(data: bytes, newline: str) -> None:
    source = decode(data)
    assert source.newline == newline
    assert "\r" not in source.text


@pytest.mark.parametrize(
    "data",
    [
        b"a\r\nb\nc\rd",
        b"\xef\xbb\xbfa = '\xc3\xa9'\r\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"a\x0cb\n\x0c\nc\n",
        b"",
    ],
)
def test_encode_gives_the_bytes_back(data: bytes) -> None:
    source = decode(data)
    assert encode(source.raw, source) == data


def test_encode_tells_which_line_cannot_be_written() -> None:
    source = decode(b"# coding: latin-1\nx = 1\n")
    with pytest.raises(SourceError, match="iso-8859-1") as caught:
        encode("# coding: latin-1\nx = '\u20ac'\n", source)
    assert caught.value.line == 2


def test_only_line_ends_of_python_end_lines() -> None:
    text = "a\x0cb\x0bc\x1cd\x85e\u2028f\ng\rh\r\ni"
    assert split_lines(text) == ["a\x0cb\x0bc\x1cd\x85e\u2028f\n", "g\r", "h\r\n", "i"]
    assert split_lines("") == []
    assert split_lines("a\n\n") == ["a\n", "\n"]


def test_lines_agree_with_ast() -> None:
    data = b"'''\r\x0c\x1c'''\r\nx\r\r\n\x0cy\n"
    names = [node for node in ast.walk(ast.parse(data)) if isinstance(node, ast.Name)]
    lines = decode(data).text.split("\n")
    assert [lines[name.lineno - 1].strip() for name in names] == ["x", "y"]


def test_normalised_and_raw_text_have_the_same_lines() -> None:
    raw = "a\r\nb\rc\n\r\r\n"
    assert normalise(raw) == "a\nb\nc\n\n\n"
    assert [line.rstrip("\r\n") for line in split_lines(raw)] == ["a", "b", "c", "", ""]
