"""Renders hand-to-callee: what a function opens is opened around the loop that calls it, and given to it."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes.make_one import open_with, trailing
from conn_lint.fixes.maker import call_lines
from conn_lint.fixes.parameters import first_argument, first_parameter
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.fixes.scopes import bound_by, function_of, locals_of, own_nodes
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span

_PLAIN = frozenset(dir(builtins))
_OBJECT = "self"


class _Opened(NamedTuple):
    """All of what is opened (`closing(...)` too), its name, and the `with` that opens it."""

    node: cst.CSTNode
    name: str
    item: cst.WithItem
    whole: cst.With


class _Loop(NamedTuple):
    node: cst.For | cst.While
    calls: list[cst.Call]


def hand_to_callee(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """`with connect() as conn:` around each loop, and `conn` as the first argument of its call, and of the call of the
    function in between, if there is one; raises RenderError.
    """
    opened = _opened(plan, parsed)
    count = 1 + int(plan.detail("links"))
    calls = [_call(parsed, place.span) for place in plan.spans[1:]]
    needers: list[cst.CSTNode] = [opened.whole, *calls[: count - 1]]
    functions = [_function(parsed, needer) for needer in needers]
    for needer, function in zip(needers, functions, strict=True):
        _check_choice(parsed, function, needer)
    loops: dict[int, _Loop] = {}
    for call in calls[count - 1 :]:
        loop = _loop(parsed, call, opened.node)
        loops.setdefault(id(loop), _Loop(loop, [])).calls.append(call)
        _check_place(parsed, call, opened, functions)
    for link, function in zip(calls[: count - 1], functions[1:], strict=True):
        _check_free(parsed, link, opened, function)
    return (
        *(first_parameter(parsed, function, opened.name) for function in functions),
        _body(parsed, opened),
        *(first_argument(parsed, link, opened.name) for link in calls[: count - 1]),
        *(_around(plan, parsed, loop, opened) for loop in loops.values()),
    )


def _call(parsed: Parsed, span: Span) -> cst.Call:
    call = parsed.call(span)
    inner = call.expression if isinstance(call, cst.Await) else call
    assert isinstance(inner, cst.Call)
    return inner


def _function(parsed: Parsed, node: cst.CSTNode) -> cst.FunctionDef:
    function = parsed.function(node)
    if not isinstance(function, cst.FunctionDef):
        raise RenderError("it is opened in no function")
    return function


def _check_place(
    parsed: Parsed, call: cst.Call, opened: _Opened, functions: Sequence[cst.FunctionDef]
) -> None:
    """What opens it means the same where the loop stands."""
    caller = function_of(parsed, call)
    if caller is not None and caller in functions:
        raise RenderError("its function calls itself")
    _check_free(parsed, call, opened, caller)
    read = {name.value for name in parsed.mentions(opened.node, None)}
    if _OBJECT in read and _OBJECT in locals_of(parsed, functions[0]):
        _check_object(parsed, opened, (*functions, caller))
        read.discard(_OBJECT)
    other = read & locals_of(parsed, functions[0])
    if caller is not None:
        other |= read & locals_of(parsed, caller)
    if other:
        raise RenderError(f"{min(other)} is something else where the loop stands")


def _check_free(
    parsed: Parsed, call: cst.Call, opened: _Opened, caller: cst.FunctionDef | None
) -> None:
    """The name means nothing else where the call stands."""
    if any(_is_met(parsed, caller, name) for name in _mentions(parsed, caller, opened.name)):
        raise RenderError(f"{opened.name} is something else where it is called")


def _check_object(
    parsed: Parsed, opened: _Opened, functions: Sequence[cst.FunctionDef | None]
) -> None:
    """All are methods of one class, whose object keeps what the call is given for good."""
    homes = [parsed.owner(function) if function is not None else None for function in functions]
    home = homes[0]
    if not isinstance(home, cst.ClassDef) or any(one is not home for one in homes):
        raise RenderError("it is given what its object has, and the loop stands elsewhere")
    kept = {
        node.attr.value
        for node in walk(opened.node)
        if isinstance(node, cst.Attribute) and parsed.text(node.value) == _OBJECT
    }
    for method in home.body.body:
        if isinstance(method, cst.FunctionDef) and method.name.value != "__init__":
            for node in walk(method):
                if (
                    isinstance(node, (cst.AssignTarget, cst.AugAssign, cst.AnnAssign))
                    and isinstance(node.target, cst.Attribute)
                    and node.target.attr.value in kept
                ):
                    line = parsed.span(node).line
                    raise RenderError(f"line {line} changes what it is given")


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


def _check_choice(parsed: Parsed, function: cst.FunctionDef, needer: cst.CSTNode) -> None:
    """Whether it is needed may depend on what a call is given, as another pass may need it; on nothing else."""
    own = locals_of(parsed, function)
    for node in own_nodes(function.body):
        leaves = isinstance(node, (cst.Return, cst.Raise))
        if node is not needer and not (leaves and parsed.span(node) < parsed.span(needer)):
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


def _body(parsed: Parsed, opened: _Opened) -> Edit:
    """The function without the item of its `with`."""
    whole = opened.whole
    first, last = parsed.span(whole).line, trailing(parsed, whole)
    rewriting = Rewriting(parsed, first, last, parsed.indent(whole))
    open_with(parsed, rewriting, whole, opened.item, None)
    return rewriting.edit()


def _around(plan: FixPlan, parsed: Parsed, found: _Loop, opened: _Opened) -> Edit:
    """The loop in a `with`, and its calls given what that opens."""
    loop = found.node
    first, last = parsed.span(loop).line, trailing(parsed, loop)
    while first > 1 and parsed.lines[first - 2].lstrip().startswith("#"):
        first -= 1
    rewriting = Rewriting(parsed, first, last, parsed.indent(loop))
    if len({parsed.span(call.func).end_line for call in found.calls}) < len(found.calls):
        raise RenderError("two calls of it stand on one line")
    for call in found.calls:
        edit = first_argument(parsed, call, opened.name)
        if edit.text.endswith("\n"):
            text = edit.text.rstrip("\n")
            rewriting.insert_before(edit.span.line, f"{parsed.indent(loop)}{text}")
        else:
            rewriting.replace(edit.span, edit.text)
    rewriting.check_length()
    rewriting.indent(first, last)
    indent = parsed.lines[parsed.span(loop).line - 1][: parsed.span(loop).column]
    keyword = "async with " if plan.detail("async") else "with "
    lines = call_lines(parsed, opened.node, (), keyword)
    lines[-1] += f" as {opened.name}:"
    for text in lines:
        rewriting.insert_before(first, indent + text)
    return rewriting.edit()
