"""All files as one program: units on demand, heads to functions, names of modules to what they stand for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import TypeAlias

import msgspec

from conn_lint.link.modules import Modules
from conn_lint.link.recent import Recent
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.link.words import UnitKey, Words
from conn_lint.model.flow import Event
from conn_lint.model.summary import Function, Head, Skeleton, UnitSummary
from conn_lint.syntax.spelled import QUESTIONS, receivers

LoadUnits: TypeAlias = Callable[[Iterable[UnitKey]], Iterable[tuple[UnitKey, UnitSummary]]]
"""Parses (or takes from where they are kept packed) the units asked for; one that cannot be parsed has `error` set."""

TextOf: TypeAlias = Callable[[UnitKey], str]
"""The text of a unit as it is written."""

_MAX_HOPS = 4
_UNPACKED = 50_000  # nodes in each generation: some 25 MB, four times of what they take packed
_RESTS = 2_000_000  # characters
_NONE: frozenset[str] = frozenset()
_NAME = frozenset({"__name__"})
_GLOBAL = frozenset({"global"})


class SourceFile(msgspec.Struct, frozen=True):
    """One file of the project. `path` is relative to the project's root, with `/`.

    `module` is its dotted name below its source root (`root`, relative, "" for the project's root itself).
    `is_test`: tests, migrations and generated code are read for linking only and not reported.
    `kind` is service, script, library or auto.
    """

    path: str
    module: str
    root: str
    is_package: bool
    is_test: bool
    is_stub: bool
    kind: str
    skeleton: Skeleton


class Program:
    """The files of a project. An unread unit is loaded when it is first asked for, so nothing rests on one."""

    def __init__(self, files: Mapping[str, SourceFile], load: LoadUnits, text: TextOf) -> None:
        self.files = files
        self.modules = Modules(files, (file.root for file in files.values()))
        self._load = load
        self._text = _keeping_rests(text)
        self.words = Words({path: file.skeleton for path, file in files.items()})
        self._receivers: dict[tuple[UnitKey, str], frozenset[str]] = {}
        self._told: dict[tuple[UnitKey, str, str], bool] = {}
        self.sought: dict[tuple[tuple[str, ...], str], list[UnitKey]] = {}
        self._same: dict[frozenset[str], frozenset[str]] = {}  # there are few of them
        self._read: set[UnitKey] = set()
        self._units: Recent[UnitKey, UnitSummary] = Recent(_UNPACKED, _nodes_of)
        self._methods: dict[str, dict[int, tuple[FunctionRef, ...]]] = {}
        self._members: dict[tuple[str, int], dict[str, int]] = {}
        self._heads: dict[str, dict[tuple[int, str], int]] = {}
        self._decorators: dict[tuple[str, int], frozenset[str]] = {}
        self._ids: dict[tuple[str, int], FunctionId | None] = {}

    def load(self, keys: Iterable[UnitKey]) -> None:
        """Read many units at once, which may use several processes."""
        self._take([key for key in dict.fromkeys(keys) if key not in self._read])

    def _take(self, keys: Collection[UnitKey]) -> None:
        self._read.update(keys)
        for key, summary in self._load(keys) if keys else ():
            self._units.put(key, summary)

    @property
    def read(self) -> Set[UnitKey]:
        """The units that were read."""
        return self._read

    def told(self) -> Iterator[tuple[UnitKey, str, str, bool | list[str]]]:
        """What texts of units were asked (`syntax.spelled`), about which name, and what they answered."""
        for (key, name), found in self._receivers.items():
            yield key, receivers.__name__, name, sorted(found)
        for (key, question, name), answer in self._told.items():
            yield key, question, name, answer

    def unit(self, path: str, number: int) -> UnitSummary | None:
        """The summary of a unit; None if it cannot be parsed.

        It may be another object each time, so nothing in it is to be compared by identity.
        """
        key = (path, number)
        summary = self._units.get(key)
        if summary is None:
            self._take([key])
            summary = self._units.get(key)
        return None if summary is None or summary.error or not summary.functions else summary

    def runs_as_script(self, path: str) -> bool:
        """The module does something only if it is run by itself."""
        return self.words.mentions(path, 0, _NAME) and self._tell((path, 0), "runs_as_script", "")

    @cached_property
    def imported(self) -> frozenset[str]:
        """The files that others import, or import from; what tests import counts for nothing."""
        return frozenset(
            found
            for path, file in self.files.items()
            if not file.is_test
            for item in file.skeleton.imports
            for found in self.modules.paths(item, path)
        )

    def says(self, *texts: str) -> bool:
        """Some file that is no test has one of the texts in it, as it is written."""
        return any(True for _ in self.saying(*texts))

    def saying(
        self, *texts: str, also: re.Pattern[str] | None = None
    ) -> Iterator[tuple[UnitKey, str]]:
        """The units that have one of the texts in them, with their own text; those of tests (and of other code on which
        nothing is reported) left out, but for files whose path is like `also`.
        """
        asked = (texts, also.pattern if also is not None else "")
        if asked not in self.sought:
            self.sought[asked] = [
                (path, number)
                for path, file in self.files.items()
                if not file.is_test or (also is not None and also.search(path))
                for number in range(len(file.skeleton.units))
                if any(text in self._text((path, number)) for text in texts)
            ]
        for key in self.sought[asked]:
            yield key, self._text(key)

    def receivers(self, key: UnitKey, name: str) -> frozenset[str]:
        """What the unit's text takes the name from (`syntax.spelled`); nothing is parsed for it."""
        if (key, name) not in self._receivers:
            found = receivers(self._text(key), name)
            self._receivers[key, name] = self._same.setdefault(found, found)
        return self._receivers[key, name]

    def is_only_read_from(self, key: UnitKey, name: str) -> bool:
        """Nothing in the unit binds the name: attributes are taken from it, and that is all."""
        return self._tell(key, "is_only_read_from", name)

    def is_only_asked(self, key: UnitKey, name: str) -> bool:
        """Nothing in the unit binds the name: it is called, or attributes are taken from it, and that is all."""
        return self._tell(key, "is_only_asked", name)

    def is_local(self, key: UnitKey, name: str) -> bool:
        """The name is bound in the unit, and not to an attribute of something."""
        return self._tell(key, "is_local", name)

    def is_more_than_import(self, key: UnitKey, name: str) -> bool:
        """The unit does not only import the name."""
        return self._tell(key, "is_more_than_import", name)

    def is_more_than_type(self, key: UnitKey, name: str) -> bool:
        """The unit may call or hand on the class of this name."""
        return self._tell(key, "is_more_than_type", name)

    def may_be_type(self, key: UnitKey, name: str) -> bool:
        """The unit has the name where a type or a decorator can stand."""
        return self._tell(key, "may_be_type", name)

    def _tell(self, key: UnitKey, question: str, name: str) -> bool:
        asked = (key, question, name)
        if asked not in self._told:
            self._told[asked] = QUESTIONS[question](self._text(key), name)
        return self._told[asked]

    @cached_property
    def classes_by_base(self) -> Mapping[str, list[ClassRef]]:
        """The classes that are written with a base of this last name."""
        found: defaultdict[str, list[ClassRef]] = defaultdict(list)
        for path, file in self.files.items():
            for index, head in enumerate(file.skeleton.heads):
                for base in head.bases if head.kind == "class" else ():
                    last = base.partition("[")[0].strip().rpartition(".")[2]
                    found[last].append(ClassRef(path, index))
        return found

    def function(self, at: FunctionId) -> Function | None:
        """The lowered function, if its unit can be read."""
        path, number, index = at
        summary = self._units.young.get((path, number)) or self.unit(path, number)
        if summary is None or index >= len(summary.functions) or summary.error:
            return None
        return summary.functions[index]

    def local_to(self, name: str, at: FunctionId) -> FunctionId | None:
        """The function, `at` or one around it, whose own the name is there by Python's rules; None: the module's."""
        current, function = at, self.function(at)
        while function is not None and function.kind != "module":
            if name in function.global_names:
                return None
            visible = current == at or function.kind != "class"
            if visible and name in function.locals and name not in function.nonlocal_names:
                return current
            if function.parent < 0:
                return None
            current = FunctionId(at.path, at.unit, function.parent)
            function = self.function(current)
        return None

    def event(self, at: FunctionId, node: int) -> Event | None:
        """The event at a node of a function; a negative number is that of none."""
        function = self.function(at)
        return None if function is None or node < 0 else function.graph.events[node]

    def head(self, ref: FunctionRef | ClassRef) -> Head:
        """The head of a function or class."""
        return self.files[ref.path].skeleton.heads[ref.head]

    def unit_head(self, path: str, number: int) -> int:
        """The head of the function that the unit is; -1 for the rest of a file."""
        return self.files[path].skeleton.units[number].head

    def mentions(self, ref: FunctionRef | ClassRef, names: Set[str]) -> bool:
        """The unit of the function mentions one of the names; if not, its body need not be read for them."""
        return self.words.mentions(ref.path, self.head(ref).unit, names)

    def setting(self, path: str, name: str) -> Iterator[int]:
        """The functions of the file that may set the module's variable of this name."""
        for number in range(1, len(self.files[path].skeleton.units)):
            named = self.words.mentions(path, number, {name})
            if named and self.words.mentions(path, number, _GLOBAL):
                yield number

    def decorators(self, ref: FunctionRef | ClassRef) -> frozenset[str]:
        """The last names of its decorators: `lru_cache` for `@functools.lru_cache(maxsize=1)`.

        Under whatever name an import has brought them.
        """
        if not self.head(ref).decorators:
            return _NONE
        key = (ref.path, ref.head)
        if key not in self._decorators:
            names = (text.partition("(")[0].strip() for text in self.head(ref).decorators)
            self._decorators[key] = frozenset(
                name.rpartition(".")[2] if "." in name else self._imported(name, ref.path)
                for name in names
            )
        return self._decorators[key]

    def _imported(self, name: str, path: str, depth: int = 0) -> str:
        """The name that one at module level had where it comes from."""
        for item in self.files[path].skeleton.imports:
            if item.bound != name or item.name in (None, "*"):
                continue
            own = item.name or name
            module = self.modules.source(item, path)
            if module is None or module.path is None or depth > _MAX_HOPS:
                return own
            return self._imported(own, module.path, depth + 1)
        return name

    def qualname(self, at: FunctionId) -> str:
        """The name within the file, dotted; "" for the module."""
        function = self.function(at)
        own = function.qualname if function else ""
        prefix = self.class_prefix(at.path, at.unit)
        return f"{prefix}.{own}" if prefix else own

    def class_prefix(self, path: str, unit: int) -> str:
        """The classes around a unit that is a method: "Outer.Inner"."""
        head = self.files[path].skeleton.units[unit].head
        if head < 0:
            return ""
        return self.files[path].skeleton.heads[head].qualname.rpartition(".")[0]

    def first_line(self, path: str, unit: int) -> int:
        """How many lines stand before the unit: what turns its relative lines into lines of the file."""
        return self.files[path].skeleton.units[unit].line - 1

    def members(self, path: str, parent: int) -> Mapping[str, int]:
        """Functions and classes written directly in a class or (parent -1) in the module: the last of a name."""
        key = (path, parent)
        if key not in self._members:
            found: dict[str, int] = {}
            for index, head in enumerate(self.files[path].skeleton.heads):
                if head.parent == parent:
                    found[head.name] = index
            self._members[key] = found
        return self._members[key]

    def function_id(self, ref: FunctionRef | ClassRef) -> FunctionId | None:
        """Where a head's body was lowered to."""
        key = (ref.path, ref.head)
        if key not in self._ids:
            self._ids[key] = self._find(ref)
        return self._ids[key]

    def _find(self, ref: FunctionRef | ClassRef) -> FunctionId | None:
        head = self.head(ref)
        skeleton = self.files[ref.path].skeleton
        unit_head = skeleton.units[head.unit].head
        if unit_head == ref.head:
            return FunctionId(ref.path, head.unit, 0)
        summary = self.unit(ref.path, head.unit)
        if summary is None:
            return None
        wanted = head.qualname
        if unit_head >= 0:
            prefix = skeleton.heads[unit_head].qualname.rpartition(".")[0]
            wanted = wanted.removeprefix(f"{prefix}.") if prefix else wanted
        for index, function in enumerate(summary.functions):
            if function.qualname == wanted and function.kind in ("function", "class"):
                return FunctionId(ref.path, head.unit, index)
        return None

    def ref_of(self, at: FunctionId) -> FunctionRef | ClassRef | None:
        """The head of a lowered function; None for modules and lambdas."""
        function = self.function(at)
        if function is None or function.kind not in ("function", "class"):
            return None
        if at.path not in self._heads:
            heads = self.files[at.path].skeleton.heads
            by_name = {(h.unit, h.qualname): n for n, h in reversed([*enumerate(heads)])}
            self._heads[at.path] = by_name
        index = self._heads[at.path].get((at.unit, self.qualname(at)))
        if index is None:
            return None
        return (FunctionRef if function.kind == "function" else ClassRef)(at.path, index)

    def class_of(self, at: FunctionId) -> ClassRef | None:
        """The class whose method the function is."""
        head = self.files[at.path].skeleton.units[at.unit].head
        if head < 0 or at.number != 0:
            return None
        parent = self.files[at.path].skeleton.heads[head].parent
        return ClassRef(at.path, parent) if parent >= 0 else None

    def methods(self, ref: ClassRef) -> tuple[FunctionRef, ...]:
        """The functions written directly in the class, in order; overloads of a name all of them."""
        if ref.path not in self._methods:
            found: dict[int, list[FunctionRef]] = {}
            for index, head in enumerate(self.files[ref.path].skeleton.heads):
                if head.kind == "function":
                    found.setdefault(head.parent, []).append(FunctionRef(ref.path, index))
            self._methods[ref.path] = {parent: tuple(refs) for parent, refs in found.items()}
        return self._methods[ref.path].get(ref.head, ())


def _nodes_of(unit: UnitSummary) -> int:
    return 1 + sum(len(function.graph.events) for function in unit.functions)


def _keeping_rests(text: TextOf) -> TextOf:
    """The same, where what is left of a file without its functions is put together once, or seldom."""
    kept: Recent[str, str] = Recent(_RESTS, len)

    def asked(key: UnitKey) -> str:
        if key[1]:
            return text(key)
        return kept.get(key[0]) or kept.keep(key[0], text(key))

    return asked
