"""Real packages, installed with the test environment in pinned versions: other people's code to run conn-lint on."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from projects import write

PACKAGES = ("dramatiq", "huey")

# They open few connections themselves, so that things they make more of are taken for connections too.
_MADE_UP = """\
[[resource]]
name = "made.up"
kind = "connection"
acquire = ["threading.Event", "threading.Lock", "threading.Thread", "collections.deque", "logging.getLogger",
  "argparse.ArgumentParser", "multiprocessing.Pipe", "collections.defaultdict", "re.compile", "pickle.dumps"]
release = ["close", "join", "append"]
evidence = { source = "made up", version = "1" }
"""


def copy_of(package: str, root: Path) -> Path:
    """The package as a project of its own; it is neither imported nor run."""
    found = find_spec(package)
    assert found is not None, f"{package} is missing: install conn-lint with its extra `dev`"
    assert found.origin is not None
    source = Path(found.origin).parent
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(source, root / "src" / package, ignore=ignored)
    return write(root, {"conn-lint.toml": _MADE_UP, "pyproject.toml": "[project]\nname = 'x'\n"})
