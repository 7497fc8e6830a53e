"""What the user chose, resolved: made by `config`, read by `engine` and below."""

from __future__ import annotations

import pathlib

import msgspec

from conn_lint.model.deployment import Stated
from conn_lint.model.finding import Severity
from conn_lint.model.resource import Family


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One project's settings. Paths are absolute; patterns are as in .gitignore, relative to `root`.

    `kind` maps path patterns to service, script or library ("auto" where nothing is said). `severity` maps rule
    codes. `knowledge` are the user's own resources. `source_roots` empty means: infer them.
    """

    root: pathlib.Path
    source_roots: tuple[pathlib.Path, ...] = ()
    select: tuple[str, ...] = ("CNX",)
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    include_tests: bool = False
    kind: tuple[tuple[str, str], ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    fail_on: Severity = Severity.WARNING
    show_notes: bool = False
    max_pool_size: int = 20
    strict: bool = False
    deployment: Stated | None = None
    knowledge: Family = Family()
    versions: tuple[tuple[str, str], ...] = ()
    jobs: int = 0
    cache_dir: pathlib.Path | None = None
    use_cache: bool = True
    noqa: bool = True
    baseline: pathlib.Path | None = None
    baseline_reach: bool = True
