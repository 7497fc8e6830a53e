"""Takes the result of an earlier run where files have changed since in nothing that it rests on.

A run leaves what it has asked of each file (`model.trace`). Most edits are in functions that no connection leads to:
for them it is enough to read the changed files' skeletons.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from conn_lint.engine.cache import Cache
from conn_lint.engine.inputs import Inputs
from conn_lint.engine.jobs import Reading
from conn_lint.engine.phase_one import PhaseOne
from conn_lint.engine.result import Result, kept_result
from conn_lint.engine.suppress import comments_of, is_for_us
from conn_lint.link.tracing import Unchanged
from conn_lint.model.trace import Trace

_MOST = 100
"""More changed files are another branch: there a run as a whole is hardly slower."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    """Under which key the result is kept, the digests of the files it was made of, and what it asked of them."""

    key: str
    files: dict[str, bytes]
    trace: Trace


def record(cache: Cache, base: str, key: str, inputs: Inputs, trace: Trace) -> None:
    """Keep the trace of a run for later ones. `base` is what of its key does not depend on the bytes of files."""
    files = {path: file.digest for path, file in inputs.files.items()}
    cache.traces.put(base, msgspec.msgpack.encode(_Record(key, files, trace)))


def reused(cache: Cache, base: str, key: str, inputs: Inputs, phase_one: PhaseOne) -> Result | None:
    """The result that a run would have now, from the last one's; None if it has to be found out."""
    known = _known(cache, base)
    if known is None:
        return None
    changed = [path for path, digest in known.files.items() if inputs.files[path].digest != digest]
    result = kept_result(cache, known.key) if len(changed) <= _MOST else None
    if result is None or _speaks_of(result, changed):
        return None
    unchanged = Unchanged(known.trace)
    lines, comments = result.lines, dict(result.comments)
    for path in changed:
        before = phase_one.known(known.files[path])
        after = phase_one.reading(path)
        if before is None or not _is_same(unchanged, path, before, after, phase_one):
            return None
        lines += after.skeleton.lines - before.skeleton.lines
        comments.pop(path, None)
        found = comments_of(after.skeleton)
        if found is not None and is_for_us(found) and inputs.files[path].is_reported:
            comments[path] = found
    record(cache, base, key, inputs, known.trace)
    ordered = {path: comments[path] for path in sorted(comments)}
    return msgspec.structs.replace(result, comments=ordered, lines=lines)


def _known(cache: Cache, base: str) -> _Record | None:
    data = cache.traces.get(base)
    try:
        return msgspec.msgpack.decode(data, type=_Record) if data is not None else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _speaks_of(result: Result, paths: Sequence[str]) -> bool:
    """Something in the result lies in one of the files: its lines may be others now."""
    said = msgspec.msgpack.encode(result.findings)
    return any(path.encode("utf-8", "surrogateescape") in said for path in paths)


def _is_same(
    unchanged: Unchanged, path: str, before: Reading, after: Reading, phase_one: PhaseOne
) -> bool:
    if before.problem or after.problem:
        return False

    def text(number: int) -> str:
        return phase_one.text((path, number))

    return unchanged.is_same(path, before.skeleton, after.skeleton, text)
