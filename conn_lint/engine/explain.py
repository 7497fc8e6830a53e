"""From what somebody found in a log to the findings of a project that are likely to have led there."""

from __future__ import annotations

import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from conn_lint.model.connections import Connection
from conn_lint.model.finding import Finding, Severity
from conn_lint.model.known_error import Cause, KnownError, KnownErrors

MOST_TEXT = 1_000_000  # characters that are looked at: the last ones, where the error stands
_MOST_ERRORS = 3
_MOST_FRAMES = 300
_NEAREST = 3
_SEVERITY = {Severity.ERROR: 1.0, Severity.WARNING: 0.8, Severity.NOTE: 0.4}
_PERHAPS = 0.6
_AGAIN = 0.9  # so much less counts each further finding of one rule
_SAME_FUNCTION, _SAME_FILE = 3.0, 1.5

_FRAME = re.compile(r'File "(?P<path>[^"\n]{1,500})", line \d{1,9}, in (?P<name>[\w<>.]{1,200})')
_WORD = re.compile(r"[a-z0-9_]{3,40}")


class Frame(NamedTuple):
    """A function that a traceback passes through."""

    path: str
    function: str


def recognise(text: str, known: KnownErrors) -> tuple[KnownError, ...]:
    """The errors that a text speaks of: what stands furthest down first, since that is what was raised."""
    looked_at = text[-MOST_TEXT:]
    places: list[tuple[int, int, KnownError]] = []
    for number, error in enumerate(known.error):
        ends = [found.end() for found in _patterns(error.patterns).finditer(looked_at)]
        if ends:
            places.append((-max(ends), number, error))
    return tuple(error for _, _, error in sorted(places, key=lambda place: place[:2]))[
        :_MOST_ERRORS
    ]


@functools.cache
def _patterns(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def nearest_errors(text: str, known: KnownErrors) -> tuple[KnownError, ...]:
    """The known errors whose words are most like those of a text that none of them fits."""
    words = set(_WORD.findall(text[-MOST_TEXT:].lower()))
    line = text.strip()[-500:].lower()

    def likeness(error: KnownError) -> float:
        said = set(_WORD.findall(error.message.lower()))
        meant = set(_WORD.findall(f"{error.by} {error.means}".lower())) - said
        shared = (2 * len(words & said) + len(words & meant)) / (len(said) + 2)
        return shared + difflib.SequenceMatcher(None, line, error.message.lower()).ratio()

    ranked = sorted(known.error, key=likeness, reverse=True)
    return tuple(ranked[:_NEAREST])


def frames_of(text: str) -> tuple[Frame, ...]:
    """The places in the tracebacks of a text, each once: of many tracebacks the last."""
    found = dict.fromkeys(
        Frame(frame["path"].replace("\\", "/"), frame["name"])
        for frame in _FRAME.finditer(text[-MOST_TEXT:])
    )
    return tuple(found)[-_MOST_FRAMES:]


def rank(
    findings: Iterable[Finding],
    errors: Sequence[KnownError],
    known: KnownErrors,
    frames: Sequence[Frame] = (),
) -> tuple[Cause, ...]:
    """The findings that lead to one of the errors, the likeliest first.

    What counts: how near the rule is to the error, the severity, whether it is certain that the resource is one of
    those that raise it, and whether the traceback passes through the place or its chain of calls.
    """
    causes: dict[Finding, Cause] = {}
    for finding in findings:
        weighed = [(_weight(finding, error, known), error) for error in errors]
        weight, error = max(weighed, key=lambda item: item[0], default=(0.0, None))
        if error is not None and weight:
            trace = _trace(finding, frames)
            causes[finding] = Cause(finding, error, weight * trace, trace > 1)
    likeliest = sorted(causes.values(), key=lambda c: (-c.weight, c.finding.sort_key()))
    return tuple(_mixed(likeliest))


def _mixed(causes: Iterable[Cause]) -> list[Cause]:
    """In such an order that many findings of one rule do not hide those of all others."""
    before: Counter[str] = Counter()
    keys = []
    for number, cause in enumerate(causes):
        keys.append((-cause.weight * _AGAIN ** before[cause.finding.rule], number, cause))
        before[cause.finding.rule] += 1
    return [cause for _, _, cause in sorted(keys, key=lambda key: key[:2])]


def _weight(finding: Finding, error: KnownError, known: KnownErrors) -> float:
    if finding.rule not in error.rules:
        return 0.0
    place = error.rules.index(finding.rule)
    belongs = _belongs(finding.resource, error, known)
    return belongs * _SEVERITY[finding.severity] * (1 - place / (len(error.rules) + 1))


def _belongs(resource: str, error: KnownError, known: KnownErrors) -> float:
    """How sure it is that the resource is one of those that raise the error; 0 if it is another."""
    if _in_groups(resource, error.at, known):
        return 1.0
    if not resource or _in_groups(resource, error.perhaps, known):
        return _PERHAPS
    return 0.0


def _in_groups(resource: str, groups: Iterable[str], known: KnownErrors) -> bool:
    return any(
        not group or any(fnmatchcase(resource, pattern) for pattern in known.groups[group])
        for group in groups
    )


def _trace(finding: Finding, frames: Sequence[Frame]) -> float:
    """How much likelier it is for what the traceback says."""
    most = 1.0
    places = [(finding.location.path, finding.function)]
    places += [(step.location.path, step.function) for step in finding.chain]
    for path, function in places:
        for frame in frames:
            if not _is_same_file(frame.path, path):
                continue
            name = function.rpartition(".")[2]
            same = bool(name) and name == frame.function
            most = max(most, _SAME_FUNCTION if same else _SAME_FILE)
    return most


def _is_same_file(deployed: str, shown: str) -> bool:
    """Two paths from different machines end alike: with folder and name, or the name where there is no folder."""
    ours = [part for part in shown.split("/") if part not in {"", ".", ".."}]
    return (
        deployed.split("/")[-2:] == ours[-2:] if len(ours) > 1 else deployed.split("/")[-1:] == ours
    )


def opened_by(
    connections: Iterable[Connection], errors: Sequence[KnownError], known: KnownErrors
) -> Iterator[Connection]:
    """The places that open what raises one of the errors."""
    for connection in connections:
        if any("" not in e.at and _belongs(connection.resource, e, known) == 1.0 for e in errors):
            yield connection
