"""Which units can matter: those that call a word, told from skeletons alone, before anything is parsed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from conn_lint.knowledge.index import dotted_prefixes
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import SourceFile, UnitKey

PARTS = frozenset({"cursor", "config"})
"""Kinds whose acquisition is none by itself."""


class Demand:
    """Words are the names whose call may acquire something; they only ever become more.

    `everything`: all units matter, whatever they call. It finds the same, which tests make use of.
    """

    def __init__(
        self, files: Mapping[str, SourceFile], knowledge: Knowledge, *, everything: bool = False
    ) -> None:
        self._files = files
        self._knowledge = knowledge
        self.everything = everything
        self.words: set[str] = set()
        self._parts: set[str] = set()
        self._callers: dict[str, list[UnitKey]] = defaultdict(list)
        self._mentions: dict[str, list[str]] | None = None
        self._subclasses: dict[str, set[str]] | None = None
        self._found: dict[str, tuple[UnitKey, ...]] = {}
        self._aliases: dict[str, set[str]] = defaultdict(set)
        for path, file in files.items():
            for number, unit in enumerate(file.skeleton.units):
                for name in unit.calls:
                    self._callers[name].append((path, number))
            for item in file.skeleton.imports:
                if item.name is not None and item.name != item.bound:
                    self._aliases[item.name].add(item.bound)
        # What may give a function to call that it has not the name of: nothing at all, or what binds arguments.
        self._indirect = {"", *self.with_aliases(knowledge.binders)}

    @property
    def giving(self) -> set[str]:
        """The words, and the names whose call gives a part of a resource."""
        return self.words | self._parts

    def add(self, words: Iterable[str]) -> set[UnitKey]:
        """Take up words and their aliases, and give the units that may do something else now."""
        new = self.with_aliases(words) - self.words
        self.words |= new
        if self.everything:
            keys = {(p, n) for p, f in self._files.items() for n in range(len(f.skeleton.units))}
        else:
            keys = {key for word in new for key in self._callers.get(word, ())}
            keys.update(
                key
                for name in self._indirect
                for key in self._callers.get(name, ())
                if not new.isdisjoint(self._names(*key))
            )
        return {key for key in keys if new and not self._files[key[0]].is_stub}

    def may_acquire(self, path: str, number: int) -> bool:
        """The unit calls a word, or mentions one and calls something that has no name or is given one."""
        unit = self._files[path].skeleton.units[number]
        if self.everything:
            return True
        if not self.words.isdisjoint(unit.calls):
            return True
        is_indirect = not self._indirect.isdisjoint(unit.calls)
        return is_indirect and not self.words.isdisjoint(unit.names)

    def holders(self, attr: str) -> list[UnitKey]:
        """The units that may put something on an attribute of this name, and mention a word."""
        known = self.giving
        return [
            key
            for key in self._storing.get(attr, ())
            if self.everything or not known.isdisjoint(self._names(*key))
        ]

    def stores(self, attr: str) -> bool:
        """Some unit may put something on an attribute of this name."""
        return attr in self._storing

    @cached_property
    def _storing(self) -> Mapping[str, list[UnitKey]]:
        """The units that may assign each attribute."""
        found: dict[str, list[UnitKey]] = {}
        for path, file in self._files.items():
            for number, unit in enumerate(file.skeleton.units):
                for attr in unit.stores:
                    found.setdefault(attr, []).append((path, number))
        return found

    def mentioning(self, name: str, others: Collection[str] = ()) -> list[UnitKey]:
        """The units that mention `name`, and one of the others if there are any."""
        if name not in self._found:
            self._found[name] = tuple(
                (path, number)
                for path in self.files_with(name)
                for number in self._units_with(name, path)
            )
        found = self._found[name]
        wanted = set(others)
        if wanted:
            return [key for key in found if not wanted.isdisjoint(self._names(*key))]
        return list(found)

    def _units_with(self, name: str, path: str) -> Iterator[int]:
        """Names are sorted: to search them takes less than an index of all names would."""
        for number, unit in enumerate(self._files[path].skeleton.units):
            at = bisect_left(unit.names, name)
            if at < len(unit.names) and unit.names[at] == name:
                yield number

    def seeds(self) -> set[str]:
        """Last parts of names that acquire something, of libraries that the project imports."""
        roots = {
            prefix
            for module in {
                f"{item.module}.{item.name}" if item.name else item.module
                for file in self._files.values()
                for item in file.skeleton.imports
            }
            for prefix in dotted_prefixes(module)
        }
        self._parts = self._knowledge.words_of(frozenset(roots))
        return self._knowledge.words_of(frozenset(roots), PARTS)

    def with_aliases(self, words: Iterable[str]) -> set[str]:
        """The words, and other names under which imports bind them, followed from file to file."""
        found: set[str] = set()
        todo = set(words)
        while todo:
            found |= todo
            todo = {alias for word in todo for alias in self._aliases.get(word, ())} - found
        return found

    def subclasses(self, name: str) -> set[str]:
        """The names of classes below one of this name, itself included."""
        if self._subclasses is None:
            self._subclasses = defaultdict(set)
            for file in self._files.values():
                for head in file.skeleton.heads:
                    for base in head.bases if head.kind == "class" else ():
                        last = base.partition("[")[0].rpartition(".")[2]
                        self._subclasses[last].add(head.name)
        found: set[str] = set()
        todo = {name}
        while todo:
            found |= todo
            todo = {sub for base in todo for sub in self._subclasses.get(base, ())} - found
        return found

    def files_with(self, name: str) -> list[str]:
        """The files that mention the name."""
        if self._mentions is None:
            self._mentions = defaultdict(list)
            for path, file in self._files.items():
                for mentioned in set().union(*(unit.names for unit in file.skeleton.units)):
                    self._mentions[mentioned].append(path)
        return self._mentions.get(name, [])

    def in_tests(self, name: str) -> bool:
        """Some test mentions the name."""
        return any(self._files[path].is_test for path in self.files_with(name))

    def _names(self, path: str, number: int) -> tuple[str, ...]:
        return self._files[path].skeleton.units[number].names
