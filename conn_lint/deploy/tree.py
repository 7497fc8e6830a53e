"""A document's values by their keys, as the nested tables that they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conn_lint.model.summary import DocumentSummary, Entry

Key = str | int


class Tree:
    """Some table of a document; look-ups of what is not there give an empty one, "" or None."""

    __slots__ = ("_below", "entry", "path")

    def __init__(self, path: str, below: dict[Key, Tree] | None = None) -> None:
        self.path = path
        self.entry: Entry | None = None
        self._below: dict[Key, Tree] = below or {}

    def at(self, *keys: Key) -> Tree:
        """The table or value below these keys."""
        found = self
        for key in keys:
            inner = found._below.get(key)
            if inner is None:
                return Tree(self.path)
            found = inner
        return found

    def text(self, *keys: Key) -> str:
        """A value as text; "" where there is none."""
        entry = self.at(*keys).entry
        return "" if entry is None or entry.value is None else str(entry.value)

    def number(self, *keys: Key) -> int | None:
        """A whole number of at least 0, written as a number or as text."""
        text = self.text(*keys).strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def line(self, *keys: Key) -> int:
        """The line of a value, or of the first within a table; 0 where there is none."""
        found = self.at(*keys)
        if found.entry is not None:
            return found.entry.span.line
        return min((inner.line() for inner in found.values()), default=0)

    def items(self) -> Iterator[tuple[Key, Tree]]:
        """The tables and values directly below, in the order of the document."""
        yield from self._below.items()

    def values(self) -> Iterator[Tree]:
        """What lies directly below, in the order of the document."""
        yield from self._below.values()

    def words(self, *keys: Key) -> list[str]:
        """A list of texts, or the one text that stands in its place."""
        found = self.at(*keys)
        if found.entry is not None:
            return [str(found.entry.value)]
        return [text for inner in found.values() if (text := inner.text())]

    def add(self, entry: Entry) -> None:
        """Put a value in its place."""
        found = self
        for key in entry.keys:
            found = found._below.setdefault(key, Tree(self.path))
        found.entry = entry

    def __bool__(self) -> bool:
        return bool(self._below) or self.entry is not None


def tree_of(document: DocumentSummary) -> Tree:
    """All of a document."""
    return _tree(document.path, document.entries)


def parts_of(document: DocumentSummary) -> Iterator[Tree]:
    """A YAML file's documents, one after the other: a new one begins where a key of the top comes again."""
    held: list[Entry] = []
    done: set[Key] = set()
    current: Key | None = None
    for entry in document.entries:
        top = entry.keys[0] if entry.keys else ""
        if top != current and top in done:
            yield _tree(document.path, held)
            held, done = [], set()
        current = top
        done.add(top)
        held.append(entry)
    if held:
        yield _tree(document.path, held)


def _tree(path: str, entries: Iterable[Entry]) -> Tree:
    tree = Tree(path)
    for entry in entries:
        tree.add(entry)
    return tree
