"""What the flags of fixes do: write files, show what would change, say what was done."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from conn_lint.cli.flags import Command, with_options
from conn_lint.report.escape import one_line

if TYPE_CHECKING:
    from conn_lint.config.repairs import Renderings, Repairs
    from conn_lint.engine.repair import Rendered, Repaired, Shown
    from conn_lint.model.finding import Finding


Cure: TypeAlias = "Repairs | Renderings | None"
"""What a run does with findings that have fixes: apply them, only render them, nothing."""


_USERS = re.compile(r"://.*@")  # greedy: a password may hold anything
_COMMENT = re.compile(r"(?<=\s)(?P<sign>#|;|//).*")
# Items of one line: `{A: b, "C": "d"}`, `["A=b", "C=d"]`.
_KEY = r"""\s*["']?[\w.-]+["']?\s*[:=]"""
_FLOW = re.compile(rf"[{{\[]{_KEY}")
_ITEM = re.compile(
    rf"""(?P<key>[{{\[,]{_KEY}\s*)(?P<value>"[^"]*"|'[^']*'|[^\s{{}}\[\],"'][^,}}\]]*)"""
)

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--fix", is_flag=True, help="Apply the safe fixes."),
    click.option(
        "--unsafe-fixes", is_flag=True, help="With --fix or --diff: apply the unsafe fixes too."
    ),
    click.option(
        "--diff",
        is_flag=True,
        help="Show what --fix would change, and change nothing; exit 1 if anything.",
    ),
    click.option("--fix-only", is_flag=True, help="Apply fixes, and report nothing that is left."),
    click.option("--show-fixes", is_flag=True, help="List what was fixed, and what could not be."),
    click.option(
        "--with-edits", is_flag=True, help="With json or sarif: the edits of each fix, with places."
    ),
)


def fix_options(command: Command) -> Command:
    """Add the flags of fixes to a command."""
    return with_options(_OPTIONS, command)


def wants_repair(values: dict[str, Any]) -> bool:
    """Some flag asks for fixes to be worked out."""
    return bool(values["fix"] or values["fix_only"] or values["diff"])


def make_cure(values: dict[str, Any]) -> Cure:
    """What is done with each outcome, as the flags say."""
    if wants_repair(values):
        from conn_lint.config.repairs import Repairs  # noqa: PLC0415 - a light start
        from conn_lint.model.fix import Applicability  # noqa: PLC0415

        unsafe = values["unsafe_fixes"]
        level = Applicability.UNSAFE if unsafe else Applicability.SAFE
        return Repairs(level, shows=unsafe and values["diff"])
    if values["with_edits"]:
        from conn_lint.config.repairs import Renderings  # noqa: PLC0415

        return Renderings()
    return None


def write(repairs: Repairs, overrides: Mapping[Path, bytes]) -> list[str]:
    """Write what changed: to the files, or to standard output what came from standard input; the problems."""
    from conn_lint.engine.write import write_files  # noqa: PLC0415

    problems: list[str] = []
    for done in repairs.done:
        root = done.outcome.root
        given = {path for path in done.after if root / path in overrides}
        for path in sorted(given):
            sys.stdout.buffer.write(done.after[path])
        files = {path: data for path, data in done.after.items() if path not in given}
        written, found = write_files(root, done.before, files)
        repairs.left_alone |= {root / path for path in files if path not in written}
        problems += found
    return problems


def diff(repairs: Repairs) -> Iterator[str]:
    """What would change, as a unified diff that `git apply` and `patch` take from the current folder.

    Settings files stand below it, behind `#`: their lines may hold passwords, which are hidden. So does what is never
    applied.
    """
    for done in repairs.done:
        files = set(done.outcome.documents)
        yield from _diff_of(done, done.after.keys() - files, files, done.before, done.after)
    for done in repairs.done:
        found = done.after.keys() & set(done.outcome.documents)
        if found:
            yield "# settings files, which --fix changes too (passwords hidden):\n"
            yield from _behind_signs(_diff_of(done, found, found, done.before, done.after))
    for done in repairs.done:
        for alike in _alike(done.shown):
            for shown in alike:
                yield f"# {_place(done, shown.finding)} (display-only): {_title(shown.finding)}\n"
            one = alike[0]
            # Those that were not given are shown too: `documents` has not all of them.
            settings = done.outcome.documents, *map(_settings_of, alike)
            hides = set().union(*settings)
            yield from _behind_signs(_diff_of(done, one.after.keys(), hides, one.before, one.after))


def _behind_signs(lines: Iterable[str]) -> Iterator[str]:
    return (f"# {line}" for line in lines)


def _settings_of(shown: Shown) -> Iterable[str]:
    from conn_lint.fixes.entries import documents_of  # noqa: PLC0415

    return documents_of(shown.finding.plan) if shown.finding.plan is not None else ()


def _diff_of(
    done: Repaired,
    paths: Iterable[str],
    settings: Collection[str],
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
) -> Iterator[str]:
    from conn_lint.config.projects import display_below  # noqa: PLC0415

    for path in sorted(paths):
        name = display_below(done.outcome.root, path)
        if path in settings:
            yield from hidden(name, before[path], after[path])
        else:
            yield from unified(name, before[path], after[path])


def _alike(shown: Iterable[Shown]) -> Iterable[list[Shown]]:
    """Those together that would change the same: one cure for several findings."""
    found: dict[tuple[tuple[str, bytes], ...], list[Shown]] = {}
    for one in shown:
        found.setdefault(tuple(sorted(one.after.items())), []).append(one)
    return found.values()


def unified(name: str, before: bytes, after: bytes) -> Iterator[str]:
    """The lines of one file's diff, each with its ending."""
    from conn_lint.syntax.source import decode, split_lines  # noqa: PLC0415

    old, new = split_lines(decode(before).raw), split_lines(decode(after).raw)
    for line in difflib.unified_diff(old, new, _quoted(f"a/{name}"), _quoted(f"b/{name}")):
        if line.endswith(("\n", "\r")):
            yield line
        else:
            yield line + "\n\\ No newline at end of file\n"


def hidden(name: str, before: bytes, after: bytes) -> Iterator[str]:
    """The same of a settings file: the lines that change alone, without users, passwords and what else a line says."""
    from conn_lint.model.mask import mask  # noqa: PLC0415
    from conn_lint.syntax.source import decode, split_lines  # noqa: PLC0415

    old, new = split_lines(decode(before).raw), split_lines(decode(after).raw)
    names = (_quoted(f"a/{name}"), _quoted(f"b/{name}"))
    for line in difflib.unified_diff(old, new, *names, n=0):
        plain = _USERS.sub("://***@", mask(line.rstrip("\r\n")))
        plain = _COMMENT.sub(r"\g<sign> ***", plain)
        if _FLOW.search(plain):
            plain = _ITEM.sub(_item, plain)
        yield f"{one_line(plain)}\n"


def _item(match: re.Match[str]) -> str:
    """An item of several on one line: what is no address or number may be secret."""
    value = match["value"]
    shown = "://" in value or value.strip().isdecimal()
    return match[0] if shown else f"{match['key']}***"


def _quoted(name: str) -> str:
    """A file's name as `git apply` and `patch` read it: what is odd in it stands as octal numbers, in quotes."""
    if name.isprintable() and not {'"', "\\"} & set(name):
        return name
    data = name.encode("utf-8", "surrogateescape")
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in data)
    return f'"{"".join(plain)}"'


def account(repairs: Repairs, values: dict[str, Any]) -> Iterator[str]:
    """What was done: a line for each fix if wanted, a line for each that was taken back, and the sum."""
    every, word = values["show_fixes"], "would fix" if values["diff"] else "fixed"
    applied = files = 0
    for done in repairs.done:
        root = done.outcome.root
        files += sum(root / path not in repairs.left_alone for path in done.after)
        for finding in done.applied:
            if root / finding.location.path not in repairs.left_alone:
                applied += 1
                if every:
                    yield f"{_place(done, finding)}: {word}: {_title(finding)}"
        for item in done.withdrawn:
            if item.applied:
                yield f"{_place(done, item.finding)}: the fix was taken back: {one_line(item.reason)}"
            elif every:
                yield f"{_place(done, item.finding)}: no fix here: {one_line(item.reason)}"
    if applied:
        yield f"{word.capitalize()} {applied} in {files} file{'s' if files > 1 else ''}."


def _place(done: Repaired, finding: Finding) -> str:
    from conn_lint.config.projects import display_below  # noqa: PLC0415

    path = one_line(display_below(done.outcome.root, finding.location.path))
    return f"{path}:{finding.location.span.line}: {finding.code}"


def _title(finding: Finding) -> str:
    return one_line(finding.plan.title) if finding.plan is not None else finding.rule


def renderings_of(cure: Cure, show: Callable[[Path], str]) -> dict[Finding, Rendered]:
    """The edits of each finding, in a report where `show` says how paths look."""
    if cure is None or not hasattr(cure, "found"):
        return {}
    import msgspec  # noqa: PLC0415 - a light start

    from conn_lint.config.projects import place_below, relocate  # noqa: PLC0415
    from conn_lint.model.fix import Fix  # noqa: PLC0415

    found = {}
    for root, rendered in cure.found:
        place = place_below(root, show)
        fix = rendered.fix
        if fix is not None:
            edits = tuple(msgspec.structs.replace(e, path=place(e.path)) for e in fix.edits)
            fix = Fix(fix.plan, edits)
        found[relocate(rendered.finding, place)] = msgspec.structs.replace(rendered, fix=fix)
    return found
