"""Settings that a framework reads from sections of INI files and gives to the program as one dict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.found import UNKNOWN, Found, Table, same
from conn_lint.analyze.ini_sections import Section
from conn_lint.analyze.references import last
from conn_lint.link.types import argument_at
from conn_lint.link.values import External, FunctionId, FunctionRef
from conn_lint.model.expression import Attribute, Expr
from conn_lint.model.flow import CallEvent
from conn_lint.model.option import SettingsFile
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.analyze.values import Values

_CALL, _EGG = "call:", "egg:"
_MAIN = "main"
_WORD = re.compile(r"[^a-z0-9]+")
# `settings["key"] = ...`, and calls that change the dict.
_STORED = re.compile(r"""\bsettings\[\s*(?:(["'])(?P<key>[^"'\n]+)\1\s*)?[^\]\n]*\]\s*=(?!=)""")
_CHANGED = re.compile(r"\b(?:add_settings|settings\.(?:update|setdefault|pop|clear))\(")
_GIVEN = re.compile(r"""\s*(?:\{[^{}()]*\}\s*\)|(["'])(?P<key>[^"'\n]+)\1)""")
_KEY = re.compile(r"""(["'])(?P<key>[^"'\n]+)\1\s*:""")


class IniSettings:
    """Answers for one kind of section, with the values of one setup."""

    def __init__(
        self,
        analysis: Analysis,
        values: Values,
        record: SettingsFile,
        sections: Sequence[Section],
    ) -> None:
        self._types = analysis.types
        self._program = analysis.program
        self._values = values
        self._record = record
        self._sections = sections
        self._whole: Found | None = None

    def handed(self, at: FunctionId, function: Function) -> Found | None:
        """What the function is given in its `**` parameter; None where it is not known to be given any."""
        named = [p for p in function.parameters if p.kind != "**"]
        if not self._record.group or not named or self._program.class_of(at) is not None:
            return None
        found = [s for s in self._sections if self._makes(s.factory, at)]
        return self._table(found) if found else None

    def _makes(self, factory: str, at: FunctionId) -> bool:
        ref = self._program.ref_of(at)
        if not isinstance(ref, FunctionRef):
            return False
        name, module = self._program.head(ref).name, self._program.files[at.path].module
        if factory.startswith(_CALL):
            return _is(factory.removeprefix(_CALL), module, name)
        dist, _, entry = factory.removeprefix(_EGG).partition("#")
        told = self._entry_points(entry or _MAIN)
        if told:
            return any(_is(target, module, name) for target in told)
        top = module.partition(".")[0]
        return name == (entry or _MAIN) and _plain(top) == _plain(dist)

    def _entry_points(self, name: str) -> list[str]:
        """What the project's packaging says of an entry point: `main = shop.app:make`."""
        line = re.compile(rf"(?<![\w.]){re.escape(name)}\s*=\s*([\w.]+:\w+)")
        group = self._record.group
        return [
            target
            for _, text in self._program.saying(group)
            for target in line.findall(text[text.find(group) :])
        ]

    def gives(self, dotted: str) -> Found | None:
        """What a call or an attribute of this name gives, where that is all of the settings."""
        return self.whole() if dotted in self._record.whole and self._sections else None

    def may_give(self, expr: Expr) -> Found | None:
        """The same for an object of which no more is known than how it is written."""
        if not self._sections or not isinstance(expr, Attribute):
            return None
        written = f"{last(expr.value)}.{expr.attr}"
        return self.whole() if written in self._record.ends else None

    def whole(self) -> Found:
        """The settings of the application: as the program gives them to the framework, else as the files say."""
        if self._whole is None:
            self._whole = UNKNOWN
            taken = list(self._taken())
            found = same(taken) if taken else self._table(self._sections)
            self._whole = self._as_set(found)
        return self._whole

    def _taken(self) -> Iterator[Found]:
        """What the program's own calls give to the framework."""
        names = [f"{name.rpartition('.')[2]}(" for name in self._record.takers]
        for key, _ in list(self._program.saying(*names)) if names else ():
            unit = self._program.unit(*key)
            for index, function in enumerate(unit.functions if unit is not None else ()):
                at = FunctionId(*key, index)
                for event in function.graph.events:
                    if isinstance(event, CallEvent):
                        callee = self._types.infer(event.func, at)
                        if isinstance(callee, External) and callee.name in self._record.takers:
                            given = argument_at(event.arguments, self._record.argument)
                            yield UNKNOWN if given is None else self._values.of(given.value, at)

    def _as_set(self, found: Found) -> Found:
        """The dict, in which keys that the program sets somewhere are not known."""
        if not isinstance(found.value, Table):
            return found
        items = dict(found.value.items)
        setters = [f"{name}(" for name in self._record.setters]
        changed = re.compile("|".join(map(re.escape, setters))) if setters else _CHANGED
        for _, text in self._program.saying("settings", *setters):
            for key in _keys(text, changed):
                if key is None:
                    return Found(Table({}, whole=False), found.source)
                items[key] = UNKNOWN
        return found._replace(value=found.value._replace(items=items))

    def _table(self, sections: Iterable[Section]) -> Found:
        """What the sections nearest to real use agree on."""
        every = list(sections)
        nearest = min((s.effort for s in every), default=0)
        tables = [self._filled(s) for s in every if s.effort == nearest]
        keys = {key for table in tables for key in table}
        items = {key: same([table.get(key, UNKNOWN) for table in tables]) for key in sorted(keys)}
        return Found(Table(items), "document")

    def _filled(self, section: Section) -> dict[str, Found]:
        """The section with the variables of the environment that it names."""
        return {
            key: (self._values.variable(found.variable) or found) if found.variable else found
            for key, found in section.items.items()
        }


def _keys(text: str, changed: re.Pattern[str]) -> Iterator[str | None]:
    """The keys of settings that a text sets; None for one that cannot be told."""
    for match in _STORED.finditer(text):
        yield match["key"]
    for match in changed.finditer(text):
        given = _GIVEN.match(text, match.end())
        if given is None:
            yield None
        elif given["key"]:
            yield given["key"]
        else:
            yield from (key["key"] for key in _KEY.finditer(given[0]))


def _is(target: str, module: str, name: str) -> bool:
    """`shop.app:make` is the function of that name in that module, wherever the source root is."""
    there, _, attribute = target.partition(":")
    return attribute == name and (module == there or module.endswith(f".{there}"))


def _plain(name: str) -> str:
    return _WORD.sub("_", name.lower())
