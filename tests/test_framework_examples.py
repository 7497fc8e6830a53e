"""Each record on frameworks recognises its own example, however it is imported, and nothing that only looks like it."""

from __future__ import annotations

import pytest
from framework_examples import STYLES, program, recognise

from conn_lint.knowledge.load import load_builtin
from conn_lint.model.framework import EntryPoint, Hook, NotEntry

FAMILIES = load_builtin()
ENTRIES = [record for family in FAMILIES for record in family.entry]
HOOKS = [record for family in FAMILIES for record in family.hook]
NOT_ENTRIES = [r for f in FAMILIES for r in f.not_entry if r.match != "call"]


def ids(record: EntryPoint | Hook | NotEntry) -> str:
    return record.id


@pytest.mark.parametrize("record", [*ENTRIES, *HOOKS, *NOT_ENTRIES], ids=ids)
def test_the_example_is_recognised(record: EntryPoint | Hook | NotEntry) -> None:
    for style in STYLES:
        files = program(record.example, style)
        found = recognise(files)
        assert len(found.marked) == 1, files
        assert record.id in found.recognised.get(found.marked[0], ()), (files, found.recognised)
        everywhere = [p for p, names in found.recognised.items() if record.id in names]
        if not record.by_text:  # then the call that names it is recognised too
            assert everywhere == list(found.marked), (files, found.recognised)


@pytest.mark.parametrize("record", [*ENTRIES, *HOOKS], ids=ids)
def test_the_same_of_another_library_is_not(record: EntryPoint | Hook) -> None:
    own = getattr(record, "lookalike", "")
    for style in STYLES:
        files = program(own, style) if own else program(record.example, style, "other")
        assert record.id not in recognise(files).ids(), files
