"""Takes the result of an earlier run where files have changed since in nothing that it rests on.

A run leaves what it has asked of each file (`model.trace`). Most edits are in functions that no connection leads to:
for them it is enough to read the changed files' skeletons.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from conn_lint.engine.cache import Cache
from conn_lint.engine.inputs import Inputs
from conn_lint.engine.jobs import Reading
from conn_lint.engine.phase_one import PhaseOne
from conn_lint.engine.result import Result, kept_result
from conn_lint.engine.suppress import Comments, comments_of, is_for_us
from conn_lint.link.tracing import Unchanged
from conn_lint.model.summary import Skeleton
from conn_lint.model.trace import Trace

_MOST = 100
"""More changed files are another branch: there a run as a whole is hardly slower."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    """Under which key the result is kept, the digests of the files it was made of, and what it asked of them."""

    key: bytes
    files: dict[str, bytes]
    trace: Trace


def record(cache: Cache, base: str, key: str, inputs: Inputs, trace: Trace) -> None:
    """Keep the trace of a run for later ones. `base` is what of its key does not depend on the bytes of files."""
    files = {path: file.digest for path, file in inputs.files.items()}
    with contextlib.suppress(UnicodeEncodeError):  # a file name that is no text is not kept
        cache.traces.put(base, msgspec.msgpack.encode(_Record(bytes.fromhex(key), files, trace)))


def reused(cache: Cache, base: str, key: str, inputs: Inputs, phase_one: PhaseOne) -> Result | None:
    """The result that a run would have now, from the last one's; None if it has to be found out."""
    known = _known(cache, base)
    if known is None or known.files.keys() != inputs.files.keys():
        return None
    changed = [path for path, digest in known.files.items() if inputs.files[path].digest != digest]
    result = kept_result(cache, known.key.hex()) if len(changed) <= _MOST else None
    if result is None:
        return None
    said = msgspec.msgpack.encode(result.findings)
    unchanged = Unchanged(known.trace)
    lines = result.lines
    for path in changed:
        before = phase_one.known(known.files[path])
        after = phase_one.reading(path)
        if before is None or not _is_same(unchanged, path, before, after, phase_one):
            return None
        if path.encode() in said and not _stays(result, path, before.skeleton, after.skeleton):
            return None
        lines += after.skeleton.lines - before.skeleton.lines
    record(cache, base, key, inputs, known.trace)
    skeletons = {path: phase_one.reading(path).skeleton for path in changed}
    comments = _comments(result, skeletons, inputs)
    return msgspec.structs.replace(result, comments=comments, lines=lines)


def _known(cache: Cache, base: str) -> _Record | None:
    data = cache.traces.get(base)
    try:
        return msgspec.msgpack.decode(data, type=_Record) if data is not None else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _comments(
    result: Result, changed: Mapping[str, Skeleton], inputs: Inputs
) -> dict[str, Comments]:
    """The comments that a result keeps, where some files have others now."""
    found_in = {finding.location.path for finding in result.findings}
    kept = {path: found for path, found in result.comments.items() if path not in changed}
    for path, skeleton in changed.items():
        found = comments_of(skeleton) if inputs.files[path].is_reported else None
        if found is not None and (path in found_in or is_for_us(found)):
            kept[path] = found
    return {path: kept[path] for path in sorted(kept)}


def _stays(result: Result, path: str, before: Skeleton, after: Skeleton) -> bool:
    """All lines that findings may speak of are where they were, and none of those that lie in the file has changed."""
    if before.heads != after.heads or before.imports != after.imports:
        return False
    changed = {
        n for n, (was, now) in enumerate(zip(before.units, after.units, strict=True)) if was != now
    }
    found = (f.location.span.line for f in result.findings if f.location.path == path)
    return before.lines == after.lines and changed.isdisjoint(_unit_at(after, n) for n in found)


def _unit_at(skeleton: Skeleton, line: int) -> int:
    units = enumerate(skeleton.units[1:], 1)
    return next((number for number, unit in units if unit.line <= line <= unit.end_line), 0)


def _is_same(
    unchanged: Unchanged, path: str, before: Reading, after: Reading, phase_one: PhaseOne
) -> bool:
    if before.problem or after.problem:
        return False

    def text(number: int) -> str:
        return phase_one.text((path, number))

    return unchanged.is_same(path, before.skeleton, after.skeleton, text)
