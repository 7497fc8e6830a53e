"""Renders make-one and cache-function: a cached function makes it, and the places that made one ask it."""

from __future__ import annotations

from contextlib import suppress

import libcst as cst

from conn_lint.fixes import imports, variable
from conn_lint.fixes.accessor import accessor, decorate, names_for
from conn_lint.fixes.elsewhere import kept_elsewhere
from conn_lint.fixes.extent import plain_release
from conn_lint.fixes.lifespan import Kept, Opening, is_hidden, kept_by_application
from conn_lint.fixes.maker import (
    PLAIN,
    Maker,
    Other,
    bound_name,
    call_lines,
    maker,
    moved,
    sets_up_later,
)
from conn_lint.fixes.parsed import Files, Parsed, RenderError, walk
from conn_lint.fixes.removal import take_out_all
from conn_lint.fixes.rewriting import Rewriting
from conn_lint.fixes.scopes import bindings, bound_names, function_of
from conn_lint.model.fix import Edit, FixPlan
from conn_lint.model.location import Span

_FACTORY = "session_factory"


def cache_function(plan: FixPlan, parsed: Parsed) -> tuple[Edit, ...]:
    """The decorator on the function that makes and returns it; raises RenderError."""
    call = parsed.call(plan.spans[0].span)
    function = function_of(parsed, call)
    if function is None or function.decorators:
        raise RenderError("its function has decorators of its own")
    return decorate(parsed, function, plan.detail("keeper"))


def make_one(plan: FixPlan, files: Files) -> tuple[Edit, ...]:
    """`client = _get_client()` in place of the call, without the `with` around it; raises RenderError."""
    parsed = files[plan.spans[0].path]
    call = parsed.call(plan.spans[0].span)
    if not isinstance(call, cst.Call):
        raise RenderError("it is awaited, and belongs where the application starts")
    noun = plan.detail("noun") or PLAIN
    whole = _wrapped(plan, parsed, call) if plan.detail("wrapped") else None
    if whole is not None:
        call, noun = whole, _FACTORY
    other: Other | None = None
    added: tuple[Edit, ...] = ()
    if plan.detail("pool"):
        written, added = imports.use(parsed, plan.detail("pool"))
        other = Other(written, plan.detail("size"))
    made = maker(parsed, call, noun, other)
    if made.slots and not plan.detail("inputs"):
        raise RenderError("what it is given is not the same for all")
    name = bound_name(parsed, call)
    if name and other is None and sets_up_later(parsed, made, name):
        raise RenderError("it is set up further down")
    if plan.detail("held") and not made.setup:
        return _used(plan, parsed, made, name)
    if plan.detail("apps") and (kept := _kept(plan, parsed, made, files)) is not None:
        return (_asking(plan, parsed, made, kept.text), *kept.edits, *kept.added)
    if plan.detail("early") and not plan.detail("wrapped"):
        with suppress(RenderError):
            return _at_import(plan, parsed, made, noun)
    found = accessor(parsed, made, plan.detail("keeper"), noun, other)
    if other is not None:
        asked = f"{found.call}.{plan.detail('take')}()"
        return (Edit(parsed.path, parsed.span(call), asked), *found.edits, *added)
    return (_asking(plan, parsed, made, found.call), *found.edits)


def _wrapped(plan: FixPlan, parsed: Parsed, call: cst.Call) -> cst.Call | None:
    """The call that makes a factory of sessions of it, if nothing else uses it, and that needs nothing else; then one
    factory is made for all.
    """
    name, function = bound_name(parsed, call), function_of(parsed, call)
    if name is None or function is None or isinstance(parsed.parent(call), cst.WithItem):
        return None
    found = [
        node
        for node in walk(function)
        if isinstance(node, cst.Call) and parsed.text(node.func) == plan.detail("wrapped")
    ]
    if len(found) != 1:
        return None
    places = [found[0], parsed.statement(call)]
    places += [parsed.call(location.span) for location in plan.spans[1:]]
    spans = [parsed.span(node) for node in places]
    used = parsed.mentions(function, frozenset({name}))
    if not all(any(span.contains(parsed.span(one)) for span in spans) for one in used):
        return None
    try:
        made = maker(parsed, found[0], _FACTORY)
    except RenderError:
        return None
    return None if made.slots or made.setup else found[0]


def _kept(plan: FixPlan, parsed: Parsed, made: Maker, files: Files) -> Kept | None:
    """It as the application keeps it; None where that has no place for it."""
    if plan.detail("app"):
        with suppress(RenderError):
            return kept_elsewhere(plan, parsed, made, files[plan.detail("app")])
        return None
    if made.setup or made.slots:
        return None
    before = [line for item in made.needs.statements for line in moved(parsed, item)]
    binds = tuple(name for item in made.needs.statements for name in bound_names(item))
    opening = Opening((*before, *call_lines(parsed, made.call, (), "async with ")), binds)
    try:
        kept = kept_by_application(plan, parsed, names_for(parsed, made, "client"), opening)
    except RenderError:
        return None
    return None if kept is None or is_hidden(parsed, made.call, kept.text) else kept


def _at_import(plan: FixPlan, parsed: Parsed, made: Maker, noun: str) -> tuple[Edit, ...]:
    """A variable of the module, where the call can stand there; a local one of its name is bound no more."""
    found = variable.variable(parsed, made, noun)
    text = None if bound_name(parsed, made.call) == found.name else found.name
    return (_asking(plan, parsed, made, text), found.edit)


def _used(plan: FixPlan, parsed: Parsed, made: Maker, name: str | None) -> tuple[Edit, ...]:
    """What the project has in place of the call; where the call's result bears that very name, it is bound no more."""
    held, module, asks = plan.detail("held"), plan.detail("module"), plan.detail("asks")
    if made.function is None:
        raise RenderError("the file makes it on its own level")
    functions = [a for a in parsed.ancestors(made.call) if isinstance(a, cst.FunctionDef)]
    inner, *outer = [bindings(function).count(held) for function in functions]
    is_bound_here_alone = inner == 1 and name == held and not asks and not any(outer)
    if is_bound_here_alone:
        added = imports.use_own(parsed, module, held)[1] if module else ()
        return (_asking(plan, parsed, made, None), *added)
    text, added = imports.use_own(parsed, module, held) if module else (held, ())
    root = text.partition(".")[0]
    if any(root in bindings(function) for function in functions):
        raise RenderError(f"{root} is something else there")
    return (_asking(plan, parsed, made, text + asks), *added)


def _asking(plan: FixPlan, parsed: Parsed, made: Maker, text: str | None) -> Edit:
    """The code around the old call, as one edit; without a text its result is bound no more."""
    item = parsed.parent(made.call)
    whole = parsed.parent(item) if isinstance(item, cst.WithItem) else None
    statement = whole if isinstance(whole, cst.With) else parsed.statement(made.call)
    gone = [one for one in made.needs.statements if not _is_used_elsewhere(parsed, made, one)]
    releases = [
        plain_release(parsed, parsed.call(location.span), frozenset(plan.detail("names").split()))
        for location in plan.spans[1:]
    ]
    touched = [statement, *gone, *made.setup, *releases]
    first = min(parsed.span(one).line for one in touched)
    last = max(parsed.span(one).end_line for one in touched)
    last = max([last, *(_tail(parsed, one) for one in releases)])
    if isinstance(whole, cst.With):
        last = max(last, trailing(parsed, whole))
    unbound = text is None and not isinstance(whole, cst.With)
    if unbound and last == parsed.span(statement).end_line:
        last = _next(parsed, last)  # no line is left of the statement
    rewriting = Rewriting(parsed, first, last, parsed.indent(statement))
    for one in (*gone, *made.setup, *((statement,) if unbound else ())):
        _move_away(parsed, rewriting, one)
        below = parsed.span(one).end_line + 1
        if parsed.block(one)[0] is one and below < last and not parsed.lines[below - 1].strip():
            rewriting.drop(below)
    if isinstance(whole, cst.With):
        assert isinstance(item, cst.WithItem)
        open_with(parsed, rewriting, whole, item, text)
    elif text is not None:
        rewriting.replace(parsed.span(made.call), text)
    take_out_all(parsed, rewriting, releases)
    return rewriting.edit()


def _next(parsed: Parsed, line: int) -> int:
    """The next line that is not empty; the line itself at the end of the file."""
    below = range(line + 1, len(parsed.lines) + 1)
    return next((number for number in below if parsed.lines[number - 1].strip()), line)


def _move_away(parsed: Parsed, rewriting: Rewriting, statement: cst.BaseStatement) -> None:
    """Take out a statement that the accessor has, with the comments that stand within it."""
    span = parsed.span(statement)
    if "#" not in parsed.text_of(span):
        rewriting.remove(span)
        return
    if parsed.lines[span.end_line - 1][span.end_column :].strip():
        raise RenderError("a comment stands behind what moves along")
    for line in range(span.line, span.end_line + 1):
        rewriting.drop(line)


def _tail(parsed: Parsed, release: cst.BaseStatement) -> int:
    """Where the try ends that the release may be the only reason for."""
    owner = parsed.owner(release)
    return parsed.span(parsed.parent(owner)).end_line if isinstance(owner, cst.Finally) else 0


def _is_used_elsewhere(parsed: Parsed, made: Maker, giver: cst.SimpleStatementLine) -> bool:
    """Something besides the call, and what moves along with it, reads what the statement binds."""
    assert made.function is not None
    names = frozenset(bound_names(giver))
    inside = [*made.needs.statements, made.call, *made.setup]
    spans = [parsed.span(one) for one in inside]
    return any(
        not any(span.contains(parsed.span(name)) for span in spans)
        for name in parsed.mentions(made.function, names)
    )


def trailing(parsed: Parsed, whole: cst.BaseCompoundStatement) -> int:
    """The last line of the block, with comments behind it that are indented as it is."""
    last = parsed.span(whole).end_line
    margin = parsed.lines[parsed.span(whole).line - 1][: parsed.span(whole).column]
    line = last
    while line < len(parsed.lines):
        text = parsed.lines[line]
        line += 1
        if text.strip() and not (text.startswith(margin + " ") and text.lstrip().startswith("#")):
            break
        if text.strip():
            last = line
    return last


def open_with(
    parsed: Parsed, rewriting: Rewriting, whole: cst.With, item: cst.WithItem, text: str | None
) -> None:
    """Take an item out of a `with`; without others, its block is no block any more.

    `text` is what its name is bound to from now on, None if it is bound elsewhere.
    """
    if item.asname is None or not isinstance(item.asname.name, cst.Name):
        raise RenderError("what it gives has no plain name")
    if not isinstance(whole.body, cst.IndentedBlock):
        raise RenderError("its block stands on one line with it")
    start = parsed.span(whole)
    binding = f"{item.asname.name.value} = {text}"
    head_end = _colon(parsed, whole)
    if len(whole.items) == 1:
        head = Span(start.line, start.column, *head_end)
        if "#" in parsed.text_of(head):
            raise RenderError("a comment stands within the head of its with")
        if text is not None:
            rewriting.replace(head, binding)
        else:
            rewriting.remove(head)
        for line in range(head_end[0] + 1, trailing(parsed, whole) + 1):
            rewriting.indent(line, line, levels=-1)
        return
    index = list(whole.items).index(item)
    if index + 1 < len(whole.items):
        this, following = parsed.span(item), parsed.span(whole.items[index + 1])
        gone = Span(this.line, this.column, following.line, following.column)
    else:
        before, this = parsed.span(whole.items[index - 1]), parsed.span(item)
        gone = Span(before.end_line, before.end_column, this.end_line, this.end_column)
    if "#" in parsed.text_of(gone):
        raise RenderError("a comment stands within the head of its with")
    rewriting.replace(gone, "")
    indent = parsed.lines[start.line - 1][: start.column]
    if text is not None:
        rewriting.insert_before(start.line, f"{indent}{binding}")


def _colon(parsed: Parsed, whole: cst.With) -> tuple[int, int]:
    """The place behind the colon of its head."""
    end = parsed.span(whole.items[-1])
    line, column = end.end_line, end.end_column
    while ":" not in parsed.lines[line - 1][column:]:
        if line >= parsed.span(whole).end_line:
            raise RenderError("its head has no colon")
        line, column = line + 1, 0
    return line, parsed.lines[line - 1].index(":", column) + 1
