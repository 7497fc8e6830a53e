"""Renders move-out-of-loop: what is opened and closed in each pass is opened and closed around the loop."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.extent import plain_release
from conn_lint.fixes.make_one import open_with, trailing
from conn_lint.fixes.maker import call_lines, moved
from conn_lint.fixes.outliving import TOLD
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.removal import take_out
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.fixes.scopes import bound_by, changes, function_of, givers, locals_of, own_nodes
from conn_lint.model.fix import Edit, FixPlan

# Functions and methods that may give something else each time.
_ANEW = frozenset(
    {"next", "pop", "popleft", "choice", "random", "randint", "uuid4", "time", "now", "input"}
)
_Loop: TypeAlias = cst.For | cst.While


class _Made(NamedTuple):
    """What is opened in the loop: `node` is all of it (`closing(...)` around the call too), in `item` of a `with`."""

    node: cst.CSTNode
    name: str
    item: cst.WithItem | None
    statement: cst.BaseStatement


def move_out_of_loop(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`with connect() as conn:` in front of the loop, around it; raises RenderError."""
    call = parsed.call(plan.spans[0].span)
    function = function_of(parsed, call)
    made = _made(parsed, call)
    loop, along = _loop(parsed, made, function, int(plan.detail("outer")))
    _check(parsed, plan, made, loop)
    manager, added = _manager(plan, parsed, made)
    releases = [
        plain_release(parsed, parsed.call(s.span), frozenset({made.name})) for s in plan.spans[1:]
    ]
    first, last = parsed.span(loop).line, trailing(parsed, loop)
    first -= len(_comments(parsed, loop))
    rewriting = Rewriting(parsed, first, last, parsed.indent(loop))
    for release in releases:
        if not first <= parsed.span(release).line <= last:
            raise RenderError("it is released behind the loop")
    lifted = take_out(parsed, rewriting, releases)
    indent = parsed.lines[parsed.span(loop).line - 1][: parsed.span(loop).column]
    for giver in along:
        for text in (*_comments(parsed, giver), *_behind(parsed, giver), *moved(parsed, giver)):
            rewriting.insert_before(first, indent + text)
        _remove(parsed, rewriting, giver)
    form = "with" if made.item is not None else plan.detail("form")
    for opening in _opening(plan, parsed, made, manager, form):
        rewriting.insert_before(first, indent + opening)
    if made.item is None:
        _remove(parsed, rewriting, made.statement)
    else:
        _take_item(plan, parsed, rewriting, made)
    deeper = 0 if form == "plain" else 1
    if deeper:
        rewriting.check_length()
    for line in range(first, last + 1):
        levels = deeper - lifted[line]
        if levels:
            rewriting.indent(line, line, levels=levels)
    if form == "finally":
        unit = parsed.indent(loop)
        rewriting.insert_after(last, f"{indent}finally:")
        rewriting.insert_after(last, indent + unit + _release(plan, made.name))
    return (rewriting.edit(), *added)


def _made(parsed: Parsed, call: cst.Call | cst.Await) -> _Made:
    above = parsed.parent(call)
    statement = parsed.statement(call)
    match above:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            return _Made(call, name, None, statement)
        case cst.WithItem(asname=cst.AsName(name=cst.Name(value=name))):
            return _Made(call, name, above, statement)
        case cst.Arg():
            outer = parsed.parent(above)
            item = parsed.parent(outer)
            match outer, item:
                case cst.Call(args=[_]), cst.WithItem(asname=cst.AsName(name=cst.Name(value=name))):
                    return _Made(outer, name, item, statement)
                case _:
                    pass
        case _:
            pass
    raise RenderError("what it gives has no plain name")


def _loop(
    parsed: Parsed, made: _Made, function: cst.FunctionDef | None, outer: int
) -> tuple[_Loop, tuple[cst.SimpleStatementLine, ...]]:
    """The outermost loop that changes nothing of what the call is given, and the statements to take along; none that
    the loop on line `outer` would repeat.
    """
    found: tuple[_Loop, tuple[cst.SimpleStatementLine, ...]] | None = None
    for above in parsed.ancestors(made.statement):
        if isinstance(above, (cst.For, cst.While)):
            try:
                found = above, _along(parsed, made, above, function)
            except RenderError:
                if found is None or parsed.span(above).line >= outer:
                    raise
                break
        if above is function:
            break
    if found is None:
        raise RenderError("no loop stands around it")
    return found


def _along(
    parsed: Parsed, made: _Made, loop: _Loop, function: cst.FunctionDef | None
) -> tuple[cst.SimpleStatementLine, ...]:
    times: dict[str, int] = {}
    for node in (loop, *own_nodes(loop)):
        for name in bound_by(node):
            times[name] = times.get(name, 0) + 1
    if times.get(made.name, 0) != 1:
        raise RenderError("its name is bound more than once in the loop")
    beside = givers(parsed, function or parsed.module, made.statement)
    inside = parsed.span(loop)
    found: dict[int, cst.SimpleStatementLine] = {}
    waiting: list[cst.CSTNode] = [made.node]
    while waiting:
        for mention in parsed.mentions(waiting.pop(), None):
            if mention.value not in times:
                continue
            giver = beside.get(mention.value)
            if giver is None or parsed.span(giver).line <= inside.line:
                raise RenderError(f"{mention.value} changes from pass to pass")
            if id(giver) not in found:
                found[id(giver)] = giver
                small = giver.body[0]
                if isinstance(small, (cst.Assign, cst.AnnAssign)) and small.value is not None:
                    waiting.append(small.value)
    return tuple(sorted(found.values(), key=lambda giver: parsed.span(giver).line))


def _check(parsed: Parsed, plan: FixPlan, made: _Made, loop: _Loop) -> None:
    """Nothing outside of its statements in the loop uses it."""
    if isinstance(loop, cst.For) and loop.asynchronous is not None and not plan.detail("async"):
        raise RenderError("its loop waits for each item")
    _check_given(parsed, plan, loop)
    start, end = parsed.span(made.statement).line, parsed.span(loop).end_line
    names = frozenset({made.name})
    for name in parsed.mentions(parsed.function(loop), names):
        line = parsed.span(name).line
        if isinstance(parsed.parent(name), cst.Del):
            raise RenderError(f"line {line} deletes its name")
        if parsed.span(loop).line <= line < start:
            raise RenderError(f"line {line} uses it before it is opened")
        if line > end and made.item is None:
            raise RenderError(f"line {line} uses it behind the loop")


def _check_given(parsed: Parsed, plan: FixPlan, loop: _Loop) -> None:
    """What the call is given is the same in each pass, and no pass needs its file closed."""
    call = parsed.call(plan.spans[0].span)
    inner = call.expression if isinstance(call, cst.Await) else call
    assert isinstance(inner, cst.Call)
    given = [node for arg in inner.args for node in walk(arg.value)]
    own = locals_of(parsed, parsed.function(loop))
    for node in given:
        if isinstance(node, cst.Call):
            match node.func:
                case cst.Name(value=name) if name in own or name in _ANEW:
                    raise RenderError(f"{name}() may give something else in each pass")
                case cst.Attribute(attr=cst.Name(value=name)) if name in _ANEW:
                    raise RenderError(f"{name}() may give something else in each pass")
                case _:
                    pass
    read = frozenset(name.value for arg in inner.args for name in parsed.mentions(arg, None))
    for change in changes(loop, read):
        raise RenderError(f"line {parsed.span(change).line} changes what it is given")
    if not plan.detail("file"):
        return
    texts = {parsed.text(node) for node in given if isinstance(node, (cst.Name, cst.SimpleString))}
    for node in own_nodes(loop):
        match node:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name)):
                if node is inner or name in TOLD:
                    continue
                if any(parsed.text(arg.value) in texts for arg in node.args):
                    raise RenderError(f"line {parsed.span(node).line} may need it closed")
            case _:
                pass


def _manager(plan: FixPlan, parsed: Parsed, made: _Made) -> tuple[str, tuple[Edit, ...]]:
    """How the file writes what closes it at the end of a block, "" where it does so by itself."""
    meaning, manager = plan.detail("meaning"), plan.detail("manager")
    if made.item is not None:
        if made.node is not parsed.call(plan.spans[0].span):
            return "", ()  # it is written already
        if meaning == "commits-then-closes":
            raise RenderError("each pass commits at the end of its with")
        if meaning != "ends-transaction":
            return "", ()
    elif plan.detail("form") != "with":
        return "", ()
    if not manager:
        return "", ()
    return imports.use(parsed, manager)


def _opening(plan: FixPlan, parsed: Parsed, made: _Made, manager: str, form: str) -> list[str]:
    """The lines in front of the loop."""
    if form != "with":
        above = [*_comments(parsed, made.statement), *_behind(parsed, made.statement)]
        lines = [*above, *call_lines(parsed, made.node, (), f"{made.name} = ")]
        return [*lines, "try:"] if form == "finally" else lines
    keyword = "async with" if plan.detail("async") else "with"
    head = f"{keyword} {manager}(" if manager else f"{keyword} "
    lines = call_lines(parsed, made.node, (), head)
    lines[-1] += f"{')' if manager else ''} as {made.name}:"
    if made.item is None:
        lines = [*_comments(parsed, made.statement), *_behind(parsed, made.statement), *lines]
    return lines


def _release(plan: FixPlan, name: str) -> str:
    if not plan.detail("release"):
        raise RenderError("nothing is known to release it")
    return plan.detail("release").replace("{}", name)


def _comments(parsed: Parsed, statement: cst.BaseStatement) -> list[str]:
    """The comments right above a statement."""
    line = parsed.span(statement).line - 1
    found: list[str] = []
    while line > 0 and parsed.lines[line - 1].lstrip().startswith("#"):
        found.insert(0, parsed.lines[line - 1].strip())
        line -= 1
    return found


def _behind(parsed: Parsed, statement: cst.BaseStatement) -> list[str]:
    """The comment behind a statement."""
    span = parsed.span(statement)
    text = parsed.lines[span.end_line - 1][span.end_column :].strip()
    return [text] if text.startswith("#") else []


def _remove(parsed: Parsed, rewriting: Rewriting, statement: cst.BaseStatement) -> None:
    span = parsed.span(statement)
    rewriting.remove(span)
    if _behind(parsed, statement):
        rewriting.drop(span.end_line)
        rewriting.drop(span.line)
    for line in range(span.line - len(_comments(parsed, statement)), span.line):
        rewriting.drop(line)
    below = span.end_line + 1
    if parsed.block(statement)[0] is statement and not parsed.lines[below - 1].strip():
        rewriting.drop(below)


def _take_item(plan: FixPlan, parsed: Parsed, rewriting: Rewriting, made: _Made) -> None:
    """What is left of the `with` in the loop: `with conn:` for the transaction, other items, or nothing."""
    whole = made.statement
    assert isinstance(whole, cst.With)
    assert made.item is not None
    plain = made.node is parsed.call(plan.spans[0].span)
    if plain and plan.detail("meaning") == "ends-transaction":
        rewriting.replace(parsed.span(made.item), made.name)
        return
    open_with(parsed, rewriting, whole, made.item, None)
