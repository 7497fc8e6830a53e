"""A variable of the module for what functions of its file make: what it is called, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.accessor import blank_above, groups_of, nouns, place_of
from conn_lint.fixes.maker import Maker, bound_name, call_lines, root_of
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import bindings, bound_names
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span

_ENVIRONMENT = (".getenv", ".environ.get")  # they give something else where a variable is missing
_LOADED = "dotenv"  # what has it in its name sets variables of the environment
_SETTERS = ("update", "setdefault", "putenv")
_OTHER_NAMES = (cst.Global, cst.Nonlocal, cst.Del, cst.MatchAs, cst.MatchStar)
_SOMETIMES = (
    cst.If,
    cst.IfExp,
    cst.BooleanOperation,
    cst.Match,
    cst.Try,
    cst.TryStar,
    cst.For,
    cst.While,
)  # blocks that may not come to it, or that catch what it raises


class Variable(NamedTuple):
    """Its name, and the edit that defines it."""

    name: str
    edit: Edit


def variable(parsed: Parsed, made: Maker, noun: str) -> Variable:
    """The variable for what is made there; raises RenderError where the call must not run when the file is imported."""
    group = groups_of(parsed, made, noun)[made.key]
    constants = _constants(parsed)
    for one in group:
        _check(parsed, one, constants)
    above = _top_level(parsed)
    lines = [above.get(root, 0) for root in _roots(parsed, made.call)]
    if not lines or not all(lines):
        raise RenderError("what it reads is no plain variable or import of the file")
    first = min(group, key=lambda one: parsed.span(one.call))
    name = _name(parsed, group, first, constants)
    edit = _edit(parsed, first.call, call_lines(parsed, first.call, (), f"{name} = "), max(lines))
    if any(_is_late(parsed, node, edit.span.line) for node in _settings(parsed, first.call)):
        raise RenderError("the file sets variables of the environment, or something of the library")
    return Variable(name, edit)


def _check(parsed: Parsed, made: Maker, constants: frozenset[str]) -> None:
    """The call runs whenever its function does, and reads nothing of it."""
    function = made.function
    if function is None or made.slots or made.setup or made.needs.statements:
        raise RenderError("its function has a part in it")
    if not re.fullmatch(r"[\w.]+", parsed.text(made.call.func)):
        raise RenderError("what makes it is made each time")
    if isinstance(parsed.parent(made.call), cst.AnnAssign):
        raise RenderError("its name has a type")
    for above in parsed.ancestors(made.call):
        if above is function:
            break
        if isinstance(above, _SOMETIMES):
            raise RenderError("it is not made each time, or what it raises is caught")
    line = parsed.span(made.call).line
    for node in walk(function):
        if isinstance(node, (cst.Return, cst.Raise, cst.Assert)) and parsed.span(node).line < line:
            raise RenderError("its function may end before it is made")
    if not all(_is_fixed(parsed, argument, constants) for argument in made.call.args):
        raise RenderError("what it is given may be something else at import")


def _is_fixed(parsed: Parsed, node: cst.CSTNode, constants: frozenset[str]) -> bool:
    """A literal, a constant, or a variable of the environment that may be missing."""
    match node:
        case cst.Arg(star="", value=value) | cst.UnaryOperation(expression=value):
            return _is_fixed(parsed, value, constants)
        case cst.SimpleString() | cst.ConcatenatedString() | cst.Integer() | cst.Float():
            return not any(isinstance(part, cst.FormattedString) for part in walk(node))
        case cst.Name(value=name):
            return name in constants
        case cst.Call(func=func, args=args):
            is_read = f".{parsed.text(func)}".endswith(_ENVIRONMENT)
            return is_read and all(_is_fixed(parsed, one, constants) for one in args)
        case _:
            return False


def _constants(parsed: Parsed) -> frozenset[str]:
    """Names that the file binds to what is fixed, or imports and writes as constants."""
    found = {"True", "False", "None"}
    for item in parsed.module.body:
        match item:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)
                    | cst.AnnAssign(
                        target=cst.Name(value=name), value=cst.BaseExpression() as value
                    )
                ]
            ):
                is_read = isinstance(value, cst.Subscript) and _is_environment(parsed, value.value)
                if is_read or _is_fixed(parsed, value, frozenset(found)):
                    found.add(name)
            case cst.SimpleStatementLine(body=[cst.ImportFrom()]):
                found |= {name for name in bound_names(item) if name.isupper()}
            case _:
                pass
    return frozenset(found)


def _is_environment(parsed: Parsed, node: cst.CSTNode) -> bool:
    return parsed.text(node).rpartition(".")[2] == "environ"


def _roots(parsed: Parsed, call: cst.Call) -> set[str]:
    found = {name.value for name in parsed.mentions(call, None)}
    return found - {"True", "False", "None"}


def _top_level(parsed: Parsed) -> dict[str, int]:
    """Names that the file binds on its own level, each with the last line of the one plain statement that does it;
    0 for those with others.
    """
    found: dict[str, int] = {}
    for item in parsed.module.body:
        is_plain = isinstance(item, cst.SimpleStatementLine) and len(item.body) == 1
        if isinstance(item, (cst.FunctionDef, cst.ClassDef)):
            found[item.name.value] = 0
            continue
        for name in bound_names(item):
            found[name] = 0 if name in found or not is_plain else parsed.span(item).end_line
    for node in walk(parsed.module):
        if isinstance(node, cst.Global):
            found.update({item.name.value: 0 for item in node.names})
    return found


def _settings(parsed: Parsed, call: cst.Call) -> Iterator[cst.CSTNode]:
    """What sets variables of the environment, or something of the client's library for all that it makes."""
    library = _library(parsed, call)
    for node in walk(parsed.module):
        match node:
            case cst.Call(func=func) if _LOADED in parsed.text(func):
                yield node
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=last))) if (
                last in _SETTERS and (last == "putenv" or _is_environment(parsed, owner))
            ):
                yield node
            case cst.Expr(value=cst.Call(func=func)) if root_of(func) in library:
                yield node
            case cst.AssignTarget(target=cst.Subscript(value=owner)) if _is_environment(
                parsed, owner
            ):
                yield node
            case cst.AssignTarget(target=cst.Attribute() as target) if root_of(target) in library:
                yield node
            case _:
                pass


def _is_late(parsed: Parsed, node: cst.CSTNode, line: int) -> bool:
    """It runs behind the line, but maybe in front of the old call."""
    return parsed.span(node).line >= line or not isinstance(parsed.function(node), cst.Module)


def _library(parsed: Parsed, call: cst.Call) -> set[str]:
    """The names that the file imports from the library that makes it."""
    found = dict(imports.bound(parsed))
    own = found.get(root_of(call.func), "").partition(".")[0]
    return {name for name, meaning in found.items() if meaning.partition(".")[0] == own}


def _name(parsed: Parsed, group: list[Maker], first: Maker, constants: frozenset[str]) -> str:
    """A name that nothing else of the file has: that of the local variables whose place it takes, if it can be."""
    is_upper = _is_upper(parsed, constants)
    functions = {id(one.function): one.function for one in group if one.function is not None}
    own = bound_name(parsed, first.call)
    for noun in (own, *nouns(parsed, first)) if own else nouns(parsed, first):
        name = noun.upper() if is_upper else noun
        names = frozenset({name})
        freed = sum(len([*parsed.mentions(one, names)]) for one in functions.values())
        is_alone = len([*parsed.mentions(parsed.module, names)]) == freed
        if is_alone and all(_is_free(parsed, one, name) for one in group):
            return name
    raise RenderError("the file has its names already")


def _is_free(parsed: Parsed, made: Maker, name: str) -> bool:
    """The function has no use for the name but for what is made, and can do without binding it."""
    function = made.function
    assert function is not None
    if not any(parsed.mentions(function, frozenset({name}))):
        return True
    for node in walk(function):
        if isinstance(node, _OTHER_NAMES) and any(
            isinstance(part, cst.Name) and part.value == name for part in walk(node)
        ):
            return False
        if isinstance(node, cst.FunctionDef) and node is not function and name in bindings(node):
            return False
    if any(isinstance(above, cst.FunctionDef) for above in parsed.ancestors(function)):
        return False
    if bound_name(parsed, made.call) != name or bindings(function).count(name) != 1:
        return False
    above = parsed.parent(made.call)
    return isinstance(above, cst.WithItem) or len(parsed.block(parsed.statement(made.call))) > 1


def _is_upper(parsed: Parsed, constants: frozenset[str]) -> bool:
    """How the file writes the variables of its own level that hold what a call has made; constants are apart."""
    found: list[bool] = []
    for item in parsed.module.body:
        match item:
            case cst.SimpleStatementLine(
                body=[
                    cst.Assign(
                        targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.Call()
                    )
                ]
            ) if name not in constants:
                found.append(name.isupper())
            case _:
                pass
    return sum(found) * 2 > len(found)


def _edit(parsed: Parsed, call: cst.Call, lines: list[str], last: int) -> Edit:
    """Behind the statements that the file begins with; in front of the first user where it reads what comes later."""
    text = "\n".join(lines)
    beginning: list[cst.SimpleStatementLine] = []
    for item in parsed.module.body:
        if not isinstance(item, cst.SimpleStatementLine):
            break
        beginning.append(item)
    if beginning and parsed.span(beginning[-1]).end_line >= last:
        small = beginning[-1].body[-1]
        at = parsed.span(beginning[-1]).end_line + 1
        if at > len(parsed.lines):
            raise RenderError("the file ends there")
        apart = "" if isinstance(small, (cst.Assign, cst.AnnAssign)) else "\n"
        close = "" if not parsed.lines[at - 1].strip() else "\n"
        return Edit(parsed.path, Span(at, 0, at, 0), f"{apart}{text}\n{close}")
    at = place_of(parsed, call)
    if at <= last:
        raise RenderError("what it reads is made further down")
    gap = "\n" * max(0, 2 - blank_above(parsed, at))
    return Edit(parsed.path, Span(at, 0, at, 0), f"{gap}{text}\n\n\n")
