"""Finds the knowledge base's own TOML files and the user's tables, and reads them into records."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec

from conn_lint.knowledge.schema import KnowledgeError, decode_family
from conn_lint.model.resource import Family

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]


_USER_TABLES = frozenset(Family.__struct_fields__)
_BUILT = "built.json"


@functools.cache
def load_builtin() -> tuple[Family, ...]:
    """One Family for each TOML file that comes with the program: libraries, then frameworks, by their names.

    A wheel has all of them in one file, which takes a twentieth of the time (`hatch_build.py`).
    """
    files = _files()
    if len(files) == 1:
        built: dict[str, Any] = msgspec.json.decode(files[0][1])
        return tuple(decode_family(table, name) for name, table in built.items())
    return tuple(parse_family(data.decode(), name) for name, data in files)


@functools.cache
def data_digest() -> str:
    """A hash of the built-in data as it lies on disk: for keys that are wanted before it is parsed.

    A run that finds its result in the cache need not parse it.
    """
    digest = hashlib.sha256()
    for name, data in _files():
        digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()


def _files() -> tuple[tuple[str, bytes], ...]:
    package = resources.files("conn_lint.knowledge")
    built = package / _BUILT
    if built.is_file():
        return ((_BUILT, built.read_bytes()),)
    data = package / "data"
    found: list[tuple[str, bytes]] = []
    for prefix, folder in (("", data), ("frameworks/", data / "frameworks")):
        files = sorted(
            (f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name
        )
        found.extend((f"{prefix}{file.name}", file.read_bytes()) for file in files)
    return tuple(found)


def parse_family(text: str, where: str) -> Family:
    """The records of one TOML document; raises KnowledgeError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{where}: {error}") from error
    return decode_family(table, where)


def parse_user(table: Mapping[str, Any], where: str) -> Family:
    """The user's own records: those keys of [tool.conn-lint] that are tables of the knowledge base.

    Other keys are left to the settings. `where` names the file in a KnowledgeError.
    """
    mine = {key: value for key, value in table.items() if key in _USER_TABLES}
    return decode_family(mine, where)
