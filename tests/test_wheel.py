"""What a wheel has in another form than the source."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from conn_lint.knowledge import load

ROOT = Path(__file__).parent.parent


def test_a_wheel_knows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    built = json.dumps(hook.tables(ROOT / "conn_lint" / "knowledge" / "data")).encode()
    read = load.load_builtin()
    monkeypatch.setattr(load, "_files", lambda: (("built.json", built),))
    assert load.load_builtin.__wrapped__() == read
