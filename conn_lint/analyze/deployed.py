"""Handlers that settings files name: serverless.yml, templates of functions, function.json, API descriptions."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from conn_lint.analyze.conditions import lies_in
from conn_lint.knowledge.frameworks import Table
from conn_lint.model.framework import EntryPoint
from conn_lint.model.summary import DocumentSummary, Entry


class NamedHandler(NamedTuple):
    """A function that a document names; it lies in the first of the candidate files there is."""

    record: EntryPoint
    function: str
    candidates: tuple[str, ...]
    label: str


def named_handlers(
    documents: Iterable[DocumentSummary], entries: Table[EntryPoint]
) -> tuple[NamedHandler, ...]:
    """All handlers, in the order of the documents; "src/handler.main" and "pkg.mod.func" are understood."""
    found: dict[NamedHandler, None] = {}
    for document in documents:
        values = {entry.keys: entry for entry in document.entries}
        for record in entries.matching("document"):
            if not lies_in(document.path, record.files):
                continue
            for entry in document.entries:
                if any(_fits(entry.keys, pattern) for pattern in record.keys):
                    found.update(dict.fromkeys(_handlers(document, record, entry, values)))
    return tuple(found)


def _fits(keys: tuple[str | int, ...], pattern: str) -> bool:
    steps = pattern.split(".")
    return len(steps) == len(keys) and all(
        fnmatch.fnmatchcase(str(key), step) for key, step in zip(keys, steps, strict=True)
    )


def _handlers(
    document: DocumentSummary,
    record: EntryPoint,
    entry: Entry,
    values: dict[tuple[str | int, ...], Entry],
) -> Iterator[NamedHandler]:
    text = entry.value
    if not isinstance(text, str):
        return
    beside = [
        value.value
        for key in record.beside
        if isinstance((value := values.get((*entry.keys[:-1], key))), Entry)
        and isinstance(value.value, str)
    ]
    if text.endswith(".py"):  # a file, with the function's name beside it
        module, function = text.removesuffix(".py"), next(iter(beside), "main")
        folders = [""]
    else:
        module, _, function = text.replace(":", ".").rpartition(".")
        folders = [posixpath.normpath(folder) for folder in beside] or [""]
        if not module and beside:  # an operation of a controller
            module, folders = beside[0], [""]
    if not module or not function.isidentifier():
        return
    here = posixpath.dirname(document.path)
    stem = module.replace(".", "/") if "/" not in module else module.lstrip("./")
    candidates = tuple(
        dict.fromkeys(
            posixpath.normpath(posixpath.join(base, folder, f"{stem}{end}"))
            for folder in folders
            for base in (here, "")
            for end in (".py", "/__init__.py")
        )
    )
    yield NamedHandler(record, function, candidates, record.label.replace("{name}", function))
