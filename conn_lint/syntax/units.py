"""Parses the text of one unit with LibCST."""

from __future__ import annotations

import libcst as cst

from conn_lint.syntax.slices import slice_unit

__all__ = ["UnitError", "parse_unit", "slice_unit"]

_HOLDER = "if 1:\n"


class UnitError(Exception):
    """A unit cannot be parsed: `message` says why, `line` where, counted in the unit from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def parse_unit(unit_text: str) -> tuple[cst.Module, int]:
    """Parse a unit's text, and tell how many lines were put in front of it (an `if` to hold it).

    Raises UnitError where LibCST finds an error of syntax.
    """
    extra = 1 if unit_text[:1] in {" ", "\t", "\f"} else 0
    try:
        return cst.parse_module(_HOLDER + unit_text if extra else unit_text), extra
    except cst.ParserSyntaxError as error:
        raise UnitError(_short(error), max(1, error.raw_line - extra)) from error


def _short(error: cst.ParserSyntaxError) -> str:
    return str(error.message)
