"""Runs of the worker: one process each, ended when what it works on is outdated."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import msgspec

from conn_lint.server.worker import Answer, Order

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
    )
    try:
        output, errors = await process.communicate(msgspec.msgpack.encode(order))
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    try:
        return msgspec.msgpack.decode(output, type=Answer)
    except (msgspec.MsgspecError, ValueError):
        said = errors.decode(errors="replace").strip()[-_SHOWN:]
        return Answer(problems=(f"a run failed with exit code {process.returncode}: {said}",))
