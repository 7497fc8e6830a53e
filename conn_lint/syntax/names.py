"""Scopes: which names each module, class, function, lambda and comprehension binds, reads and
borrows from outside.

One pass over the meaningful fields of a tree; whitespace and punctuation are not visited. Python's
rules are kept: a class body's names are not seen by the functions in it, `global` and `nonlocal`
bind elsewhere, a walrus in a comprehension binds in the function around it. Mangling of private
names is ignored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.fields import (
    CONSTANTS,
    NO_NODES,
    names_read,
    parameters_of,
    target_names,
)

_Handler: TypeAlias = Callable[["_Collector", Any], None]


@dataclasses.dataclass(eq=False, slots=True)
class Scope:
    """The names of one scope. `kind` is module, class, function, lambda or comprehension.

    `bound` are the names that belong to it, parameters included; `reads` those that are read or
    deleted in it. `free` are the names it or a scope in it takes from further out; `free_globals`
    those of them that are declared `global`. `held` are the names read by the defaults of its
    parameters, which it keeps alive. `eventful`: evaluating it may do something.
    `children` are the scopes written in it; they do not know it, since nothing looks for circles
    during a run.
    """

    kind: str
    bound: set[str] = dataclasses.field(default_factory=set)
    reads: set[str] = dataclasses.field(default_factory=set)
    global_names: set[str] = dataclasses.field(default_factory=set)
    nonlocal_names: set[str] = dataclasses.field(default_factory=set)
    type_parameters: set[str] = dataclasses.field(default_factory=set)
    held: set[str] = dataclasses.field(default_factory=set)
    free: set[str] = dataclasses.field(default_factory=set)
    free_globals: set[str] = dataclasses.field(default_factory=set)
    is_generator: bool = False
    eventful: bool = False
    children: list[Scope] = dataclasses.field(default_factory=list)


class Scopes:
    """The scopes of a tree, by the node that opens them."""

    def __init__(self, root: nodes.Module) -> None:
        collector = _Collector(Scope("module"))
        collector.scopes[id(root)] = collector.scope
        for statement in root.body:
            collector.visit(statement)
        self._scopes = collector.scopes
        self._root = root  # keeps the ids valid
        _resolve(self._scopes[id(root)])

    def of(self, node: nodes.Node) -> Scope:
        """The scope that a module, class, function, lambda or comprehension opens."""
        return self._scopes[id(node)]


def _resolve(scope: Scope) -> None:
    """Fill in what each scope takes from outside, the inner ones first."""
    for child in scope.children:
        _resolve(child)
    bound = scope.bound
    free = (scope.reads | scope.nonlocal_names) - bound - scope.global_names - CONSTANTS
    far = set(scope.global_names)
    # Functions in a class body do not see its names, and look straight past it.
    hidden: set[str] = set() if scope.kind == "class" else bound
    for child in scope.children:
        free |= child.free - child.free_globals - hidden
        far |= child.free_globals
    free -= scope.type_parameters
    scope.free = free | far
    scope.free_globals = far


class _Collector:
    """Walks the tree and fills the scopes."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.binding = scope  # no comprehension: these bind only their own variables
        self.scopes: dict[int, Scope] = {}

    def visit(self, node: nodes.Node) -> None:
        kind = type(node)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, node)
        else:
            self.visit_fields(node, node.__struct_fields__)

    def visit_fields(self, node: nodes.Node, fields: tuple[str, ...]) -> None:
        """Visit the parts of a node that has no meaning of its own for names."""
        for field in fields:
            value = getattr(node, field)
            kind = type(value)
            if kind is list or kind is tuple:
                for part in value:
                    self.visit(part)
            elif kind not in NO_NODES:
                self.visit(value)

    def visit_all(self, nodes: Sequence[nodes.Node]) -> None:
        for node in nodes:
            self.visit(node)

    def bind(self, name: str) -> None:
        """Bind a name as a statement does it, or a walrus."""
        self.binding.bound.add(name)

    def bind_target(self, target: nodes.Node) -> None:
        match target:
            case nodes.Name(value=name):
                self.bind(name)
            case nodes.Tuple(elements=elements) | nodes.List(elements=elements):
                for element in elements:
                    self.bind_target(element.value)
            case nodes.StarredElement(value=value):
                self.bind_target(value)
            case _:
                self.visit(target)

    def open(self, node: nodes.Node, kind: str) -> Scope:
        scope = Scope(kind)
        self.scope.children.append(scope)
        self.scopes[id(node)] = scope
        return scope

    def inside(self, scope: Scope, node: nodes.Node) -> None:
        outer, binding = self.scope, self.binding
        self.scope = scope
        if scope.kind != "comprehension":
            self.binding = scope
        self.visit(node)
        self.scope, self.binding = outer, binding
        scope.bound -= scope.global_names | scope.nonlocal_names


def _name(collector: _Collector, node: nodes.Name) -> None:
    collector.scope.reads.add(node.value)


def _attribute(collector: _Collector, node: nodes.Attribute) -> None:
    collector.scope.eventful = True
    value: nodes.Node = node.value
    while type(value) is nodes.Attribute:
        value = value.value
    collector.visit(value)


def _eventful(collector: _Collector, node: nodes.Node) -> None:
    collector.scope.eventful = True
    collector.visit_fields(node, node.__struct_fields__)


def _yield(collector: _Collector, node: nodes.Yield) -> None:
    collector.scope.is_generator = True
    _eventful(collector, node)


def _argument(collector: _Collector, node: nodes.Arg) -> None:
    collector.visit(node.value)


def _nothing(collector: _Collector, node: nodes.Node) -> None:
    """A leaf without names."""


def _function(collector: _Collector, node: statement_nodes.FunctionDef) -> None:
    collector.visit_all(node.decorators)
    collector.bind(node.name.value)
    scope = collector.open(node, "function")
    _type_parameters(collector, scope, node.type_parameters)
    _parameters(collector, scope, node.params)
    if node.returns is not None:
        collector.visit(node.returns.annotation)
    collector.inside(scope, node.body)


def _parameters(collector: _Collector, scope: Scope, node: nodes.Parameters) -> None:
    """Parameters belong to the function; their annotations and defaults are evaluated around it."""
    for parameter, _ in parameters_of(node):
        scope.bound.add(parameter.name.value)
        if parameter.annotation is not None:
            collector.visit(parameter.annotation.annotation)
        if parameter.default is not None:
            collector.visit(parameter.default)
            scope.held.update(names_read(parameter.default))


def _type_parameters(
    collector: _Collector, scope: Scope, node: nodes.TypeParameters | None
) -> None:
    """Type parameters are seen in the head and the body; bounds and defaults are evaluated late, if
    at all.
    """
    if node is None:
        return
    for parameter in node.params:
        name = parameter.param.name.value
        scope.type_parameters.add(name)
        collector.scope.type_parameters.add(name)


def _class(collector: _Collector, node: statement_nodes.ClassDef) -> None:
    collector.visit_all(node.decorators)
    scope = collector.open(node, "class")
    _type_parameters(collector, scope, node.type_parameters)
    collector.visit_all(node.bases)
    collector.visit_all(node.keywords)
    collector.inside(scope, node.body)
    collector.bind(node.name.value)


def _lambda(collector: _Collector, node: nodes.Lambda) -> None:
    scope = collector.open(node, "lambda")
    _parameters(collector, scope, node.params)
    collector.inside(scope, node.body)


def _comprehension(collector: _Collector, node: nodes.Comprehension) -> None:
    """Open a scope of its own, but the first iterable is evaluated around it."""
    collector.scope.eventful = True
    collector.visit(node.for_in.iter)
    outer = collector.scope
    collector.scope = scope = collector.open(node, "comprehension")
    clause: nodes.CompFor | None = node.for_in
    while clause is not None:
        scope.bound.update(target_names(clause.target))
        if clause is not node.for_in:
            collector.visit(clause.iter)
        _visit_stored(collector, clause.target)
        collector.visit_all(clause.ifs)
        clause = clause.inner_for_in
    for field in ("elt", "key", "value"):
        part = getattr(node, field, None)
        if part is not None:
            collector.visit(part)
    collector.scope = outer


def _visit_stored(collector: _Collector, target: nodes.Node) -> None:
    """Visit what a comprehension's target reads when it is an attribute or a subscript."""
    match target:
        case nodes.Tuple(elements=elements) | nodes.List(elements=elements):
            for element in elements:
                _visit_stored(collector, element.value)
        case nodes.Attribute() | nodes.Subscript():
            collector.visit(target)
        case _:
            pass


def _assign(collector: _Collector, node: statement_nodes.Assign) -> None:
    collector.visit(node.value)
    for target in node.targets:
        collector.bind_target(target.target)


def _annotated_assign(collector: _Collector, node: statement_nodes.AnnAssign) -> None:
    collector.visit(node.annotation.annotation)
    if node.value is not None:
        collector.visit(node.value)
    collector.bind_target(node.target)


def _augmented_assign(collector: _Collector, node: statement_nodes.AugAssign) -> None:
    collector.visit(node.target)
    collector.visit(node.value)
    collector.bind_target(node.target)


def _walrus(collector: _Collector, node: nodes.NamedExpr) -> None:
    collector.scope.eventful = True
    collector.visit(node.value)
    collector.bind_target(node.target)


def _for(collector: _Collector, node: statement_nodes.For) -> None:
    collector.visit(node.iter)
    collector.bind_target(node.target)
    collector.visit(node.body)
    if node.orelse is not None:
        collector.visit(node.orelse)


def _as_name(collector: _Collector, node: nodes.AsName) -> None:
    collector.bind_target(node.name)


def _delete(collector: _Collector, node: statement_nodes.Del) -> None:
    """A deleted name is local, as if it were assigned to."""
    collector.visit(node.target)
    collector.bind_target(node.target)


def _import(
    collector: _Collector, node: statement_nodes.Import | statement_nodes.ImportFrom
) -> None:
    if isinstance(node.names, statement_nodes.ImportStar):
        return
    for alias in node.names:
        if alias.asname is not None:
            collector.bind_target(alias.asname.name)
        else:
            part: nodes.Expression = alias.name
            while isinstance(part, nodes.Attribute):
                part = part.value
            collector.bind_target(part)


def _global(collector: _Collector, node: statement_nodes.Global) -> None:
    collector.scope.global_names.update(item.name.value for item in node.names)


def _nonlocal(collector: _Collector, node: statement_nodes.Nonlocal) -> None:
    collector.scope.nonlocal_names.update(item.name.value for item in node.names)


def _match_capture(
    collector: _Collector, node: statement_nodes.MatchAs | statement_nodes.MatchStar
) -> None:
    if isinstance(node, statement_nodes.MatchAs) and node.pattern is not None:
        collector.visit(node.pattern)
    if node.name is not None:
        collector.bind(node.name.value)


def _match_mapping(collector: _Collector, node: statement_nodes.MatchMapping) -> None:
    collector.visit_all(node.elements)
    if node.rest is not None:
        collector.bind(node.rest.value)


def _match_keyword(collector: _Collector, node: statement_nodes.MatchKeywordElement) -> None:
    collector.visit(node.pattern)


def _match_singleton(collector: _Collector, node: statement_nodes.MatchSingleton) -> None:
    """None, True or False: written as names, but constants."""


def _type_alias(collector: _Collector, node: statement_nodes.TypeAlias) -> None:
    collector.bind(node.name.value)


_HANDLERS: dict[type[nodes.Node], _Handler] = {
    statement_nodes.AnnAssign: _annotated_assign,
    nodes.Arg: _argument,
    nodes.AsName: _as_name,
    statement_nodes.Assign: _assign,
    nodes.Attribute: _attribute,
    statement_nodes.AugAssign: _augmented_assign,
    nodes.Await: _eventful,
    nodes.Call: _eventful,
    statement_nodes.ClassDef: _class,
    statement_nodes.Del: _delete,
    nodes.DictComp: _comprehension,
    nodes.Float: _nothing,
    statement_nodes.For: _for,
    statement_nodes.FunctionDef: _function,
    nodes.GeneratorExp: _comprehension,
    statement_nodes.Global: _global,
    statement_nodes.Import: _import,
    statement_nodes.ImportFrom: _import,
    nodes.Integer: _nothing,
    nodes.Lambda: _lambda,
    nodes.ListComp: _comprehension,
    statement_nodes.MatchAs: _match_capture,
    statement_nodes.MatchKeywordElement: _match_keyword,
    statement_nodes.MatchMapping: _match_mapping,
    statement_nodes.MatchSingleton: _match_singleton,
    statement_nodes.MatchStar: _match_capture,
    nodes.Name: _name,
    nodes.NamedExpr: _walrus,
    statement_nodes.Nonlocal: _nonlocal,
    nodes.SetComp: _comprehension,
    nodes.StarredDictComp: _comprehension,
    nodes.SimpleString: _nothing,
    nodes.Subscript: _eventful,
    statement_nodes.TypeAlias: _type_alias,
    nodes.Yield: _yield,
}
