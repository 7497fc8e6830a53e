"""Runs of the worker: one process each, ended when what it works on is outdated."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from conn_lint.server.worker import Answer, Order, packed, unpacked

# Nothing may be imported from the current folder, which is that of the code that is checked.
_START = f"import sys; sys.path[0] = sys.argv[1]; from {__package__}.worker import main; main()"
_SHOWN = 2_000  # characters of what a worker that failed has said


async def run(order: Order) -> Answer:
    """The answer of a worker. If this is cancelled, so is the worker; if it fails, that is a problem in the answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START,
        str(Path(__file__).resolve().parents[2]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # with processes of its own, which must end with it
    )
    try:
        output, errors = await process.communicate(packed(order))
    except asyncio.CancelledError:
        _end(process)
        await process.wait()
        raise
    return _answer(process, output, errors)


def _answer(process: asyncio.subprocess.Process, output: bytes, errors: bytes) -> Answer:
    try:
        return unpacked(output, Answer)
    except ValueError:
        said = errors.decode(errors="replace").strip()[-_SHOWN:]
        return Answer(problems=(f"a run failed with exit code {process.returncode}: {said}",))


def _end(process: asyncio.subprocess.Process) -> None:
    """End a worker at once, and the processes that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
