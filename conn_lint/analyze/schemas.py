"""The server that a project's schema of its database names, from which clients are generated."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from conn_lint.analyze.found import UNKNOWN, Found, same
from conn_lint.model.location import Location
from conn_lint.model.summary import DocumentSummary

if TYPE_CHECKING:
    from conn_lint.analyze.values import Values

_SOURCE, _GENERATOR = "datasource", "generator"
_ENV = "env"
_OURS = "py"  # in the names of generators that make clients for Python


def address(documents: Iterable[DocumentSummary], format_name: str, values: Values) -> Found | None:
    """The URL that all schemas for Python agree on; None where there is none.

    The address for migrations beside it (`directUrl`) is no client's.
    """
    schemas = [document for document in documents if document.format == format_name]
    folders = {posixpath.dirname(document.path) for document in schemas}
    found = [
        url
        for folder in sorted(folders)
        if _is_ours(inside := [d for d in schemas if posixpath.dirname(d.path) == folder])
        for url in _urls(inside, values)
    ]
    return same(found) if found else None


def _is_ours(schemas: list[DocumentSummary]) -> bool:
    """Of what the folder's files generate, something is a client for Python; or nothing is said."""
    made = [
        str(entry.value)
        for schema in schemas
        for entry in schema.entries
        if entry.keys[0] == _GENERATOR and entry.keys[2:] == ("provider",)
    ]
    return not made or any(_OURS in name for name in made)


def _urls(schemas: list[DocumentSummary], values: Values) -> Iterator[Found]:
    for schema in schemas:
        for entry in schema.entries:
            if entry.keys[0] != _SOURCE:
                continue
            if entry.keys[2:] == ("url",):
                yield Found(entry.value, "document", "", Location(schema.path, entry.span))
            elif entry.keys[2:] == ("url", _ENV):
                name = str(entry.value)
                yield values.variable(name) or UNKNOWN._replace(variable=name)
