"""Which units can matter: those that call a word, told from skeletons alone, before anything is parsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from conn_lint.knowledge.index import dotted_prefixes
from conn_lint.knowledge.lookup import Knowledge
from conn_lint.link.program import SourceFile
from conn_lint.link.words import UnitKey, Words

PARTS = frozenset({"cursor", "config"})
"""Kinds whose acquisition is none by itself."""


class Demand:
    """Words are the names whose call may acquire something; they only ever become more.

    `everything`: all units matter, whatever they call. It finds the same, which tests make use of.
    """

    def __init__(
        self,
        units: Words,
        files: Mapping[str, SourceFile],
        knowledge: Knowledge,
        *,
        everything: bool = False,
    ) -> None:
        self._units = units
        self._files = files
        self._knowledge = knowledge
        self.everything = everything
        self.words: set[str] = set()
        self._parts: set[str] = set()
        self._subclasses: dict[str, set[str]] | None = None
        self._aliases: dict[str, set[str]] = defaultdict(set)
        for file in files.values():
            for item in file.skeleton.imports:
                if item.name is not None and item.name != item.bound:
                    self._aliases[item.name].add(item.bound)
        # What may give a function to call that it has not the name of: nothing at all, or what binds arguments.
        self._indirect = {"", *self.with_aliases(knowledge.binders)}
        units.watch(self._indirect)

    @property
    def giving(self) -> set[str]:
        """The words, and the names whose call gives a part of a resource."""
        return self.words | self._parts

    def add(self, words: Iterable[str]) -> set[UnitKey]:
        """Take up words and their aliases, and give the units that may do something else now."""
        new = self.with_aliases(words) - self.words
        self.words |= new
        self._units.watch(new)
        if self.everything:
            keys = {(p, n) for p, f in self._files.items() for n in range(len(f.skeleton.units))}
        else:
            keys = {key for word in new for key in self._units.calling(word)}
            keys.update(
                key
                for name in self._indirect
                for key in self._units.calling(name)
                if self._units.mentions_watched(*key, new)
            )
        return {key for key in keys if new and not self._files[key[0]].is_stub}

    def may_acquire(self, path: str, number: int) -> bool:
        """The unit calls a word, or mentions one and calls something that has no name or is given one."""
        if self.everything or self._units.calls_watched(path, number, self.words):
            return True
        is_indirect = self._units.calls_watched(path, number, self._indirect)
        return is_indirect and self._units.mentions_watched(path, number, self.words)

    def holders(self, attr: str) -> list[UnitKey]:
        """The units that may put something on an attribute of this name, and mention a word."""
        known = self.giving
        return [
            key
            for key in self._units.storing(attr)
            if self.everything or self._units.mentions_watched(*key, known)
        ]

    def mentioning(self, name: str, others: Collection[str] = ()) -> list[UnitKey]:
        """The units that mention `name`, and one of the others if there are any."""
        found = self._units.mentioning(name)
        if not others:
            return list(found)
        wanted = frozenset(others)
        return [key for key in found if self._units.mentions(*key, wanted)]

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
        self._units.watch(self._parts)
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

    def in_tests(self, name: str) -> bool:
        """Some test mentions the name."""
        return any(self._files[path].is_test for path in self._units.files_with(name))
