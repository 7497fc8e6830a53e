"""Takes secrets out of summaries and skeletons, before they are cached or looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from conn_lint.model.expression import (
    Argument,
    Attribute,
    Container,
    Expr,
    Literal,
    Name,
    Subscript,
)
from conn_lint.model.flow import AssignEvent, StoreEvent
from conn_lint.model.mask import STARS, is_secret_name, mask
from conn_lint.model.summary import Head, Parameter, Skeleton

Record = TypeVar("Record", bound=msgspec.Struct)


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
    """A copy of a summary in which literals hold no secret: in URLs, DSNs, and where a name says
    so.
    """
    fields = {name: _redact_value(getattr(record, name)) for name in record.__struct_fields__}
    hidden: Record = _hide_named(type(record)(**fields))
    return hidden


def _redact_value(value: Any) -> Any:
    match value:
        case Literal(kind="str" | "bytes", value=str(text)):
            return Literal(value.kind, mask(text))
        case msgspec.Struct():
            return redact(value)
        case tuple():
            return tuple(_redact_value(item) for item in value)
        case _:
            return value


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
