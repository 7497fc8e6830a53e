"""The stores below the cache folder: skeletons, unit summaries, documents, results of whole runs.

What is broken, foreign, of another version or unwritable is as if it were not there. Entries are
plain msgpack, so that a cache found in an untrusted checkout can be wrong but never dangerous.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

FOLDER = ".conn_lint_cache"
_BUCKETS = 64
_BUCKET_BYTES = 4_000_000  # with 64 buckets, 256 MB in a store at most
_KEPT_DAYS = 30
_RESULTS = 16
_TRACES = 4
_SUM = 16  # bytes of `digest_of`
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of conn-lint; it may be deleted.\n"

Entries: TypeAlias = dict[bytes, tuple[int, msgspec.Raw]]
"""By digest: the day of its last use, and the entry itself, decoded only when it is asked for."""


class _Bucket(msgspec.Struct, array_like=True):
    version: str
    entries: Entries


_READ = msgspec.msgpack.Decoder(_Bucket)
_WRITE = msgspec.msgpack.Encoder()


@functools.cache
def code_version(*layers: str) -> str:
    """A digest of the program's own files (of these layers, or of all of them).

    So another version, or one that somebody works on, shares no entry.
    """
    package = Path(__file__).parent.parent
    tops = [package / layer for layer in layers] or [package]
    paths = sorted(
        path for top in tops for path in top.rglob("*") if path.suffix in (".py", ".toml")
    )
    return digest_of(*(path.read_bytes() for path in paths)).hex()


class Store:
    """One store: entries by digest in a fixed number of files, read when needed and written once
    at the end.

    Two runs at once may lose each other's new entries, never more.
    """

    def __init__(self, folder: Path | None, name: str, version: str) -> None:
        self._folder = folder / name if folder is not None else None
        self._version = version
        self._buckets: dict[int, Entries] = {}
        self._dirty: set[int] = set()
        self._today = int(time.time() // 86_400)

    def get(self, digest: bytes) -> bytes | None:
        """The entry of this digest, if there is one."""
        number = digest[0] % _BUCKETS
        bucket = self._bucket(number)
        found = bucket.get(digest)
        if found is None:
            return None
        day, raw = found
        if day < self._today:
            bucket[digest] = (self._today, raw)
            self._dirty.add(number)
        return bytes(raw)

    def put(self, digest: bytes, data: bytes) -> None:
        """Keep an entry, without a folder for this run alone; `data` must be msgpack."""
        number = digest[0] % _BUCKETS
        self._bucket(number)[digest] = (self._today, msgspec.Raw(data))
        self._dirty.add(number)

    def save(self) -> None:
        """Write what changed; entries long unused go, and the oldest where a bucket grows too
        large.
        """
        if self._folder is None:
            return
        for number in sorted(self._dirty):
            entries = self._kept(self._buckets[number])
            data = _WRITE.encode(_Bucket(self._version, entries))
            if not write_atomically(self._path(self._folder, number), data):
                break
        self._dirty.clear()

    def close(self) -> None:
        """As `save`, for a store that is asked for nothing more: what it holds in memory is let go."""
        self.save()
        self._buckets.clear()

    def _kept(self, entries: Entries) -> Entries:
        newest = sorted(entries.items(), key=lambda item: -item[1][0])
        size = 0
        kept: Entries = {}
        for digest, (day, raw) in newest:
            size += len(bytes(raw))
            if size > _BUCKET_BYTES or day < self._today - _KEPT_DAYS:
                break
            kept[digest] = (day, raw)
        return kept

    def _bucket(self, number: int) -> Entries:
        if number not in self._buckets:
            self._buckets[number] = self._read(number)
        return self._buckets[number]

    def _read(self, number: int) -> Entries:
        if self._folder is None:
            return {}
        try:
            bucket = _READ.decode(self._path(self._folder, number).read_bytes())
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
            return {}
        return bucket.entries if bucket.version == self._version else {}

    @staticmethod
    def _path(folder: Path, number: int) -> Path:
        return folder / f"{number:02x}.msgpack"


class Results:
    """Results of whole runs, or what belongs to them, a file each; the newest few are kept.

    Each stands behind a digest of itself: one wrong byte may well be another line or name, which nobody would see.
    """

    def __init__(self, folder: Path | None, name: str = "results", most: int = _RESULTS) -> None:
        self._folder = folder / name if folder is not None else None
        self._most = most

    def get(self, digest: str) -> bytes | None:
        """The result of the run with exactly these inputs."""
        if self._folder is None:
            return None
        path = self._folder / f"{digest}.msgpack"
        try:
            kept = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        data = kept[_SUM:]
        return data if kept[:_SUM] == digest_of(data) else None

    def put(self, digest: str, data: bytes) -> None:
        """Keep a result, and drop the oldest ones."""
        if self._folder is None:
            return
        kept = digest_of(data) + data
        if not write_atomically(self._folder / f"{digest}.msgpack", kept):
            return
        with contextlib.suppress(OSError):
            by_age = sorted(self._folder.glob("*.msgpack"), key=lambda path: -path.stat().st_mtime)
            for path in by_age[self._most :]:
                path.unlink(missing_ok=True)


class Cache:
    """The stores of one run. `folder` is None where nothing is to be kept between runs."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not _prepare(folder):
            folder = None
        self.skeletons = Store(folder, "skeletons", code_version("syntax", "model"))
        self.units = Store(folder, "units", code_version("syntax", "lower", "model"))
        self.documents = Store(folder, "documents", code_version("syntax", "model", "engine"))
        self.results = Results(folder)
        self.traces = Results(folder, "traces", _TRACES)

    def save(self) -> None:
        """Write what the run added."""
        self.skeletons.save()
        self.units.save()
        self.documents.save()


def digest_of(*parts: bytes) -> bytes:
    """A digest of byte strings, each apart from the next."""
    found = hashlib.blake2b(digest_size=_SUM)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def write_atomically(path: Path, data: bytes) -> bool:
    """Replace a file at once, or leave it; whether it worked."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return False
    return True


def clean(folder: Path) -> bool:
    """Delete the cache folder's stores; whether there was one. A folder without our tag is left
    alone.
    """
    if not _is_ours(folder):
        return False
    for path in _contents(folder):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    folder.rmdir()
    return True


def _contents(folder: Path) -> Iterable[Path]:
    """Everything below a folder, deepest first; links are not followed."""
    for top, folders, files in os.walk(folder, topdown=False):
        yield from (Path(top, name) for name in (*files, *folders))


def _is_ours(folder: Path) -> bool:
    try:
        return (folder / "CACHEDIR.TAG").read_text(encoding="utf-8") == _TAG
    except (OSError, ValueError):
        return False


def _prepare(folder: Path) -> bool:
    """Make the folder known as a cache to version control and backups; False where it cannot be
    written.
    """
    if _is_ours(folder):
        return True
    return write_atomically(folder / "CACHEDIR.TAG", _TAG.encode()) and write_atomically(
        folder / ".gitignore", b"*\n"
    )
