"""What may need a resource, or must not find it open, though no line there says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError, walk

_TASKS = ("create_task", "ensure_future", "submit", "run_coroutine_threadsafe")
_LAZY = (
    "map",
    "filter",
    "zip",
    "enumerate",
    "reversed",
    "iter",
    "chain",
    "islice",
    "partial",
    *_TASKS,
)
TOLD = ("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print")


def with_lazy(parsed: Parsed, root: cst.CSTNode, names: frozenset[str]) -> frozenset[str]:
    """With the names of inner functions and of lazy values that read one of the names when they are asked."""
    found = set(names)
    while True:
        known = frozenset(found)
        for node in walk(root):
            match node:
                case cst.FunctionDef(name=cst.Name(value=name), body=body):
                    if node is not root and any(parsed.mentions(body, known)):
                        found.add(name)
                case cst.Assign(targets=targets, value=value) if is_lazy(parsed, value, known):
                    found.update(t.target.value for t in targets if isinstance(t.target, cst.Name))
                case _:
                    pass
        if found == known:
            return known


def _is_async(parsed: Parsed, node: cst.CSTNode) -> bool:
    function = parsed.function(node)
    return isinstance(function, cst.FunctionDef) and function.asynchronous is not None


def is_lazy(parsed: Parsed, value: cst.CSTNode, names: frozenset[str]) -> bool:
    """It reads one of the names only later, when somebody asks it for something."""
    match value:
        case cst.GeneratorExp() | cst.Lambda():
            return any(parsed.mentions(value, names))
        case cst.Call(func=func, args=args) if _last(func) in _LAZY:
            return any(any(parsed.mentions(arg, names)) for arg in args)
        case cst.ListComp(elt=cst.Call() as elt) if _is_async(parsed, value):
            return any(parsed.mentions(elt, names))  # coroutines, or tasks of them
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return any(is_lazy(parsed, element.value, names) for element in elements)
        case _:
            return False


def check_returned(
    parsed: Parsed, statements: Sequence[cst.CSTNode], names: frozenset[str], lazy: frozenset[str]
) -> None:
    """Nothing is returned that reads it later; `lazy` are the names among them that stand for such a thing."""
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, cst.Expr) and _starts(parsed, node.value, names):
                raise RenderError(f"line {parsed.span(node).line} starts what uses it later")
            if not isinstance(node, cst.Return) or node.value is None:
                continue
            value = node.value
            if is_lazy(parsed, value, names) or (
                isinstance(value, cst.Name) and value.value in lazy
            ):
                raise RenderError(f"line {parsed.span(node).line} returns what reads it later")


def _starts(parsed: Parsed, value: cst.BaseExpression, names: frozenset[str]) -> bool:
    """A task that nobody waits for."""
    match value:
        case cst.Call(func=func) if _last(func) in _TASKS:
            return is_lazy(parsed, value, names)
        case _:
            return False


def check_after_release(
    parsed: Parsed,
    used: Sequence[cst.BaseStatement],
    releases: Sequence[cst.BaseStatement],
    call: cst.CSTNode,
) -> None:
    """What follows an early release, on its way out, must not need it closed, as what opens it anew."""
    given = {parsed.text(node) for node in walk(call) if _is_told(parsed, node)}
    func = _called(parsed, call)
    openers = _openers(parsed, func)
    for release in releases:
        for follower in _followers(parsed, used, release):
            for node in walk(follower):
                if not isinstance(node, cst.Call) or _last(node.func) in TOLD:
                    continue
                again = parsed.text(node.func) == func or _last(node.func) in openers
                if again or any(parsed.text(part) in given for part in walk(node)):
                    line = parsed.span(node).line
                    raise RenderError(f"line {line} may need it closed")


def _is_told(parsed: Parsed, node: cst.CSTNode) -> bool:
    """An argument of the call that names what is opened."""
    return isinstance(node, (cst.Name, cst.SimpleString, cst.Attribute)) and isinstance(
        parsed.parent(node), cst.Arg
    )


def _called(parsed: Parsed, call: cst.CSTNode) -> str:
    inner = call.expression if isinstance(call, cst.Await) else call
    return parsed.text(inner.func) if isinstance(inner, cst.Call) else ""


def _openers(parsed: Parsed, func: str) -> set[str]:
    """The functions of the file that open one too, by themselves or through others."""
    calls = {
        node.name.value: {
            name
            for inner in walk(node.body)
            if isinstance(inner, cst.Call)
            for name in (parsed.text(inner.func), _last(inner.func))
        }
        for node in walk(parsed.module)
        if isinstance(node, cst.FunctionDef)
    }
    found = {name for name, called in calls.items() if func in called}
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def _followers(
    parsed: Parsed, used: Sequence[cst.BaseStatement], release: cst.BaseStatement
) -> Iterator[cst.CSTNode]:
    """The statements behind a release, up to the end of what uses the resource."""
    top = {id(item) for item in used}
    if not any(id(item) in top for item in (release, *parsed.ancestors(release))):
        return  # it stood at the end already
    node: cst.CSTNode = release
    while True:
        block = parsed.parent(node)
        if isinstance(block, (cst.IndentedBlock, cst.Module)):
            place = next(i for i, item in enumerate(block.body) if item is node)
            for item in block.body[place + 1 :]:
                if id(node) in top and id(item) not in top:
                    return
                yield item
                if isinstance(item, cst.SimpleStatementLine) and any(
                    isinstance(small, (cst.Return, cst.Raise)) for small in item.body
                ):
                    return
        if id(node) in top or isinstance(block, (cst.Module, cst.FunctionDef)):
            return
        node = block


def _last(func: cst.CSTNode) -> str:
    match func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case _:
            return ""
