"""The errors that are known, from the TOML file that comes with the program."""

from __future__ import annotations

import functools
import sys
from importlib import resources

import msgspec

from conn_lint.knowledge.schema import KnowledgeError
from conn_lint.model.known_error import KnownErrors

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_FILE = "data/errors/known.toml"


@functools.cache
def load_errors() -> KnownErrors:
    """All known errors; raises KnowledgeError."""
    text = (resources.files("conn_lint.knowledge") / _FILE).read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), KnownErrors)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise KnowledgeError(f"{_FILE}: {error}") from error
