"""Renders hand-to-callee: what a function opens is opened around the loop that calls it, and given to it."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes.make_one import open_with, trailing
from conn_lint.fixes.maker import call_lines
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.fixes.scopes import bound_by, function_of, locals_of, own_nodes
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span

_PLAIN = frozenset(dir(builtins))


class _Opened(NamedTuple):
    """All of what is opened (`closing(...)` too), its name, and the `with` that opens it."""

    node: cst.CSTNode
    name: str
    item: cst.WithItem
    whole: cst.With


def hand_to_callee(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`with connect() as conn:` around the loop, and `conn` as the first argument of the call; raises RenderError."""
    opened = _opened(plan, parsed)
    call = parsed.call(plan.spans[1].span)
    inner = call.expression if isinstance(call, cst.Await) else call
    assert isinstance(inner, cst.Call)
    function = parsed.function(opened.whole)
    if not isinstance(function, cst.FunctionDef):
        raise RenderError("it is opened in no function")
    _check_choice(parsed, function, opened.whole)
    loop = _loop(parsed, inner, opened.node)
    caller = function_of(parsed, inner)
    own = locals_of(parsed, caller) if caller is not None else set()
    if any(_is_met(parsed, caller, name) for name in _mentions(parsed, caller, opened.name)):
        raise RenderError(f"{opened.name} is something else where the loop stands")
    read = {name.value for name in parsed.mentions(opened.node, None)}
    if read & own:
        raise RenderError(f"{min(read & own)} is something else where the loop stands")
    return (
        _parameter(parsed, function, opened.name),
        _body(parsed, opened),
        _around(plan, parsed, loop, inner, opened),
    )


def _mentions(parsed: Parsed, caller: cst.FunctionDef | None, name: str) -> Iterator[cst.Name]:
    return parsed.mentions(caller or parsed.module, frozenset({name}))


def _is_met(parsed: Parsed, caller: cst.FunctionDef | None, name: cst.Name) -> bool:
    """The name is read or bound where the loop stands, or means what is bound there."""
    return caller is not None or not any(
        name.value in locals_of(parsed, above)
        for above in parsed.ancestors(name)
        if isinstance(above, (cst.FunctionDef, cst.Lambda))
    )


def _opened(plan: FixPlan, parsed: Parsed) -> _Opened:
    call = parsed.call(plan.spans[0].span)
    item = parsed.with_item(call)
    if item is None or item.asname is None or not isinstance(item.asname.name, cst.Name):
        raise RenderError("what it gives has no plain name")
    if item.item is call and not plan.detail("closes"):
        raise RenderError("its with does more than to close it, or less")
    whole = parsed.parent(item)
    assert isinstance(whole, cst.With)
    if any(parsed.span(one) < parsed.span(item) for one in whole.items):
        raise RenderError("something else is opened before it")
    return _Opened(item.item, item.asname.name.value, item, whole)


def _check_choice(parsed: Parsed, function: cst.FunctionDef, whole: cst.With) -> None:
    """Whether it is opened may depend on what a call is given, as another pass may need it; on nothing else."""
    own = locals_of(parsed, function)
    for node in own_nodes(function.body):
        leaves = isinstance(node, (cst.Return, cst.Raise))
        if node is not whole and not (leaves and parsed.span(node) < parsed.span(whole)):
            continue
        for above in parsed.ancestors(node):
            if above is function:
                break
            if isinstance(above, (cst.If, cst.While)):
                for name in parsed.mentions(above.test, None):
                    if name.value not in own and name.value not in _PLAIN:
                        line = parsed.span(above).line
                        raise RenderError(f"line {line} decides for all whether it is opened")


def _loop(parsed: Parsed, call: cst.Call, made: cst.CSTNode) -> cst.For | cst.While:
    """The outermost loop around the call, in its function, that binds nothing of what it is given."""
    read = {name.value for name in parsed.mentions(made, None)}
    found: cst.For | cst.While | None = None
    for above in parsed.ancestors(call):
        if isinstance(above, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            break
        if isinstance(above, (cst.For, cst.While)):
            bound = {name for node in (above, *own_nodes(above)) for name in bound_by(node)}
            if bound & read:
                break
            found = above
    if found is None:
        raise RenderError("what it is given changes from pass to pass")
    if not _repeats(parsed, found, call):
        raise RenderError("the call stands beside what the loop repeats")
    if isinstance(found, cst.For) and found.asynchronous is not None:
        raise RenderError("its loop waits for each item")
    return found


def _repeats(parsed: Parsed, loop: cst.For | cst.While, call: cst.CSTNode) -> bool:
    """The call stands in the loop's body: what it runs over, and its else, are done once."""
    return any(above is loop.body for above in parsed.ancestors(call))


def _parameter(parsed: Parsed, function: cst.FunctionDef, name: str) -> Edit:
    """The name as the first parameter."""
    params = function.params
    first = [*params.posonly_params, *params.params]
    span = parsed.span(function.name)
    line = parsed.lines[span.end_line - 1]
    column = line.find("(", span.end_column) + 1
    if not column or (not first and not _is_empty(params) and params.star_arg is None):
        raise RenderError("its parameters are written in a way of their own")
    if any(name == node.value for node in parsed.mentions(params, None)):
        raise RenderError("one of its parameters has the name")
    text = name if _is_empty(params) else f"{name}, "
    if line[column:].strip() in ("", "\\") and not _is_empty(params):
        following = parsed.lines[span.end_line]
        indent = following[: len(following) - len(following.lstrip())]
        at = Span(span.end_line + 1, 0, span.end_line + 1, 0)
        return Edit(parsed.path, at, f"{indent}{name},\n")
    return Edit(parsed.path, Span(span.end_line, column, span.end_line, column), text)


def _is_empty(params: cst.Parameters) -> bool:
    return not (
        params.posonly_params
        or params.params
        or params.kwonly_params
        or params.star_kwarg
        or isinstance(params.star_arg, cst.Param)
    )


def _body(parsed: Parsed, opened: _Opened) -> Edit:
    """The function without the item of its `with`."""
    whole = opened.whole
    first, last = parsed.span(whole).line, trailing(parsed, whole)
    rewriting = Rewriting(parsed, first, last, parsed.indent(whole))
    open_with(parsed, rewriting, whole, opened.item, None)
    return rewriting.edit()


def _around(
    plan: FixPlan, parsed: Parsed, loop: cst.For | cst.While, call: cst.Call, opened: _Opened
) -> Edit:
    """The loop in a `with`, and the call given what that opens."""
    first, last = parsed.span(loop).line, trailing(parsed, loop)
    while first > 1 and parsed.lines[first - 2].lstrip().startswith("#"):
        first -= 1
    rewriting = Rewriting(parsed, first, last, parsed.indent(loop))
    func = parsed.span(call.func)
    line = parsed.lines[func.end_line - 1]
    column = line.find("(", func.end_column) + 1
    if not column or line[func.end_column : column].strip() != "(":
        raise RenderError("the call is written in a way of its own")
    text = opened.name if not call.args else f"{opened.name}, "
    if call.args and not line[column:].strip():
        following = parsed.lines[func.end_line]
        indent = following[: len(following) - len(following.lstrip())]
        rewriting.insert_before(func.end_line + 1, f"{parsed.indent(loop)}{indent}{opened.name},")
    else:
        rewriting.replace(Span(func.end_line, column, func.end_line, column), text)
    rewriting.check_length()
    rewriting.indent(first, last)
    indent = parsed.lines[parsed.span(loop).line - 1][: parsed.span(loop).column]
    keyword = "async with " if plan.detail("async") else "with "
    lines = call_lines(parsed, opened.node, (), keyword)
    lines[-1] += f" as {opened.name}:"
    for text in lines:
        rewriting.insert_before(first, indent + text)
    return rewriting.edit()
