"""DATABASES as a module of settings leaves it: literals, later changes, calls that make entries, what others define."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.addresses import server_of
from conn_lint.analyze.found import UNKNOWN, Found, Table, unpacked
from conn_lint.analyze.places import Places
from conn_lint.analyze.values import Values
from conn_lint.link.values import External, FunctionId
from conn_lint.model.engine import DatabaseMaker
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
from conn_lint.model.flow import AssignEvent, CallEvent, Event, StoreEvent
from conn_lint.model.location import Location

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

DATABASES = "DATABASES"
URL = "URL"  # the key under which the URL of a made entry is kept
_DEEPEST = 8
_MOST = 6


class Entry(NamedTuple):
    """One database: its keys, where it is set, and the call that makes it, with the keywords that this has for keys
    (`conn_max_age=CONN_MAX_AGE`), and the keys that its URL may set. Not `whole`: there may be more keys.
    """

    items: dict[str, Found]
    whole: bool
    location: Location
    statement: tuple[int, int]
    call: Location | None = None
    keywords: tuple[str, ...] = ()
    in_url: tuple[str, ...] = ()

    def changed(self, key: str, value: Found) -> Entry:
        return self._replace(items={**self.items, key: value})


Variant = dict[str, Entry]
"""The entries by alias; an `if` over whole definitions gives several."""


class SettingsTables:
    """Reads modules of settings with given values; those it takes from others first."""

    def __init__(self, analysis: Analysis, values: Values) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._values = values
        self._places = Places(analysis.program)

    def of(self, path: str, depth: int = 0) -> list[Variant]:
        """What the module leaves in DATABASES; nothing where that is not known."""
        at = FunctionId(path, 0, 0)
        function = self._program.function(at)
        if function is None or depth > _DEEPEST:
            return []
        variants = [v for other in self.bases(path) for v in self.of(other, depth + 1)]
        own = False
        for event in function.graph.events:
            match event:
                case AssignEvent(target=target, value=value) if target == DATABASES:
                    made = self._whole(value, at, event)
                    variants = [*(variants if own else []), made] if made is not None else []
                    own = True  # what was taken from elsewhere is replaced; of an `if` both count
                case StoreEvent(target=Subscript() as target, value=value):
                    keys = _keys(target)
                    if keys:
                        variants = [self._set(v, keys, value, at, event) for v in variants]
                case CallEvent(func=Attribute(value=owner, attr="update")):
                    keys = _keys(owner) if isinstance(owner, Subscript) else ()
                    if keys:
                        variants = [self._updated(v, keys, event, at) for v in variants]
                case _:
                    pass
        return variants[:_MOST]

    def bases(self, path: str) -> Iterator[str]:
        """The modules that a module takes everything from, or its DATABASES."""
        heads = self._program.files[path].skeleton.heads
        for item in self._program.files[path].skeleton.imports:
            if item.name not in ("*", DATABASES) or any(
                h.kind == "function" and h.def_line <= item.line <= h.end_line for h in heads
            ):
                continue
            found = self._program.modules.source(item, path)
            if found is not None and found.path is not None and found.path != path:
                yield found.path
        yield from self._read_in(path)

    def _read_in(self, path: str) -> Iterator[str]:
        """The files that a call runs in the module: `include("components/*.py")`."""
        readers = self._analysis.knowledge.databases.readers
        imports = self._program.files[path].skeleton.imports
        if not any(f"{item.module}.{item.name}" in readers for item in imports):
            return
        at = FunctionId(path, 0, 0)
        function = self._program.function(at)
        events = function.graph.events if function is not None else ()
        for event in events:
            if isinstance(event, CallEvent):
                callee = self._analysis.types.infer(event.func, at)
                if isinstance(callee, External) and callee.name in readers:
                    for argument in event.arguments:
                        yield from self._named(argument, at, events)

    def _named(
        self, argument: Argument, at: FunctionId, events: Sequence[Event | None]
    ) -> Iterator[str]:
        values = [argument.value]
        if argument.keyword == "*":  # of a list with a name
            given = [
                e.value
                for e in events
                if isinstance(e, AssignEvent) and Name(e.target) == argument.value
            ]
            values = [v for one in given if isinstance(one, Container) for v in one.items]
        folder = posixpath.dirname(at.path)
        for value in values:
            name = self._values.of(value, at).text
            if name and argument.keyword in (None, "*"):
                pattern = posixpath.normpath(posixpath.join(folder, name))
                for path in self._program.files:
                    if path != at.path and fnmatch.fnmatchcase(path, pattern):
                        yield path

    def _whole(self, value: Expr, at: FunctionId, event: Event) -> Variant | None:
        """A dict of entries; None where it is none that can be read."""
        if not isinstance(value, Container) or value.kind != "dict":
            found = self._values.of(value, at).value
            if not isinstance(found, Table):
                return None
            return {
                alias: self._entry(unpacked(item), at, event) for alias, item in found.items.items()
            }
        variant: Variant = {}
        for key, item in zip(value.keys, value.items, strict=False):
            alias = self._values.of(key, at).text if key is not None else None
            if alias is not None:
                variant[alias] = self._one(item, at, event)
        return variant

    def _one(self, value: Expr, at: FunctionId, event: Event) -> Entry:
        maker = self._types_maker(value, at)
        record = self._record(maker, at)
        if maker is not None and record is not None:
            return self._made(maker, record, at, event)
        return self._entry(unpacked(self._values.of(value, at)), at, event)

    def _types_maker(self, value: Expr, at: FunctionId) -> CallEvent | None:
        """The call that gives the value, through a name too."""
        for _ in range(_DEEPEST):
            if isinstance(value, Temp):
                maker = self._analysis.types.maker(value, at)
                return maker if isinstance(maker, CallEvent) else None
            function = self._program.function(at)
            if not isinstance(value, Name) or function is None:
                return None
            found = [
                e.value
                for e in function.graph.events
                if isinstance(e, AssignEvent) and e.target == value.id
            ]
            if len(found) != 1:
                return None
            value = found[0]
        return None

    def _record(self, maker: CallEvent | None, at: FunctionId) -> DatabaseMaker | None:
        if maker is None:
            return None
        callee = self._analysis.types.infer(maker.func, at)
        name = callee.name if isinstance(callee, External) else ""
        return self._analysis.knowledge.databases.maker(name)

    def _entry(self, table: Table, at: FunctionId, event: Event) -> Entry:
        place = self._places.location(at, event.span)
        return Entry(dict(table.items), table.whole, place, self._places.statement(at, event))

    def _made(self, maker: CallEvent, record: DatabaseMaker, at: FunctionId, event: Event) -> Entry:
        """What `dj_database_url.config(...)` and its like give, as far as it is known."""
        given, named = self._values.arguments(maker.arguments, at)

        def argument(places: Sequence[str]) -> Found | None:
            for place in places:
                if place in named.items:
                    return named.items[place]
                if place.isdigit() and int(place) < len(given):
                    return given[int(place)]
            return None

        items: dict[str, Found] = {}
        for pair in record.keys:
            keyword, _, key = pair.partition("=")
            found = argument([keyword])
            if found is not None and key not in items:
                items[key] = found
        url = argument(record.url)
        if url is None:
            variable = argument(record.name)
            name = (variable.text if variable is not None else None) or record.variable
            url = self._values.variable(name) if name else None
        url = url or argument(record.default) or UNKNOWN
        items[URL] = url
        engine = argument(record.engine)
        if engine is not None and engine.is_known and engine.value:
            items["ENGINE"] = engine
        server = server_of(url)
        for name, value in server.parameters:
            items.setdefault(name.upper(), Found(value, "url"))
        known = url.is_known and url.source != "environment"
        place = self._places.location(at, event.span)
        call = self._places.location(at, maker.span)
        statement = self._places.statement(at, event)
        keywords = tuple(pair for pair in record.keys if not pair[0].isdigit())
        whole = known and named.whole
        return Entry(items, whole, place, statement, call, keywords, record.in_url)

    def _set(
        self, variant: Variant, keys: tuple[str, ...], value: Expr, at: FunctionId, event: Event
    ) -> Variant:
        alias, *inner = keys
        if not inner:
            return {**variant, alias: self._one(value, at, event)}
        entry = variant.get(alias)
        if entry is None:
            return variant
        found = self._values.of(value, at)
        if len(inner) == 1:
            return {**variant, alias: entry.changed(inner[0], found)}
        table = unpacked(entry.items[inner[0]]) if inner[0] in entry.items else Table({})
        whole = Table({**table.items, inner[1]: found}, table.whole)
        return {**variant, alias: entry.changed(inner[0], Found(whole, "constant"))}

    def _updated(
        self, variant: Variant, keys: tuple[str, ...], event: CallEvent, at: FunctionId
    ) -> Variant:
        """`DATABASES["default"].update(...)`; what is not known leaves it open."""
        entry = variant.get(keys[0])
        if entry is None or len(keys) > 1 or not event.arguments:
            return variant
        given, named = self._values.arguments(event.arguments, at)
        items, whole = {**entry.items, **named.items}, entry.whole and named.whole
        if given:
            new = self._one(event.arguments[0].value, at, event)
            items, whole = {**items, **new.items}, whole and new.whole
        known = entry._replace(items=items, whole=whole)
        return {**variant, keys[0]: known}


def _keys(target: Expr) -> tuple[str, ...]:
    """`("default", "OPTIONS")` of `DATABASES["default"]["OPTIONS"]`; none for another name."""
    keys: list[str] = []
    while isinstance(target, Subscript) and isinstance(target.index, Literal):
        keys.insert(0, str(target.index.value))
        target = target.value
    return tuple(keys) if target == Name(DATABASES) else ()
