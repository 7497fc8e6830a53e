"""Handlers that settings files name: which function of which file is meant."""

from __future__ import annotations

import pytest

from conn_lint.analyze.deployed import named_handlers
from conn_lint.knowledge.load import load_builtin
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.model.location import Span
from conn_lint.model.summary import DocumentSummary, Entry

ENTRIES = Knowledge(load_builtin()).frameworks.entries


def document(path: str, **values: str | int) -> DocumentSummary:
    """A document with values by key path: `functions.sync.handler`."""
    span = Span(1, 0, 1, 1)
    entries = tuple(
        Entry(tuple(int(k) if k.isdigit() else k for k in keys.split(".")), value, span)
        for keys, value in values.items()
    )
    return DocumentSummary(path, "yaml", entries)


def handlers(path: str, **values: str | int) -> list[tuple[str, str, str]]:
    """The record, the function and the first file that is looked for."""
    found = named_handlers([document(path, **values)], ENTRIES)
    return [(h.record.id, h.function, h.candidates[0]) for h in found]


HANDLER = {"Resources.Sync.Properties.Handler": "sync.start"}


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        (
            "serverless.yml",
            {"functions.sync.handler": "src/sync.start"},
            [("lambda.serverless_yml", "start", "src/sync.py")],
        ),
        (
            "jobs/serverless.yml",
            {"functions.sync.handler": "sync.start"},
            [("lambda.serverless_yml", "start", "jobs/sync.py")],
        ),
        ("serverless.yml", {"functions.sync.handler": "start"}, []),
        ("serverless.yml", {"functions.sync.handler": 5}, []),
        ("serverless.yml", {"functions.sync.timeout": "src/sync.start"}, []),
        ("other.yml", {"functions.sync.handler": "src/sync.start"}, []),
        ("template.yaml", HANDLER, [("lambda.sam", "start", "sync.py")]),
        (
            "deploy/template.yaml",
            {**HANDLER, "Resources.Sync.Properties.CodeUri": "../src/"},
            [("lambda.sam", "start", "src/sync.py")],
        ),
        (
            "template.yaml",
            {"Globals.Function.Handler": "app.main.run"},
            [("lambda.sam", "run", "app/main.py")],
        ),
        (
            "timer/function.json",
            {"scriptFile": "__init__.py"},
            [("azure.v1", "main", "timer/__init__.py")],
        ),
        (
            "openapi.yaml",
            {"paths./orders.get.operationId": "shop.orders.all"},
            [("connexion", "all", "shop/orders.py")],
        ),
        (
            "openapi.yaml",
            {
                "paths./orders.get.operationId": "all",
                "paths./orders.get.x-openapi-router-controller": "shop.orders",
            },
            [("connexion", "all", "shop/orders.py")],
        ),
    ],
)
def test_named_handlers(
    path: str, values: dict[str, str | int], expected: list[tuple[str, str, str]]
) -> None:
    assert handlers(path, **values) == expected


def test_the_label_has_the_name_in_the_document() -> None:
    text = document("openapi.yaml", **{"paths./orders.get.operationId": "shop.orders.all"})
    assert [h.label for h in named_handlers([text], ENTRIES)] == ["operation all"]
