from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import libcst as cst
import pytest
from graph_checks import problems_of_unit

from conn_lint.flow.draw import draw_unit
from conn_lint.lower.unit import lower_module
from conn_lint.syntax.convert import convert

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "flow").glob("*.py"))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_graphs_of_fixture(path: Path, golden: Callable[[Path, str], None]) -> None:
    unit = lower_module(convert(cst.parse_module(path.read_text(encoding="utf-8"))))
    assert list(problems_of_unit(unit)) == []
    golden(path.with_suffix(".graph.txt"), draw_unit(unit))
