"""Takes secrets out of summaries, skeletons and documents, before they are cached or looked at."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from operator import is_
from typing import Any, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec

from conn_lint.model.expression import (
    Argument,
    Attribute,
    Container,
    Expr,
    Literal,
    Name,
    Subscript,
    Temp,
)
from conn_lint.model.flow import AssignEvent, Import, StoreEvent
from conn_lint.model.location import Span
from conn_lint.model.mask import STARS, is_secret_name, mask
from conn_lint.model.summary import (
    Block,
    DocumentSummary,
    Entry,
    Head,
    Parameter,
    Skeleton,
    Statement,
)

Record = TypeVar("Record", bound=msgspec.Struct)
Keys: TypeAlias = tuple[str | int, ...]

_PLAIN = (Span, Block, Statement, Import, Name, Temp)
_NAMING_KEYS = ("name", "Name", "key", "Key")


def redact_skeleton(skeleton: Skeleton) -> Skeleton:
    """The skeleton without secrets in the text of decorators and bases."""
    heads = tuple(_redact_head(head) for head in skeleton.heads)
    return msgspec.structs.replace(skeleton, heads=heads) if heads != skeleton.heads else skeleton


def _redact_head(head: Head) -> Head:
    if not (head.bases or head.decorators):
        return head
    bases, decorators = _masked(head.bases), _masked(head.decorators)
    if (bases, decorators) == (head.bases, head.decorators):
        return head
    return msgspec.structs.replace(head, bases=bases, decorators=decorators)


def _masked(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(mask(text) for text in texts)


def redact(record: Record) -> Record:
    """The summary with literals that hold no secret: in URLs, DSNs, and where a name says so.

    What holds none is not copied: nearly all of it.
    """
    changed: dict[str, Any] = {}
    for name in _fields(type(record)):
        value = getattr(record, name)
        if value:
            clean = _redact_value(value)
            if clean is not value:
                changed[name] = clean
    clean = msgspec.structs.replace(record, **changed) if changed else record
    hidden: Record = _hide_named(clean) if type(clean) in _NAMED else clean
    return hidden


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields in which literals can lie, at any depth."""
    if kind in _PLAIN or not issubclass(kind, msgspec.Struct):
        return ()
    return tuple(name for name, hint in get_type_hints(kind).items() if _holds_records(hint))


def _holds_records(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint not in _PLAIN
    return any(map(_holds_records, get_args(hint)))


def redact_document(document: DocumentSummary) -> DocumentSummary:
    """The document without secrets: in URLs and DSNs, and where some key or the entry beside it says so."""
    values = {entry.keys: entry.value for entry in document.entries}
    entries = tuple(
        msgspec.structs.replace(entry, value=_entry_value(entry, values))
        for entry in document.entries
    )
    error = document.error and mask(document.error)
    return msgspec.structs.replace(document, entries=entries, error=error)


def _entry_value(entry: Entry, values: Mapping[Keys, Any]) -> Any:
    value = entry.value
    if isinstance(value, bool) or value in {None, ""}:
        return value
    if any(isinstance(key, str) and is_secret_name(key) for key in entry.keys):
        return STARS
    if any(isinstance(name, str) and is_secret_name(name) for name in _names_beside(entry, values)):
        return STARS
    return mask(value) if isinstance(value, str) else value


def _names_beside(entry: Entry, values: Mapping[Keys, Any]) -> Iterator[Any]:
    """What names a value from its side: `{name: X, value: ...}`, and `["--x", ...]`."""
    *outer, last = entry.keys
    if isinstance(last, int):
        before = values.get((*outer, last - 1))
        yield before if isinstance(before, str) and before.startswith("-") else None
    elif last.lower() == "value":
        for key in _NAMING_KEYS:
            yield values.get((*outer, key))


def _redact_value(value: Any) -> Any:
    kind: Any = type(value)
    if kind is tuple:
        items = list(map(_redact_value, value))
        return value if all(map(is_, items, value)) else tuple(items)
    if kind is Literal:
        if value.kind in ("str", "bytes") and isinstance(value.value, str):
            clean = mask(value.value)
            return value if clean == value.value else Literal(value.kind, clean)
        return value
    return redact(value) if _fields(kind) else value


_NAMED = frozenset({Argument, AssignEvent, StoreEvent, Parameter, Container})


def _hide_named(record: Any) -> Any:
    """Hide a literal that stands under a name like `password`."""
    match record:
        case Argument(value=Literal(), keyword=str(name)) if is_secret_name(name):
            return msgspec.structs.replace(record, value=_hidden(record.value))
        case AssignEvent(target=name, value=Literal()) if is_secret_name(name):
            return msgspec.structs.replace(record, value=_hidden(record.value))
        case StoreEvent(target=target, value=Literal()) if is_secret_name(_last_name(target)):
            return msgspec.structs.replace(record, value=_hidden(record.value))
        case Parameter(name=name, default=Literal()) if is_secret_name(name):
            return msgspec.structs.replace(record, default=_hidden(record.default))
        case Container(items=items, keys=keys) if keys:
            hidden = tuple(_hidden_item(k, v) for k, v in zip(keys, items, strict=True))
            return Container(record.kind, hidden, keys)
        case _:
            return record


def _hidden_item(key: Expr | None, item: Expr) -> Expr:
    is_secret = (
        isinstance(key, Literal) and isinstance(key.value, str) and is_secret_name(key.value)
    )
    return _hidden(item) if is_secret else item


def _hidden(expr: Any) -> Any:
    match expr:
        case Literal(kind="str" | "bytes", value=str(text)) if text:
            return Literal(expr.kind, STARS)
        case _:
            return expr


def _last_name(target: Expr) -> str:
    match target:
        case Attribute(attr=name) | Name(id=name):
            return name
        case Subscript(index=Literal(value=str(name))):
            return name
        case _:
            return ""
