"""Settings files: what each format says, and where, whatever the bytes are."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax import yaml_document
from conn_lint.syntax.documents import read_document

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

FORMATS = ("env", "ini", "lock", "prisma", "requirements", "toml", "yaml")


def read(format_name: str, text: str) -> DocumentSummary:
    return read_document(text.encode(), format_name)


def values(format_name: str, text: str) -> dict[str, Any]:
    """The values of a document without an error, by their keys with dots."""
    document = read(format_name, text)
    assert document.error is None
    return {".".join(map(str, entry.keys)): entry.value for entry in document.entries}


def places(format_name: str, text: str) -> dict[str, str]:
    """The text at the span of each value."""
    lines = text.split("\n")
    found = {}
    for entry in read(format_name, text).entries:
        span = entry.span
        part = lines[span.line - 1 : span.end_line]
        part[-1] = part[-1][: span.end_column]
        part[0] = part[0][span.column :]
        found[".".join(map(str, entry.keys))] = "\n".join(part)
    return found


# .env

ENV = r"""# the database
DATABASE_URL=postgres://db:6543/app
export POOL=5   # a comment
  SPACED = two words # and a comment
HASH=a#b
EMPTY=
ALONE
QUOTED="a \"b\" \$c\n#d" # comment
SINGLE='it is \'raw\' \n'
MANY="one
two
  three"
AFTER=ä€ # x
'odd name'=1
"""


def test_env_values() -> None:
    assert values("env", ENV) == {
        "DATABASE_URL": "postgres://db:6543/app",
        "POOL": "5",
        "SPACED": "two words",
        "HASH": "a#b",
        "EMPTY": "",
        "ALONE": None,
        "QUOTED": 'a "b" $c\n#d',
        "SINGLE": "it is 'raw' \\n",
        "MANY": "one\ntwo\n  three",
        "AFTER": "ä€",
        "odd name": "1",
    }


def test_env_places() -> None:
    assert places("env", ENV) == {
        "DATABASE_URL": "postgres://db:6543/app",
        "POOL": "5",
        "SPACED": "two words",
        "HASH": "a#b",
        "EMPTY": "",
        "ALONE": "",
        "QUOTED": r'"a \"b\" \$c\n#d"',
        "SINGLE": r"'it is \'raw\' \n'",
        "MANY": '"one\ntwo\n  three"',
        "AFTER": "ä€",
        "odd name": "1",
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("=x", "no name of a variable stands here"),
        ("two words", "= is missing behind the name"),
        ("A='x", "a quote is never closed"),
        ("A='x' y", "something stands behind the closing quote"),
    ],
)
def test_a_bad_line_of_env_is_skipped(line: str, problem: str) -> None:
    document = read("env", f"X=1\n{line}\nY=2\n=z\n")
    assert document.error == f"line 2: {problem}"
    assert [entry.keys for entry in document.entries] == [("X",), ("Y",)]


# INI

INI = """\
top = 1
; a comment
[databases]
* = host=db port=5432 pool_mode=transaction
app : host=%(here)s
[pgbouncer]
pool_mode=transaction
auth_query = SELECT 1
    FROM users ; no comment

    WHERE x
list =
    a
    b
flag
empty =
  indented = 1
"""


def test_ini_values() -> None:
    assert values("ini", INI) == {
        "top": "1",
        "databases.*": "host=db port=5432 pool_mode=transaction",
        "databases.app": "host=%(here)s",
        "pgbouncer.pool_mode": "transaction",
        "pgbouncer.auth_query": "SELECT 1\nFROM users ; no comment\nWHERE x",
        "pgbouncer.list": "a\nb",
        "pgbouncer.flag": None,
        "pgbouncer.empty": "indented = 1",
    }


def test_ini_places() -> None:
    found = places("ini", INI)
    assert found["databases.*"] == "host=db port=5432 pool_mode=transaction"
    assert found["databases.app"] == "host=%(here)s"
    assert found["pgbouncer.auth_query"] == "SELECT 1\n    FROM users ; no comment\n\n    WHERE x"
    assert found["pgbouncer.list"] == "a\n    b"
    assert found["pgbouncer.flag"] == ""


def test_bad_lines_of_ini_are_skipped() -> None:
    document = read("ini", "%include x.ini\n[a]\nx = 1\n[b\n= 2\ny = 3\n")
    assert document.error == "line 4: the name of a section is never closed"
    assert [entry.keys for entry in document.entries] == [("a", "x"), ("a", "y")]


# TOML

TOML = '''\
title = "x" # comment
[pool]
max = 10
"quoted.key" = 'raw \\ "x"'
when = 1979-05-27 07:32:00
nested.deep.key = true
[[servers]]
name = "a"
ports = [1, [2, 3], # comment
  { low = 4, "high" = """
five""" },
]
[servers.limits]
max = 1_000
[[servers]]
name = """four " quotes""""
empty = []
[[servers.inner]]
x = 0x1F
[[servers.inner]]
x = 1.5
huge = 123456789012345678901234567890
odd = inf
'''


def flat(value: Any, keys: tuple[Any, ...] = ()) -> Mapping[tuple[Any, ...], Any]:
    """What every value of a TOML document is, by its keys."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in flat(item, (*keys, key)).items()}
    if isinstance(value, list):
        items = enumerate(value)
        return {k: v for index, item in items for k, v in flat(item, (*keys, index)).items()}
    return {keys: value}


def test_toml_has_all_values_with_their_places() -> None:
    assert {tuple(e.keys) for e in read("toml", TOML).entries} == set(flat(tomllib.loads(TOML)))
    assert places("toml", TOML) == {
        "title": '"x"',
        "pool.max": "10",
        "pool.quoted.key": "'raw \\ \"x\"'",
        "pool.when": "1979-05-27 07:32:00",
        "pool.nested.deep.key": "true",
        "servers.0.name": '"a"',
        "servers.0.ports.0": "1",
        "servers.0.ports.1.0": "2",
        "servers.0.ports.1.1": "3",
        "servers.0.ports.2.low": "4",
        "servers.0.ports.2.high": '"""\nfive"""',
        "servers.0.limits.max": "1_000",
        "servers.1.name": '"""four " quotes""""',
        "servers.1.inner.0.x": "0x1F",
        "servers.1.inner.1.x": "1.5",
        "servers.1.inner.1.huge": "123456789012345678901234567890",
        "servers.1.inner.1.odd": "inf",
    }


def test_toml_values() -> None:
    found = values("toml", TOML)
    assert found["servers.0.limits.max"] == 1000
    assert found["servers.1.name"] == 'four " quotes"'
    assert found["servers.1.inner.0.x"] == 31
    assert found["pool.when"] == "1979-05-27 07:32:00"
    assert found["servers.1.inner.1.huge"] == hex(123456789012345678901234567890)
    assert found["servers.1.inner.1.odd"] == "inf"


SCALARS = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(["true", "1.5", '"a\\"]"', "'#}'", "'''\n,'''", '"""x"""""']),
)
KEYS = st.sampled_from(["a", "b-1", '"c.d"', "'e'", "f.g", '"h\\u0041"'])
TOML_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: "[ " + ",\n".join(v) + " ]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda v: "{" + ", ".join(f"{k} = {x}" for k, x in v.items()) + "}"
        ),
    ),
    max_leaves=6,
)
TOML_PARTS = st.one_of(
    st.tuples(KEYS, TOML_VALUES).map(lambda p: f"{p[0]} = {p[1]} # x"),
    KEYS.map(lambda key: f"[ t.{key} ]"),
    KEYS.map(lambda key: f"[[u.{key}]]"),
    KEYS.map(lambda key: f"[u.a.{key}]"),
)


@settings(deadline=None)
@given(st.lists(TOML_PARTS, max_size=8).map("\n".join))
def test_toml_agrees_with_pythons_reader(text: str) -> None:
    document = read("toml", text)
    try:
        expected = flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        assert document.error is not None
        return
    assert document.error is None
    assert {entry.keys: entry.value for entry in document.entries} == expected
    for keys, place in places("toml", text).items():
        value = tomllib.loads(f"x = {place}")["x"]
        assert value in {v for k, v in expected.items() if ".".join(map(str, k)) == keys}


def test_bad_toml_has_no_entries() -> None:
    document = read("toml", "a = 1\n\nb = = 2\n")
    assert (document.entries, document.error) == ((), "line 3: Invalid value")
    assert (read("toml", "a = '''").error or "").startswith("line 1: ")


# YAML

YAML = """\
base: &base
  image: 'x'
  ports: [6543, "5432"]
service:
  <<: *base
  image: "y"
  command: >
    run it
    now

  again: *base
  url: !Sub "postgres://${Host}"
  ref: !Ref Host
  arn: !GetAtt [Db, Arn]
  other: !vault |
    abc
  typed: !!str 12
none:
yes: on
number: -1.5e3
zero: 007
sexagesimal: 6543:32
date: 2020-01-01
? [a, b]
: c
---
second: true
"""


def test_yaml_values() -> None:
    assert values("yaml", YAML) == {
        "base.image": "x",
        "base.ports.0": 6543,
        "base.ports.1": "5432",
        "service.image": "y",
        "service.ports.0": 6543,
        "service.ports.1": "5432",
        "service.command": "run it now\n",
        "service.again.image": "x",
        "service.again.ports.0": 6543,
        "service.again.ports.1": "5432",
        "service.url.Fn::Sub": "postgres://${Host}",
        "service.ref.Ref": "Host",
        "service.arn.Fn::GetAtt.0": "Db",
        "service.arn.Fn::GetAtt.1": "Arn",
        "service.other.!vault": "abc\n",
        "service.typed": "12",
        "none": None,
        "yes": "on",
        "number": -1500.0,
        "zero": "007",
        "sexagesimal": "6543:32",
        "date": "2020-01-01",
        "[...]": "c",
        "second": True,
    }


def test_yaml_places() -> None:
    found = places("yaml", YAML)
    assert found["service.ports.1"] == '"5432"'
    assert found["service.image"] == '"y"'
    assert found["service.command"] == ">\n    run it\n    now"
    assert found["service.url.Fn::Sub"].endswith('"postgres://${Host}"')
    assert found["service.ref.Ref"].endswith("Host")
    assert found["none"] == ""
    assert found["second"] == "true"


@pytest.mark.parametrize(
    "text", [YAML, "---", "a:\n b: |\n  x\n\n\nc: 'x\n  y'\n", "a: {b: ä€, c: d"]
)
def test_both_parsers_agree(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = read("yaml", text)
    monkeypatch.setattr(yaml_document, "_LOADER", yaml.SafeLoader)
    other = read("yaml", text)
    assert (other.entries, other.error is None) == (usual.entries, usual.error is None)


def test_short_and_long_functions_are_the_same() -> None:
    short = values("yaml", "a: !Join ['', [x, !Ref Y]]")
    assert short == values("yaml", "a: {'Fn::Join': ['', [x, {Ref: Y}]]}")


def test_yaml_counts_lines_as_editors_do() -> None:
    text = "a: '1'\r\n# \x85 \u2028 x\r\nb: 2\r\n"
    spans = [entry.span.line for entry in read("yaml", text).entries]
    assert spans == [1, 3]


def test_the_first_of_several_merged_mappings_wins() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\n"
    found = values("yaml", text)
    assert (found["c.x"], found["c.y"], found["c.z"]) == (1, 3, 2)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
EMPTY_LAUGHS = LAUGHS.replace("x, x, x, x, x, x, x, x, x", "[], [], [], [], [], []")
MERGES = (
    "a: &a {" + ", ".join(f"k{n}: 1" for n in range(9999)) + "}\nb: {<<: [" + "*a, " * 9999 + "]}\n"
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a:\n  - b\n c: d\n", "line 3: did not find expected key"),
        ("a: 1\nb: *x\n", "line 2: an alias without an anchor"),
        ("a: 1\nb: \x07\n", "line 2: a character that YAML does not allow"),
        ("a: &a [1, *a]\n", "line 1: it nests too deep"),
        ("a: &a {<<: *a}\n", "line 1: it nests too deep"),
        ("\n" + "[" * 5000, "line 2: it nests too deep"),
        (LAUGHS, "more than 20000 values"),
        (EMPTY_LAUGHS, "its aliases stand for too much"),
        (MERGES, "its aliases stand for too much"),
        ("- 1\n" * 20_001, "line 20001: more than 20000 values"),
    ],
    ids=[
        "syntax",
        "alias",
        "character",
        "self",
        "self-merge",
        "deep",
        "laughs",
        "empty",
        "merges",
        "many",
    ],
)
def test_bad_yaml_has_no_entries(text: str, error: str) -> None:
    started = time.monotonic()
    document = read("yaml", text)
    assert document.entries == ()
    assert error in (document.error or "")
    assert time.monotonic() - started < 5


# Schemas of Prisma

PRISMA = """generator client {
  provider = "prisma-client-py"
  features = ["one", "two"]
}
// datasource old { url = "postgresql://old" }
datasource db { // of the shop
  // url = "postgresql://older"
  provider  = "postgresql"
  url       = env( "SHOP_URL" ) // pooled
  directUrl = "postgresql://db\\"s:5432/shop"
}
model Order {
  url = "postgresql://nowhere"
}
"""


def test_prisma_values() -> None:
    assert values("prisma", PRISMA) == values("prisma", PRISMA.replace("\n", "\r\n"))
    assert values("prisma", PRISMA) == {
        "generator.client.provider": "prisma-client-py",
        "datasource.db.provider": "postgresql",
        "datasource.db.url.env": "SHOP_URL",
        "datasource.db.directUrl": 'postgresql://db"s:5432/shop',
    }


def test_prisma_places() -> None:
    assert places("prisma", PRISMA)["datasource.db.url.env"] == '"SHOP_URL"'


# All of them


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FORMATS), st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_bytes_raise(format_name: str, data: bytes) -> None:
    document = read_document(data, format_name)
    assert document.error is None or document.error.startswith("line ")


# fmt: off
PIECES = st.sampled_from((
    "a", "b.c", '"x"', "'", '"', "#", "=", ":", "[", "]", "{", "}", ",", "-", "|", ">", "&", "*", "!",
    "<<", "\n", "\n", "\t", "export", "[[", "]]", '"""', "%(", ")", "1", "true", "&a", "*a", "---", "?", ";",
))
# fmt: on


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FORMATS), st.lists(PIECES, max_size=40))
def test_no_text_raises_and_spans_lie_within(format_name: str, pieces: list[str]) -> None:
    text = " ".join(pieces)
    lines = text.split("\n")
    document = read(format_name, text)
    assert document.error is None or "cannot be read (" not in document.error
    for entry in document.entries:
        span = entry.span
        assert (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.column <= len(lines[span.line - 1])
        assert span.end_column <= len(lines[span.end_line - 1])


@pytest.mark.parametrize("format_name", FORMATS)
def test_bytes_that_are_no_text(format_name: str) -> None:
    assert read_document(b"a\n\xff\xfe", format_name).error == (
        "line 2: the file cannot be read as utf-8: invalid start byte"
    )
    assert (read_document(b"a\0b", format_name).error or "").startswith("line 1: ")


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    "piece", ["[", "{", "a.", " ", "a", "\n", "#", "'", '"', "\\", "=", "a: ", "- ", "? ", "&a "]
)
def test_long_lines_take_no_long_time(format_name: str, piece: str) -> None:
    started = time.monotonic()
    read(format_name, "a = " + piece * (200_000 // len(piece)))
    read(format_name, piece * (200_000 // len(piece)))
    assert time.monotonic() - started < 8
