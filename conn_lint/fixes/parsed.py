"""A file as renderers see it: its text, its tree, and where each node stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import libcst as cst

from conn_lint.model.location import NOWHERE, Span
from conn_lint.syntax.positions import Positions
from conn_lint.syntax.source import Source, SourceError, decode
from conn_lint.syntax.units import UnitError, parse_unit


class RenderError(Exception):
    """A plan that cannot be rendered on this code; the text says why."""


class Parsed:
    """One file, parsed whole. Raises SourceError or UnitError where it cannot be."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.source: Source = decode(data)
        self.lines: list[str] = self.source.text.split("\n")
        self.module, extra = parse_unit(self.source.text)
        if extra or "\f" in self.source.text:
            raise RenderError("the file is indented as a whole, or holds form feeds")
        self._positions = Positions(self.module)
        self._parents: dict[int, cst.CSTNode] = {}
        self._by_span: dict[Span, list[cst.CSTNode]] = {}
        self._continued: set[int] = set()
        self._note(self.module)

    def _note(self, root: cst.CSTNode) -> None:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            for child in node.children:
                self._parents[id(child)] = node
                waiting.append(child)
            if isinstance(node, (cst.Call, cst.Await, cst.FormattedString, cst.SimpleString)):
                span = self.span(node)
                self._by_span.setdefault(span, []).append(node)
                if not isinstance(node, (cst.Call, cst.Await)):
                    self._continued.update(range(span.line + 1, span.end_line + 1))

    def indent(self, statement: cst.BaseStatement) -> str:
        """One level of indentation, as the code around the statement has it."""
        for above in self.ancestors(statement):
            if isinstance(above, cst.IndentedBlock) and above.indent is not None:
                return above.indent
        return self.module.default_indent

    def span(self, node: cst.CSTNode) -> Span:
        """Where the node stands, `NOWHERE` for one without syntax of its own."""
        return self._positions.span(node)

    def text(self, node: cst.CSTNode) -> str:
        """The node as it is written."""
        return self.text_of(self.span(node))

    def text_of(self, span: Span) -> str:
        """A stretch of the file, its lines ending with a line feed."""
        if span.line == span.end_line:
            return self.lines[span.line - 1][span.column : span.end_column]
        first = self.lines[span.line - 1][span.column :]
        last = self.lines[span.end_line - 1][: span.end_column]
        return "\n".join([first, *self.lines[span.line : span.end_line - 1], last])

    def is_in_string(self, line: int) -> bool:
        """The line begins inside a string, and must stay as it is."""
        return line in self._continued

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node around it; raises RenderError at the top."""
        found = self._parents.get(id(node))
        if found is None:
            raise RenderError("it stands at the top of the file")
        return found

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around it, the nearest first."""
        found = self._parents.get(id(node))
        while found is not None:
            yield found
            found = self._parents.get(id(found))

    def call(self, span: Span) -> cst.Call | cst.Await:
        """The call that stands there, with its await if there is one; raises RenderError."""
        for node in self._by_span.get(span, ()):
            if isinstance(node, cst.Await) and isinstance(node.expression, cst.Call):
                return node
        for node in self._by_span.get(span, ()):
            if isinstance(node, cst.Call):
                above = self._parents.get(id(node))
                return above if isinstance(above, cst.Await) else node
        raise RenderError("the call is not found where it was")

    def function(self, node: cst.CSTNode) -> cst.FunctionDef | cst.Lambda | cst.Module:
        """The function, lambda or module that the node's code runs in."""
        for above in self.ancestors(node):
            if isinstance(above, (cst.FunctionDef, cst.Lambda, cst.Module)):
                return above
        return self.module

    def with_item(self, call: cst.CSTNode) -> cst.WithItem | None:
        """The item of a `with` that the call makes, by itself or with something that closes around it."""
        above = self.parent(call)
        if isinstance(above, cst.Arg):
            above = self.parent(self.parent(above))
        return above if isinstance(above, cst.WithItem) else None

    def statement(self, node: cst.CSTNode) -> cst.BaseStatement:
        """The statement around a node that fills whole lines; raises RenderError for others."""
        for above in (node, *self.ancestors(node)):
            if isinstance(above, cst.SimpleStatementLine):
                if len(above.body) != 1:
                    raise RenderError("several statements stand on its line")
                return above
            if isinstance(above, cst.SimpleStatementSuite):
                raise RenderError("its statement stands on the line of another one")
            if isinstance(above, cst.BaseCompoundStatement):
                return above
        raise RenderError("it stands in no statement")

    def block(self, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """The statements beside it and itself; raises RenderError where they stand on one line."""
        parent = self.parent(statement)
        if isinstance(parent, (cst.IndentedBlock, cst.Module)):
            return list(parent.body)
        raise RenderError("its statement stands on the line of another one")

    def is_in_loop(self, node: cst.CSTNode) -> bool:
        """A loop of the same function runs over it."""
        for above in self.ancestors(node):
            if isinstance(above, (cst.For, cst.While)):
                return True
            if isinstance(above, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                return False
        return False

    def owner(self, statement: cst.BaseStatement) -> cst.CSTNode | None:
        """What the statement's block belongs to: a compound statement, a clause of one, or None for the file."""
        above = self._parents.get(id(statement))
        return self._parents.get(id(above)) if isinstance(above, cst.IndentedBlock) else None

    def mentions(self, root: cst.CSTNode, names: frozenset[str] | None) -> Iterator[cst.Name]:
        """The places within a node where one of the names (any for None) is written, attributes and keywords apart."""
        for node in walk(root):
            if not isinstance(node, cst.Name) or (names is not None and node.value not in names):
                continue
            above = self._parents.get(id(node))
            if isinstance(above, cst.Attribute) and above.attr is node:
                continue
            if isinstance(above, cst.Arg) and above.keyword is node:
                continue
            if self.span(node) != NOWHERE:
                yield node


def walk(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


class Files(Mapping[str, Parsed]):
    """Files by their paths below the project, parsed when they are asked for."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._parsed: dict[str, Parsed] = {}

    def data(self, path: str) -> bytes:
        """The content of a file, of whatever kind; raises RenderError."""
        try:
            return self._read(path)
        except OSError as error:
            raise RenderError(f"{path} cannot be read") from error

    def __getitem__(self, path: str) -> Parsed:
        if path not in self._parsed:
            try:
                self._parsed[path] = Parsed(path, self.data(path))
            except (SourceError, UnitError) as error:
                raise RenderError(f"{path} cannot be read") from error
        return self._parsed[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed)

    def __len__(self) -> int:
        return len(self._parsed)
