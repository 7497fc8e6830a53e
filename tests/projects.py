"""Small projects on disk, and ways to run conn-lint on them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from conn_lint.config.options import parse_options
from conn_lint.config.projects import Job, Run, check_projects
from conn_lint.config.resolve import Flags

SECRET = "hunter2-Zq9"

# Line 5 is CNX201.
LEAK = """\
import psycopg2


def load(dsn):
    conn = psycopg2.connect(dsn)
    conn.cursor().execute("select 1")
"""
CLEAN = "def double(number):\n    return 2 * number\n"


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by their path below the root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
    return root


def run_check(
    *paths: Path, overrides: Mapping[Path, bytes] | None = None, **options: object
) -> Run:
    """Check paths without a cache; options are those of a configuration file, with underscores."""
    table = {name.replace("_", "-"): value for name, value in options.items()}
    flags = Flags(options=parse_options(table, "test"), use_cache=False)
    job = Job(paths=tuple(map(str, paths)), overrides=overrides or {})
    return check_projects(job, flags)


def places(run: Run) -> list[tuple[str, int, str]]:
    """The findings of a run as (path below its root, line, code)."""
    return sorted(
        (finding.location.path, finding.location.span.line, finding.code)
        for _, outcome in run.checked
        for finding in outcome.findings
    )


def command(
    *args: str | Path, cwd: Path, stdin: bytes | None = None, module: str = "conn_lint", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "default", **env},
        timeout=300,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
