"""The parts of a tree that mean something: whitespace, punctuation and operators are left out.

LibCST's visitors look at every field of every node; to skip those without meaning saves most of
their time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libcst as cst

_EVENTFUL = (
    cst.Call,
    cst.Await,
    cst.Yield,
    cst.NamedExpr,
    cst.Attribute,
    cst.Subscript,
    cst.BaseComp,
)
NO_NODES = frozenset({type(None), bool, str, cst.MaybeSentinel})
"""Types of what may be in a field instead of nodes; to ask whether it is a node takes much longer."""
CONSTANTS = frozenset({"None", "True", "False"})
# Beside those with "whitespace" in their names.
_SILENT = """
    asynchronous bracket colon comma conversion default_indent default_newline dot encoding end
    equal first_colon footer has_trailing_newline header indent lbrace lbracket leading_lines
    lines_after_decorators lpar operator posonly_ind rbrace rbracket relative rpar second_colon
    semicolon separator star start trailing_comma
"""
_SILENT_FIELDS = frozenset(_SILENT.split())
_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def fields_of(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that can hold names."""
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = tuple(
            field.name
            for field in dataclasses.fields(kind)
            if field.name not in _SILENT_FIELDS and "whitespace" not in field.name
        )
        _FIELDS[kind] = fields
    return fields


def target_names(target: cst.CSTNode) -> Iterator[str]:
    """The names that an assignment target binds, from left to right."""
    match target:
        case cst.Name(value=name):
            yield name
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from target_names(element.value)
        case cst.StarredElement(value=value):
            yield from target_names(value)
        case _:
            pass


def parameters_of(node: cst.Parameters) -> Iterator[tuple[cst.Param, str]]:
    """The parameters in order, each with its kind: positional, normal, "*", keyword or "**"."""
    for parameter in node.posonly_params:
        yield parameter, "positional"
    for parameter in node.params:
        yield parameter, "normal"
    if isinstance(node.star_arg, cst.Param):
        yield node.star_arg, "*"
    for parameter in node.kwonly_params:
        yield parameter, "keyword"
    if node.star_kwarg is not None:
        yield node.star_kwarg, "**"


def is_eventful(node: cst.CSTNode, *, calls_only: bool = False) -> bool:
    """Evaluating the expression may do something: there is a call in it, a read of an attribute, a
    yield...
    """
    kinds = cst.Call if calls_only else _EVENTFUL
    return any(isinstance(part, kinds) for part in leaves(node))


def names_read(node: cst.CSTNode) -> list[str]:
    """The names that stand in an expression, each once, sorted; an inner scope's own ones among
    them.
    """
    names = {part.value for part in leaves(node) if type(part) is cst.Name}
    return sorted(names - CONSTANTS)


def leaves(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it that can hold names."""
    todo = [node]
    while todo:
        part = todo.pop()
        yield part
        fields = ("value",) if type(part) in {cst.Attribute, cst.Arg} else fields_of(type(part))
        for field in fields:
            value = getattr(part, field)
            kind = type(value)
            if kind is list or kind is tuple:
                todo.extend(value)
            elif kind not in NO_NODES:
                todo.append(value)
