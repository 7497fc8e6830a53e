"""Programs made from the `example` of a record on frameworks: imported in several ways, and from another library.

In an example the code that is meant is marked `# entry`, `# hook` or `# none`: on the line of a function, of a call
that is given one, or of a loop; on a line of its own it means the module's body. `# file: path` begins a file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from programs import analysis

from conn_lint.analyze.analysis import Analysis
from conn_lint.link.values import FunctionId, FunctionRef
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import Hook
from conn_lint.syntax.documents import read_document

STYLES = ("import a.b", "import a.b as c", "from a import b", "from a import b as c")
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_MARK = re.compile(r"# (entry|hook|none)$")
_CHAIN = re.compile(r"(?<![\w.\"'])([a-z_]\w*(?:\.\w+)+)")


class Place(NamedTuple):
    path: str
    line: int


class Found(NamedTuple):
    """What is marked in a program, and the ids of the records that it is recognised as."""

    marked: tuple[Place, ...]
    recognised: Mapping[Place, frozenset[str]]

    def ids(self) -> set[str]:
        """All records that anything is recognised as."""
        return {name for ids in self.recognised.values() for name in ids}


def files_of(example: str) -> dict[str, str]:
    """The files of an example; `m.py` where it names none."""
    if not _FILE.search(example):
        return {"m.py": example}
    parts = _FILE.split(example)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def imported(text: str, style: str, prefix: str = "") -> str:
    """The code with imports for the dotted names in it, of a library whose name begins with `prefix`."""
    bound = {
        node.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound |= {a.arg for a in ast.walk(ast.parse(text)) if isinstance(a, ast.arg)}
    imports: dict[str, None] = {}

    def write(match: re.Match[str]) -> str:
        if match[1].partition(".")[0] in bound:
            return match[1]
        parts = f"{prefix}{match[1]}".split(".")
        last = next((i for i, p in enumerate(parts) if i and p[0].isupper()), len(parts) - 1)
        module, tail = ".".join(parts[:last]), "".join(f".{p}" for p in parts[last + 1 :])
        name = parts[last]
        match style:
            case "import a.b":
                imports[f"import {module}"] = None
                return f"{module}.{name}{tail}"
            case "import a.b as c":
                imports[f"import {module} as lib_{last}_{module.replace('.', '_')}"] = None
                return f"lib_{last}_{module.replace('.', '_')}.{name}{tail}"
            case "from a import b":
                imports[f"from {module} import {name}"] = None
                return f"{name}{tail}"
            case _:
                imports[f"from {module} import {name} as the_{name}"] = None
                return f"the_{name}{tail}"

    lines = [
        line if line.startswith(("import ", "from ")) else _CHAIN.sub(write, line)
        for line in text.split("\n")
    ]
    own = [line for line in lines if line.startswith(("import ", "from "))]
    rest = [line for line in lines if not line.startswith(("import ", "from "))]
    if prefix:
        own = [line.replace(" ", f" {prefix}", 1) for line in own]
    return "\n".join([*own, *imports, *rest])


def program(example: str, style: str, prefix: str = "") -> dict[str, str]:
    """The files of an example, ready to be analysed."""
    return {
        path: imported(text, style, prefix) if path.endswith(".py") else text
        for path, text in files_of(example).items()
    }


def recognise(files: Mapping[str, str]) -> Found:
    """Ask of everything in a program what it is."""
    code = {path: text for path, text in files.items() if path.endswith(".py")}
    documents = tuple(
        read_document(text.encode(), "yaml", path)
        for path, text in files.items()
        if path not in code
    )
    made = analysis(code, documents=documents)
    recognised: dict[Place, set[str]] = {}
    for path, line, name in (*_modules(made, code), *_functions(made), *_events(made)):
        recognised.setdefault(Place(path, line), set()).add(name)
    marked = [
        Place(path, number)
        for path, text in code.items()
        for number, line in enumerate(text.split("\n"), 1)
        if _MARK.search(line)
    ]
    return Found(tuple(marked), {place: frozenset(ids) for place, ids in recognised.items()})


def _modules(made: Analysis, code: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    for path, text in code.items():
        marks = [n for n, line in enumerate(text.split("\n"), 1) if line in ("# entry", "# hook")]
        if (script := made.entries.script(path)) is not None:
            yield path, marks[0] if marks else 0, script.entry.id
        if (hook := made.entries.script_hook(path)) is not None:
            yield path, marks[0] if marks else 0, hook.id


def _functions(made: Analysis) -> Iterator[tuple[str, int, str]]:
    for path, file in made.program.files.items():
        for index, head in enumerate(file.skeleton.heads):
            if head.kind != "function":
                continue
            ref = FunctionRef(path, index)
            if (entered := made.entries.of(ref)) is not None:
                yield path, head.def_line, entered.entry.id
            if (hook := made.entries.hook(ref)) is not None:
                yield path, head.def_line, hook.id
            if (none := made.entries.not_entry(ref)) is not None:
                yield path, head.def_line, none.id


def _events(made: Analysis) -> Iterator[tuple[str, int, str]]:
    for path, file in made.program.files.items():
        for unit in range(len(file.skeleton.units)):
            before = made.program.first_line(path, unit)
            for at, event in _calls(made, path, unit):
                for index in range(len(event.arguments)):
                    found = made.entries.passed(event, index, at)
                    if found is not None:
                        name = found.id if isinstance(found, Hook) else found.entry.id
                        yield path, event.span.line + before, name
                for loop, entered in made.entries.message_loops(at).items():
                    function = made.program.function(at)
                    assert function is not None
                    yield path, function.loops[loop].span.line + before, entered.entry.id


def _calls(made: Analysis, path: str, unit: int) -> Iterator[tuple[FunctionId, CallEvent]]:
    summary = made.program.unit(path, unit)
    for number, function in enumerate(summary.functions if summary is not None else ()):
        for event in function.graph.events:
            if isinstance(event, CallEvent):
                yield FunctionId(path, unit, number), event
