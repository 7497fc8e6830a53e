"""Renders borrow-from-pool: connections of one pool are lent, where each user opened and closed one of his own."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.parsed import Files, Parsed, RenderError, walk
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span

_WIDEST = 100
_LENDER = "_borrow_connection"
_OWN_NAMES = ("_POOL_SIZE", "_slots", "_opening", "_get_pool")


def borrow_from_pool(plan: FixPlan, files: Files) -> tuple[Edit, ...]:
    """A pool and a context manager that lends what it has; `closing(connect())` becomes a call of it.

    The pool's own way to lend does not wait, so there is a semaphore around it. Raises RenderError.
    """
    if not plan.detail("pool"):
        raise RenderError(plan.detail("why") or "only the author can do this")
    home = files[plan.spans[0].path]
    call = home.call(plan.spans[0].span)
    if not isinstance(call, cst.Call):
        raise RenderError("it is awaited")
    maker = plan.detail("maker")
    edits = list(_factory(plan, home, call) if maker else _lender(plan, home, call))
    for user in plan.spans[1:]:
        parsed = files[user.path]
        edits.append(_user(plan, parsed, parsed.call(user.span)))
    return tuple(edits)


def _user(plan: FixPlan, parsed: Parsed, call: cst.CSTNode) -> Edit:
    """`closing(connect())` in the head of a with becomes a call of what lends."""
    around = parsed.parent(parsed.parent(call))
    written, added = imports.use(parsed, plan.detail("manager"))
    if added or not isinstance(around, cst.Call) or parsed.text(around.func) != written:
        raise RenderError("somebody closes it in a way of his own")
    item = parsed.parent(around)
    if not isinstance(item, cst.WithItem):
        raise RenderError("somebody closes it in a way of his own")
    whole = parsed.parent(item)
    name = item.asname.name.value if item.asname and isinstance(item.asname.name, cst.Name) else ""
    if not isinstance(whole, cst.With) or not name:
        raise RenderError("what it gives has no plain name")
    if any(_is_changed(node, name) for node in walk(whole.body)):
        raise RenderError("it is set up by somebody who uses it, and would stay so for others")
    text = parsed.text(call) if plan.detail("maker") else f"{_LENDER}()"
    return Edit(parsed.path, parsed.span(around), text)


def _is_changed(node: cst.CSTNode, name: str) -> bool:
    match node:
        case cst.AssignTarget(target=cst.Attribute(value=cst.Name(value=value))):
            return value == name
        case cst.Call(func=cst.Attribute(value=cst.Name(value=value), attr=cst.Name(value=verb))):
            return value == name and verb.startswith("set_")
        case _:
            return False


def _factory(plan: FixPlan, parsed: Parsed, call: cst.Call) -> Iterator[Edit]:
    """The function that opened connections lends them; what opens the pool stands above it."""
    function = parsed.function(call)
    if not isinstance(function, cst.FunctionDef) or not isinstance(
        function.body, cst.IndentedBlock
    ):
        raise RenderError("it is opened in no function")
    first, name = _body(parsed, function, call)
    _check_free(parsed, _OWN_NAMES)
    needed = _Needed(parsed)
    returns = ""
    if function.returns is not None:
        kind = parsed.text(function.returns.annotation)
        returns = f" -> {needed.use('collections.abc.Iterator')}[{kind}]"
    span = parsed.span(function)
    unit = parsed.indent(first)
    docstring = [
        parsed.lines[number - 1]
        for number in range(span.line + 1, parsed.span(first).line)
        if parsed.lines[number - 1].strip()
    ]
    head = [
        *_pool_lines(plan, parsed, call, needed, unit),
        *_lending_lines(plan, needed, unit, function.name.value, returns, docstring, name),
    ]
    start = _one_blank_below_import(parsed, span)
    yield Edit(parsed.path, start, "\n".join(head))
    yield from imports.together(needed.edits)


def _one_blank_below_import(parsed: Parsed, span: Span) -> Span:
    """The function's place, and that of a blank line too many above what comes in its stead."""
    above = parsed.lines[max(span.line - 4, 0) : span.line - 1]
    if (
        len(above) == 3
        and above[0].startswith(("import ", "from "))
        and not "".join(above[1:]).strip()
    ):
        return Span(span.line - 1, 0, span.end_line, span.end_column)
    return span


def _body(
    parsed: Parsed, function: cst.FunctionDef, call: cst.Call
) -> tuple[cst.BaseStatement, str]:
    """The statement that opens the connection, and the name it has there: the function does nothing else."""
    statements = list(function.body.body)
    while statements and _is_docstring(statements[0]):
        statements.pop(0)
    match statements:
        case [cst.SimpleStatementLine(body=[cst.Return(value=value)]) as first] if value is call:
            return first, "conn"
        case [
            cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)
                ]
            ) as first,
            cst.SimpleStatementLine(body=[cst.Return(value=cst.Name(value=returned))]),
        ] if value is call and name == returned:
            return first, name
        case _:
            raise RenderError("its function does more than to open it")


def _is_docstring(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return True
        case _:
            return False


def _lender(plan: FixPlan, parsed: Parsed, call: cst.Call) -> Iterator[Edit]:
    """A function of its own that lends, above the statement that opened the connection."""
    needed = _Needed(parsed)
    unit = parsed.module.default_indent
    lines = [
        *_pool_lines(plan, parsed, call, needed, unit),
        *_lending_lines(plan, needed, unit, _LENDER, "", [], "conn"),
    ]
    if _has(parsed, lines):
        return
    _check_free(parsed, (*_OWN_NAMES, _LENDER))
    line = _below_imports(parsed)
    yield Edit(parsed.path, Span(line, 0, line, 0), "\n".join([*lines, "", "", ""]))
    yield from imports.together(needed.edits)


def _has(parsed: Parsed, lines: list[str]) -> bool:
    """The file lends connections of this very pool."""
    wanted = "\n".join(lines)
    return f"\n{wanted}\n" in "\n".join(parsed.lines)


def _check_free(parsed: Parsed, names: tuple[str, ...]) -> None:
    taken = {node.value for node in walk(parsed.module) if isinstance(node, cst.Name)}
    if taken.intersection(names):
        raise RenderError("the file has a pool already")


def _below_imports(parsed: Parsed) -> int:
    """The line of the first statement behind the imports that defines a function or class, its comments included."""
    for item in parsed.module.body:
        if isinstance(item, (cst.FunctionDef, cst.ClassDef)):
            starts = [parsed.span(item), *(parsed.span(one) for one in item.decorators)]
            line = min(start.line for start in starts)
            while line > 1 and parsed.lines[line - 2].startswith("#"):
                line -= 1
            return line
    raise RenderError("the file defines no function")


def _pool_lines(
    plan: FixPlan, parsed: Parsed, call: cst.Call, needed: _Needed, unit: str
) -> list[str]:
    lock = needed.use("threading.Lock")
    semaphore = needed.use("threading.BoundedSemaphore")
    pool = needed.use(plan.detail("pool"))
    cache = needed.use("functools.cache")
    texts = [parsed.text(arg).rstrip().rstrip(",") for arg in call.args]
    if any("\n" in text or "#" in text for text in texts):
        raise RenderError("its arguments need more than a line")
    given = ["_POOL_SIZE", "_POOL_SIZE", *texts]
    made = [f"{unit}return {pool}({', '.join(given)})"]
    if len(made[0]) > _WIDEST:
        listed = [f"{unit}{unit}{text}," for text in given]
        made = [f"{unit}return {pool}(", *listed, f"{unit})"]
    return [
        f"_POOL_SIZE = {plan.detail('size')}",
        f"_slots = {semaphore}(_POOL_SIZE)  # the pool does not wait: it raises when all are lent",
        f"_opening = {lock}()",
        "",
        "",
        f"@{cache}",
        "def _get_pool():",
        *made,
        "",
        "",
    ]


def _lending_lines(
    plan: FixPlan,
    needed: _Needed,
    unit: str,
    function: str,
    returns: str,
    docstring: list[str],
    name: str,
) -> list[str]:
    manager = needed.use("contextlib.contextmanager")
    body = [
        "with _opening:",
        f"{unit}pool = _get_pool()",
        "with _slots:",
        f"{unit}{name} = pool.{plan.detail('take')}()",
        f"{unit}try:",
        f"{unit * 2}yield {name}",
        f"{unit}finally:",
        f"{unit * 2}pool.{plan.detail('give')}({name})",
    ]
    head = [f"@{manager}", f"def {function}(){returns}:", *docstring]
    return [*head, *(f"{unit}{line}" for line in body)]


class _Needed:
    """Names from elsewhere, as the file writes them, and the imports that must be added for them."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self.edits: list[Edit] = []

    def use(self, dotted: str) -> str:
        written, added = imports.use(self._parsed, dotted)
        self.edits.extend(added)
        return written
