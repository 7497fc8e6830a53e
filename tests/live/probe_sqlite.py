"""Runs a script, and says what it opened with sqlite3: `probe_sqlite.py SCRIPT ARGUMENTS`, in Python's audit log.

The last line of its output is a table in JSON: how many connections were opened, and how many databases were
open at the most, by the process's own file descriptors.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

DESCRIPTORS = Path("/proc/self/fd")
opened = {"connections": 0, "most": 0}


def listen(event: str, _arguments: tuple[object, ...]) -> None:
    if event == "sqlite3.connect":
        opened["connections"] += 1
    if event.startswith("sqlite3.connect"):  # before it is opened, and when it is
        opened["most"] = max(opened["most"], databases())


def databases() -> int:
    return sum(os.path.realpath(descriptor).endswith(".db") for descriptor in DESCRIPTORS.iterdir())


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.addaudithook(listen)
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.stdout.write(json.dumps(opened) + "\n")
