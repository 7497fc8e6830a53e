"""Reads a settings file (env, ini, toml, yaml) into a flat list of values and their places."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax.entries import DocumentError, Found
from conn_lint.syntax.source import SourceError, decode

# Each brings a parser of its own, so it is imported when its first document is read.
_READERS = {
    "conf": "conn_lint.syntax.conf_document",
    "dockerfile": "conn_lint.syntax.dockerfile_document",
    "env": "conn_lint.syntax.env_document",
    "ini": "conn_lint.syntax.ini_document",
    "lock": "conn_lint.syntax.lock_document",
    "requirements": "conn_lint.syntax.requirements_document",
    "prisma": "conn_lint.syntax.prisma_document",
    "procfile": "conn_lint.syntax.procfile_document",
    "shell": "conn_lint.syntax.shell_document",
    "toml": "conn_lint.syntax.toml_document",
    "yaml": "conn_lint.syntax.yaml_document",
}


def read_document(data: bytes, format_name: str, path: str = "") -> DocumentSummary:
    """The values of a document. Whatever the bytes are, nothing is raised.

    A document with an error has no entries; one whose format is made of lines (env, ini) has those
    of its good lines. The error begins with its place, as in `line 3: a quote is never closed`.
    """
    found = Found()
    try:
        _reader(format_name)(decode(data).text, found)
    except (DocumentError, SourceError) as error:
        problem, line = error.message, error.line
    except RecursionError:
        problem, line = "it nests too deep", 1
    except Exception as error:  # noqa: BLE001 - a parser that fails on its input must not end the run
        problem, line = f"it cannot be read ({type(error).__name__})", 1
    else:
        bad = found.error
        wrong = None if bad is None else f"line {bad.line}: {bad.message}"
        return DocumentSummary(path, format_name, tuple(found.entries), wrong)
    return DocumentSummary(path, format_name, (), f"line {line}: {problem}")


def _reader(format_name: str) -> Callable[[str, Found], None]:
    module = import_module(_READERS[format_name])
    return cast("Callable[[str, Found], None]", module.read)
