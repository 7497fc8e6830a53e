"""Finds import statements in scanned code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conn_lint.model.flow import Import
from conn_lint.syntax.heads import BLANK, NAME, WORD_END, normal_name
from conn_lint.syntax.lines import Lines

# In valid code these two words stand at the start of a line, or behind `;` or the `:` of a
# compound statement, only in imports.
_IMPORT = re.compile(rf"(?:^|[;:]){BLANK}*(import|from){WORD_END}([^;]*)")
_PART = re.compile(rf"{NAME}|[.,*]")


def find_imports(code: str, lines: Lines) -> tuple[Import, ...]:
    """All imported names, wherever they are imported, in order; `line` is the statement's."""
    found: list[Import] = []
    at = code.find("import")
    while at >= 0:
        start = code.rfind("\n", 0, at) + 1
        end = code.find("\n", at)
        end = len(code) if end < 0 else end
        for match in _IMPORT.finditer(code[start:end]):
            line = lines.line(start + match.start(1))
            parts = [normal_name(part) for part in _PART.findall(match[2])]
            found.extend(_plain(parts, line) if match[1] == "import" else _from(parts, line))
        at = code.find("import", end)
    return tuple(found)


def _plain(parts: list[str], line: int) -> Iterator[Import]:
    for item in _items(parts):
        name, alias = _alias(item)
        dotted = "".join(name)
        if dotted:
            yield Import(dotted, None, alias or name[0], 0, line, bool(alias))


def _from(parts: list[str], line: int) -> Iterator[Import]:
    level = next((i for i, part in enumerate(parts) if part != "."), len(parts))
    if "import" not in parts:
        return
    middle = parts.index("import")
    module = "".join(parts[level:middle])
    for item in _items(parts[middle + 1 :]):
        name, alias = _alias(item)
        if name:
            yield Import(module, name[0], alias or name[0], level, line)


def _items(parts: list[str]) -> Iterator[list[str]]:
    item: list[str] = []
    for part in parts:
        if part == ",":
            yield item
            item = []
        else:
            item.append(part)
    yield item


def _alias(item: list[str]) -> tuple[list[str], str]:
    if "as" not in item:
        return item, ""
    middle = item.index("as")
    return item[:middle], "".join(item[middle + 1 :])
