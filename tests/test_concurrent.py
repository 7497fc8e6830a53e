"""Runs at the same time on one cache, and runs that are killed: the next one finds what it finds without a cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from packages import copy_of
from projects import LEAK, command, write

from conn_lint.engine.cache import FOLDER

COMMAND = ("conn_lint", ".", "--format", "concise", "--disable-noqa")
FLAKE8 = ("flake8", "--isolated", "--select", "CNX", "--disable-noqa", "-j", "2", ".")
RUNNING_TIME = 120


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A real package, so that a run takes a while, and files that are all different."""
    root = copy_of("dramatiq", tmp_path / "project")
    return write(root, {f"m{n}.py": LEAK.replace("load", f"load{n}") for n in range(40)})


def start(args: Sequence[str], root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *args],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def lines(output: str) -> list[str]:
    return sorted(line.removeprefix("./") for line in output.splitlines())


def without_cache(root: Path) -> list[str]:
    module, *args = COMMAND
    found = lines(command(*args, "--no-cache", cwd=root, module=module).stdout)
    assert len(found) > 60
    assert not (root / FOLDER).exists()
    return found


def with_cache(root: Path) -> list[str]:
    module, *args = COMMAND
    done = command(*args, cwd=root, module=module)
    assert done.stderr == ""
    return lines(done.stdout)


def finish(running: subprocess.Popen[str]) -> list[str]:
    out, err = running.communicate(timeout=RUNNING_TIME)
    assert (running.returncode, err) == (1, "")
    return lines(out)


def test_commands_and_flake8_at_once(project: Path) -> None:
    expected = without_cache(project)
    for _ in range(2):  # the first finds no cache, the second all of it
        running = [start(args, project) for args in (COMMAND, FLAKE8, COMMAND, FLAKE8)]
        for process in running:
            assert finish(process) == expected
    assert not list(project.rglob(".tmp-*"))


def test_a_project_that_changes_while_it_is_checked(project: Path) -> None:
    """What a run that overlaps a change keeps must not be taken for the result of the new state."""
    running = [start(args, project) for args in (COMMAND, FLAKE8)]
    for number in range(0, 40, 2):
        write(project, {f"m{number}.py": f"# changed\n{LEAK}"})
        time.sleep(0.02)
    for process in running:
        finish(process)
    found = with_cache(project)
    assert sum(":6:12: CNX201" in line for line in found) == 20
    module, *args = COMMAND
    assert found == lines(command(*args, "--no-cache", cwd=project, module=module).stdout)
    assert with_cache(project) == found


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_killed_at_any_time(project: Path) -> None:
    expected = without_cache(project)
    began = time.monotonic()
    finish(start(COMMAND, project))
    whole = time.monotonic() - began
    for part in (0.4, 0.6, 0.8):
        write(project, {"changed.py": f"# so that no result is known: {part}\n"})
        running = [start(args, project) for args in (COMMAND, FLAKE8)]
        time.sleep(part * whole)
        for process in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=RUNNING_TIME)
    assert with_cache(project) == expected
    assert with_cache(project) == expected


KILLED_WRITING = """\
import os, pathlib, signal, sys
from conn_lint.cli import main

last = int(sys.argv.pop(1))
writes = 0
replace = pathlib.Path.replace

def replace_or_die(self, target):
    global writes
    writes += 1
    if writes > last:
        os.truncate(self, os.path.getsize(self) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)

pathlib.Path.replace = replace_or_die
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_killed_while_the_cache_is_written(tmp_path: Path) -> None:
    """Whatever was written by then: the mark of the folder, some of the stores, all but the result."""
    files = {f"m{n}.py": LEAK.replace("load", f"load{n}") for n in range(12)}
    root = write(tmp_path / "project", files)
    write(tmp_path, {"killed_writing.py": KILLED_WRITING})
    place = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    args = (".", "--format", "concise")
    expected = lines(command(*args, "--no-cache", cwd=root).stdout)
    assert len(expected) == 12
    for last in (0, 2, 7):
        done = command(str(last), *args, cwd=root, module="killed_writing", **place)
        assert done.returncode == -signal.SIGKILL
        done = command(*args, cwd=root)
        assert (lines(done.stdout), done.stderr) == (expected, "")
        assert lines(command(*args, cwd=root).stdout) == expected
        for path in root.rglob("*.msgpack"):  # the next begins anew, with what is left of this one
            path.unlink()
