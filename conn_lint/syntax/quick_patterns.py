"""Patterns of Python's own tree as nodes of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.quick_places import NotQuickError
from conn_lint.syntax.quick_values import Values

_HERE = re.compile("")
_REST = re.compile(r"\*\*\s*(\w+)\s*,?\s*\}\Z")


def pattern(values: Values, origin: Any) -> Any:
    """What a case is compared with; nobody asks where it stands, but for the names that it binds."""
    return _PATTERNS[type(origin)](values, origin)


def _optional(values: Values, origin: Any) -> Any:
    return None if origin is None else pattern(values, origin)


def _bound(values: Values, origin: Any) -> nodes.Name | None:
    """The name with which the pattern ends."""
    if origin.name is None:
        return None
    node = nodes.Name(origin.name)
    values.places.put_name(node, _HERE, values.places.end(origin) - len(origin.name))
    return node


def _element(values: Values, origin: Any) -> Any:
    made = pattern(values, origin)
    if isinstance(made, statement_nodes.MatchStar):
        return made
    return statement_nodes.MatchSequenceElement(made)


def _mapping(values: Values, origin: ast.MatchMapping) -> statement_nodes.MatchMapping:
    pairs = [
        statement_nodes.MatchMappingElement(values.value(key), pattern(values, part))
        for key, part in zip(origin.keys, origin.patterns, strict=True)
    ]
    rest = None
    if origin.rest is not None:
        written = _REST.search(values.places.written(origin))
        if written is None or written[1] != origin.rest:
            raise NotQuickError
        rest = nodes.Name(origin.rest)
        values.places.put_name(rest, _HERE, values.places.start(origin) + written.start(1))
    return statement_nodes.MatchMapping(pairs, rest)


def _of_class(values: Values, origin: ast.MatchClass) -> statement_nodes.MatchClass:
    keywords = [
        statement_nodes.MatchKeywordElement(nodes.Name(name), pattern(values, part))
        for name, part in zip(origin.kwd_attrs, origin.kwd_patterns, strict=True)
    ]
    parts = [_element(values, part) for part in origin.patterns]
    return statement_nodes.MatchClass(values.value(origin.cls), parts, keywords)


_PATTERNS: dict[type[ast.AST], Callable[[Values, Any], Any]] = {
    ast.MatchAs: lambda values, o: statement_nodes.MatchAs(
        _optional(values, o.pattern), _bound(values, o)
    ),
    ast.MatchClass: _of_class,
    ast.MatchMapping: _mapping,
    ast.MatchOr: lambda values, o: statement_nodes.MatchOr(
        [statement_nodes.MatchOrElement(pattern(values, part)) for part in o.patterns]
    ),
    ast.MatchSequence: lambda values, o: statement_nodes.MatchList(
        [_element(values, part) for part in o.patterns]
    ),
    ast.MatchSingleton: lambda values, o: statement_nodes.MatchSingleton(nodes.Name(str(o.value))),
    ast.MatchStar: lambda values, o: statement_nodes.MatchStar(_bound(values, o)),
    ast.MatchValue: lambda values, o: statement_nodes.MatchValue(values.value(o.value)),
}
