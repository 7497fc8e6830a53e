"""Paths of a deployment as a project sees them that is one folder of its repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from conn_lint.model.deployment import Deployment
from conn_lint.model.summary import DocumentSummary

Record = TypeVar("Record", bound=msgspec.Struct)


def together(
    own: Iterable[DocumentSummary], above: Iterable[DocumentSummary], below: str
) -> tuple[DocumentSummary, ...]:
    """The project's documents and those above it, all by their paths below the top."""
    if not below:
        return tuple(own)
    moved = (msgspec.structs.replace(one, path=f"{below}/{one.path}") for one in own)
    return (*moved, *above)


def placed(deployment: Deployment, below: str) -> Deployment:
    """The deployment with paths from the project's root."""
    if not below:
        return deployment
    return msgspec.structs.replace(
        _moved(deployment, below),
        others=tuple(_path(path, below) for path in deployment.others),
    )


def _path(path: str, below: str) -> str:
    return posixpath.relpath(path, below) if path else ""


def _moved(record: Record, below: str) -> Record:
    changed: dict[str, object] = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if name == "path":
            changed[name] = _path(value, below)
        elif isinstance(value, msgspec.Struct):
            changed[name] = _moved(value, below)
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changed[name] = tuple(_moved(item, below) for item in value)
    return msgspec.structs.replace(record, **changed)
