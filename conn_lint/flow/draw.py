"""Draws flow graphs for people: as text that stays the same from run to run, and as Mermaid."""

from __future__ import annotations

from collections.abc import Iterator

from conn_lint.flow.write import written
from conn_lint.model.expression import Argument, Expr, Unknown
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    DefineEvent,
    DeleteEvent,
    EdgeKind,
    Event,
    FlowGraph,
    Guard,
    Handler,
    Import,
    ImportEvent,
    IterateEvent,
    Next,
    Raised,
    RaiseEvent,
    ReturnEvent,
    StoreEvent,
    Swallowed,
    Unmatched,
    UseEvent,
    WithEnterEvent,
    WithExitEvent,
    YieldEvent,
)
from conn_lint.model.summary import Function, Loop, Parameter, UnitSummary

_ENDS = {FlowGraph.ENTRY: "entry", FlowGraph.EXIT: "exit", FlowGraph.RAISED: "raised"}


def draw_unit(unit: UnitSummary) -> str:
    """Every function of a unit: its head, its loops, and its graph."""
    return "\n".join(
        "\n".join((*_head(number, function), draw_text(function.graph)))
        for number, function in enumerate(unit.functions)
    )


def draw_text(graph: FlowGraph) -> str:
    """One line a node: its number, the line it stands on, what happens, and where it goes from
    there.
    """
    if graph.too_large:
        return "  (too large)\n"
    ways: list[list[str]] = [[] for _ in graph.events]
    for edge in graph.edges:
        ways[edge.source].append(f"{edge_text(edge.kind)} {edge.target}")
    lines = []
    for node, event in enumerate(graph.events):
        place = "" if event is None else str(event.span.line)
        text = node_text(graph, node)
        lines.append(f"{node:4} {place:>4}  {text:<40}  {', '.join(ways[node])}".rstrip())
    return "\n".join(lines) + "\n"


def draw_mermaid(graph: FlowGraph) -> str:
    """The graph in the language of Mermaid; what is raised has dotted arrows."""
    lines = ["flowchart TD"]
    lines.extend(
        f'  n{node}["{node}: {_escaped(node_text(graph, node))}"]'
        for node in range(len(graph.events))
    )
    for edge in graph.edges:
        arrow = "-->" if isinstance(edge.kind, Next | Guard | Swallowed) else "-.->"
        label = edge_text(edge.kind).removesuffix("->").removesuffix(":")
        words = f'|"{_escaped(label)}"|' if label else ""
        lines.append(f"  n{edge.source} {arrow}{words} n{edge.target}")
    return "\n".join(lines) + "\n"


def node_text(graph: FlowGraph, node: int) -> str:
    """What happens at a node."""
    event = graph.events[node]
    return event_text(event) if event is not None else _ENDS.get(node, "·")


def event_text(event: Event) -> str:
    """An event in the form of a statement; `t3` is the value that some event made."""
    match event:
        case CallEvent(func=func, arguments=arguments, result=result, awaited=awaited):
            word = "await " if awaited else ""
            return f"t{result} = {word}{written(func)}({_arguments(arguments)})"
        case AwaitEvent(value=value, result=result):
            return f"t{result} = await {written(value)}"
        case AssignEvent(target=target, value=value, annotation=annotation):
            return _assigned(target, value, annotation)
        case StoreEvent(target=target, value=value, annotation=annotation):
            return _assigned(written(target), value, annotation)
        case UseEvent(value=value):
            return f"use {written(value)}"
        case DeleteEvent(target=target):
            return f"del {written(target)}"
        case ReturnEvent(value=value):
            return "return" if value is None else f"return {written(value)}"
        case YieldEvent(value=value, result=result, delegated=delegated):
            word = "yield from" if delegated else "yield"
            return f"t{result} = {word}" + ("" if value is None else f" {written(value)}")
        case RaiseEvent(value=value):
            return "raise" if value is None else f"raise {written(value)}"
        case WithEnterEvent(value=value, result=result, is_async=is_async, item=item):
            return f"t{result} = {_async(is_async)}enter #{item} {written(value)}"
        case WithExitEvent(value=value, is_async=is_async, item=item, raising=raising):
            after = " while raising" if raising else ""
            return f"{_async(is_async)}leave #{item} {written(value)}{after}"
        case IterateEvent(value=value, result=result, is_async=is_async):
            return f"t{result} = {_async(is_async)}next of {written(value)}"
        case ImportEvent(imports=imports):
            return "; ".join(_import(part) for part in imports)
        case DefineEvent(name=name, kind=kind, function=function, captures=captures):
            borrowed = f" captures {', '.join(captures)}" if captures else ""
            return f"{kind} {name} #{function}{borrowed}"


def edge_text(kind: EdgeKind) -> str:
    """Why an edge is taken."""
    match kind:
        case Next():
            return "->"
        case Raised(base=base):
            return "raise base:" if base else "raise:"
        case Handler(types=types, before=before, base=base, group=group):
            word = ("base " if base else "") + ("except*" if group else "except")
            caught = f" {_row(types)}" if types else ""
            missed = f" not {_row(before)}" if before else ""
            return f"{word}{caught}{missed}:"
        case Unmatched(types=types, base=base):
            return f"{'base ' if base else ''}not {_row(types)}:"
        case Swallowed():
            return "swallowed:"
        case Guard(test=test, outcome=outcome):
            return f"if {written(test)}:" if outcome else f"if not {written(test)}:"


def _head(number: int, function: Function) -> Iterator[str]:
    word = ("async " if function.is_async else "") + function.kind
    parameters = ", ".join(_parameter(p) for p in function.parameters)
    shape = f"({parameters})" if function.kind in {"function", "lambda"} else ""
    kind = " generator" if function.is_generator else ""
    yield f"#{number} {word} {function.qualname or '(unit)'}{shape}{kind}"
    for decorator in function.decorators:
        yield f"     @{written(decorator)}"
    names = f"locals {_names(function.locals)}; captures {_names(function.captures)}"
    yield f"     in #{function.parent}; {names}"
    for index, loop in enumerate(function.loops):
        yield f"     loop {index}: {_loop(loop)}"


def _names(names: tuple[str, ...]) -> str:
    return " ".join(names) or "-"


def _loop(loop: Loop) -> str:
    word = ("async " if loop.is_async else "") + loop.kind
    parts = [word, f"in loop {loop.parent}" if loop.parent >= 0 else "", ", ".join(loop.targets)]
    if loop.iterable is not None:
        parts.append(f"over {written(loop.iterable)}")
    if loop.condition is not None:
        parts.append(written(loop.condition))
    return " ".join(part for part in parts if part)


def _parameter(parameter: Parameter) -> str:
    star = parameter.kind if parameter.kind in {"*", "**"} else ""
    kind = "" if parameter.annotation is None else f": {written(parameter.annotation)}"
    default = "" if parameter.default is None else f"={written(parameter.default)}"
    return f"{star}{parameter.name}{kind}{default}"


def _assigned(target: str, value: Expr, annotation: Expr | None) -> str:
    kind = "" if annotation is None else f": {written(annotation)}"
    if annotation is not None and value == Unknown(()):
        return f"{target}{kind}"
    return f"{target}{kind} = {written(value)}"


def _arguments(arguments: tuple[Argument, ...]) -> str:
    return ", ".join(written(a) for a in arguments)


def _import(part: Import) -> str:
    if part.name is None:
        return f"import {part.module} as {part.bound}"
    return f"from {'.' * part.level}{part.module} import {part.name} as {part.bound}"


def _row(types: tuple[Expr, ...]) -> str:
    return "|".join(written(kind) for kind in types)


def _async(is_async: bool) -> str:
    return "async " if is_async else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
