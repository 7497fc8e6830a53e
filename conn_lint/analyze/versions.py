"""Which versions of libraries a project runs with: as its settings say, else its lock files, else its requirements.

Facts that changed with a version hold only where the project is known to be on the right side of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from conn_lint.model.resource import Library
from conn_lint.model.summary import DocumentSummary, Entry
from conn_lint.syntax.requirements_document import normal, requirement

_CLAUSE = re.compile(r"(===|==|~=|!=|>=|<=|>|<|\^|~)?\s*v?([0-9][^\s,]*)")
_PROJECT = ("project", "dependencies")
_POETRY = ("tool", "poetry", "dependencies")


class Range(NamedTuple):
    """The versions from `least` on, up to `most` (which is itself among them if `closed`); None: no bound."""

    least: Version | None
    most: Version | None
    closed: bool = False


class Versions:
    """Answers for distributions, as an index names them ("psycopg2-binary")."""

    def __init__(
        self, documents: Iterable[DocumentSummary] = (), stated: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._found: dict[str, list[tuple[int, Range]]] = {}
        for name, versions in stated:
            exact = f"=={versions}" if versions[:1].isdigit() else versions
            self._add(normal(name), exact, 0)
        for document in documents:
            for name, versions in _stated(document):
                self._add(name, versions, 1 if document.format == "lock" else 2)

    def reaches(self, distributions: Iterable[str], version: str) -> bool | None:
        """Whether the project runs with this version or a later one of any of these; None: it cannot be told.

        What several files say must agree; of settings, lock files and requirements the first that speak count.
        """
        known = [entry for name in distributions for entry in self._found.get(normal(name), ())]
        if not known:
            return None
        rank = min(rank for rank, _ in known)
        wanted = Version(version)
        answers = {_reaches(found, wanted) for other, found in known if other == rank}
        return answers.pop() if len(answers) == 1 else None

    def exact(self, distributions: Iterable[str]) -> str:
        """The one version that is stated, "" without one."""
        known = [entry for name in distributions for entry in self._found.get(normal(name), ())]
        rank = min((rank for rank, _ in known), default=0)
        found = {r.least for other, r in known if other == rank and r.closed and r.least == r.most}
        return str(found.pop()) if len(found) == 1 else ""

    def _add(self, name: str, versions: str, rank: int) -> None:
        found = _range(versions)
        if found is not None:
            self._found.setdefault(name, []).append((rank, found))


def _stated(document: DocumentSummary) -> Iterable[tuple[str, str]]:
    """Names and versions in a document."""
    if document.format in ("lock", "requirements"):
        for entry in document.entries:
            yield str(entry.keys[0]), str(entry.value)
    elif document.path.endswith("pyproject.toml"):
        for entry in document.entries:
            yield from _from_pyproject(entry)


def _from_pyproject(entry: Entry) -> Iterable[tuple[str, str]]:
    keys, value = entry.keys, entry.value
    if keys[:2] == _PROJECT and isinstance(value, str):
        stated = requirement(value)
        if stated is not None:
            yield stated
    elif keys[:3] == _POETRY and isinstance(value, str) and keys[4:] in ((), ("version",)):
        yield normal(str(keys[3])), value


def _range(versions: str) -> Range | None:
    """All clauses together, of pip or Poetry; None where one is not understood, or nothing is said."""
    least: Version | None = None
    most: Version | None = None
    closed = False
    said = False
    for sign, text in _CLAUSE.findall(versions):
        if sign == "!=":
            continue
        bounds = _clause(sign or "==", text)
        if bounds is None:
            return None
        said = True
        low, high, with_high = bounds
        if low is not None and (least is None or low > least):
            least = low
        if high is not None and (most is None or high < most):
            most, closed = high, with_high
    return Range(least, most, closed) if said else None


def _clause(sign: str, text: str) -> Range | None:
    wild = text.endswith(".*")
    try:
        version = Version(text[:-2] if wild else text)
    except InvalidVersion:
        return None
    release = version.release
    match sign:
        case "==" | "===" if not wild:
            return Range(version, version, closed=True)
        case "==" | "===":
            return Range(version, _next(release))
        case "~=" if len(release) > 1:
            return Range(version, _next(release[:-1]))
        case "~":
            return Range(version, _next(release[:2]))
        case "^":
            first = next((i for i, part in enumerate(release) if part), len(release) - 1)
            return Range(version, _next(release[: first + 1]))
        case ">=" | ">":
            return Range(version, None)
        case "<" | "<=":
            return Range(None, version, closed=sign == "<=")
        case _:
            return None


def _next(release: tuple[int, ...]) -> Version:
    """The first version behind all that begin so."""
    return Version(".".join(map(str, (*release[:-1], release[-1] + 1))))


def _reaches(found: Range, wanted: Version) -> bool | None:
    if found.least is not None and found.least >= wanted:
        return True
    if found.most is not None and (
        found.most < wanted or (found.most == wanted and not found.closed)
    ):
        return False
    return None


def distributions(libraries: Iterable[Library], module: str) -> tuple[str, ...]:
    """What an index calls the packages that a module, or a name in one, may come from."""
    found = {
        library.package
        for library in libraries
        if any(f"{module}.".startswith(f"{name}.") for name in library.imports)
    }
    plain = {package.removesuffix("-binary") for package in found}
    return tuple(sorted(found | plain or {module.partition(".")[0]}))
