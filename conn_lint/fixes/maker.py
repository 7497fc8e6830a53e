"""The body of a function that makes what a call makes: the call, what it reads, and what sets it up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import Needs, function_of, locals_of, needs

PLAIN = "client"  # what is called so gets a better name, where the code has one
_SHORTEST = 3  # a name with fewer letters says nothing
_MOST_SLOTS = 2
_VERBS = ("mount", "update", "register")  # methods that set something up


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


class Other(NamedTuple):
    """What is made in place of what the call makes: another callee, and an argument in front of the call's own."""

    func: str
    argument: str


def maker(parsed: Parsed, call: cst.Call, noun: str, other: Other | None = None) -> Maker:
    """What a function must do to make what the call makes; raises RenderError."""
    function = function_of(parsed, call)
    found = needs(parsed, call, function)
    slots = _slots(parsed, call, found)
    name = bound_name(parsed, call)
    setup = _setup(parsed, call, name, function) if name and other is None else ()
    lines = [line for item in found.statements for line in moved(parsed, item)]
    head = f"{name} = " if setup else "return "
    if other is None:
        lines += call_lines(parsed, call, slots, head)
    else:
        lines += _other_lines(parsed, call, slots, other)
        name = None
    if setup:
        lines += [line for item in setup for line in moved(parsed, item)]
        lines.append(f"return {name}")
    own = name if name and noun == PLAIN else ""
    return Maker(call, tuple(lines), slots, found, setup, _noun(own, noun), function)


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
        if not isinstance(above, (cst.Arg, cst.DictElement)):
            raise RenderError("what it is given is worked out for each call")
        if isinstance(above, cst.Arg) and above.star:
            raise RenderError("what it is given may be no key of what is kept")
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
            verb in _VERBS
        ):
            start = to
        case _:
            return False
    if root_of(start) != name:
        return False
    read = {node.value for node in parsed.mentions(item, None)}
    return not (read - {name}) & own


def sets_up_later(parsed: Parsed, made: Maker, name: str) -> bool:
    """Something of the function, besides what moves along, changes what is made."""
    if made.function is None:
        return False
    along = {id(node) for item in made.setup for node in walk(item)}
    for node in walk(made.function):
        match node:
            case cst.AssignTarget(target=cst.Attribute() | cst.Subscript() as start):
                pass
            case cst.Call(func=cst.Attribute(attr=cst.Name(value=verb)) as start) if verb in _VERBS:
                pass
            case _:
                continue
        if id(node) not in along and root_of(start) == name:
            return True
    return False


def root_of(node: cst.CSTNode) -> str:
    """The name that an attribute or item of something begins with, "" for none."""
    while isinstance(node, (cst.Attribute, cst.Subscript)):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


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


def _other_lines(
    parsed: Parsed, call: cst.Call, slots: tuple[Slot, ...], other: Other
) -> list[str]:
    """`return Other(argument, ...)` with the arguments of the call."""
    func = parsed.text(call.func)
    added = len(other.func) - len(func)
    first, *rest = call_lines(parsed, call, slots, " " * max(len("return ") + added, 0))
    inside = first.lstrip().removeprefix(func).removeprefix("(")
    if not call.args:
        return [f"return {other.func}({other.argument})"]
    if not inside:
        indent = rest[0][: len(rest[0]) - len(rest[0].lstrip())]
        return [f"return {other.func}(", f"{indent}{other.argument},", *rest]
    return [f"return {other.func}({other.argument}, {inside}", *rest]


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
