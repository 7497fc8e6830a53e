"""A thread with a large stack: LibCST's parser and visitors recurse with the code they read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_MEGABYTE = 1024 * 1024
_SIZES = (512 * _MEGABYTE, 128 * _MEGABYTE, 32 * _MEGABYTE)
_RECURSION_LIMIT = 100_000
_here = threading.local()


def run_deep(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the function where deep recursion is safe, and return what it returns or raise the same.

    A whole batch goes best through one call. A call from within such a call runs where it is.
    """
    if getattr(_here, "is_deep", False):
        return function(*args, **kwargs)
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _here.is_deep = True
        try:
            results.append(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 (it is raised again by the caller's thread)
            errors.append(error)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    try:
        thread = _start(run)
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]


def _start(run: Callable[[], None]) -> threading.Thread:
    """Start a thread with the largest stack that the system grants."""
    for size in _SIZES:
        try:
            before = threading.stack_size(size)
        except ValueError:
            continue
        try:
            thread = threading.Thread(target=run, name="conn-lint-deep", daemon=True)
            thread.start()
            return thread
        except RuntimeError:
            continue
        finally:
            threading.stack_size(before)
    thread = threading.Thread(target=run, name="conn-lint-deep", daemon=True)
    thread.start()
    return thread
