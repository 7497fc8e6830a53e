"""Modules that a file loads by their names, as in `import_module("shop.server")`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.found import HOLE
from conn_lint.analyze.references import last, mentioned
from conn_lint.link.values import FunctionId
from conn_lint.model.expression import Container, Expr, Literal, Name
from conn_lint.model.flow import CallEvent

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

# Calls whose first argument is the name of a module, or of something in one.
_NAMED = frozenset({"__import__", "import_module", "import_string", "run_module"})
# The same, but they take modules themselves as well; and a keyword that takes a list of names.
_INCLUDE = "include"
_ASKED = _NAMED | {_INCLUDE}
# Calls that look for modules, or are given many: what they load cannot be told.
_SEARCHING = frozenset(
    {
        "autodiscover_tasks", "find_modules", "iter_entry_points", "iter_modules", "load_module",
        "spec_from_file_location", "walk_packages",
    }
)  # fmt: skip
_TRIED = 20  # functions are read for it: a file with more such calls may load anything


class Loaded(NamedTuple):
    """The files that the names mean; `whole`: it loads no others by name."""

    paths: frozenset[str]
    whole: bool


class LoadedByName:
    """Answers for the files of a program, each asked for once."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._found: dict[str, Loaded] = {}

    def of(self, path: str) -> Loaded:
        """What the file loads by name."""
        if path not in self._found:
            self._found[path] = self._of(path)
        return self._found[path]

    def _of(self, path: str) -> Loaded:
        words = self._program.words
        units = range(len(self._program.files[path].skeleton.units))
        numbers = [number for number in units if words.mentions(path, number, _ASKED)]
        searches = any(words.mentions(path, number, _SEARCHING) for number in units)
        if searches or len(numbers) > _TRIED:
            return Loaded(frozenset(), whole=False)
        self._program.load((path, number) for number in numbers)
        names = [name for number in numbers for name in self._names(path, number)]
        found = {file for name in names if name is not None for file in self._files(name, path)}
        return Loaded(frozenset(found), whole=None not in names)

    def _names(self, path: str, number: int) -> Iterator[str | None]:
        """What the unit's calls are given; None for what cannot be told."""
        summary = self._program.unit(path, number)
        if summary is None:
            yield None
            return
        for index, function in enumerate(summary.functions):
            at = FunctionId(path, number, index)
            for event in function.graph.events:
                if event is None:
                    continue
                called = last(event.func) if isinstance(event, CallEvent) else ""
                if called not in _NAMED and any(mentioned(event, name) for name in _NAMED):
                    yield None  # handed on, to be called elsewhere
                if not isinstance(event, CallEvent):
                    continue
                for argument in event.arguments:
                    if argument.keyword == _INCLUDE and isinstance(argument.value, Container):
                        yield from (self._text(item, at) for item in argument.value.items)
                first = event.arguments[0].value if event.arguments else None
                if called in _NAMED or (called == _INCLUDE and isinstance(first, Literal | Name)):
                    yield self._text(first, at)

    def _text(self, expr: Expr | None, at: FunctionId) -> str | None:
        name = self._analysis.values.of(expr, at).text if expr is not None else None
        return name if name and HOLE not in name else None

    def _files(self, name: str, importer: str) -> list[str]:
        """The module's, or that of the module in which the thing of this name is."""
        modules = self._program.modules
        plain = name.replace(":", ".")
        dotted = plain.lstrip(".")
        level = len(plain) - len(dotted)
        for part in filter(None, (dotted, dotted.rpartition(".")[0])):
            module = (
                modules.relative(part, level, importer)
                if level
                else modules.absolute(part, importer)
            )
            if module is not None:
                return [module.path] if module.path is not None else []
        return []
