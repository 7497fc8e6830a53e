"""Rewrites of a source that change no line and no meaning: other local names, other styles of import."""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import tokenize
from collections.abc import Callable, Iterator, Mapping


def names_in(text: str) -> set[str]:
    """All identifiers and all words in strings (f-strings are strings before Python 3.12)."""
    found: set[str] = set()
    for token in tokens(text):
        if token.type == tokenize.NAME:
            found.add(token.string)
        elif token.type not in (tokenize.COMMENT, tokenize.OP):
            found.update(_words(token.string))
    return found


def tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _words(text: str) -> Iterator[str]:
    yield from "".join(c if c.isidentifier() or c.isdigit() else " " for c in text).split()


def plain_locals(text: str) -> list[str]:
    """Names that are bound in functions only, and stand in no string: they can be renamed freely."""
    tree = ast.parse(text)
    bound: set[str] = set()
    fixed: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                fixed.add(name)
            case ast.alias(name=name, asname=asname):
                fixed.update([asname or "", *name.split(".")])
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                fixed.update(names)
            case ast.ClassDef(name=name, body=body):
                fixed.add(name)
                fixed.update(n for part in body for n in _stored(part))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                fixed.add(name)
                bound.update(n for part in node.body for n in _stored(part))
            case _:
                pass
    fixed.update(n for part in tree.body for n in _stored(part))
    for token in tokens(text):
        if token.type not in (tokenize.NAME, tokenize.OP, tokenize.COMMENT):
            fixed.update(_words(token.string))
    return sorted(bound - fixed - set(dir(builtins)))


def _stored(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds in its own scope."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        todo.extend(ast.iter_child_nodes(node))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with other names; attributes of such a name are left alone."""
    return _replaced(text, names.get, frozenset())


def _replaced(text: str, replacement: Callable[[str], str | None], but: frozenset[int]) -> str:
    """The text with names replaced, but for these lines."""
    lines = text.splitlines(keepends=True)
    for token in reversed(tokens(text)):
        row, column = token.start
        if token.type != tokenize.NAME or row in but:
            continue
        line = lines[row - 1]
        before = line[:column].rstrip()
        new = None if before.endswith(".") else replacement(token.string)
        if new is not None:
            lines[row - 1] = line[:column] + new + line[token.end[1] :]
    return "".join(lines)


def _imports(text: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, ast.alias]]:
    """Imports at module level, one name on one line, whose name is bound nowhere else and stands in no string."""
    tree = ast.parse(text)
    free = set(names_in(text))
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                taken.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                taken.add(name)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                taken.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                taken.update(names)
            case ast.alias(name=name, asname=asname):
                bound = asname or name.partition(".")[0]
                counts[bound] = counts.get(bound, 0) + 1
            case _:
                pass
    for token in tokens(text):
        if token.type == tokenize.STRING:
            taken.update(_words(token.string))
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and len(node.names) == 1:
            (alias,) = node.names
            bound = alias.asname or alias.name
            single = node.lineno == node.end_lineno and "." not in bound and bound != "*"
            if single and bound in free - taken and counts[bound] == 1:
                yield node, alias


def aliased(text: str) -> str:
    """Every such import under another name: `import a as a_0`, `from a import b as b_1`."""
    names: dict[str, str] = {}
    for number, (node, alias) in enumerate(_imports(text)):
        module = node.module if isinstance(node, ast.ImportFrom) else ""
        if module != "__future__":
            names[alias.asname or alias.name] = f"{alias.asname or alias.name}_{number}"
    return _with_imports(text, names, lambda node, alias, new: _written(node, alias.name, new))


def through_module(text: str) -> str:
    """`from a import b` as `import a as a_0`, and `a_0.b` for every `b`."""
    names: dict[str, str] = {}
    for number, (node, alias) in enumerate(_imports(text)):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module != "__future__":
            names[alias.asname or alias.name] = f"module_{number}.{alias.name}"

    def write(node: ast.Import | ast.ImportFrom, alias: ast.alias, new: str) -> str:
        assert isinstance(node, ast.ImportFrom)
        return f"import {node.module} as {new.partition('.')[0]}"

    return _with_imports(text, names, write)


def _with_imports(
    text: str,
    names: Mapping[str, str],
    write: Callable[[ast.Import | ast.ImportFrom, ast.alias, str], str],
) -> str:
    statements = [
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    but = frozenset(i for n in statements for i in range(n.lineno, (n.end_lineno or n.lineno) + 1))
    lines = _replaced(text, names.get, but).splitlines(keepends=True)
    for node, alias in _imports(text):
        new = names.get(alias.asname or alias.name)
        if new is not None:
            rest = lines[node.lineno - 1][node.end_col_offset :]
            lines[node.lineno - 1] = write(node, alias, new) + rest
    return "".join(lines)


def _written(node: ast.Import | ast.ImportFrom, name: str, new: str) -> str:
    if isinstance(node, ast.Import):
        return f"import {name} as {new}"
    return f"from {'.' * node.level}{node.module or ''} import {name} as {new}"


def is_usable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in dir(builtins)
