"""Baselines of the projects of a run: where they lie, how they are read, and written anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from conn_lint.config.options import ConfigError
from conn_lint.engine.baseline import (
    BaselineError,
    Paths,
    entry_of,
    parse_baseline,
    render_baseline,
)
from conn_lint.engine.check import Outcome
from conn_lint.engine.write import replace_file
from conn_lint.model.baseline import Baseline, Entry


def read_baseline(file: Path, shown: str, *, anew: bool = False) -> Baseline:
    """A baseline by its absolute path, which messages call `shown`; raises ConfigError.

    `anew`: it is to be written, and may not be there yet.
    """
    try:
        return Baseline(file, parse_baseline(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        if anew:
            return Baseline(file)
        hint = "conn-lint check --write-baseline makes it"
        raise ConfigError(f"{shown}: there is no such baseline ({hint})") from error
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown}: no baseline: it is no text in UTF-8") from error
    except BaselineError as error:
        raise ConfigError(f"{shown}: {error}") from error


class Written(msgspec.Struct, frozen=True):
    """A baseline that was written: how many entries it has now, how many of them are `new`, how many are `gone`."""

    file: Path
    entries: int
    new: int
    gone: int


def write_baselines(outcomes: Iterable[Outcome]) -> list[Written]:
    """Write what the outcomes have found into their baselines; raises OSError.

    What a baseline says of files that were not given, of rules that were not selected and of other projects stays.
    """
    files: dict[Path, Baseline] = {}
    of: dict[Path, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        baseline = outcome.matched.baseline
        if baseline is not None:
            files[baseline.file] = baseline
            of[baseline.file].append(outcome)
    return [_write(baseline, of[file]) for file, baseline in files.items()]


def _write(baseline: Baseline, outcomes: list[Outcome]) -> Written:
    said = {e.line for o in outcomes for e in (*o.matched.taken, *o.matched.gone)}
    kept = [entry for entry in baseline.entries if entry.line not in said]
    found = [entry for outcome in outcomes for entry in _entries(baseline, outcome)]
    text = render_baseline((*kept, *found))
    old = baseline.file.read_bytes() if baseline.entries or baseline.file.exists() else None
    if old != text.encode():
        replace_file(baseline.file, text.encode())
    taken = sum(len(outcome.matched.taken) for outcome in outcomes)
    gone = sum(len(outcome.matched.gone) for outcome in outcomes)
    return Written(baseline.file, len(kept) + len(found), len(found) - taken, gone)


def _entries(baseline: Baseline, outcome: Outcome) -> Iterable[Entry]:
    places = Paths(outcome.root, baseline.file.parent)
    for finding in (*outcome.findings, *outcome.matched.known):
        yield entry_of(finding, places.written(finding.location.path))
