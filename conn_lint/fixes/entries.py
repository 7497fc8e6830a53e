"""Renders set-entry: values in settings files get another number, or their URL another part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from conn_lint.fixes.apply import apply_edits
from conn_lint.fixes.parsed import Files, RenderError
from conn_lint.model.fix import Edit, FixPlan, PlanKind
from conn_lint.model.location import Location, Span
from conn_lint.model.summary import DocumentSummary
from conn_lint.syntax.documents import read_document
from conn_lint.syntax.source import Source, decode

KIND: PlanKind = "set-entry"

_FORMATS = frozenset(("env", "ini", "prisma", "toml", "yaml"))
# What programs put something else in the place of, as far as formats and their readers know it.
_REFERENCE = re.compile(
    r"\$?\{\{.*?\}\}|\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\$\([^()]*\)|\$[A-Za-z_]\w*|\$\$|%\(\w+\)s|<[^<>]*>|\{\w*\}"
)
_NAMED = re.compile(r"[A-Za-z_]\w*=")  # of an item in a list of variables
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<user>[^@/?#\s]*@)?(?P<host>[^@/?#\s]*)(?P<path>/[^@?#\s]*)?"
    r"(?P<query>\?[^@#\s]*)?"
)
_NUMBER = re.compile(r"\d{1,9}")
_PORT = re.compile(r":\d{1,5}\Z")
_PLAIN = re.compile(r"[\w.-]*")


def set_entry(plan: FixPlan, files: Files) -> tuple[Edit, ...]:
    """The detail `set` has a line for each entry, with terms between blanks: `?name=value` (a parameter of the URL),
    `port=value`, `host=value`, `value=number`; raises RenderError.

    The entries are the plan's spans behind the first, `formats` has the format of the file for each. An edit holds no
    more than what changes: passwords stay where they are.
    """
    lines = plan.detail("set").split("\n")
    formats = plan.detail("formats").split("\n")
    return tuple(
        _edit(place, form, line.split(), files.data(place.path))
        for place, form, line in zip(plan.spans[1:], formats, lines, strict=True)
    )


def documents_of(plan: FixPlan) -> dict[str, str]:
    """The settings files that such a plan changes, with their formats."""
    if plan.kind != KIND:
        return {}
    formats = plan.detail("formats").split("\n")
    return {place.path: form for place, form in zip(plan.spans[1:], formats, strict=True)}


def problem_in(before: bytes, after: bytes, format_name: str, most: int) -> str:
    """What is wrong with a settings file that was edited, "" if nothing is: it must have the values it had, but for as
    many as were to change.
    """
    old, new = read_document(before, format_name), read_document(after, format_name)
    if new.error != old.error:
        return f"the file would not be read: {new.error}"
    changed = _changed_values(old, new)
    if changed is None or len(changed) > most:
        return "other values would change with it"
    return ""


def _edit(place: Location, form: str, terms: Sequence[str], data: bytes) -> Edit:
    if form not in _FORMATS:
        raise RenderError(f"nothing is changed in files like {place.path}")
    source = decode(data)
    token = _token(source, place)
    start, inner = _inner(token, form)
    changed = inner
    for term in terms:
        changed = _changed(changed, term)
    if form == "env" and start == 0 and "&" in changed and "&" not in inner:
        _refuse_in_shell(source, place)
    edit = _least(place, start, inner, changed)
    after = apply_edits(data, [edit])
    if form == "yaml" and start == 0 and "?" in edit.text:
        _refuse_in_brackets(after, place)
    old = read_document(data, form)
    values = _changed_values(old, read_document(after, form))
    if values is None or len(values) != 1:
        raise RenderError(f"{_line(place)} stands for more than one value")
    [(was, now)] = values
    if _all_changed(was, terms) != now:
        raise RenderError(f"{_line(place)} is not written as it is read")
    return edit


def _token(source: Source, place: Location) -> str:
    span, lines = place.span, source.text.split("\n")
    if span.line != span.end_line or span.line > len(lines):
        raise RenderError(f"{_line(place)} has a value of several lines")
    return lines[span.line - 1][span.column : span.end_column]


def _inner(token: str, form: str) -> tuple[int, str]:
    """What stands between the quotes, and where it begins."""
    quote = token[:1]
    if quote in ("'", '"') and form != "ini":
        if len(token) < 2 or token[-1] != quote or token[:3] == quote * 3:
            raise RenderError("it is quoted over several lines")
        return 1, token[1:-1]
    if form == "yaml" and quote in ("|", ">", "&", "*", "!"):
        raise RenderError("its value has an anchor or a tag, or is a block of text")
    return 0, token


class _Parts(NamedTuple):
    """A text with a URL in it, taken apart: `before` is what names it, host and path may hold references."""

    before: str
    head: str  # scheme and user
    host: str
    path: str
    query: str


def _changed(text: str, term: str) -> str:
    name, _, value = term.partition("=")
    if name == "value":
        before = _before(text)
        if not _NUMBER.fullmatch(text, len(before)):
            raise RenderError("its value is no number that stands there")
        return before + value
    parts = _parts(text)
    if name.startswith("?"):
        return _with_parameter(parts, name[1:], value)
    if _references(parts.host) or "," in parts.host:
        raise RenderError("its host is put together")
    if name == "port":
        host = f"{_PORT.sub('', parts.host)}:{value}"
    else:
        port = _PORT.search(parts.host)
        host = value + (port[0] if port is not None else "")
    return "".join(parts._replace(host=host))


def _all_changed(value: object, terms: Sequence[str]) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and len(terms) == 1:
        return int(terms[0].partition("=")[2])
    text = str(value)
    for term in terms:
        text = _changed(text, term)
    return text


def _before(text: str) -> str:
    """The name in `NAME=value`."""
    named = _NAMED.match(text)
    return named[0] if named is not None else ""


def _parts(text: str) -> _Parts:
    before = _before(text)
    plain = _REFERENCE.sub(lambda match: "x" * len(match[0]), text)
    url = _URL.fullmatch(plain, len(before))
    if url is None:
        raise RenderError("its value is no URL that can be taken apart")

    def part(name: str) -> str:
        start, end = url.span(name)
        return text[start:end] if start >= 0 else ""

    return _Parts(
        before, text[len(before) : url.start("host")], *map(part, ("host", "path", "query"))
    )


def _with_parameter(parts: _Parts, name: str, value: str) -> str:
    query = parts.query
    if _references(query) or "\\" in query:
        raise RenderError("its parameters are put together, or escaped")
    if not parts.path:
        if _references(parts.host):
            raise RenderError("its end is put together")
        parts = parts._replace(path="/")
    pairs = query.removeprefix("?").split("&") if query else []
    same = [n for n, pair in enumerate(pairs) if pair.partition("=")[0].lower() == name.lower()]
    if len(same) > 1:
        raise RenderError(f"it has {name} more than once")
    if same:
        key, _, old = pairs[same[0]].partition("=")
        if not _PLAIN.fullmatch(old):
            raise RenderError(f"its {name} is put together")
        pairs[same[0]] = f"{key}={value}"
        return "".join(parts._replace(query="?" + "&".join(pairs)))
    joint = "" if query.endswith(("?", "&")) else "&" if query else "?"
    return "".join(parts._replace(query=f"{query}{joint}{name}={value}"))


def _references(text: str) -> bool:
    return _REFERENCE.search(text) is not None or "$" in text


def _refuse_in_shell(source: Source, place: Location) -> None:
    line = source.text.split("\n")[place.span.line - 1]
    if line.lstrip().startswith("export"):
        raise RenderError(f"{_line(place)} is for a shell, which ends a value at & without quotes")


def _refuse_in_brackets(after: bytes, place: Location) -> None:
    from conn_lint.syntax.yaml_document import is_read_by_all  # noqa: PLC0415 - brings the parser

    if not is_read_by_all(decode(after).text):
        raise RenderError(f"{_line(place)} needs quotes for a ?")


def _least(place: Location, start: int, old: str, new: str) -> Edit:
    """What differs alone: all else may be secret."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    line, column = place.span.line, place.span.column + start
    span = Span(line, column + head, line, column + len(old) - tail)
    return Edit(place.path, span, new[head : len(new) - tail])


def _changed_values(
    old: DocumentSummary, new: DocumentSummary
) -> list[tuple[object, object]] | None:
    """The values that differ, before and after; None where there are other entries than before."""
    if new.error != old.error or [e.keys for e in old.entries] != [e.keys for e in new.entries]:
        return None
    pairs = ((a.value, b.value) for a, b in zip(old.entries, new.entries, strict=True))
    return [(was, now) for was, now in pairs if was != now or type(was) is not type(now)]


def _line(place: Location) -> str:
    return f"{place.path}:{place.span.line}"
