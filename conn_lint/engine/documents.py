"""Settings files beside the code (.env, YAML, TOML, INI), and those that start it: which count, and what they say,
read when it is needed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from conn_lint.engine.cache import Store, digest_of
from conn_lint.engine.markers import CONFIG_FILE, PYPROJECT
from conn_lint.model.summary import DocumentSummary

_ENV, _YAML, _INI, _TOML = "env", "yaml", "ini", "toml"
_LOCK, _REQUIREMENTS = "lock", "requirements"
_CONF, _DOCKER, _PRISMA, _PROCFILE, _SHELL = "conf", "dockerfile", "prisma", "procfile", "shell"

# The first pattern that a name matches decides. Of anything else, only what lies at the project's
# root counts (`_AT_THE_ROOT`), or what says inside that it is a template (`_TEMPLATE`).
_NAMES = tuple(
    (re.compile(pattern), format_name)
    for pattern, format_name in (
        (r"\.env(\..+)?", _ENV),
        (r".+\.env", _ENV),
        (r"serverless([.-].+)?\.ya?ml", _YAML),
        (r"template\.ya?ml", _YAML),
        (r"(.+[._-])?(openapi|swagger)([._-].+)?\.ya?ml", _YAML),
        (r"(function|serverless|zappa_settings)\.json", _YAML),  # JSON is YAML
        (r"zappa_settings\.ya?ml", _YAML),
        (r"(docker-)?compose([.-].+)?\.ya?ml", _YAML),
        (r"pgbouncer.*\.ini", _INI),
        (r"odyssey.*\.ini", _INI),
        (r"alembic.*\.ini", _INI),
        (r"(poetry|uv|pdm)\.lock|Pipfile\.lock", _LOCK),
        (r"(.+[._-])?(requirements|constraints)([._-].+)?\.txt", _REQUIREMENTS),
        (r"(.+[._-])?task[._-]?def(inition)?s?([._-].+)?\.json", _YAML),
        (r"(supervisord?|uwsgi)([.-].+)?\.(ini|conf)", _INI),
        (r"my\.cnf", _INI),
        (r".+\.ini\.(in|dist|example|sample|template)", _INI),
        (r"pgcat.*\.toml", _TOML),
        (r"(postgresql|redis)([.-].+)?\.conf", _CONF),
        (r"Procfile(\..+)?", _PROCFILE),
        (r"(Dockerfile|Containerfile)([.-].+)?|.+\.[Dd]ockerfile", _DOCKER),
        (
            r"(.+[._-])?(entry|entrypoint|start|run|boot|launch|serve|server|web|worker|gunicorn|uvicorn|celery)"
            r"([._-].+)?\.sh",
            _SHELL,
        ),
        (r".+\.prisma", _PRISMA),
        (r"render\.ya?ml", _YAML),
        (r"(settings|config|\.?secrets|fly)\.toml", _TOML),
        (r"(default|base|local|dev|development|stage|staging|prod|production)\.toml", _TOML),
    )
)
_AT_THE_ROOT = {".ini": _INI, ".cfg": _INI, ".toml": _TOML}
_TEMPLATE = re.compile(
    rb"^(AWSTemplateFormatVersion\b|Transform:[^\n]*(\n[ \t]*-[^\n]*)*AWS::Serverless"
    rb"|kind: *[\"']?(Deployment|StatefulSet|DaemonSet|HorizontalPodAutoscaler|Rollout)\b)",
    re.MULTILINE,
)
# The programs of a supervisor, the applications that a loader makes.
_PROGRAMS = re.compile(rb"^\[(program|app):", re.MULTILINE)
_TEMPLATE_SUFFIXES = frozenset((".yml", ".yaml"))
_SUPERVISED_SUFFIXES = frozenset((".conf", ".ini"))
_SUFFIXES = (
    _TEMPLATE_SUFFIXES
    | _AT_THE_ROOT.keys()
    | {
        ".cnf",
        ".conf",
        ".dist",
        ".dockerfile",
        ".Dockerfile",
        ".env",
        ".example",
        ".in",
        ".json",
        ".lock",
        ".prisma",
        ".sample",
        ".sh",
        ".template",
        ".txt",
    }
)
_PREFIXES = (".env", "Containerfile", "Dockerfile", "Procfile")
_MOST_BYTES = {
    **dict.fromkeys((_CONF, _DOCKER, _PROCFILE, _SHELL), 200_000),
    **dict.fromkeys((_ENV, _INI), 1_000_000),
    **dict.fromkeys((_PRISMA, _REQUIREMENTS, _TOML, _YAML), 500_000),
    _LOCK: 5_000_000,
}

_OWN_TABLE = re.compile(rb"^\[+\s*tool\s*\.\s*[\"']?conn-lint\b")
_OWN_KEYS = ("tool", "conn-lint")


class Document(msgspec.Struct, frozen=True):
    """A settings file that was found. `problem` says why it could not be read.

    `digest` is that of what counts in it: conn-lint's own settings do not, so that selecting rules
    changes no key.
    """

    path: str
    format: str
    data: bytes
    digest: bytes
    problem: str = ""


def may_be_document(name: str, suffix: str) -> bool:
    """A quick look at a file's name: whether to ask further."""
    return suffix in _SUFFIXES or name.startswith(_PREFIXES)


def format_of(name: str) -> str:
    """The format of a document by its name below the root, "" for a file that is none by its name."""
    folder, _, last = name.rpartition("/")
    for pattern, format_name in _NAMES:
        if pattern.fullmatch(last):
            return format_name
    if posixpath.basename(folder) == "requirements" and last.endswith(".txt"):
        return _REQUIREMENTS
    if folder or last == CONFIG_FILE:
        return ""
    return _AT_THE_ROOT.get(posixpath.splitext(last)[1], "")


def pathspecs() -> tuple[str, ...]:
    """Patterns of git that fit the names of all documents, and of few other files: JSON can be large."""
    suffixes = (f"*{suffix}" for suffix in sorted(_SUFFIXES - {".json"}))
    names = ("*function.json", "*serverless.json", "*task*def*.json", "*zappa_settings.json")
    return (*suffixes, *(f"*{prefix}*" for prefix in _PREFIXES), *names)


def format_within(path: Path) -> str:
    """The format of a document that is one by its content: a template of a stack in the cloud, programs that a
    supervisor runs.
    """
    if path.suffix in _TEMPLATE_SUFFIXES:
        sign, found = _TEMPLATE, _YAML
    elif path.suffix in _SUPERVISED_SUFFIXES:
        sign, found = _PROGRAMS, _INI
    else:
        return ""
    try:
        with path.open("rb") as file:
            return found if sign.search(file.read(_MOST_BYTES[found])) else ""
    except OSError:
        return ""


def why_too_large(path: Path, format_name: str) -> str:
    """Why a document is not read, "" if it is."""
    most = _MOST_BYTES[format_name]
    try:
        size = path.stat().st_size
    except OSError:
        return ""
    return f"a document of more than {most // 1000} kB" if size > most else ""


def read_bytes(name: str, format_name: str, root: Path, given: bytes | None = None) -> Document:
    """Read a document that was listed, by its name below the root; or take what is given as its content."""
    path = root / name
    try:
        data = path.read_bytes() if given is None else given
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Document(name, format_name, b"", b"", f"the file cannot be read: {why}")
    counted = _without_own_table(data) if path.name == PYPROJECT else data
    return Document(name, format_name, data, digest_of(format_name.encode(), counted))


def summaries(documents: Mapping[str, Document], cache: Store) -> tuple[DocumentSummary, ...]:
    """What the documents say, by path, without secrets; from the cache where they were read before."""
    return tuple(_summary(documents[path], cache) for path in sorted(documents))


def _summary(document: Document, cache: Store) -> DocumentSummary:
    if document.problem:
        error = f"line 1: {document.problem}"
        return DocumentSummary(document.path, document.format, (), error)
    summary = _cached(cache.get(document.digest))
    if summary is None:
        # Only now: they bring the parsers.
        from conn_lint.engine.redact import redact_document  # noqa: PLC0415
        from conn_lint.syntax.documents import read_document  # noqa: PLC0415

        summary = redact_document(_foreign(read_document(document.data, document.format)))
        cache.put(document.digest, msgspec.msgpack.encode(summary))
    return msgspec.structs.replace(summary, path=document.path)


def _cached(data: bytes | None) -> DocumentSummary | None:
    try:
        return None if data is None else msgspec.msgpack.decode(data, type=DocumentSummary)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _foreign(summary: DocumentSummary) -> DocumentSummary:
    """The summary without conn-lint's own settings."""
    entries = tuple(entry for entry in summary.entries if entry.keys[:2] != _OWN_KEYS)
    return msgspec.structs.replace(summary, entries=entries)


def _without_own_table(data: bytes) -> bytes:
    """The lines of conn-lint's own tables made empty: where the others stand still counts."""
    lines = data.split(b"\n")
    is_own = False
    for number, line in enumerate(lines):
        if line.startswith(b"["):
            is_own = _OWN_TABLE.match(line) is not None
        if is_own:
            lines[number] = b""
    return b"\n".join(lines)
