#!/usr/bin/env python3
"""Fixes everything in real packages, the unsafe fixes too, and checks what comes out.

Every file must parse, compile and keep its comments, a second run must change nothing, no other linter may have more
to say of the rules below, and where a package's own test suite can be run without a network, the same tests must pass
before and after. Packages are downloaded once, in the versions pinned here; `--tree` checks a copy of any other code.
What was checked is kept, and `--resume` goes on from there. The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from conn_lint.syntax.scan import scan  # noqa: E402 - of this checkout
from conn_lint.syntax.source import SourceError, decode  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Package:
    """A source distribution; `needs` are what its test suite wants, `tests` pytest's arguments ("" for no suite)."""

    version: str
    tests: str = ""
    needs: tuple[str, ...] = ()


PACKAGES = {
    "agate-sql": Package("0.7.3", "tests", ("agate-sql==0.7.3",)),
    "beets": Package("2.14.1"),
    "celery": Package("5.7.0"),
    "csvs-to-sqlite": Package("1.3.1", "tests", ("csvs-to-sqlite==1.3.1", "cogapp")),
    "huey": Package("3.5.4"),
    "pgcli": Package("4.7.1"),
    "persist-queue": Package("1.1.0"),
    "records": Package("0.6.0"),
    "rq": Package("3.0.0"),
    "sqlite-utils": Package("4.2.1", "tests", ("sqlite-utils==4.2.1", "hypothesis")),
    "sqlitedict": Package("2.1.0", "tests", ()),
    "warcprox": Package("2.13.1"),
}
OTHER_LINTERS = "SIM117,B019,PLW0603,F401,F841"
_CONFIG = "conn-lint.toml"
_SETTINGS = "include-tests = true\nrespect-gitignore = false\n"
_FIXED = re.compile(r"Fixed (\d+) in (\d+) files?\.")
_NO_CODE = shutil.ignore_patterns(".git", ".venv", "node_modules")


@dataclasses.dataclass
class Result:
    """What came of one package or tree."""

    fixes: int = 0
    files: int = 0
    taken_back: list[str] = dataclasses.field(default_factory=list)
    tests: str = ""
    wrong: list[str] = dataclasses.field(default_factory=list)


def check(name: str, before: Path, folder: Path) -> Result:
    """Fix a copy of one package or tree, and look at all that may be wrong with it."""
    after = folder / "after" / name
    shutil.rmtree(after, ignore_errors=True)
    shutil.copytree(before, after, symlinks=True, ignore=_NO_CODE)
    (after / _CONFIG).write_text(_SETTINGS)
    result = Result()
    done = _conn_lint("--fix-only", cwd=after)
    found = _FIXED.search(done.stderr)
    if found:
        result.fixes, result.files = int(found[1]), int(found[2])
    result.taken_back = [line for line in done.stderr.splitlines() if "was taken back" in line]
    if done.returncode:
        result.wrong.append(f"conn-lint failed: {done.stderr[-500:]}")
    changed = [path for path, old, new in _pairs(before, after) if old != new]
    result.wrong += _files(before, after, changed)
    again = _conn_lint("--diff", cwd=after).stdout.splitlines()
    if [line for line in again if not line.startswith("#")]:  # what is only shown may well stay
        result.wrong.append("a second run changes something")
    result.wrong += _complaints(before, after, changed)
    if name in PACKAGES and PACKAGES[name].tests:
        result.tests = _suites(name, before, after, folder, result)
    return result


def _pairs(before: Path, after: Path) -> Iterator[tuple[Path, bytes, bytes]]:
    for new in sorted(after.rglob("*.py")):
        path = new.relative_to(after)
        if new.is_file() and not new.is_symlink():
            yield path, (before / path).read_bytes(), new.read_bytes()


def _prepare(name: str, folder: Path) -> Path:
    """The source of a package, downloaded if it is not there yet."""
    target = folder / "before" / name
    if target.is_dir():
        return target
    place = folder / "downloads" / name
    wanted = f"{name}=={PACKAGES[name].version}"
    options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(place)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], check=True)
    (archive,) = place.iterdir()
    unfinished = folder / f".{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(archive) as sdist:
        sdist.extractall(unfinished, filter="data")
    (inner,) = unfinished.iterdir()
    target.parent.mkdir(parents=True, exist_ok=True)
    inner.rename(target)
    return target


def _conn_lint(flag: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    options = ["--config", _CONFIG, "--no-cache", "--unsafe-fixes", "--show-fixes", flag]
    return subprocess.run(
        [sys.executable, "-m", "conn_lint", "check", *options, "--exit-zero", "."],
        cwd=cwd, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _files(before: Path, after: Path, changed: Iterable[Path]) -> Iterator[str]:
    for path in changed:
        data, fixed = (before / path).read_bytes(), (after / path).read_bytes()
        try:
            compile(fixed, str(path), "exec", dont_inherit=True)
            lost = _comments(data) - _comments(fixed)
        except (SyntaxError, SourceError) as error:
            yield f"{path}: {error}"
            continue
        if lost:
            yield f"{path}: lost {next(iter(lost))}"


def _comments(data: bytes) -> Counter[str]:
    text = decode(data).text
    return Counter(text[start:end].rstrip() for start, end in scan(text).comments)


def _complaints(before: Path, after: Path, changed: Sequence[Path]) -> Iterator[str]:
    """What ruff says more often of a fixed file."""

    def counts(folder: Path) -> Counter[tuple[str, ...]]:
        args = ["check", "--isolated", "--no-cache", "--select", OTHER_LINTERS]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *args, "--output-format", "concise", *changed],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return Counter(re.findall(r"^(.*?):\d+:\d+: ([A-Z]+\d+) ", done.stdout, re.MULTILINE))

    for (path, code), count in (counts(after) - counts(before)).items() if changed else ():
        yield f"ruff: {count} more of {code} in {path}"


def _suites(name: str, before: Path, after: Path, folder: Path, result: Result) -> str:
    python = _environment(name, folder)
    passed = {place: _passed(python, place, PACKAGES[name].tests) for place in (before, after)}
    lost = sorted(passed[before] - passed[after])
    if not passed[before]:
        result.wrong.append("none of its tests passes before, so they prove nothing")
    result.wrong += [f"fails after the fixes: {test}" for test in lost]
    return f"{len(passed[after])} of {len(passed[before])} tests pass still"


def _environment(name: str, folder: Path) -> Path:
    place = folder / "environments" / name
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        needs = ["pytest", *PACKAGES[name].needs]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *needs], check=True)
    return python


def _passed(python: Path, place: Path, tests: str) -> set[str]:
    report = place / ".report.xml"
    args = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests.split()]
    subprocess.run(
        [python, "-m", "pytest", *args],
        cwd=place, env={"PYTHONPATH": str(place), "PATH": "/usr/bin:/bin"},
        capture_output=True, check=False, timeout=1800,
    )  # fmt: skip
    cases = ET.parse(report).iter("testcase")
    return {f"{c.get('classname')}.{c.get('name')}" for c in cases if len(c) == 0}


def show(before: Path, after: Path) -> Iterator[str]:
    """The diff of a package or tree."""
    for path, *sources in _pairs(before, after):
        lines = [decode(source).text.split("\n") for source in sources]
        yield from difflib.unified_diff(*lines, f"a/{path}", f"b/{path}", lineterm="")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("packages", nargs="*", help=", ".join(PACKAGES))
    default = Path.home() / ".cache" / "conn-lint-corpus"
    parser.add_argument("--folder", type=Path, default=default, help="where to keep the sources")
    parser.add_argument("--tree", type=Path, action="append", default=[], help="code to copy too")
    parser.add_argument("--resume", action="store_true", help="leave out what was found right")
    parser.add_argument("--diff", action="store_true", help="print what the fixes changed")
    given = parser.parse_args()
    folder = given.folder.resolve()
    names = given.packages or ([] if given.tree else PACKAGES)
    trees = {"+".join(tree.resolve().parts[-2:]): tree.resolve() for tree in given.tree}
    results = []
    for name in [*names, *trees]:
        before = trees.get(name) or _prepare(name, folder)
        record = folder / "results" / f"{name}.json"
        if given.resume and record.exists() and not json.loads(record.read_text())["wrong"]:
            result = Result(**json.loads(record.read_text()))
        else:
            result = check(name, before, folder)
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps(dataclasses.asdict(result), indent=1))
        results.append(result)
        _report(name, result)
        if given.diff:
            print(*show(before, folder / "after" / name), sep="\n")
    fixes, files = sum(r.fixes for r in results), sum(r.files for r in results)
    print(f"{fixes} fixes in {files} files of {len(results)} packages")
    return 1 if any(result.wrong for result in results) else 0


def _report(name: str, result: Result) -> None:
    taken = len(result.taken_back)
    print(f"{name:<16} {result.fixes:4} fixes, {taken} taken back  {result.tests}")
    for text in result.wrong:
        print(f"    WRONG: {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
