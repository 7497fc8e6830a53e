"""What `ast` and `tokenize` find in a file, to compare its skeleton with."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from conn_lint.model.summary import Head, Skeleton
from conn_lint.syntax.source import SourceError, decode

HeadNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Found = tuple[HeadNode, int, str]
"""A head, the index of the one it is written in, and its dotted name."""

LIBRARY = Path(ast.__file__).parent


def read(path: Path) -> tuple[str, ast.Module] | None:
    """The text and tree of a file, if `ast` can parse it."""
    try:
        text = decode(path.read_bytes()).text
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return text, ast.parse(text)
    except (SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def differences(text: str, tree: ast.Module, skeleton: Skeleton) -> list[str]:
    """Where the skeleton says something else than Python itself."""
    if skeleton.error:
        return [skeleton.error]
    nodes = list(find_heads(tree))
    expected = [_node_facts(*found) for found in nodes]
    actual = [_head_facts(head) for head in skeleton.heads]
    found = [f"{e} is not {a}" for e, a in zip(expected, actual, strict=False) if e != a]
    if len(expected) != len(actual):
        return [*found, f"{len(expected)} heads, not {len(actual)}"]
    lines = text.split("\n")
    for (node, _, _), head in zip(nodes, skeleton.heads, strict=True):
        # The tree tells where a decorator's expression starts, not its @.
        start = min([d.lineno for d in node.decorator_list], default=node.lineno)
        at = lines[head.line - 1].lstrip().startswith("@")
        if head.line > start or at != bool(node.decorator_list):
            found.append(f"{head.qualname} does not start in line {head.line}")
        line, column = head.colon
        if lines[line - 1][column - 1] != ":":
            found.append(f"no colon at {head.colon}")
    imports = [(i.line, i.level, i.module, i.name, i.bound) for i in skeleton.imports]
    if sorted(map(str, imports)) != sorted(map(str, _imports(tree))):
        found.append(f"imports are not {imports[:5]}")
    if imports != sorted(imports, key=lambda i: i[0]):
        found.append("imports out of order")
    return found + _unit_differences(tree, nodes, skeleton) + _line_differences(text, skeleton)


def find_heads(tree: ast.Module) -> Iterator[Found]:
    """All functions and classes in the order of the text."""
    count = 0
    work: list[tuple[ast.AST, int, str]] = [(tree, -1, "")]
    while work:
        node, parent, prefix = work.pop()
        if isinstance(node, HeadNode):
            yield node, parent, prefix + node.name
            parent, prefix = count, f"{prefix}{node.name}."
            count += 1
        children = [(child, parent, prefix) for child in ast.iter_child_nodes(node)]
        work.extend(reversed(children))


def _node_facts(node: HeadNode, parent: int, qualname: str) -> tuple[object, ...]:
    bases: list[ast.expr | ast.keyword] = []
    if isinstance(node, ast.ClassDef):
        bases = sorted([*node.bases, *node.keywords], key=lambda b: (b.lineno, b.col_offset))
    return (
        qualname,
        parent,
        "class" if isinstance(node, ast.ClassDef) else "function",
        isinstance(node, ast.AsyncFunctionDef),
        node.lineno,
        node.end_lineno,
        [ast.dump(base) for base in bases],
        [ast.dump(decorator) for decorator in node.decorator_list],
    )


def _head_facts(head: Head) -> tuple[object, ...]:
    calls = [_parse(f"f({base}\n)") for base in head.bases]
    return (
        head.qualname,
        head.parent,
        head.kind,
        head.is_async,
        head.def_line,
        head.end_line,
        [
            ast.dump(argument)
            for call in calls
            if isinstance(call, ast.Call)
            for argument in [*call.args, *call.keywords]
        ],
        [ast.dump(_parse(f"({decorator}\n)")) for decorator in head.decorators],
    )


def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _imports(tree: ast.Module) -> Iterator[tuple[int, int, str, str | None, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                yield node.lineno, 0, alias.name, None, bound
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                bound = alias.asname or alias.name
                yield node.lineno, node.level, node.module or "", alias.name, bound


def _unit_differences(tree: ast.Module, nodes: list[Found], skeleton: Skeleton) -> list[str]:
    """Check which heads are units, and that no name in a unit is missed."""
    owners: list[int] = []
    units: list[int] = []
    for index, (node, parent, _) in enumerate(nodes):
        unit = units[parent] if parent >= 0 else 0
        if not unit and not isinstance(node, ast.ClassDef):
            owners.append(index)
            unit = len(owners)
        units.append(unit)
    if [unit.head for unit in skeleton.units[1:]] != owners:
        return [f"units are not {owners}"]
    if [head.unit for head in skeleton.heads] != units:
        return [f"heads are not in units {units}"]
    numbers = {id(nodes[owner][0]): number for number, owner in enumerate(owners, 1)}
    kinds = {
        "names": (_names, [unit.names for unit in skeleton.units]),
        "calls": (_calls, [unit.calls for unit in skeleton.units]),
        "stores": (_stores, [unit.stores for unit in skeleton.units]),
        "bound": (_binds, [skeleton.bound, *(None for _ in skeleton.units[1:])]),
    }
    found: list[str] = []
    for kind, (names_of, told) in kinds.items():
        known = [None if names is None else frozenset(names) for names in told]
        missed = {
            (number, name)
            for number, name in _mentions(tree, numbers, names_of)
            if (names := known[number]) is not None and name not in names
        }
        if missed:
            found.append(f"missed {kind} {sorted(missed)[:5]}")
    return found


def _mentions(
    tree: ast.Module, numbers: dict[int, int], names_of: Callable[[ast.AST], list[str]]
) -> Iterator[tuple[int, str]]:
    """What is mentioned in each unit; a function's head counts for it and for unit 0."""
    work: list[tuple[ast.AST, tuple[int, ...]]] = [(tree, (0,))]
    while work:
        node, units = work.pop()
        number = numbers.get(id(node))
        if number is not None:
            units = (0, number)
        for name in names_of(node):
            yield from ((unit, name) for unit in units)
        for field, value in ast.iter_fields(node):
            inner = (number,) if number is not None and field == "body" else units
            children = value if isinstance(value, list) else [value]
            work.extend((child, inner) for child in children if isinstance(child, ast.AST))


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.keyword(arg=str(name)) | ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.alias(name=name, asname=asname):
            return [part for part in [*name.split("."), asname] if part and part != "*"]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return names
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case _:
            return []


def _calls(node: ast.AST) -> list[str]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return [name]
        case ast.Call():
            return [""]
        case _:
            return []


def _stores(node: ast.AST) -> list[str]:
    match node:
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case _:
            return []


def _binds(node: ast.AST) -> list[str]:
    """What a statement of a module or class binds; a comprehension has a scope of its own."""
    match node:
        case ast.Assign(targets=targets):
            return [name for target in targets for name in _targets(target)]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return _targets(target)
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return _targets(target)
        case ast.withitem(optional_vars=ast.expr() as target):
            return _targets(target)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return [name]
        case ast.NamedExpr(target=ast.Name(id=name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case _:
            return []


def _targets(target: ast.expr) -> list[str]:
    names = (part for part in ast.walk(target) if isinstance(part, ast.Name))
    return [name.id for name in names if isinstance(name.ctx, ast.Store)]


def _line_differences(text: str, skeleton: Skeleton) -> list[str]:
    """Compare the logical lines that go over several lines."""
    found: list[tuple[int, int]] = []
    first = last = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            if last > first:
                found.append((first, last))
            first = 0
        elif token.type not in _NO_CODE:
            first = first or token.start[0]
            last = token.end[0]
    different = set(found) ^ set(skeleton.statements)
    return [f"logical lines {sorted(different)[:5]}"] if different else []


_NO_CODE = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
