"""PgBouncer in front of the PostgreSQL of a run of the tests, if the machine has it (`apt-get install pgbouncer`).

It keeps a few connections to the server, and gives one to a client for each transaction, or for as long as the client
is connected.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from live_postgres import DEADLINE, free_port, until

SERVER_CONNECTIONS = 3
_PLACES = ("/usr/sbin", "/usr/local/sbin")  # of servers, which are not on everybody's path


def installed() -> str | None:
    """The program, if it is there."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    return shutil.which("pgbouncer", path=path)


def version(program: str) -> tuple[int, ...]:
    """As in (1, 18, 0)."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[1].split(".") if part.isdigit())


@contextmanager
def running(
    program: str, server: int, mode: str = "transaction", **options: object
) -> Iterator[int]:
    """A pooler in front of the server on that port, until the block ends; its own port."""
    folder = Path(tempfile.mkdtemp(prefix="conn-lint-pooler-"))
    try:
        yield from _run(program, server, folder, {"pool_mode": mode, **options})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: str, server: int, folder: Path, options: dict[str, object]) -> Iterator[int]:
    port = free_port()
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": folder / "users",
        "default_pool_size": SERVER_CONNECTIONS,
        "max_client_conn": 200,
        "ignore_startup_parameters": "extra_float_digits",
        **options,
    }
    lines = [f"{key} = {value}" for key, value in settings.items()]
    databases = ["[databases]", f"* = host=127.0.0.1 port={server}", "[pgbouncer]"]
    (folder / "users").write_text('"postgres" ""\n"shop" ""\n')
    (folder / "pgbouncer.ini").write_text("\n".join([*databases, *lines, ""]))
    log = folder / "log"
    with log.open("wb") as output:
        who: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to run as root
            folder.chmod(0o755)
            who = {"user": "nobody", "extra_groups": []}
        process = subprocess.Popen(
            [program, folder / "pgbouncer.ini"], stdout=output, stderr=output, cwd=folder, **who
        )
    try:
        until(lambda: process.poll() is not None or _accepts(port), "PgBouncer has started")
        assert process.poll() is None, log.read_text()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)  # at once, whoever is connected
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _accepts(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
