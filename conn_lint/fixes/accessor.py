"""A function that makes something once and gives it to all: what it is called, and where it stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.maker import Maker, Other, maker
from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import locals_of
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span

_PLAINEST = 2
_KEYED = "functools."  # takes for a key whatever has a hash


class Accessor(NamedTuple):
    """`call` is how its result is asked for; `edits` define it, none where the file has it already."""

    call: str
    edits: tuple[Edit, ...]


def accessor(
    parsed: Parsed, made: Maker, keeper: str, noun: str, other: Other | None = None
) -> Accessor:
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
    groups = groups_of(parsed, made, noun, other)
    name = _names(parsed, groups)[made.key]
    decorator, added = _keeper(parsed, keeper)
    first = groups[made.key][0]
    unit = parsed.module.default_indent
    slots = ", ".join(dict.fromkeys(slot.name for slot in made.slots))
    returns = f" -> {kind}" if other is None and (kind := _type(parsed, first)) else ""
    body = "\n".join(f"{unit}{line}" if line else "" for line in made.body)
    text = f"@{decorator}\ndef {name}({slots}){returns}:\n{body}\n\n\n"
    at = place_of(parsed, first.call)
    if _imported_at(parsed, decorator) >= at:
        raise RenderError("its place is above the imports")
    gap = "\n" * max(0, 2 - blank_above(parsed, at))
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


def groups_of(
    parsed: Parsed, made: Maker, noun: str, instead: Other | None = None
) -> dict[str, list[Maker]]:
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
            other = maker(parsed, call, noun, instead)
        except RenderError:
            continue
        if other.function is not None or made.function is None:
            found.setdefault(other.key, []).append(other)
    found.setdefault(made.key, [made])
    return found


def names_for(parsed: Parsed, made: Maker, noun: str) -> list[str]:
    """What to call the one that stands for all that are made in the same way, the plainest first."""
    return nouns(parsed, groups_of(parsed, made, noun, None)[made.key][0])


def nouns(parsed: Parsed, first: Maker) -> list[str]:
    """With the library in second place, and the function that makes it in third."""
    noun = _said(first.call, first.noun)
    where = first.function.name.value.strip("_") if first.function is not None else "own"
    root = parsed.text(first.call.func).partition(".")[0].lower()
    apart = root.isalnum() and root not in noun and noun not in root
    of_library = [f"{root}_{noun}"] if apart else []
    words = f"{where.removeprefix('get_')}_{first.noun}".split("_")
    return [noun, *of_library, "_".join(word for word, _ in itertools.groupby(words))]


def _names(parsed: Parsed, groups: dict[str, list[Maker]]) -> dict[str, str]:
    """A name for each that nothing in the file has."""
    taken = {node.value for node in walk(parsed.module) if isinstance(node, cst.Name)}
    found: dict[str, str] = {}
    for key, makers in sorted(groups.items(), key=lambda group: -len(group[1])):
        names = nouns(parsed, makers[0])
        if found and len(names) > _PLAINEST:
            del names[1]
        for name in (*names, *(f"{names[-1]}_{n}" for n in range(2, 100))):
            if f"_get_{name}" not in taken:
                found[key] = f"_get_{name}"
                break
        taken.add(found[key])
    return found


def _said(call: cst.Call, noun: str) -> str:
    """The noun with the service that a client is asked for: "s3_client". Other texts may be an account, or a secret."""
    match call:
        case cst.Call(
            func=cst.Attribute(attr=cst.Name(value="client" | "resource")),
            args=[cst.Arg(keyword=None, value=cst.SimpleString() as text), *_],
        ):
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


def place_of(parsed: Parsed, node: cst.CSTNode) -> int:
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


def blank_above(parsed: Parsed, line: int) -> int:
    """The empty lines above a line; enough of them above the first."""
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
