"""The applications under fixtures/live: copied, cured by conn-lint, started and stopped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from live_postgres import DEADLINE, free_port, until

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures" / "live"


class Application:
    """A copy of an application, as it was written or after the fixes."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        shutil.copytree(FIXTURES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def fix(self) -> None:
        """What is proved here: the command, with fixes that people should read."""
        done = self._check("--fix", "--unsafe-fixes")
        assert done.returncode in {0, 1}, done.stdout + done.stderr

    def codes(self) -> list[str]:
        """The codes of all that conn-lint finds in it, notes as well."""
        done = self._check("--format", "json", "--show-notes")
        return sorted(finding["code"] for finding in json.loads(done.stdout))

    def _check(self, *flags: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "conn_lint", "check", "--no-cache", *flags, ".")

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Python with these arguments in its folder, until it ends."""
        return subprocess.run(
            [sys.executable, *args],
            cwd=self.folder,
            env=_environment(environment),
            capture_output=True,
            encoding="utf-8",
            timeout=2 * DEADLINE,
            check=False,
        )

    @contextmanager
    def served(self, *command: str, **environment: str) -> Iterator[Server]:
        """A server of HTTP, run by `python -m COMMAND --port PORT` until the block ends."""
        port, log = free_port(), self.folder.with_suffix(".log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command, "--port", str(port)],
                cwd=self.folder,
                env=_environment(environment),
                stdout=output,
                stderr=output,
            )
        server = Server(port, log)
        try:
            until(lambda: process.poll() is not None or server.accepts(), f"{command} has started")
            assert process.poll() is None, server.output()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Server:
    """A running application."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log

    def accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    ours = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    return kept | ours | dict(more)
