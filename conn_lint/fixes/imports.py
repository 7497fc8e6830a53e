"""Makes a name from a library usable in a file: what is imported already is used, else an import is added."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError, walk
from conn_lint.fixes.scopes import bound_by, own_nodes
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span


def use(parsed: Parsed, dotted: str) -> tuple[str, tuple[Edit, ...]]:
    """How the file can write the dotted name, and what must be added for it.

    Raises RenderError where the names that it would need mean something else in the file.
    """
    module, _, name = dotted.rpartition(".")
    for statement in _imports(parsed):
        match statement:
            case cst.ImportFrom(names=aliases) if not isinstance(aliases, cst.ImportStar):
                if _origin(statement) == module:
                    for alias in aliases:
                        if alias.evaluated_name == name:
                            return alias.evaluated_alias or name, ()
            case cst.Import(names=aliases):
                for alias in aliases:
                    if alias.evaluated_name == module:
                        return f"{alias.evaluated_alias or module}.{name}", ()
            case _:
                pass
    if not _is_bound(parsed, name):
        return name, (_add_from(parsed, module, name),)
    if _is_bound(parsed, module.partition(".")[0]):
        raise RenderError(f"the file uses the name {name} for something else")
    return dotted, (_add(parsed, f"import {module}", module),)


def use_module(parsed: Parsed, module: str) -> tuple[str, tuple[Edit, ...]]:
    """The same for a module as a whole."""
    for statement in _imports(parsed):
        if isinstance(statement, cst.Import):
            for alias in statement.names:
                if alias.evaluated_name == module:
                    return alias.evaluated_alias or module, ()
    if _is_bound(parsed, module.partition(".")[0]):
        raise RenderError(f"the file uses the name {module} for something else")
    return module, (_add(parsed, f"import {module}", module),)


def use_own(parsed: Parsed, module: str, name: str) -> tuple[str, tuple[Edit, ...]]:
    """The same for a name from a module of the project, which may be a relative one (".db")."""
    for statement in _imports(parsed):
        for alias in [] if isinstance(statement.names, cst.ImportStar) else statement.names:
            full, whole = alias.evaluated_name, alias.evaluated_alias or alias.evaluated_name
            if isinstance(statement, cst.Import):
                if full == module:
                    return f"{whole}.{name}", ()
                continue
            origin = _origin(statement)
            if (origin, full) == (module, name):
                return whole, ()
            if f"{origin}{'' if origin.endswith('.') else '.'}{full}" == module:
                return f"{whole}.{name}", ()
    if name in _bound_outside(parsed):
        raise RenderError(f"the file uses the name {name} for something else")
    return name, (_add_from(parsed, module, name),)


def bound(parsed: Parsed) -> Iterator[tuple[str, str]]:
    """The names that the file's own imports bind, with what each stands for in its library."""
    for statement in _imports(parsed):
        if isinstance(statement.names, cst.ImportStar):
            continue
        module = f"{_origin(statement)}." if isinstance(statement, cst.ImportFrom) else ""
        if module.startswith("."):
            continue
        for alias in statement.names:
            name = f"{module}{alias.evaluated_name}"
            if alias.asname is None and not module:
                name = name.partition(".")[0]
            yield alias.evaluated_alias or name.rpartition(".")[2], name


def together(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """New imports for one file, those for the same place as one edit: in their order, apart where they need be."""
    places: dict[tuple[str, Span], list[str]] = {}
    for edit in edits:
        texts = places.setdefault((edit.path, edit.span), [])
        if edit.text not in texts:
            texts.append(edit.text)
    return tuple(Edit(path, span, _merged(texts)) for (path, span), texts in places.items())


def _merged(texts: list[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    behind = texts[0].startswith("\n")
    # What stands apart from the import at hand is of another group: it comes last behind it, and first before it.
    groups: dict[bool, list[str]] = {False: [], True: []}
    for text in texts:
        groups["\n\n" in text].append(text.strip("\n"))
    near, far = ("\n".join(_sorted(groups[key])) for key in (False, True))
    if behind:
        return "".join(gap + part for gap, part in (("\n", near), ("\n\n", far)) if part)
    return "".join(part + gap for part, gap in ((far, "\n\n"), (near, "\n")) if part)


def _sorted(lines: list[str]) -> list[str]:
    """`import` before `from`, by the modules' names; what comes from one module on one line."""
    names: dict[str, list[str]] = {}
    for line in lines:
        head, _, name = line.partition(" import ") if line.startswith("from") else (line, "", "")
        names.setdefault(head, []).append(name)
    heads = sorted(names, key=lambda head: (head.startswith("from"), head.split()[1]))
    return [
        f"{head} import {', '.join(sorted(names[head], key=_as_sorted))}"
        if head.startswith("from")
        else head
        for head in heads
    ]


def _origin(statement: cst.ImportFrom) -> str:
    """What it imports from, with the dots of a relative one."""
    name = statement.module and cst.helpers.get_full_name_for_node(statement.module)
    return "." * len(statement.relative) + (name or "")


def _bound_outside(parsed: Parsed) -> set[str]:
    """The names that the file binds on its own level."""
    return {name for node in own_nodes(parsed.module) for name in bound_by(node)}


def _lines(parsed: Parsed) -> Iterator[cst.SimpleStatementLine]:
    for item in parsed.module.body:
        if isinstance(item, cst.SimpleStatementLine):
            yield item


def _imports(parsed: Parsed) -> Iterator[cst.Import | cst.ImportFrom]:
    """The imports on the file's own level."""
    for line in _lines(parsed):
        for small in line.body:
            if isinstance(small, (cst.Import, cst.ImportFrom)):
                yield small


def _is_bound(parsed: Parsed, name: str) -> bool:
    """Something in the file has this name, or might."""
    for node in walk(parsed.module):
        match node:
            case cst.ImportStar():
                return True
            case cst.ImportAlias(asname=None, name=imported):
                full = cst.helpers.get_full_name_for_node(imported) or ""
                if full.partition(".")[0] == name:
                    return True
            case cst.Name(value=value) if value == name:
                above = parsed.parent(node)
                if isinstance(above, cst.ImportFrom) and above.module is node:
                    continue
                if not (isinstance(above, cst.Attribute) and above.attr is node) and not (
                    isinstance(above, cst.Arg) and above.keyword is node
                ):
                    return True
            case _:
                pass
    return False


def _add_from(parsed: Parsed, module: str, name: str) -> Edit:
    """A name more in a plain `from module import ...` that is there, or a new line."""
    listed = _listed(parsed, module, name)
    return listed or _add(parsed, f"from {module} import {name}", module)


def _listed(parsed: Parsed, module: str, name: str) -> Edit | None:
    """A name more in a plain `from module import ...`, if there is one."""
    for statement in _imports(parsed):
        if not isinstance(statement, cst.ImportFrom) or _origin(statement) != module:
            continue
        if isinstance(statement.names, cst.ImportStar):
            continue
        span = parsed.span(statement)
        if span.line == span.end_line and statement.lpar is None:
            names = [parsed.text(alias) for alias in statement.names]
            if all("as" not in text.split() for text in names):
                listed = ", ".join(sorted([*names, name], key=_as_sorted))
                return Edit(parsed.path, span, f"from {module} import {listed}")
    return None


def _as_sorted(name: str) -> tuple[int, str]:
    """Constants, classes, functions: as import sorters have it."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _add(parsed: Parsed, text: str, module: str) -> Edit:
    """A new line among the imports: in its group, in the order of names; where that has none, behind the last one of
    its package, or of its group.
    """
    ours = (_rank(parsed, module), text.startswith("from"), module)
    lines = {line: _key(parsed, line) for line in _import_lines(parsed)}
    alike = {line: key for line, key in lines.items() if key[0] == ours[0]}
    near, apart = alike or lines, not alike
    if sorted(alike.values()) != list(alike.values()):
        kin = [line for line, key in alike.items() if _package(key[2]) == _package(module)]
        return _behind(parsed, (kin or list(alike))[-1], text, apart=False)
    if not near:
        return _first(parsed, text)
    above = [line for line, key in near.items() if key < ours]
    if above:
        return _behind(parsed, max(above, key=lambda line: near[line]), text, apart=apart)
    return _before(parsed, min(near, key=lambda line: near[line]), text, apart=apart)


def _import_lines(parsed: Parsed) -> Iterator[cst.SimpleStatementLine]:
    """The imports at the top of the file, each on a line of its own, up to the first other statement."""
    for item in parsed.module.body:
        match item:
            case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom()]):
                yield item
            case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
                pass
            case _:
                return


def _key(parsed: Parsed, line: cst.SimpleStatementLine) -> tuple[int, bool, str]:
    """The order of imports: by groups, and in each `import` before `from`."""
    statement = line.body[0]
    if isinstance(statement, cst.ImportFrom):
        return _rank(parsed, _origin(statement)), True, _origin(statement)
    assert isinstance(statement, cst.Import)
    name = statement.names[0].evaluated_name
    return _rank(parsed, name), False, name


def _rank(parsed: Parsed, module: str) -> int:
    """Its group: `__future__`, the standard library, others, the file's own packages, relative ones."""
    if module == "__future__":
        return 0
    if module.startswith("."):
        return 4
    if _package(module) in sys.stdlib_module_names:
        return 1
    return 3 if _package(module) in parsed.path.split("/")[:-1] else 2


def _package(module: str) -> str:
    return module.partition(".")[0]


def _before(parsed: Parsed, line: cst.SimpleStatementLine, text: str, *, apart: bool) -> Edit:
    at = parsed.span(line).line
    gap = "\n\n" if apart else "\n"
    return Edit(parsed.path, Span(at, 0, at, 0), text + gap)


def _behind(parsed: Parsed, line: cst.SimpleStatementLine, text: str, *, apart: bool) -> Edit:
    at = parsed.span(line).end_line
    end = len(parsed.lines[at - 1])
    gap = "\n\n" if apart else "\n"
    return Edit(parsed.path, Span(at, end, at, end), gap + text)


def _first(parsed: Parsed, text: str) -> Edit:
    """The file's first import: below its docstring and the comments at its top."""
    match parsed.module.body:
        case [cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]) as docstring, *_]:
            return _behind(parsed, docstring, text, apart=True)
        case _:
            pass
    at = 1
    while at <= len(parsed.lines) and parsed.lines[at - 1].startswith("#"):
        at += 1
    return Edit(parsed.path, Span(at, 0, at, 0), text + "\n\n")
