"""Renders set-key: entries in a table of settings are given keys, or other values for those they have."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes.keywords import keys_in_dict
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit, FixPlan


def set_key(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """The detail `set` has a `key=value` on each line (with dots into dicts), `entry` the keys of the entries; raises
    RenderError.

    The plan's span is that of the assignment, of a table of entries (`TABLE = {"entry": {...}}`) or of the entry alone
    (`TABLE["entry"] = {...}`).
    """
    table, is_entry = _assigned(plan, parsed)
    changes = []
    for line in plan.detail("set").splitlines():
        path, _, text = line.partition("=")
        changes.append((tuple(path.split(".")), text))
    if is_entry:
        return keys_in_dict(parsed, table, changes)
    edits: list[Edit] = []
    for entry in plan.detail("entry").splitlines():
        found = [e.value for e in table.elements if _name(e) == entry]
        if len(found) != 1 or not isinstance(found[0], cst.Dict):
            raise RenderError("the entry is no dict that stands there")
        edits += keys_in_dict(parsed, found[0], changes)
    return tuple(edits)


def _assigned(plan: FixPlan, parsed: Parsed) -> tuple[cst.Dict, bool]:
    """The dict that is assigned there, and whether it is one entry."""
    line = plan.spans[0].span.line
    for node in parsed.module.body:
        if isinstance(node, cst.SimpleStatementLine) and parsed.span(node).line == line:
            for part in node.body:
                if isinstance(part, cst.Assign) and isinstance(part.value, cst.Dict):
                    return part.value, isinstance(part.targets[0].target, cst.Subscript)
    raise RenderError("what is assigned there is no dict")


def _name(element: cst.BaseDictElement) -> str:
    key = element.key if isinstance(element, cst.DictElement) else None
    return str(key.evaluated_value) if isinstance(key, cst.SimpleString) else ""
