#!/usr/bin/env python3
"""Runs tests/live and puts the table of what they measured into README.md, between its two comments."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PLACE = re.compile(
    r"(<!-- measured by scripts/prove_live.py -->\n).*?(<!-- end of what was measured -->)",
    re.DOTALL,
)


def measured() -> str:
    """The table of a run in which everything passed and nothing was skipped."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "table.md"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "tests/live"],
            cwd=ROOT,
            env={**os.environ, "CONN_LINT_LIVE_TABLE": str(target)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        sys.stderr.write(done.stdout + done.stderr)
        if done.returncode != 0 or "SKIPPED" in done.stdout:
            sys.exit("README.md is left as it was: not everything ran and passed.")
        return target.read_text(encoding="utf-8")


def main() -> None:
    text = README.read_text(encoding="utf-8")
    if not PLACE.search(text):
        sys.exit("README.md has no place for the table.")
    table = measured()
    written = PLACE.sub(lambda match: match[1] + table + match[2], text)
    README.write_text(written, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
