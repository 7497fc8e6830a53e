"""The plugin for flake8: a thin reader of our own engine. Selection and noqa are flake8's own."""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from flake8 import utils  # type: ignore[import-untyped, unused-ignore]
from flake8.options.manager import (  # type: ignore[import-untyped, unused-ignore]
    OptionManager,
)

from conn_lint import __version__
from conn_lint.config.hosted import Rows, analyse_once
from conn_lint.config.projects import Job
from conn_lint.engine.select import FAMILY, off_by_default
from conn_lint.model.finding import Finding, Severity


class Plugin:
    """What flake8 makes for each file; `rows` are the findings of the whole run."""

    name = "conn-lint"
    version = __version__
    rows: ClassVar[Rows] = Rows()

    def __init__(self, tree: ast.AST, filename: str) -> None:
        self._path = os.path.realpath(filename)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The findings on the file."""
        for problem in self.rows.problems:
            yield 1, 0, f"CNX900 {problem}", type(self)
        for line, column, text in self.rows.by_path.get(self._path, ()):
            yield line, column, text, type(self)

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Tell flake8 of our options, and which rules are off unless they are selected."""
        manager.add_option(
            "--conn-lint-config",
            metavar="FILE",
            parse_from_config=True,
            normalize_paths=True,
            help="The configuration of conn-lint, in place of the nearest one.",
        )
        manager.add_option(
            "--conn-lint-isolated-files",
            action="store_true",
            parse_from_config=True,
            help="Look at each file by itself, not at the project it lies in.",
        )
        manager.extend_default_ignore(list(off_by_default()))

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Analyse the projects of all files that flake8 was given."""
        selected = [*(options.select or ()), *(options.extend_select or ())]
        cls.rows = Rows()
        if options.select and not any(
            c.startswith(FAMILY) or FAMILY.startswith(c) for c in selected
        ):
            return

        def is_wanted(finding: Finding) -> bool:
            """Notes only where a code, not the whole family, was asked for."""
            asked = any(len(c) > len(FAMILY) and finding.code.startswith(c) for c in selected)
            return asked or finding.severity is not Severity.NOTE

        config = options.conn_lint_config
        try:
            cls.rows = analyse_once(_job(options), Path(config) if config else None, is_wanted)
        except Exception as error:  # noqa: BLE001 - whatever it is, flake8's run must go on
            what = " ".join(f"{type(error).__name__}: {error}".split())
            cls.rows = Rows(problems=(f"internal error of conn-lint ({what}); please report it",))


def _job(options: argparse.Namespace) -> Job:
    given = options.filenames or ["."]
    overrides = {}
    if "-" in given:
        place = Path(options.stdin_display_name or "stdin").resolve()
        overrides[place] = utils.stdin_get_value().encode()
    return Job(
        paths=tuple(path for path in given if path != "-"),
        overrides=overrides,
        isolated_files=options.conn_lint_isolated_files,
        host_decides=True,
    )
