"""The page on old code: the entry of a baseline that it shows is one. What else it shows is run by test_doc_blocks."""

from __future__ import annotations

import shutil
from pathlib import Path

from doc_blocks import ROOT, blocks
from projects import command

from conn_lint.engine.baseline import parse_baseline

PAGE = "docs/adopting.md"


def test_the_entry_is_one_of_the_example(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".conn_lint_cache")
    example = shutil.copytree(ROOT / "docs/example", tmp_path / "example", ignore=ignored)
    first = blocks("bash", page=PAGE)[0].text
    assert command(*first.split()[1:], cwd=example).returncode == 0
    (block,) = blocks("text", page=PAGE)
    (entry,) = parse_baseline(block.text)
    written = parse_baseline((example / "known.txt").read_text(encoding="utf-8"))
    assert (entry.path, entry.code, entry.function, entry.resource, entry.content) in {
        (e.path, e.code, e.function, e.resource, e.content) for e in written
    }
