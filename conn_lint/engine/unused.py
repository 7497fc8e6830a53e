"""Comments that silence nothing: what CNX901 reports, once it is known what the others have silenced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from conn_lint.engine.result import Result
from conn_lint.engine.select import FAMILY, rule_codes
from conn_lint.engine.suppress import Comments, names, silencers
from conn_lint.model.finding import Finding
from conn_lint.model.fingerprint import numbered
from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.location import Location
from conn_lint.model.mask import mask
from conn_lint.model.summary import Directive
from conn_lint.rules.cannot_analyse import CannotAnalyse
from conn_lint.rules.unused_suppression import UnusedSuppression
from conn_lint.syntax.noqa import Commented
from conn_lint.syntax.source import SourceError, decode

IsWanted = Callable[[str, str], bool]
"""Whether findings of a code are wanted in a file."""


def find_unused(
    result: Result, is_wanted: IsWanted, read: Callable[[str], bytes | None], *, noqa: bool
) -> Iterator[Finding]:
    """The findings of CNX901; without `noqa` only for off/on ranges.

    `read` gives a file as the run saw it. Nothing is said of files that could not be analysed, nor after an internal
    error, since not all that is wrong was found then.
    """
    if result.troubles:
        return
    silenced: dict[str, dict[int, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in result.findings:
        path = finding.location.path
        if finding.code != CannotAnalyse.code and path in result.comments:
            for number in silencers(finding, result.comments[path]):
                silenced[path][number].append(finding)
    failed = {f.location.path for f in result.findings if f.code == CannotAnalyse.code}
    for path in sorted(result.comments.keys() - failed):
        if is_wanted(path, UnusedSuppression.code):
            found = _in_file(path, result.comments[path], silenced[path], is_wanted, noqa=noqa)
            yield from _placed(list(found), path, result.comments[path], read, noqa=noqa)


class _Unused:
    """A directive with the codes that silence nothing, and why they do not."""

    def __init__(self, directive: Directive, gone: list[str], unknown: list[str]) -> None:
        self.directive = directive
        self.gone = (*gone, *unknown)
        self.unknown = unknown
        self.end: Directive | None = None  # the `on` that goes with it

    @property
    def is_whole(self) -> bool:
        """No other code of a rule is left in it."""
        rest = [code for code in self.directive.codes if code not in self.gone]
        return not rest if "noqa" in self.directive.kind else not any(map(_meant, rest))


def _in_file(
    path: str,
    comments: Comments,
    silenced: Mapping[int, list[Finding]],
    is_wanted: IsWanted,
    *,
    noqa: bool,
) -> Iterator[_Unused]:
    for number, directive in enumerate(comments.directives):
        if directive.kind == "on" or ("noqa" in directive.kind and not noqa):
            continue
        found = silenced.get(number, [])
        unused = _judged(path, directive, found, is_wanted)
        if unused is None:
            continue
        if directive.kind == "off" and unused.is_whole:
            unused.end = _end(comments.directives[number + 1 :], directive)
        yield unused


def _judged(
    path: str, directive: Directive, found: list[Finding], is_wanted: IsWanted
) -> _Unused | None:
    """What of a directive is unused, None if nothing is."""
    if not directive.codes:
        return _Unused(directive, [], []) if directive.kind == "off" and not found else None
    gone, unknown = [], []
    for word in directive.codes:
        meant = _meant(word)
        if not meant:
            ours = word.startswith(FAMILY) or directive.kind == "off"
            unknown += [word] if ours else []
        elif UnusedSuppression.code not in meant and not any(
            names(word, f.code, f.rule) for f in found
        ):
            gone += [word] if any(is_wanted(path, code) for code in meant) else []
    if directive.kind == "off" and any(map(_meant, directive.codes)):
        unknown = []  # the reason, behind the codes
    return _Unused(directive, gone, unknown) if gone or unknown else None


def _meant(word: str) -> list[str]:
    """The codes of the rules that a word of a comment means."""
    return [code for rule, code in rule_codes().items() if names(word, code, rule)]


def _end(later: tuple[Directive, ...], off: Directive) -> Directive | None:
    """The `on` that ends what an `off` began, if nothing else hangs on it."""
    follower = next((d for d in later if d.kind in ("off", "on")), None)
    is_end = follower is not None and follower.kind == "on" and follower.codes == off.codes
    return follower if is_end else None


def _placed(
    found: list[_Unused],
    path: str,
    comments: Comments,
    read: Callable[[str], bytes | None],
    *,
    noqa: bool,
) -> Iterator[Finding]:
    data = read(path) if found else None
    if data is None:
        return
    try:
        text = Commented(decode(data).text)
    except SourceError:
        return
    made: list[Finding] = []
    owns: list[Directive] = []
    for unused in found:
        lines = [d.line for d in (unused.directive, unused.end) if d is not None]
        places = [place for line in lines if (place := text.comment(line)) is not None]
        if places:
            spans = tuple(Location(path, span) for _, span in places)
            made.append(_finding(unused, mask(places[0][0]), spans))
            owns.append(unused.directive)
    for finding, own in zip(numbered(made), owns, strict=True):
        if not _is_silenced(finding, own, comments, noqa=noqa):
            yield finding


def _is_silenced(finding: Finding, own: Directive, comments: Comments, *, noqa: bool) -> bool:
    """By another comment, or by a noqa that names CNX901 itself; a range does not hide that it hides nothing."""
    silencing = (comments.directives[n] for n in silencers(finding, comments, noqa=noqa))
    return any(directive is not own or own.kind != "off" for directive in silencing)


def _finding(unused: _Unused, comment: str, spans: tuple[Location, ...]) -> Finding:
    directive = unused.directive
    shown = {"file-noqa": "flake8: noqa", "off": "conn-lint: off"}.get(directive.kind, "noqa")
    words = ", ".join(unused.gone)
    said = " ".join(filter(None, (f"{shown}:" if words and "noqa" in shown else shown, words)))
    unknown = f"; conn-lint has no rule {', '.join(unused.unknown)}" if unused.unknown else ""
    return Finding(
        code=UnusedSuppression.code,
        rule=UnusedSuppression.name,
        message=f'"{said}" silences nothing{unknown}. Remove it.',
        location=spans[0],
        severity=UnusedSuppression.severity,
        statement=(directive.line, directive.line),
        content=comment,
        plan=FixPlan(
            kind="remove-suppression",
            title=f'remove "{said}"',
            applicability=Applicability.SAFE,
            spans=spans,
            details=(
                ("kind", directive.kind),
                ("codes", " ".join(directive.codes)),
                ("gone", " ".join(unused.gone)),
                ("whole", "yes" if unused.is_whole else ""),
            ),
        ),
    )
