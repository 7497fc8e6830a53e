#!/usr/bin/env python3
"""Counts which of the defects that fixtures/ marks each linter reports, on the same line.

    benchmarks/found.py --bin FOLDER     # FOLDER has pylint, ruff, flake8 with flake8-async, pythaw

Of each tool those rules run that have to do with opening and closing, or waiting. The fixtures were written for
conn-lint: the table says what kinds of defects a tool looks at, not how good it is at what it is made for. Written to
benchmarks/found.md and to README.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from expectations import read_expectations  # noqa: E402

from conn_lint.rules import ALL_RULES  # noqa: E402

_BEGIN, _END = "<!-- found by benchmarks/found.py -->\n", "<!-- end of what was found -->\n"
_PLACE = re.compile(r"(?P<path>[\w./-]+\.py):(?P<line>\d+):")


class Tool(NamedTuple):
    """A linter, with the rules that concern connections; `{bin}` is where it is installed."""

    name: str
    command: tuple[str, ...]


_OWN = "check --isolated --no-cache --show-notes --format concise ."
_PYLINT = "--disable=all --enable=consider-using-with --recursive=y --score=n ."
_RUFF = "check --isolated --preview --select SIM115,ASYNC --output-format concise --no-cache ."
TOOLS = (
    Tool("conn-lint", (sys.executable, "-m", "conn_lint", *_OWN.split())),
    Tool("pylint (R1732)", ("{bin}/pylint", *_PYLINT.split())),
    Tool("ruff (SIM115, ASYNC)", ("{bin}/ruff", *_RUFF.split())),
    Tool("flake8-async", ("{bin}/flake8", "--isolated", "--select", "ASYNC", ".")),
    Tool("pythaw", ("{bin}/pythaw", "check", "--format", "concise", ".")),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--bin", type=Path, required=True, help="where the other linters are")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "fixtures"
        for part in ("rules", "projects"):
            shutil.copytree(ROOT / "fixtures" / part, folder / part, ignore=_ignored)
        marked = set(_marked(folder))
        rows = {tool.name: reported(tool, options.bin, folder) for tool in TOOLS}
    text = table(marked, rows)
    (HERE / "found.md").write_text(text, encoding="utf-8", newline="\n")
    readme = ROOT / "README.md"
    page = readme.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    readme.write_text(before + _BEGIN + text + _END + after, encoding="utf-8", newline="\n")
    print(text)
    return 0


def _ignored(_: str, names: list[str]) -> list[str]:
    """What is no code of the fixtures, and what would silence a tool."""
    return [name for name in names if name in {"__pycache__", ".conn_lint_cache", "pyproject.toml"}]


def _marked(folder: Path) -> Iterator[tuple[tuple[str, int], str]]:
    """The marked defects: file and line, and the rule."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        try:
            for expected in read_expectations(path, name):
                if expected.found and not expected.rule.startswith(("cannot", "unused")):
                    yield (name, expected.line), expected.rule
        except (SyntaxError, UnicodeDecodeError):  # written to be unreadable
            continue


def reported(tool: Tool, binaries: Path, folder: Path) -> set[tuple[str, int]]:
    """The lines on which a tool reports anything."""
    command = [word.format(bin=binaries) for word in tool.command]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", env=_environment(), check=False
    )
    if done.returncode < 0 or not (done.stdout or done.returncode in {0, 1}):
        raise RuntimeError(f"{tool.name}: {done.stderr[-2000:]}")
    places = _PLACE.finditer(done.stdout)
    return {(match["path"].removeprefix("./"), int(match["line"])) for match in places}


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "NO_COLOR": "1",
        "HOME": tempfile.gettempdir(),
    }


def table(marked: set[tuple[tuple[str, int], str]], rows: dict[str, set[tuple[str, int]]]) -> str:
    """A row for each rule: how many defects are marked, and on the lines of how many a tool reports something."""
    names = list(rows)
    codes = {rule.name: rule.code for rule in ALL_RULES}
    lines = [
        f"| Defect | Marked | {' | '.join(names)} |",
        f"| --- | ---: | {' | '.join('---:' for _ in names)} |",
    ]
    totals = dict.fromkeys(names, 0)
    for rule in sorted({rule for _, rule in marked}, key=codes.__getitem__):
        places = {place for place, name in marked if name == rule}
        found = {name: len(places & rows[name]) for name in names}
        totals = {name: totals[name] + found[name] for name in names}
        cells = " | ".join(str(found[name]) for name in names)
        lines.append(f"| {codes[rule]} {rule} | {len(places)} | {cells} |")
    lines.append(f"| all | {len(marked)} | {' | '.join(str(totals[name]) for name in names)} |")
    everywhere = {place for place, _ in marked}
    others = [str(len(rows[name] - everywhere)) for name in names]
    lines.append(f"| other lines reported | | {' | '.join(others)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
