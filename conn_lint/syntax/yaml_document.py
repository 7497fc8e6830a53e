"""Reads YAML: aliases, merges, several documents; CloudFormation's short tags as their long form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from conn_lint.model.location import Span
from conn_lint.syntax.entries import DEEPEST, DocumentError, Found, Keys, Value, plain_value

MOST_NODES = 50_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times faster
_FORBIDDEN = re.compile("[^\t\n -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHER_BREAKS = str.maketrans("\x85\u2028\u2029", "   ")  # that end a line here and nowhere else
_STANDARD: Final = "tag:yaml.org,2002:"
_MERGE = "<<"
# Functions of templates. `!Sub x` is short for a mapping with the one key `Fn::Sub`.
_SAME_NAME = frozenset(("Ref", "Condition"))
# fmt: off
_FUNCTIONS = frozenset((
    "And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "If", "ImportValue",
    "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform",
))
# fmt: on


def read(text: str, found: Found) -> None:
    """Add every value under its keys; several documents count as one, an alias as what it stands for.

    Parsing goes from event to event, without recursion and within limits, so that no text can
    make much of little.
    """
    forbidden = _FORBIDDEN.search(text)
    if forbidden is not None:
        line = text.count("\n", 0, forbidden.start()) + 1
        raise DocumentError("a character that YAML does not allow", line)
    text = text.translate(_OTHER_BREAKS)
    try:
        roots = _Composer(text.split("\n")).roots(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise DocumentError(error.problem or "it is no YAML", line) from error
    walk = _Walk(found)
    for root in roots:
        walk.value(root, (), 0)


def is_read_by_all(text: str) -> bool:
    """Whether the stricter parser reads it, too: in brackets that one wants quotes around a value with `?` in it."""
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError:
        return False
    return True


class _Node:
    """A scalar (`text` is set) or a collection. A mapping's children are keys and values in turn."""

    __slots__ = ("children", "is_mapping", "plain", "span", "tag", "text")

    def __init__(self, tag: str | None, span: Span, *, text: str | None, plain: bool) -> None:
        self.tag = tag
        self.span = span
        self.text = text
        self.plain = plain
        self.is_mapping = False
        self.children: list[_Node] = []


class _Composer:
    """From events to nodes. What an alias names is the same node again, so the text bounds the size."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._roots: list[_Node] = []
        self._open: list[_Node] = []
        self._anchors: dict[str, _Node] = {}
        self._count = 0

    def roots(self, events: Iterable[yaml.Event]) -> list[_Node]:
        """The top node of each document."""
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self._anchors.clear()
                case yaml.AliasEvent():
                    self._add(self._aliased(event))
                case yaml.ScalarEvent():
                    plain = event.tag is None and bool(event.implicit[0])
                    text = str(event.value)
                    self._new(_Node(event.tag, self._span(event), text=text, plain=plain), event)
                case yaml.CollectionStartEvent():
                    node = _Node(event.tag, self._span(event), text=None, plain=False)
                    node.is_mapping = isinstance(event, yaml.MappingStartEvent)
                    self._new(node, event)
                    self._open.append(node)
                    if len(self._open) > DEEPEST:
                        raise DocumentError("it nests too deep", node.span.line)
                case yaml.CollectionEndEvent():
                    self._open.pop()
                case _:
                    pass
        return self._roots

    def _aliased(self, event: yaml.AliasEvent) -> _Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise DocumentError("an alias without an anchor", self._span(event).line)
        return node

    def _new(self, node: _Node, event: yaml.NodeEvent) -> None:
        self._count += 1
        if self._count > MOST_NODES:
            raise DocumentError(f"more than {MOST_NODES} nodes", node.span.line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._add(node)

    def _add(self, node: _Node) -> None:
        (self._open[-1].children if self._open else self._roots).append(node)

    def _span(self, event: yaml.Event) -> Span:
        line, column = self._place(event.start_mark)
        end_line, end_column = self._place(event.end_mark)
        # A block of text ends where the next thing begins: back to its last character.
        while end_line > line and not self._text_of(end_line)[:end_column].strip():
            end_line -= 1
            end_column = len(self._text_of(end_line).rstrip())
        return Span(line + 1, column, end_line + 1, end_column)

    def _place(self, mark: Any) -> tuple[int, int]:
        """Where a mark is, of either parser; nothing at all may stand on a line behind the last one."""
        if mark.line < len(self._lines):
            return mark.line, mark.column
        return len(self._lines) - 1, len(self._lines[-1])

    def _text_of(self, line: int) -> str:
        return self._lines[line] if line < len(self._lines) else ""


class _Walk:
    """From nodes to entries, through aliases: counted, since little text can stand for much."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._visits = 0

    def value(self, node: _Node, keys: Keys, depth: int) -> None:
        """Add what a node holds."""
        self._visit(node, depth)
        named = _function(node.tag)
        if named is not None:
            keys = (*keys, named)
        if node.text is not None:
            self._found.add(keys, _scalar(node, node.text), node.span)
        elif node.is_mapping:
            for key, child in self._pairs(node, depth).items():
                self.value(child, (*keys, key), depth + 1)
        else:
            for index, child in enumerate(node.children):
                self.value(child, (*keys, index), depth + 1)

    def _pairs(self, node: _Node, depth: int) -> Mapping[str, _Node]:
        """The values of a mapping by key; what it has itself wins over what is merged into it."""
        self._visits += len(node.children)
        self._visit(node, depth)
        own: dict[str, _Node] = {}
        merged: dict[str, _Node] = {}
        for key, value in zip(node.children[::2], node.children[1::2], strict=True):
            if key.text == _MERGE and key.plain:
                for source in [value] if value.is_mapping else value.children:
                    if source.is_mapping:
                        merged = {**self._pairs(source, depth + 1), **merged}
            else:
                own[key.text if key.text is not None else "[...]"] = value
        return {**merged, **own}

    def _visit(self, node: _Node, depth: int) -> None:
        self._visits += 1
        if self._visits > 2 * MOST_NODES:
            raise DocumentError("its aliases stand for too much", node.span.line)
        if depth > DEEPEST:
            raise DocumentError("it nests too deep", node.span.line)


def _function(tag: str | None) -> str | None:
    """The key that a tag is short for; None for one that only names a type."""
    if tag is None or tag == "!" or tag.startswith(_STANDARD):
        return None
    name = tag.removeprefix("!")
    if name in _SAME_NAME:
        return name
    return f"Fn::{name}" if name in _FUNCTIONS else tag


def _scalar(node: _Node, text: str) -> Value:
    if node.plain or node.tag in {_STANDARD + kind for kind in ("int", "float", "bool", "null")}:
        return plain_value(text)
    return text
