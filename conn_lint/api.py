"""What other programs may call: the findings on files or on a piece of source, as the command has
them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from conn_lint.config.options import ConfigError, parse_options
from conn_lint.config.projects import Job, Run, check_projects, relocate
from conn_lint.config.resolve import Flags
from conn_lint.model.finding import Finding

__all__ = ["ConfigError", "check_paths", "check_source"]


def check_paths(
    paths: Iterable[str | PathLike[str]],
    *,
    config: str | PathLike[str] | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] | None = None,
    jobs: int = 1,
    use_cache: bool = True,
) -> list[Finding]:
    """The findings on files and folders, or to which steps there lead, each with the settings of its project.

    Paths in findings are absolute. Raises ConfigError for wrong settings and for missing paths,
    RuntimeError for an internal error.
    """
    given: dict[str, object] = {"jobs": jobs}
    given.update((k, list(v)) for k, v in (("select", select), ("ignore", ignore)) if v is not None)
    flags = Flags(
        options=parse_options(given, "check_paths"),
        config=Path(config) if config is not None else None,
        use_cache=use_cache,
    )
    return _findings(check_projects(Job(paths=tuple(map(str, paths))), flags))


def check_source(source: str | bytes, filename: str | PathLike[str] = "stdin") -> list[Finding]:
    """The findings on a piece of source that stands in for a file, which need not exist.

    Nothing beyond the source is looked at but the settings that hold for the file's place.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    job = Job(paths=(), overrides={Path(filename).resolve(): data}, isolated_files=True)
    return _findings(check_projects(job, Flags(use_cache=False)))


def _findings(run: Run) -> list[Finding]:
    if run.problems:
        raise ConfigError("; ".join(run.problems))
    troubles = [trouble.message for _, outcome in run.checked for trouble in outcome.troubles]
    if troubles:
        raise RuntimeError("; ".join(troubles))
    found: list[Finding] = []
    for _, outcome in run.checked:
        place = functools.partial(_absolute, outcome.root)
        found.extend(relocate(finding, place) for finding in outcome.findings)
    return sorted(found, key=Finding.sort_key)


def _absolute(root: Path, name: str) -> str:
    return (root / name).as_posix()
