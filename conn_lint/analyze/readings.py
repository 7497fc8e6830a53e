"""Calls that give values of settings: the environment is read, a text is formatted, an address put together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from conn_lint.analyze.found import HOLE, UNKNOWN, Found, Table, joined, unpacked
from conn_lint.link.types import argument_at
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, Instance
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Container,
    Expr,
    Temp,
)
from conn_lint.model.flow import AssignEvent, CallEvent
from conn_lint.model.option import AddressMaker, Reader, Scalar, SettingsClass

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.values import Values

# Methods of texts, addresses, secrets and dicts that give the same again.
_SAME = frozenset(
    {"strip", "rstrip", "lstrip", "render_as_string", "unicode_string", "get_secret_value",
     "human_repr", "encode", "decode", "copy", "__str__"}
)  # fmt: skip
_FIELD = re.compile(r"\{(\w*)[^{}]*\}")
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[sdifrx]")


class Readings:
    """Answers for calls, in the graph of a function or outside any."""

    def __init__(self, analysis: Analysis, values: Values) -> None:
        self._types = analysis.types
        self._program = analysis.program
        self._knowledge = analysis.knowledge
        self._values = values

    def call(self, func: Expr, arguments: tuple[Argument, ...], at: FunctionId) -> Found:
        """What the call gives."""
        callee = self._types.infer(func, at)
        match callee:
            case FunctionRef():
                return self._values.returned(func, at)
            case External(name=name):
                found = self._external(name, arguments, at)
            case Instance(type=name):
                found = self._external(f"{name}.__call__", arguments, at)
            case None:
                found = self._values.may_be_whole(func)
            case _:
                found = None
        if found is None and isinstance(func, Attribute):
            found = self._method(func, arguments, at)
        return found or UNKNOWN

    def _external(self, name: str, arguments: tuple[Argument, ...], at: FunctionId) -> Found | None:
        reader = self._knowledge.settings.reader(name)
        if reader is not None and not reader.mapping:
            return self._read(reader, arguments, at)
        whole = self._values.whole(name)
        if whole is not None:
            return whole
        maker = self._knowledge.settings.address_maker(name)
        if maker is not None:
            return self._address(maker, arguments, at)
        plain = name.removeprefix("builtins.")
        convert = _CONVERSIONS.get(plain)
        if convert is not None and arguments:
            return _converted(self._values.of(arguments[0].value, at), convert)
        if plain == "dict":
            return self._dict(arguments, at)
        if plain in ("min", "max") and arguments:
            return self._extreme(plain, arguments, at)
        return None

    def _read(self, reader: Reader, arguments: tuple[Argument, ...], at: FunctionId) -> Found:
        named = argument_at(arguments, reader.argument)
        variable = (self._values.of(named.value, at).text if named is not None else None) or ""
        says = self._values.stated.of if reader.settings else self._values.variable
        there = says(variable)
        if there is not None:
            return there
        given = argument_at(arguments, reader.keyword)
        if given is None and reader.default:
            given = argument_at(arguments, reader.default)
        found = self._values.of(given.value, at) if given is not None else UNKNOWN
        if not found.is_known or found.value is None:
            return UNKNOWN._replace(variable=variable)
        if reader.settings:
            return found
        return found._replace(source="environment", variable=variable or found.variable)

    def _dict(self, arguments: tuple[Argument, ...], at: FunctionId) -> Found:
        given, named = self._values.arguments(arguments, at)
        if not given:
            return Found(named, "argument")
        first = given[0].value
        if not isinstance(first, Table):
            return Found(Table(named.items, whole=False), "argument")
        whole = first.whole and named.whole
        return Found(Table({**first.items, **named.items}, whole), "argument")

    def _extreme(self, which: str, arguments: tuple[Argument, ...], at: FunctionId) -> Found:
        found = [self._values.of(argument.value, at) for argument in arguments]
        numbers = [part for part in found if isinstance(part.value, int | float) and part.is_known]
        if len(numbers) != len(found):
            return UNKNOWN
        numbers.sort(key=lambda part: part.value)  # type: ignore[arg-type, return-value]
        return numbers[0 if which == "min" else -1]

    def _method(
        self, func: Attribute, arguments: tuple[Argument, ...], at: FunctionId
    ) -> Found | None:
        whole = self._values.of(func.value, at)
        if func.attr in _SAME:
            is_kept = whole.text is not None or whole.variable or isinstance(whole.value, Table)
            return whole if is_kept else None
        if isinstance(whole.value, Table) and func.attr == "get" and arguments:
            return self._item_or(unpacked(whole), arguments, at)
        if whole.text is None:
            return None
        if func.attr == "replace" and len(arguments) >= 2:
            old, new = (self._values.of(a.value, at).text for a in arguments[:2])
            if old and new is not None and HOLE not in old:
                return joined([whole._replace(value=whole.text.replace(old, new))])
        if func.attr == "format":
            given, named = self._values.arguments(arguments, at)
            return _filled(whole, _FIELD, given, named)
        return None

    def _item_or(
        self, table: Table, arguments: tuple[Argument, ...], at: FunctionId
    ) -> Found | None:
        """`table.get(name, default)`."""
        name = self._values.of(arguments[0].value, at).text
        found = table.items.get(name) if name is not None else None
        if found is not None or name is None or not table.whole:
            return found
        return self._values.of(arguments[1].value, at) if len(arguments) > 1 else None

    def percent(self, text: Found, operand: Expr, at: FunctionId) -> Found:
        """`"..." % operand`."""
        if isinstance(operand, Container) and operand.kind == "tuple":
            given = [self._values.of(item, at) for item in operand.items]
            return _filled(text, _PERCENT, given, Table({}))
        value = self._values.of(operand, at)
        if isinstance(value.value, Table):
            return _filled(text, _PERCENT, [], value.value)
        return _filled(text, _PERCENT, [value], Table({}))

    def _address(
        self, maker: AddressMaker, arguments: tuple[Argument, ...], at: FunctionId
    ) -> Found:
        given, named = self._values.arguments(arguments, at)
        if len(maker.parts) == 1:
            return given[0] if given else named.items.get(maker.parts[0], UNKNOWN)
        parts = []
        for number, name in enumerate(maker.parts):
            absent = Found("", "argument") if named.whole else UNKNOWN
            found = given[number] if number < len(given) else named.items.get(name, absent)
            parts.append(Found("", "argument") if found.is_known and found.value is None else found)
        scheme, _, _, host, port, database, query = parts
        return joined([
            scheme, Found("://", "argument"), host,
            *([] if port.value == "" else [Found(":", "argument"), port]),
            *([] if database.value == "" else [Found("/", "argument"), _without_slash(database)]),
            *_query(query),
        ])  # fmt: skip

    # Classes whose fields are settings

    def field(self, value: Expr, at: FunctionId) -> Found:
        """What a field of a class is by default: `Field(default=5)` is 5."""
        call = self._types.maker(value, at) if isinstance(value, Temp) else value
        if isinstance(call, CallEvent | Call):
            callee = self._types.infer(call.func, at)
            if isinstance(callee, External) and self._knowledge.settings.declares_field(
                callee.name
            ):
                arguments = call.arguments
                given = argument_at(arguments, "default") or argument_at(arguments, "0")
                found = self._values.of(given.value, at) if given is not None else UNKNOWN
                alias = argument_at(arguments, "validation_alias") or argument_at(arguments, "env")
                alias = alias or argument_at(arguments, "alias")
                name = self._values.of(alias.value, at).text if alias is not None else None
                return found._replace(variable=name) if name else found
        return self._values.of(value, at)

    def prefix(self, cls: ClassRef, record: SettingsClass) -> str:
        """What the names of its variables begin with."""
        body = self._program.function_id(cls)
        function = self._program.function(body) if body is not None else None
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and body is not None:
                made = self._types.maker(event.value, body)
                given = (
                    argument_at(made.arguments, record.prefix)
                    if isinstance(made, CallEvent)
                    else None
                )
                text = self._values.of(given.value, body).text if given is not None else None
                if text:
                    return text
        return ""


def _without_slash(found: Found) -> Found:
    return found._replace(value=found.value.lstrip("/")) if found.text is not None else found  # type: ignore[union-attr]


def _query(query: Found) -> list[Found]:
    """`?key=value&...` of a dict or a text."""
    if query.value == "":
        return []
    if not isinstance(query.value, Table):
        return [Found("?", "argument"), query]
    parts: list[Found] = []
    for key, value in query.value.items.items():
        parts += [Found(f"{'&' if parts else '?'}{key}=", "argument"), value]
    return parts


def _filled(text: Found, pattern: re.Pattern[str], given: list[Found], named: Table) -> Found:
    """The text with its fields filled in, or holes in their place."""
    parts: list[Found] = []
    last, number = 0, 0
    whole = text.text or ""
    for match in pattern.finditer(whole):
        parts.append(text._replace(value=whole[last : match.start()]))
        last = match.end()
        name = match[1] or ""
        if name.isdigit() or not name:
            index = int(name) if name else number
            number += 1
            parts.append(given[index] if index < len(given) else UNKNOWN)
        else:
            parts.append(named.items.get(name, UNKNOWN))
    parts.append(text._replace(value=whole[last:]))
    return joined(parts)


def _converted(found: Found, convert: Callable[[Scalar], Scalar]) -> Found:
    """The value as a number or text."""
    if not found.is_known or isinstance(found.value, (Table, External)) or found.value is None:
        return found if found.variable else UNKNOWN
    try:
        return found._replace(value=convert(found.value))
    except (ValueError, TypeError, OverflowError):
        return UNKNOWN._replace(variable=found.variable)


_CONVERSIONS: dict[str, Callable[..., Scalar]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
}
