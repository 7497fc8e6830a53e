"""Writes files so that each is either old or new, whatever happens."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conn_lint.engine.repair import Contents


def write_files(root: Path, before: Contents, after: Contents) -> tuple[list[str], list[str]]:
    """Write the files that changed; the paths written, and in words those that were left alone.

    A file is left alone that somebody changed since it was read, that is a link to somewhere outside the project, or
    that cannot be written.
    """
    written: list[str] = []
    problems: list[str] = []
    for path in sorted(after):
        problem = _problem(root, path, before[path], after[path])
        if problem:
            problems.append(f"{path}: {problem}; it is left as it is")
        else:
            written.append(path)
    return written, problems


def _problem(root: Path, path: str, before: bytes, after: bytes) -> str:
    """Write a file; why it could not be, or ""."""
    try:
        _write(root, path, before, after)
    except _LeftAloneError as error:
        return str(error)
    except OSError as error:
        return f"it cannot be written ({error.strerror or type(error).__name__})"
    return ""


class _LeftAloneError(Exception):
    pass


def _write(root: Path, path: str, before: bytes, after: bytes) -> None:
    target = (root / path).resolve()
    if not target.is_relative_to(root.resolve()):
        raise _LeftAloneError("it is a link to a file outside the project")
    if target.read_bytes() != before:
        raise _LeftAloneError("it was changed while it was checked")
    replace_file(target, after)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file at once, with the rights of the one that was there; raises OSError."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if target.exists():
            status = target.stat()
            os.chmod(name, status.st_mode & 0o7777)  # noqa: PTH101 - a name, not a path of ours
            with contextlib.suppress(OSError, AttributeError):
                os.chown(name, status.st_uid, status.st_gid)
        else:
            os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What new files are not allowed; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
