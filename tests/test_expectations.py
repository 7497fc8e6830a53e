from __future__ import annotations

from pathlib import Path

import pytest
from expectations import Expected, read_expectations


def read(tmp_path: Path, text: str) -> list[Expected]:
    path = tmp_path / "a.py"
    path.write_text(text)
    return list(read_expectations(path, "a.py"))


def test_marks(tmp_path: Path) -> None:
    text = (
        "x = 1  # expect: never-released, not-released-on-error\n"
        "y = '# expect: never-released'\n"
        "z = 1  # known-miss: never-released a reason\n"
        "w = 1  # known-false-alarm: never-released because\n"
        "v = 1  # expect: with-does-not-close  # via: b.py:1, c.py:2\n"
    )
    assert read(tmp_path, text) == [
        Expected("a.py", 1, "never-released", True, None),
        Expected("a.py", 1, "not-released-on-error", True, None),
        Expected("a.py", 3, "never-released", False, None),
        Expected("a.py", 4, "never-released", True, None),
        Expected("a.py", 5, "with-does-not-close", True, ("b.py:1", "c.py:2")),
    ]


def test_a_known_error_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a rule and a reason"):
        read(tmp_path, "x = 1  # known-miss: never-released\n")
