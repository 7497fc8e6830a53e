"""Where the nodes of a tree stand in its text, without LibCST's metadata.

A tree holds no positions: they come from writing it out again. This pass uses LibCST's own code
generation with a state that notes the number of tokens before and after each node; places are
worked out for the nodes asked about. All knowledge of LibCST's internals is in this module.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import libcst as cst
from libcst._nodes.internal import CodegenState

from conn_lint.model.location import NOWHERE, Span

if TYPE_CHECKING:
    from types import TracebackType

_NEWLINE = re.compile(r"\r\n?|\n")


class _Stretch:
    """Notes the tokens written while it is open; lighter than a generator's context manager."""

    __slots__ = ("found", "last", "node", "start", "tokens")

    def __init__(
        self,
        tokens: list[str],
        found: dict[int, tuple[int, int]],
        node: cst.CSTNode,
        last: cst.CSTNode | None,
    ) -> None:
        self.tokens = tokens
        self.found = found
        self.node = node
        self.last = last
        self.start = 0

    def __enter__(self) -> None:
        self.start = len(self.tokens)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end = len(self.tokens)
        if self.last is not None:
            # A compound statement ends with the last statement in it, before any comments.
            end = self.found.get(id(self.last), (0, end))[1]
        self.found[id(self.node)] = (self.start, end)


class _Recorder(CodegenState):
    """Writes a tree out and remembers which tokens each node's own syntax takes."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.found: dict[int, tuple[int, int]] = {}
        # Called for every node and token: functions written in C cost a tenth of methods.
        self.add_token = self.tokens.append  # type: ignore[assignment, method-assign]
        self.before_codegen = id  # type: ignore[assignment, method-assign]
        self.after_codegen = id  # type: ignore[assignment, method-assign]

    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> _Stretch:
        return _Stretch(self.tokens, self.found, node, end_node)

    def pop_trailing_newline(self) -> None:
        """Keep it: the numbers of tokens already noted must stay valid."""


class Positions:
    """The spans of a tree's nodes, lines counted from the first one below the `extra_lines`."""

    __slots__ = ("_extra", "_found", "_lines", "_module", "_offsets")

    def __init__(self, module: cst.Module, extra_lines: int = 0) -> None:
        state = _Recorder(module)
        module._codegen(state)
        tokens = state.tokens
        self._module = module  # nodes are known by their ids, which are theirs only while they live
        self._extra = extra_lines
        self._found = state.found
        self._offsets = list(accumulate(map(len, tokens), initial=0))
        self._lines = [0]
        self._lines.extend(match.end() for match in _NEWLINE.finditer("".join(tokens)))

    def span(self, node: cst.CSTNode) -> Span:
        """Where the node's own syntax stands; `NOWHERE` if it has none of its own."""
        found = self._found.get(id(node))
        if found is None:
            return NOWHERE
        start, end = self._offsets[found[0]], self._offsets[found[1]]
        lines = self._lines
        first = bisect_right(lines, start) - 1
        last = bisect_right(lines, end, first) - 1
        return Span(
            first + 1 - self._extra,
            start - lines[first],
            last + 1 - self._extra,
            end - lines[last],
        )

    def line(self, node: cst.CSTNode) -> int:
        """The line on which the node's syntax begins."""
        found = self._found.get(id(node))
        if found is None:
            return 1
        return bisect_right(self._lines, self._offsets[found[0]]) - self._extra
