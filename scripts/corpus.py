#!/usr/bin/env python3
"""Fixes everything in real packages, the unsafe fixes too, and checks what comes out.

Every file must parse, compile and keep its comments, a second run must change nothing, no other linter may have more
to say of the rules below, and where a package's own test suite can be run without a network, the same tests must pass
before and after. Packages are downloaded once, in the versions pinned here. The exit code is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
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
_FIXED = re.compile(r"Fixed (\d+) in (\d+) files?\.")


@dataclasses.dataclass
class Result:
    """What came of one package."""

    fixes: int = 0
    taken_back: int = 0
    tests: str = ""
    wrong: list[str] = dataclasses.field(default_factory=list)


def check(name: str, folder: Path) -> Result:
    """Fix one package and look at all that may be wrong with it."""
    before, after = folder / "before" / name, folder / "after" / name
    _prepare(name, before, folder)
    shutil.rmtree(after, ignore_errors=True)
    shutil.copytree(before, after)
    result = Result()
    done = _conn_lint("--fix-only", cwd=after)
    found = _FIXED.search(done.stderr)
    result.fixes = int(found[1]) if found else 0
    result.taken_back = done.stderr.count("the fix was taken back")
    if done.returncode:
        result.wrong.append(f"conn-lint failed: {done.stderr[-500:]}")
    result.wrong += _files(before, after)
    again = _conn_lint("--diff", cwd=after).stdout.splitlines()
    if [line for line in again if not line.startswith("#")]:  # what is only shown may well stay
        result.wrong.append("a second run changes something")
    result.wrong += _complaints(before, after)
    if PACKAGES[name].tests:
        result.tests = _suites(name, before, after, folder, result)
    return result


def _prepare(name: str, target: Path, folder: Path) -> None:
    if target.is_dir():
        return
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
    (inner / "conn-lint.toml").write_text("include-tests = true\nrespect-gitignore = false\n")
    target.parent.mkdir(parents=True, exist_ok=True)
    inner.rename(target)


def _conn_lint(flag: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    options = ["--config", "conn-lint.toml", "--no-cache", "--unsafe-fixes", "--show-fixes", flag]
    return subprocess.run(
        [sys.executable, "-m", "conn_lint", "check", *options, "--exit-zero", "."],
        cwd=cwd, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _files(before: Path, after: Path) -> Iterator[str]:
    for old in sorted(before.rglob("*.py")):
        path = old.relative_to(before)
        data, fixed = old.read_bytes(), (after / path).read_bytes()
        if data == fixed:
            continue
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


def _complaints(before: Path, after: Path) -> Iterator[str]:
    """What ruff says more often of the fixed package."""

    def counts(folder: Path) -> Counter[str]:
        args = ["check", "--isolated", "--no-cache", "--select", OTHER_LINTERS]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *args, "--output-format", "concise", "."],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return Counter(re.findall(r": ([A-Z]+\d+) ", done.stdout))

    for code, count in (counts(after) - counts(before)).items():
        yield f"ruff: {count} more of {code}"


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
    """The diff of a package."""
    for old in sorted(before.rglob("*.py")):
        path = old.relative_to(before)
        lines = [decode((root / path).read_bytes()).text.split("\n") for root in (before, after)]
        yield from difflib.unified_diff(*lines, f"a/{path}", f"b/{path}", lineterm="")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("packages", nargs="*", help=", ".join(PACKAGES))
    default = Path.home() / ".cache" / "conn-lint-corpus"
    parser.add_argument("--folder", type=Path, default=default, help="where to keep the sources")
    parser.add_argument("--diff", action="store_true", help="print what the fixes changed")
    given = parser.parse_args()
    folder = given.folder.resolve()
    failed = 0
    for name in given.packages or PACKAGES:
        result = check(name, folder)
        print(f"{name:<16} {result.fixes:4} fixes, {result.taken_back} taken back  {result.tests}")
        for text in result.wrong:
            print(f"    WRONG: {text}")
        sys.stdout.flush()
        failed += bool(result.wrong)
        if given.diff:
            print(*show(folder / "before" / name, folder / "after" / name), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
