"""Walks over trees, and what they ask of nodes."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.syntax import nodes

_EVENTFUL = (
    nodes.Call,
    nodes.Await,
    nodes.Yield,
    nodes.NamedExpr,
    nodes.Attribute,
    nodes.Subscript,
    nodes.Comprehension,
)
NO_NODES = frozenset({type(None), bool, int, str})
"""Types of what may be in a field instead of nodes; to ask whether it is a node takes much longer."""
CONSTANTS = frozenset({"None", "True", "False"})


def target_names(target: nodes.Node) -> Iterator[str]:
    """The names that an assignment target binds, from left to right."""
    match target:
        case nodes.Name(value=name):
            yield name
        case nodes.Tuple(elements=elements) | nodes.List(elements=elements):
            for element in elements:
                yield from target_names(element.value)
        case nodes.StarredElement(value=value):
            yield from target_names(value)
        case _:
            pass


def parameters_of(node: nodes.Parameters) -> Iterator[tuple[nodes.Param, str]]:
    """The parameters in order, each with its kind: positional, normal, "*", keyword or "**"."""
    for parameter in node.posonly_params:
        yield parameter, "positional"
    for parameter in node.params:
        yield parameter, "normal"
    if isinstance(node.star_arg, nodes.Param):
        yield node.star_arg, "*"
    for parameter in node.kwonly_params:
        yield parameter, "keyword"
    if node.star_kwarg is not None:
        yield node.star_kwarg, "**"


def is_eventful(node: nodes.Node, *, calls_only: bool = False) -> bool:
    """Evaluating the expression may do something: there is a call in it, a read of an attribute, a
    yield...
    """
    kinds = nodes.Call if calls_only else _EVENTFUL
    return any(isinstance(part, kinds) for part in leaves(node))


def names_read(node: nodes.Node) -> list[str]:
    """The names that stand in an expression, each once, sorted; an inner scope's own ones among
    them.
    """
    names = {part.value for part in leaves(node) if type(part) is nodes.Name}
    return sorted(names - CONSTANTS)


def leaves(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all below it that can hold names."""
    todo = [node]
    while todo:
        part = todo.pop()
        yield part
        fields = (
            ("value",) if type(part) in {nodes.Attribute, nodes.Arg} else part.__struct_fields__
        )
        for field in fields:
            value = getattr(part, field)
            kind = type(value)
            if kind is list or kind is tuple:
                todo.extend(value)
            elif kind not in NO_NODES:
                todo.append(value)
