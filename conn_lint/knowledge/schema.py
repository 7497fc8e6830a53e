"""Reads a parsed TOML table into the records of `model.resource`, or says what is wrong with it."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn

import msgspec

from conn_lint.model.resource import Family

_PATH = re.compile(r" - at `(?P<path>[^`]*)`$")
_STEP = re.compile(r"\[(?P<index>\d+)\]|\.(?P<key>[^.\[]+)|\[\.\.\.\]")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<field>[^`]*)`")
_UNKNOWN_VALUE = re.compile(r"Invalid enum value '?(?P<value>[^']*)'?")


class KnowledgeError(ValueError):
    """A table of the knowledge base, or one of the user's, that does not follow the schema."""


def decode_family(table: Mapping[str, Any], where: str) -> Family:
    """The records of one TOML file; `where` names it in a KnowledgeError."""
    try:
        return msgspec.convert(table, Family)
    except msgspec.ValidationError as error:
        _explain(str(error), table, where)


def _explain(message: str, table: Mapping[str, Any], where: str) -> NoReturn:
    """Say the file, the record and its name, the key, and the nearest allowed word."""
    path = _PATH.search(message)
    text = _PATH.sub("", message)
    steps = _steps(path["path"] if path else "$")
    place, allowed = _follow(steps, table)
    if unknown := _UNKNOWN_FIELD.search(text):
        text = f"unknown key {unknown['field']!r}{_nearest(unknown['field'], allowed)}"
    elif unknown := _UNKNOWN_VALUE.search(text):
        value = unknown["value"]
        text = f"{place.pop()} cannot be {value!r}{_nearest(value, allowed)}"
    elif "missing required field" in text:
        text = text.replace("Object missing required field", "missing key").replace("`", "'")
    else:
        text = text.replace("`", "'")
        text = text[:1].lower() + text[1:]
    raise KnowledgeError(": ".join([where, *place, text]))


def _steps(path: str) -> list[str | int]:
    return [
        int(step["index"]) if step["index"] else step["key"]
        for step in _STEP.finditer(path)
        if step["index"] or step["key"]
    ]


def _follow(steps: Sequence[str | int], table: Any) -> tuple[list[str], list[str]]:
    """Words for each part of the path, and the keys or values that are allowed at its end."""
    place: list[str] = []
    kind: Any = Family
    value = table
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
            kind = _item_type(kind)
            place[-1] += f" {step + 1}"
            name = _name_of(value)
            if name:
                place[-1] += f" ({name})"
        else:
            value = value.get(step) if isinstance(value, dict) else None
            kind = _field_types(kind).get(step, Any)
            place.append(f"[[{step}]]" if not place else step)
    return place, _allowed(kind)


def _name_of(value: Any) -> str:
    """What a record calls itself, for a message."""
    if isinstance(value, dict):
        for key in ("name", "id", "type", "group", "package", "object", "role", "framework"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return ""


def _item_type(kind: Any) -> Any:
    arguments = typing.get_args(kind)
    return arguments[0] if arguments else Any


def _field_types(kind: Any) -> dict[str, Any]:
    """The fields of a record by the names they have in TOML."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    hints = typing.get_type_hints(kind)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(kind)}


def _allowed(kind: Any) -> list[str]:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        return [word for part in typing.get_args(kind) for word in _allowed(part)]
    if typing.get_origin(kind) is Literal:
        return [str(value) for value in typing.get_args(kind)]
    return list(_field_types(kind))


def _nearest(word: str, allowed: Sequence[str]) -> str:
    """A suggestion where a word is near enough, else all that is allowed."""
    near = difflib.get_close_matches(word, allowed, n=1)
    if near:
        return f", did you mean {near[0]!r}?"
    words = ", ".join(repr(item) for item in allowed if item)
    return f", allowed are {words}" if words else ""
