"""What phase two is given: skeletons of all files, and a way to ask for summaries of units."""

from __future__ import annotations

from conn_lint.link.program import LoadUnits, SourceFile, UnitKey

__all__ = ["LoadUnits", "SourceFile", "UnitKey"]
