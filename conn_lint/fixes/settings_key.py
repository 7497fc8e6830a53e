"""Renders set-key: an entry in a table of settings is given a key, or another value for one."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes.keywords import in_dict
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit, FixPlan


def set_key(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """The detail `set` is `key=value`, `entry` the key of the entry; raises RenderError.

    The plan's span is that of the assignment, of a table of entries (`TABLE = {"entry": {...}}`) or of the entry alone
    (`TABLE["entry"] = {...}`).
    """
    table, is_entry = _assigned(plan, parsed)
    key, _, text = plan.detail("set").partition("=")
    if is_entry:
        return (in_dict(parsed, table, (key,), text),)
    for element in table.elements:
        if _name(element) == plan.detail("entry") and isinstance(element.value, cst.Dict):
            return (in_dict(parsed, element.value, (key,), text),)
    raise RenderError("the entry is no dict that stands there")


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
