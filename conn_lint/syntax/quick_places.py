"""Where nodes stand that were made from Python's own tree: worked out for those that are asked about."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from itertools import accumulate
from typing import Any

from conn_lint.model.location import NOWHERE, Span
from conn_lint.syntax import nodes, statement_nodes

_WITH = re.compile(r"(?:\bwith|,)\Z")
_AS = re.compile(r"[\s)]*\bas\s+\Z")


_BLOCKS = frozenset(
    kind for kind in ast.stmt.__subclasses__() if {"body", "cases"}.intersection(kind._fields)
)


class NotQuickError(Exception):
    """Python's own tree does not tell what is needed: LibCST must parse the text."""


class QuickPlaces:
    """The spans of nodes by the nodes of Python's tree they were made from.

    Both trees leave brackets around an expression out of its span, but Python has those of tuples and generators in it.
    """

    __slots__ = ("_extra", "_found", "_named", "_plain", "_starts", "_withs", "text")

    def __init__(self, text: str, extra_lines: int) -> None:
        self.text = text
        self._extra = extra_lines
        self._plain = text.isascii()
        self._starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
        # The nodes are kept alive by their tree, whose places these are.
        self._found: dict[int, Any] = {}
        self._named: dict[int, tuple[int, int]] = {}
        self._withs: dict[int, ast.withitem] = {}

    def put(self, node: nodes.Node, origin: ast.AST) -> None:
        """A node stands where that of Python's tree does."""
        self._found[id(node)] = origin

    def put_name(self, node: nodes.Name, pattern: re.Pattern[str], at: int) -> None:
        """A name that Python's tree has no node for stands behind the pattern, which is found at an offset."""
        before = pattern.match(self.text, at)
        if before is None or not self.text.startswith(node.value, before.end()):
            raise NotQuickError
        self._named[id(node)] = (before.end(), before.end() + len(node.value))

    def put_with(self, node: statement_nodes.WithItem, origin: ast.withitem) -> None:
        """An item of a with-statement, for which Python has no place."""
        self._withs[id(node)] = origin

    def span(self, node: nodes.Node) -> Span:
        """Where the node's own syntax stands; `NOWHERE` if it has none of its own."""
        origin = self._found.get(id(node))
        if origin is not None:
            kind = type(origin)
            if kind is ast.Tuple or kind is ast.GeneratorExp:
                return self._between(*self._inside(origin))
            if kind in _BLOCKS and self.text[self.end(origin) - 1] == ";":
                raise NotQuickError  # to LibCST, the block ends in front of it
            if self._plain:
                return Span(
                    origin.lineno - self._extra,
                    origin.col_offset,
                    origin.end_lineno - self._extra,
                    origin.end_col_offset,
                )
            return self._between(self.start(origin), self.end(origin))
        named = self._named.get(id(node))
        if named is not None:
            return self._between(*named)
        item = self._withs.get(id(node))
        return NOWHERE if item is None else self._between(*self._of_item(item))

    def line(self, node: nodes.Node) -> int:
        """The line on which the node's syntax begins."""
        origin = self._found.get(id(node))
        return 1 if origin is None else origin.lineno - self._extra

    def start(self, origin: Any) -> int:
        """The offset in the text at which a node of Python's tree begins."""
        return self._offset(origin.lineno, origin.col_offset)

    def end(self, origin: Any) -> int:
        """The offset behind it."""
        return self._offset(origin.end_lineno, origin.end_col_offset)

    def written(self, origin: Any) -> str:
        """The text of a node of Python's tree."""
        return self.text[self.start(origin) : self.end(origin)]

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        if not self._plain:
            text = self.text[start : self._starts[line] - 1]
            if not text.isascii():  # Python counts bytes
                column = len(text.encode()[:column].decode())
        return start + column

    def _between(self, start: int, end: int) -> Span:
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end, first) - 1
        return Span(
            first + 1 - self._extra,
            start - self._starts[first],
            last + 1 - self._extra,
            end - self._starts[last],
        )

    def _inside(self, origin: ast.AST) -> tuple[int, int]:
        """A tuple without the brackets around it."""
        start, end = self.start(origin), self.end(origin)
        if not isinstance(origin, ast.Tuple) or not origin.elts:
            raise NotQuickError
        first, last = origin.elts[0], origin.elts[-1]
        begin = self.start(first)
        ahead = self.text[start:begin]
        if ahead.strip() not in ("", "("):
            raise NotQuickError
        if not ahead or self._next(self.end(first)) == ")":
            return start, end  # the bracket is the first element's
        close = self.end(last)
        behind = self.text[close : end - 1].strip()
        if behind not in ("", ","):
            raise NotQuickError
        return begin, close if not behind else self.text.index(",", close) + 1

    def _next(self, at: int) -> str:
        """The next character that is no blank."""
        return self.text[at : at + 200].lstrip()[:1]

    def _ahead(self, at: int) -> str:
        """What stands in front, without blanks."""
        return self.text[max(0, at - 200) : at].rstrip()

    def _of_item(self, item: ast.withitem) -> tuple[int, int]:
        """An item with the brackets around its expression, but not with those around all items."""
        start, end = self.start(item.context_expr), self.end(item.context_expr)
        ahead = self._ahead(start)
        target = item.optional_vars
        if ahead.endswith("("):
            if self._next(end) == ")":
                opening, closing = self.text.rindex("(", 0, start), self.text.index(")", end) + 1
                ahead = self._ahead(opening)
                if not (target is None and ahead.endswith("with") and self._next(closing) == ":"):
                    start, end = opening, closing
                if not _WITH.search(ahead):
                    raise NotQuickError
        elif not _WITH.search(ahead):
            raise NotQuickError
        if target is None:
            return start, end
        begin = self.start(target)
        if not _AS.fullmatch(self.text, end, begin):
            raise NotQuickError
        return start, self.end(target)
