"""Turns merged options into Settings: defaults filled in, codes and versions checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from conn_lint import __version__
from conn_lint.config.files import Layer
from conn_lint.config.options import ConfigError, Options, first, nearest
from conn_lint.engine.markers import DEFAULT_EXCLUDE
from conn_lint.engine.select import EVERYTHING, FAMILY, rule_codes
from conn_lint.model.finding import Severity
from conn_lint.model.framework import EntryPoint, Memo
from conn_lint.model.resource import Family
from conn_lint.model.settings import Settings

_DOTTED = re.compile(r"[\w*]+(?:\.[\w*]+)+\Z")
_CLAUSE = re.compile(r"\s*(?P<sign>==|>=|<=|!=|~=|<|>)?\s*(?P<version>\d+(?:\.\d+)*)\s*\Z")


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says beside the options: which configuration to use, and how to run."""

    options: Options = Options()
    config: Path | None = None
    isolated: bool = False
    use_cache: bool = True
    noqa: bool = True
    use_baseline: bool = True
    writes_baseline: bool = False


def resolve(root: Path, layer: Layer, flags: Flags, where: str) -> Settings:
    """The settings of one project; raises ConfigError."""
    options = flags.options.over(layer.options)
    _check_version(options.required_version, where)
    for given, source in ((flags.options, "options"), (options, where)):
        for selectors in (given.select, given.extend_select, given.ignore, given.severity):
            check_codes(selectors or (), source)
    per_file = options.per_file_ignores or {}
    for codes in per_file.values():
        check_codes(codes, where)
    return Settings(
        root=root,
        source_roots=tuple(_sources(options.src or (), root, where)),
        select=tuple(first(options.select, [FAMILY])),
        extend_select=tuple(options.extend_select or ()),
        ignore=tuple(options.ignore or ()),
        per_file_ignores=tuple((pattern, tuple(codes)) for pattern, codes in per_file.items()),
        exclude=(*first(options.exclude, list(DEFAULT_EXCLUDE)), *(options.extend_exclude or ())),
        respect_gitignore=first(options.respect_gitignore, default=True),
        include_tests=first(options.include_tests, default=False),
        kind=_kinds(options),
        severity=_severities(options),
        fail_on=Severity[first(options.fail_on, "warning").upper()],
        show_notes=first(options.show_notes, default=False),
        max_pool_size=first(options.max_pool_size, 20),
        strict=first(options.strict, default=False),
        deployment=options.deployment,
        knowledge=_with_named(layer.knowledge, options, where),
        versions=tuple(sorted((options.versions or {}).items())),
        jobs=options.jobs if isinstance(options.jobs, int) else 0,
        cache_dir=None if options.cache_dir is None else Path(options.cache_dir),
        use_cache=flags.use_cache,
        noqa=flags.noqa,
        baseline=Path(options.baseline) if options.baseline and flags.use_baseline else None,
        baseline_reach=first(options.baseline_reach, default=True),
    )


def check_codes(selectors: Iterable[str], where: str) -> None:
    """Raise ConfigError for what is neither a code, the beginning of one, nor a rule's name."""
    codes = rule_codes()
    for selector in selectors:
        if selector == EVERYTHING or selector in codes:
            continue
        prefix = selector.upper()
        if prefix and (
            FAMILY.startswith(prefix) or any(c.startswith(prefix) for c in codes.values())
        ):
            continue
        words = [*codes, *(code.lower() for code in codes.values())]
        hint = nearest(selector, words).replace("'cnx", "'CNX")
        raise ConfigError(f"{where}: {selector!r} is no rule{hint}")


def _with_named(knowledge: Family, options: Options, where: str) -> Family:
    """The user's records, with those for the functions and classes that the plain settings name."""
    entries = _dotted("entry-points", options.entry_points or (), where)
    singletons = _dotted("singletons", options.singletons or (), where)
    entry: tuple[EntryPoint, ...] = ()
    memo: tuple[Memo, ...] = ()
    if entries:
        named = EntryPoint(
            id="entry-points",
            framework="entry point",
            match="function",
            evidence=("own",),
            per="call",
            label="{class}.{name}|{name}",
            names=entries,
        )
        entry = (named,)
    if singletons:
        memo = (Memo("singletons", "function", "process", "no", "singleton", ("own",), singletons),)
    return msgspec.structs.replace(
        knowledge, entry=(*knowledge.entry, *entry), memo=(*knowledge.memo, *memo)
    )


def _dotted(key: str, names: Iterable[str], where: str) -> tuple[str, ...]:
    for name in names:
        if not _DOTTED.match(name):
            raise ConfigError(
                f"{where}: {key}: {name!r} is no dotted name, as in 'package.module.function'"
            )
    return tuple(names)


def _sources(sources: Iterable[str], root: Path, where: str) -> Iterable[Path]:
    for source in sources:
        path = Path(source)
        if not path.is_relative_to(root):
            raise ConfigError(f"{where}: src: {source} lies outside the project ({root})")
        yield path


def _kinds(options: Options) -> tuple[tuple[str, str], ...]:
    if options.kind is None:
        return ()
    if isinstance(options.kind, str):
        return (("*", options.kind),)
    return tuple(options.kind.items())


def _severities(options: Options) -> tuple[tuple[str, Severity], ...]:
    """By code; a prefix stands for all codes that begin so, and the longest prefix wins."""
    codes = rule_codes()
    given = {codes.get(key, key.upper()): word for key, word in (options.severity or {}).items()}
    found = {}
    for prefix in sorted(given, key=len):
        matching = codes.values() if prefix == EVERYTHING else _beginning(codes.values(), prefix)
        found.update(dict.fromkeys(matching, Severity[given[prefix].upper()]))
    return tuple(sorted(found.items()))


def _beginning(codes: Iterable[str], prefix: str) -> list[str]:
    return [code for code in codes if code.startswith(prefix)]


def _check_version(required: str | None, where: str) -> None:
    if required is None:
        return
    own = _numbers(__version__)
    for clause in required.split(","):
        match = _CLAUSE.match(clause)
        if match is None:
            raise ConfigError(f"{where}: required-version: {clause.strip()!r} is no version")
        if not _holds(own, match["sign"] or "==", _numbers(match["version"])):
            raise ConfigError(
                f"{where}: this project needs conn-lint {required}, this is {__version__}"
            )


def _holds(own: tuple[int, ...], sign: str, other: tuple[int, ...]) -> bool:
    width = max(len(own), len(other))
    left, right = own + (0,) * (width - len(own)), other + (0,) * (width - len(other))
    match sign:
        case "==":
            return left == right
        case "!=":
            return left != right
        case ">=":
            return left >= right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case "<":
            return left < right
        case _:  # ~=: at least this, within the same release series
            return left >= right and left[: len(other) - 1] == other[:-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:4])
