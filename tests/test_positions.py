"""Spans against those of LibCST's own provider."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from conn_lint.model.location import NOWHERE, Span
from conn_lint.syntax.positions import Positions

WANTED = (
    cst.BaseSmallStatement,
    cst.BaseCompoundStatement,
    cst.SimpleStatementLine,
    cst.BaseExpression,
    cst.WithItem,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.Finally,
    cst.Else,
    cst.Decorator,
    cst.Arg,
    cst.Param,
    cst.MatchCase,
)
STDLIB = Path(sysconfig.get_paths()["stdlib"])
CORPUS = ("ast.py", "contextlib.py", "dataclasses.py", "json/decoder.py", "asyncio/queues.py")
SOURCES = {
    "no newline at the end": "x = f(1)",
    "carriage returns": "if a:\r\n    b()\r\n\r\n# c\r\nelse:\r\n    d(\r\n        1)\r\n",
    "comments and blank lines": "# a\n\n@b  # c\n\n# d\ndef f():  # e\n    # g\n    h()\n    # i\n",
    "characters beyond one byte": 'x = "äöü€𝄞"; f(x)\n"""\n𝄞"""; g()\n',
    "semicolons and continuation": "a(); b(\n); c = d \\\n  + e\n",
    "parentheses": "x = (((a).b)(\n  c))\nwith (a as b,\n  c): pass\n",
    "imports": "from a import (b,\n  c)\nfrom d import e, f\nimport g.h as i\n",
    "tabs and form feeds": "if a:\n\tb()\n\x0c\nc()\n",
    "handlers": "try:\n    a\nexcept b as c:\n    d\nfinally:\n    e\n",
    "match": "match a:\n    case [b, *c] if d:\n        e\n",
}


def differences(source: str | bytes) -> list[str]:
    module = cst.parse_module(source)
    found = Positions(module)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    result = []
    for node, expected in wrapper.resolve(PositionProvider).items():
        if isinstance(node, WANTED):
            start, end = expected.start, expected.end
            span = Span(start.line, start.column, end.line, end.column)
            if found.span(node) != span:
                result.append(f"{type(node).__name__}: {found.span(node)} is not {span}")
            if found.line(node) != start.line:
                result.append(f"{type(node).__name__}: line {found.line(node)}")
    return result


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_spans_are_those_of_the_provider(source: str) -> None:
    assert differences(source) == []


@pytest.mark.parametrize("name", CORPUS)
def test_spans_in_the_standard_library(name: str) -> None:
    assert differences((STDLIB / name).read_bytes()) == []


def test_lines_above_the_unit_do_not_count() -> None:
    module = cst.parse_module("if 1:\n    def f():\n        g()\n")
    holder = module.body[0]
    assert isinstance(holder, cst.If)
    assert Positions(module, 1).span(holder.body.body[0]) == Span(1, 4, 2, 11)


def test_node_of_another_tree_is_nowhere() -> None:
    positions = Positions(cst.parse_module("x\n"))
    assert positions.span(cst.Name("x")) == NOWHERE
    assert positions.line(cst.Name("x")) == 1
