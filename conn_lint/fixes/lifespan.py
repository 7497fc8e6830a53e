"""What the application keeps, a pool or a client: opened before it serves, closed when it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.opening import arguments, call_of
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import bindings, locals_of, own_nodes
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span

_NAMES = ("lifespan", "_lifespan")


class Opening(NamedTuple):
    """The lines in which something is opened, the last of them the head of an `async with`; the names that those above
    it bind, and what they import.
    """

    lines: tuple[str, ...]
    binds: tuple[str, ...] = ()
    added: tuple[Edit, ...] = ()


class Kept(NamedTuple):
    """`text` is how a function of the file asks for it; `edits` let the application keep it, `added` import."""

    text: str
    edits: tuple[Edit, ...] = ()
    added: tuple[Edit, ...] = ()


class _App(NamedTuple):
    name: str
    call: cst.Call
    statement: cst.BaseStatement
    given: str  # the context manager that it is given, "" for none


def kept_pool(plan: FixPlan, parsed: Parsed, call: cst.Call) -> Kept | None:
    """The pool as the file's application keeps it; None where that has no place for it. Raises RenderError."""
    given = arguments(parsed, call, plan, plan.detail("size"))
    written, added = imports.use(parsed, plan.detail("pool"))
    opened = call_of("async with ", written, given, parsed.module.default_indent)
    return kept_by_application(plan, parsed, ("pool",), Opening(tuple(opened), added=added))


def kept_by_application(
    plan: FixPlan,
    parsed: Parsed,
    names: Sequence[str],
    opening: Opening,
    taken: Collection[str] = (),
) -> Kept | None:
    """What is opened, as the file's application keeps it under one of the names: it has it already, or the name is
    free, and not `taken` by other files. None where the application has no place for it; raises RenderError.
    """
    app = _application(plan, parsed)
    if app is None:
        return None
    texts = {name: f"{app.name}.{plan.detail('holder')}.{name}" for name in names}
    function = start = None
    keeper = app.name
    if app.given:
        function = _lifespan(parsed, app.given)
        start = _yield(parsed, function) if function is not None else None
        if function is None or start is None:
            return None
        keeper = function.params.params[0].name.value
    bound = set(bindings(function)) if function is not None else set()
    written = {parsed.text(node) for node in walk(parsed.module) if isinstance(node, cst.Attribute)}
    for name, text in texts.items():
        *before, head = opening.lines
        kept = f"{parsed.module.default_indent}{keeper}.{plan.detail('holder')}.{name} = {name}"
        lines = [*before, f"{head} as {name}:", kept]
        if function is not None and _has(parsed, function, lines):
            return Kept(text)
        if text in written or name in taken or not bound.isdisjoint((name, *opening.binds)):
            continue
        if start is not None:
            return Kept(text, (_around_yield(parsed, start, lines),), opening.added)
        manager, more = imports.use(parsed, "contextlib.asynccontextmanager")
        edits = tuple(_new(plan, parsed, app, manager, lines))
        return Kept(text, edits, (*opening.added, *more))
    raise RenderError(f"the application keeps another {names[0]}")


def _application(plan: FixPlan, parsed: Parsed) -> _App | None:
    """The one application of the file, if a statement of the file itself names it."""
    apps = set(plan.detail("apps").split())
    found: list[_App] = []
    for node in walk(parsed.module):
        if not isinstance(node, cst.Call) or dotted_name(parsed, node.func) not in apps:
            continue
        match parsed.parent(node):
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]) as assign:
                pass
            case cst.AnnAssign(target=cst.Name(value=name)) as assign:
                pass
            case _:
                return None
        statement = parsed.statement(assign)
        if not isinstance(parsed.parent(statement), cst.Module):
            return None
        found.append(_App(name, node, statement, _given(plan, node)))
    if len(found) != 1 or found[0].given == "?":
        return None
    return found[0]


def _given(plan: FixPlan, call: cst.Call) -> str:
    """The name that is given for the context manager, "?" for anything else."""
    for arg in call.args:
        if arg.star:
            return "?"
        if arg.keyword is not None and arg.keyword.value == plan.detail("starts"):
            return arg.value.value if isinstance(arg.value, cst.Name) else "?"
    return ""


def dotted_name(parsed: Parsed, func: cst.BaseExpression) -> str:
    """The name from a library that the callee stands for, by the imports of the file."""
    text = parsed.text(func)
    first, _, rest = text.partition(".")
    for name, meaning in imports.bound(parsed):
        if name == first:
            return f"{meaning}.{rest}" if rest else meaning
    return ""


def is_hidden(parsed: Parsed, node: cst.CSTNode, text: str) -> bool:
    """The application's name means something else where the node stands."""
    name = text.partition(".")[0]
    return any(
        name in locals_of(parsed, above)
        for above in parsed.ancestors(node)
        if isinstance(above, (cst.FunctionDef, cst.Lambda))
    )


def _lifespan(parsed: Parsed, name: str) -> cst.FunctionDef | None:
    """The file's own context manager of that name."""
    for item in parsed.module.body:
        if isinstance(item, cst.FunctionDef) and item.name.value == name:
            is_manager = any(
                parsed.text(one.decorator).rpartition(".")[2] == "asynccontextmanager"
                for one in item.decorators
            )
            has_app = bool(item.params.params) and item.asynchronous is not None
            return item if is_manager and has_app else None
    return None


def _yield(parsed: Parsed, function: cst.FunctionDef) -> cst.SimpleStatementLine | None:
    """The one statement that yields, and does nothing else; in no loop."""
    found = [node for node in own_nodes(function.body) if isinstance(node, cst.Yield)]
    if len(found) != 1 or parsed.is_in_loop(found[0]):
        return None
    if not isinstance(parsed.parent(found[0]), cst.Expr):
        return None
    statement = parsed.statement(found[0])
    return statement if isinstance(statement, cst.SimpleStatementLine) else None


def _has(parsed: Parsed, function: cst.FunctionDef, lines: list[str]) -> bool:
    """The function opens this very pool."""
    own = [line.strip() for line in parsed.text(function).split("\n")]
    wanted = [line.strip() for line in lines]
    return any(own[at : at + len(wanted)] == wanted for at in range(len(own)))


def _around_yield(parsed: Parsed, start: cst.SimpleStatementLine, lines: list[str]) -> Edit:
    span = parsed.span(start)
    indent = parsed.lines[span.line - 1][: span.column]
    unit = parsed.indent(start)
    if span.line != span.end_line:
        raise RenderError("what it yields fills several lines")
    text = "".join(f"{indent}{line}\n" for line in lines)
    return Edit(parsed.path, Span(span.line, 0, span.line, 0), f"{text}{unit}")


def _new(
    plan: FixPlan, parsed: Parsed, app: _App, manager: str, lines: list[str]
) -> Iterator[Edit]:
    """A context manager in front of the application, which is given it."""
    taken = {node.value for node in walk(parsed.module) if isinstance(node, cst.Name)}
    name = next((name for name in _NAMES if name not in taken), "")
    if not name:
        raise RenderError("no name is free")
    unit = parsed.module.default_indent
    body = [*lines, f"{unit}yield"]
    text = [
        f"@{manager}",
        f"async def {name}({app.name}: {parsed.text(app.call.func)}):",
        *(unit + line for line in body),
    ]
    line = parsed.span(app.statement).line
    while line > 1 and parsed.lines[line - 2].startswith("#"):
        line -= 1
    above = 0
    while line - above > 1 and not parsed.lines[line - above - 2].strip():
        above += 1
    gap = "\n" * max(0, 2 - above)
    yield Edit(parsed.path, Span(line, 0, line, 0), gap + "\n".join(text) + "\n\n\n")
    yield _argument(parsed, app.call, f"{plan.detail('starts')}={name}")


def _argument(parsed: Parsed, call: cst.Call, text: str) -> Edit:
    """One keyword more, behind the others."""
    end = parsed.span(call)
    if not call.args:
        at = Span(end.end_line, end.end_column - 1, end.end_line, end.end_column - 1)
        return Edit(parsed.path, at, text)
    last = call.args[-1]
    span = parsed.span(last.value)
    if isinstance(last.comma, cst.Comma):
        line = parsed.lines[span.end_line - 1]
        column = line.index(",", span.end_column) + 1
        start = parsed.span(last)
        indent = parsed.lines[start.line - 1][: start.column]
        behind = line[column:].strip()
        if not indent.strip() and (not behind or behind.startswith("#")):
            column = len(line)
            added = f"\n{indent}{text},"
        else:
            added = f" {text},"
        return Edit(parsed.path, Span(span.end_line, column, span.end_line, column), added)
    at = Span(span.end_line, span.end_column, span.end_line, span.end_column)
    return Edit(parsed.path, at, f", {text}")
