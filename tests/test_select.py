from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conn_lint.engine import select
from conn_lint.engine.select import Selection
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.location import NOWHERE, Location
from conn_lint.model.settings import Settings


def finding(code: str, path: str = "a/b.py") -> Finding:
    return Finding(code, "x", "message", Location(path, NOWHERE), Severity.ERROR)


def keeps(code: str, path: str = "a/b.py", **options: object) -> bool:
    made = Settings(root=Path("/p"), **options)  # type: ignore[arg-type]
    return Selection(made).keeps(finding(code, path))


@pytest.mark.parametrize(
    ("code", "chosen", "ignored", "kept"),
    [
        ("CNX201", ("CNX",), (), True),
        ("CNX201", ("CNX3",), (), False),
        ("CNX201", ("CNX",), ("CNX2",), False),
        ("CNX201", ("CNX201",), ("CNX2",), True),
        ("CNX202", ("CNX201",), ("CNX2",), False),
        ("CNX201", ("CNX2",), ("CNX201",), False),
        ("CNX201", ("CNX201",), ("CNX201",), False),
        ("CNX201", ("never-released",), (), True),
        ("CNX201", ("cnx2",), ("never-released",), False),
        ("CNX201", ("ALL",), (), True),
        ("CNX201", ("ALL",), ("CNX",), False),
    ],
)
def test_the_longest_prefix_wins(
    code: str, chosen: tuple[str, ...], ignored: tuple[str, ...], kept: bool
) -> None:
    assert keeps(code, select=chosen, ignore=ignored) is kept


def test_extend_select_adds() -> None:
    assert keeps("CNX201", select=("CNX3",), extend_select=("CNX201",))


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, False),
        ({"select": ("CNX",)}, False),
        ({"select": ("CNX201",)}, True),
        ({"select": ("CNX2",)}, True),
        ({"extend_select": ("CNX201",)}, True),
        ({"select": ("ALL",)}, True),
    ],
)
def test_rules_off_by_default(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], kept: bool
) -> None:
    monkeypatch.setattr(select, "off_by_default", lambda: ("CNX201",))
    assert keeps("CNX201", **options) is kept


@pytest.mark.parametrize(
    ("pattern", "path", "kept"),
    [
        ("a/*", "a/b.py", False),
        ("a\\b.py", "a/b.py", False),
        ("b.py", "a/b.py", False),
        ("/b.py", "a/b.py", True),
        ("c/**", "a/b.py", True),
    ],
)
def test_per_file_ignores(pattern: str, path: str, kept: bool) -> None:
    assert keeps("CNX201", path, per_file_ignores=((pattern, ("CNX2",)),)) is kept
    assert keeps("CNX201", path, per_file_ignores=((pattern, ("CNX3",)),))
