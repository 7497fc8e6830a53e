"""What binds names: assignment targets of every kind, deletions, imports, the walrus."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TypeAlias

from conn_lint.lower.expressions import NO_PARTS, chain
from conn_lint.lower.graph import RAISED
from conn_lint.lower.outside import whole
from conn_lint.lower.state import Lowering, StatementHandler, ValueHandler, may_fail
from conn_lint.model.expression import (
    Attribute,
    Container,
    Expr,
    Literal,
    Name,
    Operator,
    Star,
    Subscript,
    Temp,
    walk,
)
from conn_lint.model.flow import AssignEvent, DeleteEvent, Import, ImportEvent, StoreEvent
from conn_lint.syntax import nodes, statement_nodes
from conn_lint.syntax.fields import is_eventful, target_names

Held: TypeAlias = list[tuple[nodes.Expression, str]]
"""Names that keep a value while a statement binds its targets, and the targets they are made from.
"""


def bind(state: Lowering, target: nodes.Expression, value: Expr) -> None:
    """Bind a target to a value that has been evaluated."""
    match target:
        case nodes.Name(value=name):
            state.assign(target, state.rename(name), value)
        case nodes.Tuple(elements=elements) | nodes.List(elements=elements):
            _unpack(state, elements, value)
        case nodes.StarredElement(value=inner):
            bind(state, inner, value)
        case _:
            _store(state, target, value)


def _store(
    state: Lowering, target: nodes.Expression, value: Expr, annotation: Expr | None = None
) -> None:
    place = chain(state, target)
    if isinstance(place, Attribute | Subscript):
        span = state.span(target)
        event = StoreEvent(span, state.statement, state.loop, place, value, annotation)
        raises = isinstance(place, Subscript) or may_fail(place) or may_fail(value)
        state.graph.emit(event, raises=raises)


def _unpack(
    state: Lowering, targets: Sequence[nodes.Element | nodes.StarredElement], value: Expr
) -> None:
    """Bind each target to its part: the very expression if the value is written out, else a
    subscript.

    In `a, b = b, a` and `a, b = a` a value must be kept while its name is bound anew: as `a@aside`.
    """
    held: Held = []
    parts = _parts(targets, value)
    if parts is None:
        names = {state.rename(name) for target in targets for name in target_names(target.value)}
        if _reads(value, names):
            value = _hold(state, targets[0].value, value, held)
        _unpack_unknown(state, targets, value)
    else:
        bound: set[str] = set()
        kept: list[Expr] = []
        for target, part in zip(targets, parts, strict=True):
            clash = bool(bound) and _reads(part, bound)
            kept.append(_hold(state, target.value, part, held) if clash else part)
            bound.update(state.rename(name) for name in target_names(target.value))
        for target, part in zip(targets, kept, strict=True):
            bind(state, target.value, part)
    _let_go(state, held)


def _hold(state: Lowering, target: nodes.Expression, value: Expr, held: Held) -> Name:
    """Keep a value under a name of its own, made from the target's."""
    name = f"{next(target_names(target), '')}@aside"
    state.assign(target, name, value)
    held.append((target, name))
    return Name(name)


def _let_go(state: Lowering, held: Held) -> None:
    for node, name in held:
        event = DeleteEvent(state.span(node), state.statement, state.loop, Name(name))
        state.graph.emit(event)


def _parts(
    targets: Sequence[nodes.Element | nodes.StarredElement], value: Expr
) -> list[Expr] | None:
    """The value of each target, if the value is a tuple or list written out; a starred target gets
    a list.
    """
    if not isinstance(value, Container) or value.kind not in {"tuple", "list"}:
        return None
    items = list(value.items)
    stars = [i for i, target in enumerate(targets) if isinstance(target, nodes.StarredElement)]
    if any(isinstance(item, Star) for item in items) or len(stars) > 1:
        return None
    if not stars:
        return items if len(items) == len(targets) else None
    rest = len(targets) - 1 - stars[0]
    if len(items) < len(targets) - 1:
        return None
    middle = Container("list", tuple(items[stars[0] : len(items) - rest]))
    return [*items[: stars[0]], middle, *items[len(items) - rest :]]


def _unpack_unknown(
    state: Lowering, targets: Sequence[nodes.Element | nodes.StarredElement], value: Expr
) -> None:
    """Only the first binding can raise: the unpacking happens once."""
    graph = state.graph
    starred = False
    for number, target in enumerate(targets):
        part: Expr
        if isinstance(target, nodes.StarredElement):
            starred = True
            part = Star(value)
        else:
            index = number - len(targets) if starred else number
            part = Subscript(value, Literal("int", index))
        raised = len(graph.sink.ordinary)
        bind(state, target.value, part)
        if number and isinstance(target.value, nodes.Name):
            del graph.sink.ordinary[raised:]
        elif not number and len(graph.sink.ordinary) == raised:
            graph.sink.ordinary.append((len(graph.events) - 1, RAISED))


def _walrus(state: Lowering, node: nodes.NamedExpr) -> Expr:
    """Bind a name on the way.

    In a comprehension it is the function's name, never the comprehension's own.
    """
    value = state.value(node.value)
    if not isinstance(node.target, nodes.Name):
        return value
    name = node.target.value
    state.assign(node.target, name, value)
    return value if isinstance(value, Temp | Literal) else Name(name)


def _assign(state: Lowering, node: statement_nodes.Assign) -> None:
    value = state.value(node.value)
    held: Held = []
    if len(node.targets) > 1:
        first = node.targets[0].target
        names = {name for target in node.targets[:-1] for name in target_names(target.target)}
        if _reads(value, names):
            value = _hold(state, first, value, held)
    for target in node.targets:
        bind(state, target.target, value)
    _let_go(state, held)


def _reads(expr: Expr, names: Set[str]) -> bool:
    return any(isinstance(part, Name) and part.id in names for part in walk(expr))


def _annotated_assign(state: Lowering, node: statement_nodes.AnnAssign) -> None:
    """Annotations are evaluated in modules and classes only; one without a value still tells a
    type.
    """
    annotation = node.annotation.annotation
    if state.scope.kind in {"module", "class"} and is_eventful(annotation):
        state.value(annotation)
    value = NO_PARTS if node.value is None else state.value(node.value)
    if isinstance(node.target, nodes.Name):
        span = state.span(node.target)
        name = node.target.value
        event = AssignEvent(span, state.statement, state.loop, name, value, whole(annotation))
        state.graph.emit(event, raises=may_fail(value))
    elif node.value is not None:
        _store(state, node.target, value, whole(annotation))


def _augmented_assign(state: Lowering, node: statement_nodes.AugAssign) -> None:
    """The target is evaluated once, read, and bound to the outcome."""
    place = state.value(node.target)
    value = state.value(node.value)
    outcome = Operator(node.operator, (place, value))
    if isinstance(node.target, nodes.Name):
        state.assign(node.target, node.target.value, outcome)
    elif isinstance(place, Attribute | Subscript):
        span = state.span(node.target)
        event = StoreEvent(span, state.statement, state.loop, place, outcome)
        state.graph.emit(event, raises=may_fail(outcome))


def _delete(state: Lowering, node: statement_nodes.Del) -> None:
    _delete_target(state, node.target)


def _delete_target(state: Lowering, target: nodes.Expression) -> None:
    if isinstance(target, nodes.Tuple | nodes.List):
        for element in target.elements:
            _delete_target(state, element.value)
        return
    place = chain(state, target)
    event = DeleteEvent(state.span(target), state.statement, state.loop, place)
    state.graph.emit(event, raises=may_fail(place))


def _type_alias(state: Lowering, node: statement_nodes.TypeAlias) -> None:
    state.assign(node.name, node.name.value, NO_PARTS)


def _import(state: Lowering, node: statement_nodes.Import) -> None:
    imports = []
    for alias in node.names:
        module = _dotted(alias.name)
        bound = _alias(alias) or module.partition(".")[0]
        line = state.unit.positions.line(alias.name)
        # `import a.b as c` binds the module a.b itself, `import a.b` only its package.
        imports.append(Import(module, None, bound, 0, line, alias.asname is not None))
    _emit_imports(state, node, imports)


def _import_from(state: Lowering, node: statement_nodes.ImportFrom) -> None:
    module = "" if node.module is None else _dotted(node.module)
    level = node.relative
    if isinstance(node.names, statement_nodes.ImportStar):
        line = state.unit.positions.line(node)
        _emit_imports(state, node, [Import(module, "*", "*", level, line)])
        return
    imports = []
    for alias in node.names:
        name = _dotted(alias.name)
        line = state.unit.positions.line(alias.name)
        imports.append(Import(module, name, _alias(alias) or name, level, line))
    _emit_imports(state, node, imports)


def _emit_imports(state: Lowering, node: nodes.Node, imports: list[Import]) -> None:
    event = ImportEvent(state.span(node), state.statement, state.loop, tuple(imports))
    state.graph.emit(event, raises=True)


def _alias(alias: statement_nodes.ImportAlias) -> str:
    return _dotted(alias.asname.name) if alias.asname is not None else ""


def _dotted(node: nodes.Expression) -> str:
    parts: list[str] = []
    while isinstance(node, nodes.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, nodes.Name):
        parts.append(node.value)
    return ".".join(reversed(parts))


VALUES: dict[type[nodes.Node], ValueHandler] = {nodes.NamedExpr: _walrus}
STATEMENTS: dict[type[nodes.Node], StatementHandler] = {
    statement_nodes.AnnAssign: _annotated_assign,
    statement_nodes.Assign: _assign,
    statement_nodes.AugAssign: _augmented_assign,
    statement_nodes.Del: _delete,
    statement_nodes.Import: _import,
    statement_nodes.ImportFrom: _import_from,
    statement_nodes.TypeAlias: _type_alias,
}
