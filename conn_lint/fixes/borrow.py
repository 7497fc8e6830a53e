"""Renders borrow-from-pool: connections of one pool are lent, where each user opened and closed one of his own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.lending import LENDER, Lending
from conn_lint.fixes.lifespan import Kept, is_hidden, kept_pool
from conn_lint.fixes.parsed import Files, Parsed, RenderError, walk
from conn_lint.fixes.release import with_head
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Location, Span

_CLOSE = "close"


def borrow_from_pool(plan: FixPlan, files: Files) -> tuple[Edit, ...]:
    """A pool and a context manager that lends what it has; who opened and closed one borrows. Raises RenderError."""
    if not plan.detail("pool"):
        raise RenderError("only the author can do this")
    home = files[plan.spans[0].path]
    call = home.call(plan.spans[0].span)
    spans = plan.spans[1:]
    names = plan.detail("names").split(";")
    users: list[_User] = []
    for count, known in zip(map(int, plan.detail("releases").split()), names, strict=True):
        (user, *releases), spans = spans[: count + 1], spans[count + 1 :]
        parsed = files[user.path]
        users.append(_User(parsed, parsed.call(user.span), known, tuple(releases)))
    if plan.detail("held"):
        held = _held(plan, home, users)
        if there := _in_place(plan, home, held, call, users):
            return there
        kept: Kept | None = held
    else:
        kept = _kept(plan, home, call, users) if plan.detail("apps") else None
    lending = Lending(home, plan, call, kept, rolls_back=_roll_back(plan, users))
    edits = list(kept.edits if kept is not None else ())
    if lending.direct:
        edits += lending.imports()
    else:
        edits += _factory(home, call, lending) if plan.detail("maker") else lender(home, lending)
    return (*edits, *(_borrowed(plan, user, lending.direct) for user in users))


def _held(plan: FixPlan, parsed: Parsed, users: Sequence[_User]) -> Kept:
    """The pool that the project has, which the file imports."""
    name, module = plan.detail("held"), plan.detail("module")
    text, added = imports.use_own(parsed, module, name) if module else (name, ())
    if any(is_hidden(parsed, user.call, text) for user in users if user.parsed is parsed):
        raise RenderError(f"{text.partition('.')[0]} is something else there")
    return Kept(text + plan.detail("asks"), (), added)


def _in_place(
    plan: FixPlan,
    parsed: Parsed,
    kept: Kept,
    call: cst.Call | cst.Await,
    users: Sequence[_User],
) -> tuple[Edit, ...]:
    """Another call in place of the one that opened the connection, and of the one that closed it; none where more has
    to change: to give one back twice is an error, to close it twice was none.
    """
    if any(len(user.releases) > 1 or not _closes_once(user) for user in users):
        return ()
    taken = f"{kept.text}.{plan.detail('take')}"
    there = Edit(parsed.path, parsed.span(call), taken)
    if plan.detail("gives") == "close":
        return (there, *kept.added)
    if plan.detail("gives") != "call" or plan.detail("maker") or isinstance(call, cst.Await):
        return ()
    (user,) = users
    if not user.releases:
        return ()
    release = parsed.call(user.releases[0].span)
    match release:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name)), args=[]):
            given = f"{kept.text}.{plan.detail('give')}({name})"
            return (there, Edit(parsed.path, parsed.span(release), given), *kept.added)
        case _:
            raise RenderError("somebody closes it in a way of his own")


def _closes_once(user: _User) -> bool:
    """No line of its function but the one that is known speaks of closing it."""
    names = frozenset(user.names.split())
    function = user.parsed.function(user.call)
    closing = [
        name
        for name in user.parsed.mentions(function, names)
        if isinstance(above := user.parsed.parent(name), cst.Attribute)
        and above.attr.value == _CLOSE
    ]
    return len(closing) <= len(user.releases)


def _kept(
    plan: FixPlan, parsed: Parsed, call: cst.Call | cst.Await, users: Sequence[_User]
) -> Kept | None:
    """The pool as the file's application keeps it, if all can ask for it there."""
    inner = call.expression if isinstance(call, cst.Await) else call
    assert isinstance(inner, cst.Call)
    kept = kept_pool(plan, parsed, inner)
    if kept is None or any(is_hidden(parsed, user.call, kept.text) for user in users):
        return None
    return kept


class _User(NamedTuple):
    """Who gets a connection by the call; `releases` give it back, unless a block does."""

    parsed: Parsed
    call: cst.Call | cst.Await
    names: str
    releases: tuple[Location, ...]

    @property
    def is_with_item(self) -> bool:
        """The connection's own `with` ends it."""
        return not self.releases and isinstance(self.parsed.parent(self.call), cst.WithItem)


def _roll_back(plan: FixPlan, users: Sequence[_User]) -> bool:
    """Whether what nobody committed was lost when the users gave up their connections; one way for all of them."""
    commits = plan.detail("ends") == "commits-then-closes"
    ends = {user.is_with_item and commits for user in users}
    if len(ends) > 1 or (commits and ends == {True} and not plan.detail("commits")):
        raise RenderError("the block of one commits what he did, that of another does not")
    return ends == {False}


def _borrowed(plan: FixPlan, user: _User, direct: str) -> Edit:
    """`closing(connect())` in the head of a with, or a name with its releases, becomes a with that borrows."""
    parsed, call = user.parsed, user.call
    inner = call.expression if isinstance(call, cst.Await) else call
    text = direct or (parsed.text(inner) if plan.detail("maker") else f"{LENDER}()")
    if user.releases:
        keyword = "async with" if isinstance(call, cst.Await) else "with"
        return with_head(parsed, call, user.names, user.releases, f"{keyword} {text}")
    if user.is_with_item and plan.detail("ends"):
        return Edit(parsed.path, parsed.span(call), text)
    around = parsed.parent(parsed.parent(call))
    written, added = imports.use(parsed, plan.detail("manager"))
    if added or not isinstance(around, cst.Call) or parsed.text(around.func) != written:
        raise RenderError("somebody closes it in a way of his own")
    item = parsed.parent(around)
    if not isinstance(item, cst.WithItem) or not item.asname:
        raise RenderError("somebody closes it in a way of his own")
    return Edit(parsed.path, parsed.span(around), text)


def _factory(parsed: Parsed, call: cst.Call | cst.Await, lending: Lending) -> Iterator[Edit]:
    """The function that opened connections lends them; what opens the pool stands above it."""
    function = parsed.function(call)
    if not isinstance(function, cst.FunctionDef) or not isinstance(
        function.body, cst.IndentedBlock
    ):
        raise RenderError("it is opened in no function")
    first, name = _body(parsed, function, call)
    _check_free(parsed, lending.names)
    kind = parsed.text(function.returns.annotation) if function.returns is not None else ""
    span = parsed.span(function)
    docstring = [
        parsed.lines[number - 1]
        for number in range(span.line + 1, parsed.span(first).line)
        if parsed.lines[number - 1].strip()
    ]
    lines = lending.lines(function.name.value, name, kind, docstring)
    yield Edit(parsed.path, _one_blank_below_import(parsed, span), "\n".join(lines))
    yield from lending.imports()


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
    parsed: Parsed, function: cst.FunctionDef, call: cst.CSTNode
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


def lender(parsed: Parsed, lending: Lending) -> Iterator[Edit]:
    """A function of its own that lends, below the imports."""
    lines = lending.lines(LENDER, "conn")
    if _has(parsed, lines):
        return
    _check_free(parsed, (*lending.names, LENDER))
    line = _below_imports(parsed)
    yield Edit(parsed.path, Span(line, 0, line, 0), "\n".join([*lines, "", "", ""]))
    yield from lending.imports()


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
