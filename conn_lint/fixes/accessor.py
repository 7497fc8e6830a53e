"""A function that makes something once and gives it to all: how it reads, what it is called, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import Needs, function_of, locals_of, names_in, needs, own_nodes
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span

_SHORTEST = 3  # a name with fewer letters says nothing
_MOST_SLOTS = 2
_KEYED = "functools."  # takes for a key whatever has a hash


class Slot(NamedTuple):
    """A parameter of the accessor, and what a caller gives for it."""

    name: str
    node: cst.CSTNode
    text: str


class Maker(NamedTuple):
    """The body of an accessor (its lines, not yet indented), and what of the old code it stands for."""

    call: cst.Call
    body: tuple[str, ...]
    slots: tuple[Slot, ...]
    needs: Needs
    setup: tuple[cst.SimpleStatementLine, ...]
    noun: str
    function: cst.FunctionDef | None

    @property
    def key(self) -> str:
        """Equal for those that make the same."""
        slots = ",".join(slot.name for slot in self.slots)
        return "".join("".join(self.body).split()) + f"({slots})"


class Accessor(NamedTuple):
    """`call` is how its result is asked for; `edits` define it, none where the file has it already."""

    call: str
    edits: tuple[Edit, ...]


def maker(parsed: Parsed, call: cst.Call, noun: str) -> Maker:
    """What a function must do to make what the call makes; raises RenderError."""
    function = function_of(parsed, call)
    found = needs(parsed, call, function)
    slots = _slots(parsed, call, found)
    name = bound_name(parsed, call)
    setup = _setup(parsed, call, name, function) if name else ()
    lines = [line for item in found.statements for line in moved(parsed, item)]
    head = f"{name} = " if setup else "return "
    lines += call_lines(parsed, call, slots, head)
    if setup:
        lines += [line for item in setup for line in moved(parsed, item)]
        lines.append(f"return {name}")
    return Maker(call, tuple(lines), slots, found, setup, _noun(name or "", noun), function)


def _noun(name: str, noun: str) -> str:
    plain = re.sub(r"_?\d+$", "", name.strip("_").lower())
    return plain if len(plain) >= _SHORTEST else noun


def bound_name(parsed: Parsed, call: cst.CSTNode) -> str | None:
    """The plain name that a statement or a `with` gives to what the call makes."""
    above = parsed.parent(call)
    match above:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=value))]):
            return value
        case cst.AnnAssign(target=cst.Name(value=value)):
            return value
        case cst.WithItem(asname=cst.AsName(name=cst.Name(value=value))):
            return value
        case _:
            return None


def _slots(parsed: Parsed, call: cst.Call, found: Needs) -> tuple[Slot, ...]:
    """The names, or attributes of them, that the caller must give."""
    if not found.free:
        return ()
    for item in found.statements:
        if any(parsed.mentions(item, frozenset(found.free))):
            raise RenderError("what it is given is made from what its function is given")
    slots: list[Slot] = []
    for name in parsed.mentions(call, frozenset(found.free)):
        node: cst.CSTNode = name
        last = name.value
        above = parsed.parent(node)
        while isinstance(above, cst.Attribute):
            node, last = above, above.attr.value
            above = parsed.parent(node)
        if isinstance(above, (cst.Call, cst.Subscript)):
            raise RenderError("what it is given is worked out for each call")
        if last in ("self", "cls") or parsed.text(node) in ("self", "cls"):
            raise RenderError("it is given its object")
        slots.append(Slot(last.strip("_"), node, parsed.text(node)))
    names = {slot.name: slot.text for slot in slots}
    if len(set(names.values())) != len({slot.text for slot in slots}) or len(names) > _MOST_SLOTS:
        raise RenderError("too much decides what it is given")
    return tuple(slots)


def _setup(
    parsed: Parsed, call: cst.Call, name: str, function: cst.FunctionDef | None
) -> tuple[cst.SimpleStatementLine, ...]:
    """The statements right behind it that set it up, and read nothing else of the function."""
    above = parsed.parent(call)
    own = locals_of(parsed, function) if function is not None else set()
    if isinstance(above, cst.WithItem):
        whole = parsed.parent(above)
        assert isinstance(whole, cst.With)
        after = list(whole.body.body) if isinstance(whole.body, cst.IndentedBlock) else []
    else:
        statement = parsed.statement(call)
        block = parsed.block(statement)
        after = block[block.index(statement) + 1 :]
    found: list[cst.SimpleStatementLine] = []
    for item in after:
        if not isinstance(item, cst.SimpleStatementLine) or not _sets_up(parsed, item, name, own):
            break
        found.append(item)
    return tuple(found)


def _sets_up(parsed: Parsed, item: cst.SimpleStatementLine, name: str, own: set[str]) -> bool:
    match item.body:
        case [
            cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() | cst.Subscript() as to)])
        ]:
            start: cst.CSTNode = to
        case [cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name(value=verb)) as to))] if (
            verb in ("mount", "update", "register")
        ):
            start = to
        case _:
            return False
    while isinstance(start, (cst.Attribute, cst.Subscript)):
        start = start.value
    if not (isinstance(start, cst.Name) and start.value == name):
        return False
    read = {node.value for node in parsed.mentions(item, None)}
    return not (read - {name}) & own


def moved(parsed: Parsed, statement: cst.CSTNode) -> list[str]:
    """The lines of a statement, as if it were not indented."""
    span = parsed.span(statement)
    first, *rest = parsed.text(statement).split("\n")
    return [first, *_shifted(parsed, rest, span.line + 1, span.column, 0)]


def _shifted(parsed: Parsed, lines: list[str], line: int, old: int, new: int) -> Iterator[str]:
    for number, text in enumerate(lines, line):
        if parsed.is_in_string(number):
            raise RenderError("a string over several lines stands within it")
        width = len(text) - len(text.lstrip())
        yield " " * max(width - old + new, 0) + text.lstrip() if text.strip() else ""


def call_lines(parsed: Parsed, call: cst.CSTNode, slots: tuple[Slot, ...], head: str) -> list[str]:
    """The call behind `head`, as lines that are indented as if their statement were not."""
    span = parsed.span(call)
    lines = parsed.text(call).split("\n")
    for slot in sorted(slots, key=lambda slot: parsed.span(slot.node), reverse=True):
        at = parsed.span(slot.node)
        row = at.line - span.line
        start = at.column - (span.column if row == 0 else 0)
        text = lines[row]
        lines[row] = text[:start] + slot.name + text[start + len(slot.text) :]
    first, *rest = lines
    margin = len(parsed.lines[span.line - 1]) - len(parsed.lines[span.line - 1].lstrip())
    widths = [len(text) - len(text.lstrip()) for text in rest if text.strip()]
    if widths and min(widths[:-1] or widths) > margin and _is_aligned(parsed, call, widths):
        return [head + first, *_shifted(parsed, rest, span.line + 1, span.column, len(head))]
    return [head + first, *_shifted(parsed, rest, span.line + 1, margin, 0)]


def _is_aligned(parsed: Parsed, call: cst.CSTNode, widths: list[int]) -> bool:
    """Its lines stand below what follows the bracket."""
    return min(widths) > parsed.span(call).column


# Its name and its place


def accessor(parsed: Parsed, made: Maker, keeper: str, noun: str) -> Accessor:
    """The accessor for what is made there, and the edits that define it; raises RenderError."""
    if made.slots and not keeper.startswith(_KEYED):
        raise RenderError("what it is given may be no key of what is kept")
    if made.function is None and not isinstance(
        parsed.parent(parsed.statement(made.call)), cst.Module
    ):
        raise RenderError("it stands deep in a script")
    arguments = ", ".join(dict.fromkeys(slot.text for slot in made.slots))
    old = _existing(parsed, made, keeper)
    if old is not None:
        return Accessor(f"{old}({arguments})", ())
    groups = _groups(parsed, made, noun)
    name = _names(parsed, groups)[made.key]
    decorator, added = _keeper(parsed, keeper)
    first = groups[made.key][0]
    unit = parsed.module.default_indent
    slots = ", ".join(dict.fromkeys(slot.name for slot in made.slots))
    returns = f" -> {kind}" if (kind := _type(parsed, first)) else ""
    body = "\n".join(f"{unit}{line}" if line else "" for line in made.body)
    text = f"@{decorator}\ndef {name}({slots}){returns}:\n{body}\n\n\n"
    at = _place(parsed, first.call)
    if _imported_at(parsed, decorator) >= at:
        raise RenderError("its place is above the imports")
    gap = "\n" * max(0, 2 - _blank_above(parsed, at))
    edit = Edit(parsed.path, Span(at, 0, at, 0), gap + text)
    return Accessor(f"{name}({arguments})", (edit, *added))


def _keeper(parsed: Parsed, keeper: str) -> tuple[str, tuple[Edit, ...]]:
    """How the file writes the decorator: by its module's name, unless it has the decorator's own."""
    try:
        written, added = imports.use(parsed, keeper)
    except RenderError:
        written, added = "", ()
    if written and all(edit.span.column < edit.span.end_column for edit in added):
        return written, added  # it is imported, or its module is imported from
    module, _, name = keeper.rpartition(".")
    found, added = imports.use_module(parsed, module)
    return f"{found}.{name}", added


def decorate(parsed: Parsed, function: cst.FunctionDef, keeper: str) -> tuple[Edit, ...]:
    """The decorator on a function that has none."""
    decorator, added = _keeper(parsed, keeper)
    span = parsed.span(function)
    indent = parsed.lines[span.line - 1][: span.column]
    edit = Edit(parsed.path, Span(span.line, 0, span.line, 0), f"{indent}@{decorator}\n")
    return (edit, *added)


def _groups(parsed: Parsed, made: Maker, noun: str) -> dict[str, list[Maker]]:
    """The calls of the file that make something in the same way, by what they make, in the order of the text."""
    found: dict[str, list[Maker]] = {}
    func = parsed.text(made.call.func)
    calls = [
        node
        for node in walk(parsed.module)
        if isinstance(node, cst.Call) and parsed.text(node.func) == func
    ]
    for call in sorted(calls, key=parsed.span):
        try:
            other = maker(parsed, call, noun)
        except RenderError:
            continue
        if other.function is not None or made.function is None:
            found.setdefault(other.key, []).append(other)
    found.setdefault(made.key, [made])
    return found


def _names(parsed: Parsed, groups: dict[str, list[Maker]]) -> dict[str, str]:
    """A name for each that nothing in the file has."""
    taken = {node.value for node in walk(parsed.module) if isinstance(node, cst.Name)}
    found: dict[str, str] = {}
    for key, makers in groups.items():
        first = makers[0]
        noun = _said(first.call, first.noun)
        where = first.function.name.value.strip("_") if first.function is not None else "own"
        names = [noun, f"{where.removeprefix('get_')}_{first.noun}"]
        root = parsed.text(first.call.func).partition(".")[0].lower()
        if not found and root.isidentifier() and root not in noun:
            names.insert(1, f"{root}_{noun}")
        for name in (*names, *(f"{names[-1]}_{n}" for n in range(2, 100))):
            if f"_get_{name}" not in taken:
                found[key] = f"_get_{name}"
                break
        taken.add(found[key])
    return found


def _said(call: cst.Call, noun: str) -> str:
    """The noun with what the call's first argument says of it: "s3_client"."""
    match call.args:
        case [cst.Arg(keyword=None, value=cst.SimpleString() as text), *_]:
            word = str(text.evaluated_value).replace("-", "_").lower()
        case _:
            return noun
    return noun if not word.isidentifier() or word in noun or noun in word else f"{word}_{noun}"


def _existing(parsed: Parsed, made: Maker, keeper: str) -> str | None:
    """The file's own function that makes the same once."""
    last = keeper.rpartition(".")[2]
    for item in parsed.module.body:
        if not isinstance(item, cst.FunctionDef) or not item.decorators:
            continue
        words = {
            parsed.text(decorator.decorator).rpartition(".")[2] for decorator in item.decorators
        }
        if last not in {word.partition("(")[0] for word in words}:
            continue
        if not isinstance(item.body, cst.IndentedBlock) or item.asynchronous is not None:
            continue
        body = "".join("".join(parsed.text(part) for part in item.body.body).split())
        slots = ",".join(param.name.value for param in item.params.params)
        if f"{body}({slots})" == made.key:
            return item.name.value
    return None


def _type(parsed: Parsed, made: Maker) -> str:
    """What the accessor gives, where the functions around say what they give."""
    if made.function is None or made.function.returns is None:
        return ""
    func = parsed.text(made.call.func)
    parts = func.split(".")
    if not all(part.isidentifier() for part in parts):
        return ""
    if parts[0] in locals_of(parsed, made.function):
        return ""
    if parts[-1][:1].isupper():
        return func
    return ".".join(parts[:-1]) if len(parts) > 1 and parts[-2][:1].isupper() else ""


def _place(parsed: Parsed, node: cst.CSTNode) -> int:
    """The line of the outermost statement around a node, above its decorators and comments."""
    outer: cst.CSTNode = node
    for above in parsed.ancestors(node):
        if isinstance(above, cst.Module):
            break
        outer = above
    line = parsed.span(outer).line
    if isinstance(outer, (cst.FunctionDef, cst.ClassDef)):
        line = min([line, *(parsed.span(item).line for item in outer.decorators)])
    while line > 1 and parsed.lines[line - 2].startswith("#"):
        line -= 1
    return line


def _blank_above(parsed: Parsed, line: int) -> int:
    found = 0
    while line - found > 1 and not parsed.lines[line - found - 2].strip():
        found += 1
    return found if line - found > 1 else 2


def _imported_at(parsed: Parsed, decorator: str) -> int:
    """The last line in which the decorator's module or name is imported on the file's own level."""
    root = decorator.partition(".")[0]
    lines = [0]
    for item in parsed.module.body:
        if not isinstance(item, cst.SimpleStatementLine):
            continue
        for small in item.body:
            if isinstance(small, (cst.Import, cst.ImportFrom)) and root in {
                name for node in (small,) for name in _imports_of(node)
            }:
                lines.append(parsed.span(item).end_line)
    return max(lines)


def _imports_of(node: cst.Import | cst.ImportFrom) -> Iterator[str]:
    if not isinstance(node.names, cst.ImportStar):
        for alias in node.names:
            yield alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


__all__ = [
    "Accessor",
    "Maker",
    "accessor",
    "bound_name",
    "decorate",
    "maker",
    "names_in",
    "own_nodes",
]
