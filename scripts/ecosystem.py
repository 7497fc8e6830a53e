#!/usr/bin/env python3
"""Runs conn-lint on large packages and on the standard library, and tells what came of it.

Packages are downloaded once, in the versions pinned here, into the folder given by --folder.
The exit code is 1 if conn-lint failed on anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = {
    "Django": "5.2.19",
    "SQLAlchemy": "2.1.9",
    "litellm": "1.109.1",
    "apache-airflow-core": "3.3.2",
    "mlflow": "3.18.0",
}
STDLIB, STDLIB_TESTS = "stdlib", "stdlib-tests"
_NOT_STDLIB = ("site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__")
_CONFIG = "include-tests = true\nrespect-gitignore = false\n"
_LAST_LINES = 12

Place = tuple[str, int, int, str]
"""Path, line, column and code of a finding."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one run: findings with their messages, and what conn-lint said went wrong."""

    seconds: float
    exit_code: int
    findings: Mapping[Place, str]
    complaints: str = ""

    @property
    def is_crash(self) -> bool:
        return self.exit_code not in (0, 1)

    def codes(self) -> Counter[str]:
        return Counter(code for *_, code in self.findings)


def subjects() -> list[str]:
    """What can be run on, by name."""
    return [*PINNED, STDLIB, STDLIB_TESTS]


def version_of(subject: str) -> str:
    return PINNED.get(subject) or platform.python_version()


def name_of(subject: str) -> str:
    return f"{subject} {version_of(subject)}"


def prepare(subject: str, folder: Path) -> Path:
    """The folder with the sources of a subject, which is made unless it is there."""
    target = folder / f"{subject}-{version_of(subject)}"
    if target.is_dir():
        return target
    unfinished = folder / f".{target.name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if subject in PINNED:
        _unpack(_download(subject, folder), unfinished)
    else:
        _copy_stdlib(unfinished, tests=subject == STDLIB_TESTS)
    (unfinished / "conn-lint.toml").write_text(_CONFIG, encoding="utf-8")
    unfinished.rename(target)
    return target


def _download(package: str, folder: Path) -> Path:
    place = folder / "downloads" / package
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--dest", str(place), f"{package}=={PINNED[package]}"]
    subprocess.run(command, check=True)
    (found,) = place.iterdir()
    return found


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
        return
    with tarfile.open(archive) as sdist:
        sdist.extractall(target, filter="data")


def _copy_stdlib(target: Path, *, tests: bool) -> None:
    source = Path(sysconfig.get_path("stdlib"))
    names = ("__pycache__",) if tests else _NOT_STDLIB
    ignore = shutil.ignore_patterns(*names, "*.so", "*.a", "*.pyc", "config-*")
    shutil.copytree(source / "test" if tests else source, target, ignore=ignore, dirs_exist_ok=True)


def run(folder: Path) -> Outcome:
    """Check a folder without a cache."""
    config = folder / "conn-lint.toml"
    options = ["--config", str(config), "--format", "json", "--no-cache", "--verbose"]
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "conn_lint", "check", *options, "."],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    seconds = time.monotonic() - start
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return Outcome(seconds, 2, {}, done.stderr or done.stdout or "no output")
    findings = {(f["path"], f["line"], f["column"], f["code"]): f["message"] for f in found}
    return Outcome(round(seconds, 1), done.returncode, findings, done.stderr)


def tell(subject: str, outcome: Outcome, *, show: bool) -> Iterator[str]:
    """What is worth knowing of one run."""
    counts = ", ".join(f"{code} {number}" for code, number in sorted(outcome.codes().items()))
    yield f"{name_of(subject):<28} {outcome.seconds:6.1f} s  {counts or 'nothing found'}"
    for (path, line, column, code), message in sorted(outcome.findings.items()):
        if show or code == "CNX900":
            yield f"    {path}:{line}:{column}: {code} {message}"
    if outcome.is_crash:
        yield f"    FAILED with {outcome.exit_code}:"
        for text in outcome.complaints.strip().split("\n")[-_LAST_LINES:]:
            yield f"    {text}"


def differences(before: Outcome, after: Outcome) -> Iterator[str]:
    """What was found before and is not any more, what is new, and what reads differently."""
    for place in sorted({*before.findings, *after.findings}):
        old, new = before.findings.get(place), after.findings.get(place)
        path, line, column, code = place
        head = f"{path}:{line}:{column}: {code}"
        if new is None:
            yield f"    - {head} {old}"
        elif old is None:
            yield f"    + {head} {new}"
        elif old != new:
            yield f"    ~ {head} {new}"


def save(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Keep results in a file that `compare` reads."""
    data = {
        name_of(subject): {
            "seconds": outcome.seconds,
            "exit_code": outcome.exit_code,
            "findings": [[*place, text] for place, text in sorted(outcome.findings.items())],
        }
        for subject, outcome in outcomes.items()
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> dict[str, Outcome]:
    """Results kept by `save`, by subject and version."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Outcome(
            seconds=kept["seconds"],
            exit_code=kept["exit_code"],
            findings={
                (path, line, column, code): m for path, line, column, code, m in kept["findings"]
            },
        )
        for name, kept in data.items()
    }


def compare(outcomes: Mapping[str, Outcome], path: Path) -> Iterator[str]:
    """The differences to results kept in a file."""
    kept = load(path)
    for subject, outcome in outcomes.items():
        name = name_of(subject)
        before = kept.get(name)
        if before is None:
            yield f"{name}: nothing to compare with"
            continue
        lines = list(differences(before, outcome))
        change = f"{before.seconds:.1f} s before, {outcome.seconds:.1f} s now"
        yield f"{name}: {len(lines)} differences ({change})"
        yield from lines


def parse(arguments: Iterable[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(subjects()))
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path.home() / ".cache" / "conn-lint-ecosystem",
        help="where to keep the sources (default: %(default)s)",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the findings in a file")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="show the differences to findings kept before"
    )
    parser.add_argument("--show", action="store_true", help="list all findings, not CNX900 alone")
    given = parser.parse_args(None if arguments is None else list(arguments))
    unknown = set(given.subjects) - set(subjects())
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    given = parse()
    outcomes: dict[str, Outcome] = {}
    for subject in given.subjects or subjects():
        outcomes[subject] = run(prepare(subject, given.folder.resolve()))
        print(*tell(subject, outcomes[subject], show=given.show), sep="\n", flush=True)
    if given.compare is not None:
        print(*compare(outcomes, given.compare), sep="\n")
    if given.save is not None:
        save(outcomes, given.save)
    return 1 if any(outcome.is_crash for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
