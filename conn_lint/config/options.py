"""The options as they are written in a file or given as flags: validated, not yet resolved."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from conn_lint.model.deployment import Stated, StatedProcess, StatedServer
from conn_lint.model.resource import Family

SeverityWord: TypeAlias = Literal["note", "warning", "error"]
KindWord: TypeAlias = Literal["auto", "service", "script", "library"]
Strings: TypeAlias = list[str]


class ConfigError(Exception):
    """Something in a configuration or a flag is wrong; the text is for the user."""


class Options(msgspec.Struct, frozen=True, rename="kebab"):
    """What one source of settings says; None where it says nothing."""

    select: Strings | None = None
    extend_select: Strings | None = None
    ignore: Strings | None = None
    per_file_ignores: dict[str, Strings] | None = None
    exclude: Strings | None = None
    extend_exclude: Strings | None = None
    src: Strings | None = None
    include_tests: bool | None = None
    respect_gitignore: bool | None = None
    kind: KindWord | dict[str, KindWord] | None = None
    severity: dict[str, SeverityWord] | None = None
    fail_on: SeverityWord | None = None
    show_notes: bool | None = None
    max_pool_size: int | None = None
    strict: bool | None = None
    deployment: Stated | None = None
    versions: dict[str, str] | None = None
    entry_points: Strings | None = None
    singletons: Strings | None = None
    jobs: int | Literal["auto"] | None = None
    cache_dir: str | None = None
    extend: str | None = None
    required_version: str | None = None
    baseline: str | None = None
    baseline_reach: bool | None = None

    def over(self, base: Options) -> Options:
        """These options, with those of `base` where they say nothing.

        What extends a list is added up, and tables are merged key by key.
        """
        merged = {}
        for name in Options.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(base, name)
            if mine is None or theirs is None:
                merged[name] = theirs if mine is None else mine
            elif name.startswith("extend_"):
                merged[name] = [*theirs, *mine]
            elif isinstance(mine, dict) and isinstance(theirs, dict):
                merged[name] = {**theirs, **mine}
            else:
                merged[name] = mine
        return Options(**merged)


FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Options)}
KNOWLEDGE_TABLES = tuple(field.encode_name for field in msgspec.structs.fields(Family))
_WORDS = {
    "fail-on": ("note", "warning", "error"),
    "severity": ("note", "warning", "error"),
    "kind": ("auto", "service", "script", "library"),
    "jobs": ("auto",),
}
_AT_LEAST = {"max-pool-size": 1, "jobs": 0}


def parse_options(table: Mapping[str, Any], where: str) -> Options:
    """The options of a table; the tables of the knowledge base in it are left to that.

    Raises ConfigError, which names the place, the key and the nearest allowed word.
    """
    values = {}
    for key, value in table.items():
        if key in KNOWLEDGE_TABLES:
            continue
        if key not in FIELDS:
            raise ConfigError(f"{where}: unknown key {key!r}{nearest(key, _all_keys())}")
        values[FIELDS[key].name] = _convert(key, value, where)
    return Options(**values)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A suggestion to append to a message: the nearest allowed word, else all of them."""
    words = sorted(set(allowed))
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.5)
    if near:
        return f", did you mean {near[0]!r}?"
    return f"; allowed: {', '.join(words)}"


def _all_keys() -> list[str]:
    return [*FIELDS, *KNOWLEDGE_TABLES]


def _convert(key: str, value: Any, where: str) -> Any:
    words = _WORDS.get(key)
    if words is not None:
        _check_words(key, value, words, where)
    if key == "deployment":
        _check_deployment(value, where)
    if key == "per-file-ignores" and isinstance(value, dict):
        value = {k: [v] if isinstance(v, str) else v for k, v in value.items()}
    field_type: Any = FIELDS[key].type
    try:
        converted = msgspec.convert(value, field_type)
    except msgspec.ValidationError as error:
        text = str(error).replace(" | null", "").replace("`", "'")
        raise ConfigError(f"{where}: {key}: {text[:1].lower()}{text[1:]}") from error
    least = _AT_LEAST.get(key)
    if least is not None and isinstance(converted, int) and converted < least:
        raise ConfigError(f"{where}: {key}: must be at least {least}, not {converted}")
    return converted


def _check_words(key: str, value: object, words: Iterable[str], where: str) -> None:
    given = value.items() if isinstance(value, dict) else [("", value)]
    for name, word in given:
        if isinstance(word, str) and word not in words:
            place = f"{key}.{name}" if name else key
            raise ConfigError(f"{where}: {place}: {word!r} is not allowed{nearest(word, words)}")


_ZERO_IS_GOOD = frozenset(("reserve",))
_MOST_STATED = 1_000_000


def _check_deployment(value: object, where: str) -> None:
    """Keys and numbers of the table, and of those in it, before it is read as a whole."""
    if not isinstance(value, dict):
        return
    _check_keys(value, Stated, f"{where}: deployment")
    tables: tuple[tuple[str, type[msgspec.Struct]], ...]
    tables = (("server", StatedServer), ("process", StatedProcess))
    for name, kind in tables:
        inner = value.get(name)
        names: set[object] = set()
        for number, table in enumerate(inner if isinstance(inner, list) else (), 1):
            if not isinstance(table, dict):
                continue
            place = f"{where}: deployment.{name} {number}"
            _check_keys(table, kind, place)
            own = table.get("name")
            if own in names:
                raise ConfigError(f"{place}: there is a {name} {own!r} already")
            names.add(own)


def _check_keys(table: Mapping[str, Any], kind: type[msgspec.Struct], place: str) -> None:
    allowed = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key, value in table.items():
        if key not in allowed:
            raise ConfigError(f"{place}: unknown key {key!r}{nearest(key, allowed)}")
        least = 0 if key in _ZERO_IS_GOOD else 1
        if isinstance(value, int) and value > _MOST_STATED:
            raise ConfigError(f"{place}: {key}: must be at most {_MOST_STATED}")
        if isinstance(value, int) and not isinstance(value, bool) and value < least:
            raise ConfigError(f"{place}: {key}: must be at least {least}, not {value}")


Value = TypeVar("Value")


def first(value: Value | None, default: Value) -> Value:
    """The value, or the default where nothing is said."""
    return default if value is None else value
