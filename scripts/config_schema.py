"""The JSON Schema of `[tool.conn-lint]`, and the table of its keys, from the structures that read it."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import msgspec

from conn_lint.config.options import KNOWLEDGE_TABLES, Options
from conn_lint.model.resource import Family

_ID = "https://raw.githubusercontent.com/conn-lint/conn-lint/main/docs/conn-lint.schema.json"
_REFERENCE = "#/definitions/{name}"
_ROW = re.compile(r"^\| `(?P<key>[^`|]+)` \|(?P<default>[^|]*)\| (?P<meaning>.*) \|$", re.MULTILINE)


def settings_table(readme: str) -> str:
    """The README's table of keys: what a person reads there is what the schema says."""
    start = readme.index("| Key | Default | Meaning |")
    return readme[start : readme.index("\n\n", start)] + "\n"


def schema(readme: str) -> str:
    """The schema, in the form that SchemaStore takes (draft 7)."""
    (own, tables), definitions = msgspec.json.schema_components(
        (Options, Family), ref_template=_REFERENCE
    )
    options = definitions.pop(_name(own))
    families = definitions.pop(_name(tables))
    described = {row["key"]: row for row in _ROW.finditer(settings_table(readme))}
    properties = {}
    for key, value in options["properties"].items():
        row = described.get(key)
        properties[key] = _without_null(value)
        if row is not None:
            properties[key] |= _said(_plain(row["meaning"]), row["default"].strip().strip("`"))
            if "$ref" in properties[key]:  # beside a reference, draft 7 reads nothing
                properties[key]["allOf"] = [{"$ref": properties[key].pop("$ref")}]
    for key in KNOWLEDGE_TABLES:
        properties[key] = _without_null(families["properties"][key])
        properties[key]["description"] = (
            f"Facts of your own for the knowledge base: [[tool.conn-lint.{key}]]."
        )
    found = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": _ID,
        "title": "conn-lint",
        "description": "The table [tool.conn-lint] of a pyproject.toml, or the whole of a conn-lint.toml.",
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "additionalProperties": False,
        "definitions": _draft_7(definitions),
    }
    return json.dumps(_draft_7(found), indent=2, ensure_ascii=False) + "\n"


def _said(meaning: str, default: str) -> dict[str, Any]:
    found: dict[str, Any] = {"description": meaning}
    with contextlib.suppress(ValueError):  # some are told in words
        found["default"] = json.loads(default)
    return found


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _without_null(value: dict[str, Any]) -> dict[str, Any]:
    """What is left out says nothing; TOML has no null."""
    found = {key: item for key, item in value.items() if not (key == "default" and item is None)}
    kinds = [kind for kind in found.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**kinds[0], **found}
    return {"anyOf": kinds, **found} if kinds else found


def _draft_7(value: Any) -> Any:
    """Draft 7 writes tuples otherwise, and nothing may be null anywhere."""
    if isinstance(value, list):
        return [_draft_7(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _draft_7(item) for key, item in value.items()}
    if "prefixItems" in found:
        rest = found.pop("items", False)
        found["items"] = found.pop("prefixItems")
        found["additionalItems"] = rest
    if isinstance(found.get("anyOf"), list):
        found = _without_null(found)
    return found


def _plain(text: str) -> str:
    """Markdown's code marks and links as text."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text).replace("`", "'").replace("\\|", "|")
