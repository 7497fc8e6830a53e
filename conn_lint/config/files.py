"""Reads configuration files, and those that they extend."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from conn_lint.config.options import ConfigError, Options, parse_options
from conn_lint.engine.markers import PYPROJECT
from conn_lint.knowledge.load import parse_user
from conn_lint.knowledge.schema import KnowledgeError
from conn_lint.model.resource import Family

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

TABLE = "[tool.conn-lint]"


class Layer(msgspec.Struct, frozen=True):
    """What one file and those it extends say. Paths in `options` are absolute."""

    options: Options = Options()
    knowledge: Family = Family()


def read_layer(path: Path, shown: str, seen: tuple[Path, ...] = ()) -> Layer:
    """The settings of a file; `shown` names it in messages.

    A file that extends another wins over it. Raises ConfigError.
    """
    table, where = _read_table(path, shown)
    options = absolute(parse_options(table, where), path.parent)
    try:
        knowledge = parse_user(table, where)
    except KnowledgeError as error:
        raise ConfigError(str(error)) from error
    if options.extend is None:
        return Layer(options, knowledge)
    base_path = Path(options.extend)
    if base_path == path or base_path in seen:
        raise ConfigError(f"{where}: extend: {base_path.name} extends itself")
    if not base_path.is_file():
        raise ConfigError(f"{where}: extend: there is no file {options.extend}")
    base = read_layer(base_path, str(base_path), (*seen, path))
    return Layer(options.over(base.options), _join(base.knowledge, knowledge))


def _read_table(path: Path, shown: str) -> tuple[Mapping[str, Any], str]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown}: not valid TOML: {error}") from error
    tool = document.get("tool")
    nested = tool.get("conn-lint") if isinstance(tool, dict) else None
    if nested is None and path.name == PYPROJECT:
        return {}, shown
    if nested is None:
        return document, shown
    if not isinstance(nested, dict):
        raise ConfigError(f"{shown}: {TABLE} must be a table")
    return nested, f"{shown}: {TABLE}"


def absolute(options: Options, folder: Path) -> Options:
    """Paths count from the folder of the file that names them."""

    def resolve(name: str) -> str:
        return str((folder / name.replace("\\", "/")).resolve())

    return msgspec.structs.replace(
        options,
        src=None if options.src is None else [resolve(name) for name in options.src],
        cache_dir=None if options.cache_dir is None else resolve(options.cache_dir),
        extend=None if options.extend is None else resolve(options.extend),
        baseline=None if options.baseline is None else resolve(options.baseline),
    )


def _join(base: Family, own: Family) -> Family:
    fields = Family.__struct_fields__
    return Family(**{name: getattr(base, name) + getattr(own, name) for name in fields})
