"""Takes out the imports that a file needs no more once its fixes are made."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from conn_lint.fixes.apply import apply_edits
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span
from conn_lint.syntax.source import SourceError
from conn_lint.syntax.units import UnitError


def without_unused(path: str, before: bytes, after: bytes) -> bytes:
    """The file as it is afterwards, without imports whose names were used before and are written nowhere now.

    A package's own file keeps them all: others may import them from there.
    """
    if path.endswith("__init__.py"):
        return after
    try:
        old, new = Parsed(path, before), Parsed(path, after)
    except (RenderError, SourceError, UnitError):
        return after
    was, now = _words(old), _words(new)
    edits = [
        edit
        for line, statement in _imports(new)
        if (names := _bound(statement) & was - now)
        and (edit := _without(new, line, statement, names)) is not None
    ]
    return apply_edits(after, edits) if edits else after


def _imports(
    parsed: Parsed,
) -> Iterator[tuple[cst.SimpleStatementLine, cst.Import | cst.ImportFrom]]:
    for item in parsed.module.body:
        match item:
            case cst.SimpleStatementLine(body=[(cst.Import() | cst.ImportFrom()) as statement]):
                yield item, statement
            case _:
                pass


def _words(parsed: Parsed) -> frozenset[str]:
    """All words of a file outside its imports, those in comments and strings too."""
    imported = {
        number
        for line, _ in _imports(parsed)
        for number in range(parsed.span(line).line, parsed.span(line).end_line + 1)
    }
    rest = (text for number, text in enumerate(parsed.lines, 1) if number not in imported)
    return frozenset(word for text in rest for word in re.findall(r"\w+", text))


def _bound(statement: cst.Import | cst.ImportFrom) -> set[str]:
    """The names that it binds; none for a submodule, whose import may be wanted for itself."""
    if isinstance(statement.names, cst.ImportStar):
        return set()
    return {
        name
        for alias in statement.names
        if "." not in (name := alias.evaluated_alias or alias.evaluated_name)
    }


def _without(
    parsed: Parsed,
    line: cst.SimpleStatementLine,
    statement: cst.Import | cst.ImportFrom,
    names: set[str],
) -> Edit | None:
    span = parsed.span(line)
    number = span.line
    if span.end_line != number or "#" in parsed.lines[number - 1]:
        return None
    assert not isinstance(statement.names, cst.ImportStar)
    kept = [
        parsed.text(alias).rstrip(", ")
        for alias in statement.names
        if (alias.evaluated_alias or alias.evaluated_name) not in names
    ]
    if kept:
        first, last = parsed.span(statement.names[0]), parsed.span(statement.names[-1])
        whole = Span(number, first.column, number, last.end_column)
        return Edit(parsed.path, whole, ", ".join(kept))
    apart = _is_blank(parsed, number + 1)
    end = number + 2 if apart and _begins_group(parsed, line) else number + 1
    return Edit(parsed.path, Span(number, 0, end, 0), "")


def _begins_group(parsed: Parsed, line: cst.SimpleStatementLine) -> bool:
    """No import stands right above it."""
    above = parsed.span(line).line - 1
    return not any(parsed.span(other).end_line == above for other, _ in _imports(parsed))


def _is_blank(parsed: Parsed, number: int) -> bool:
    return number <= len(parsed.lines) and not parsed.lines[number - 1].strip()
