"""Names in settings that a framework reads by itself: what modules, classes and `app.config` say of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.found import UNKNOWN, Found, same
from conn_lint.analyze.places import Places
from conn_lint.analyze.schemas import address
from conn_lint.link.values import ClassRef, FunctionId
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Literal, Name, Subscript
from conn_lint.model.flow import StoreEvent
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.values import Values


_CONFIG = "config"
_STORED = re.compile(r"\s*\]\s*=(?!=)")
_READ = re.compile(r"\s*\]\s*(?:==|!=|[\n),:}\]#]|\.(?!update|setdefault|pop|clear)|\Z)")
_READERS = (".get(", "getenv(")


class Keyed(NamedTuple):
    """Where a name is written as a key: the units that set it, and whether it may be set in some other way."""

    stored: tuple[UnitKey, ...]
    otherwise: bool


class Stated:
    """Answers for names, each looked for once all over the program."""

    def __init__(self, analysis: Analysis, values: Values, keyed: dict[str, Keyed]) -> None:
        """`keyed` keeps where names are written as keys: that is the same whatever the values are."""
        self._types = analysis.types
        self._program = analysis.program
        self._values = values
        self._documents = analysis.documents
        self._found: dict[str, Found | None] = {}
        self._schemas: dict[str, Found | None] = {}
        self._keyed = keyed
        self._places = Places(analysis.program)

    def options(self, resource: Resource) -> Mapping[str, Found | None]:
        """What is said of a resource's options, by the name or schema that they are read from."""
        names = [option.variable for option in resource.options if option.variable]
        schemas = [option.schema for option in resource.options if option.schema]
        return {**{n: self.of(n) for n in names}, **{s: self._schema(s) for s in schemas}}

    def _schema(self, name: str) -> Found | None:
        if name not in self._schemas:
            self._schemas[name] = address(self._documents, name, self._values)
        return self._schemas[name]

    def of(self, name: str) -> Found | None:
        """What all agree on; None where nobody says anything.

        Where the name is written in another way, as a key of some dict, what it has then is not known.
        """
        if name not in self._found:
            keyed = self._keys(name)
            found = [*self._bound(name), *(f for key in keyed.stored for f in self._set(key, name))]
            if keyed.otherwise or (not found and self._program.says(f"{name}=")):
                found.append(UNKNOWN)
            self._found[name] = same(found) if found else None
        return self._found[name]

    def _keys(self, name: str) -> Keyed:
        if name not in self._keyed:
            quoted = re.compile(rf"([\"']){re.escape(name)}\1")
            stored, otherwise = [], False
            for key, text in self._program.saying(f'"{name}"', f"'{name}'"):
                for match in quoted.finditer(text):
                    before = text[: match.start()].rstrip()
                    if before.endswith("[") and _STORED.match(text, match.end()):
                        stored.append(key)
                    elif not before.endswith(_READERS) and not (
                        before.endswith("[") and _READ.match(text, match.end())
                    ):
                        otherwise = True
            self._keyed[name] = Keyed(tuple(dict.fromkeys(stored)), otherwise)
        return self._keyed[name]

    def _set(self, key: UnitKey, name: str) -> Iterator[Found]:
        """What `app.config["NAME"] = ...` gives it in a unit."""
        unit = self._program.unit(*key)
        for index, function in enumerate(unit.functions if unit is not None else ()):
            at = FunctionId(*key, index)
            for event in function.graph.events:
                match event:
                    case StoreEvent(
                        target=Subscript(value=owner, index=Literal(value=given)), value=value
                    ) if given == name:
                        known = isinstance(owner, Attribute) and owner.attr == _CONFIG
                        found = self._values.of(value, at) if known else UNKNOWN
                        if found.source == "argument":
                            place = self._places.location(at, event.span)
                            found = found._replace(source="constant", location=place)
                        yield found
                    case _:
                        pass

    def _bound(self, name: str) -> Iterator[Found]:
        for path, file in self._program.files.items():
            if file.is_test or not self._program.words.binds(path, name):
                continue
            module = FunctionId(path, 0, 0)
            function = self._program.function(module)
            if function is not None and name in function.locals:
                yield self._values.of(Name(name), module)
            for index, head in enumerate(file.skeleton.heads):
                cls = ClassRef(path, index)
                if head.kind == "class" and self._types.attributes.assignments(cls, name):
                    yield self._values.field(cls, name)
