"""Functions registered without a call that passes them: by text in settings, lists in classes, documents."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from conn_lint.analyze.conditions import Conditions, fits, lies_in
from conn_lint.analyze.deployed import named_handlers
from conn_lint.analyze.labels import Entered
from conn_lint.analyze.matching import Matcher
from conn_lint.analyze.passing import Passing
from conn_lint.analyze.references import last as last_of
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, ModuleRef, Value
from conn_lint.model.expression import Attribute, Container, Expr, Literal, Name, walk
from conn_lint.model.flow import AssignEvent, CallEvent
from conn_lint.model.framework import EntryPoint, Hook, Recognition

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_ADDS = frozenset({"append", "extend", "insert"})


class Registered(NamedTuple):
    """A record, and the name under which a document knows the function."""

    record: EntryPoint | Hook
    label: str = ""


class Registry:
    """Made once, from the few files that can name functions so."""

    def __init__(
        self,
        analysis: Analysis,
        conditions: Conditions,
        matcher: Matcher[EntryPoint],
        passing: Passing,
    ) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._conditions = conditions
        self._matcher = matcher
        self._passing = passing

    def of(self, ref: FunctionRef) -> Registered | None:
        """How the function is registered."""
        return self._all.get(ref._replace(bound=False))

    @functools.cached_property
    def _all(self) -> dict[FunctionRef, Registered]:
        frameworks = self._analysis.knowledge.frameworks
        found: dict[FunctionRef, Registered] = {}
        for handler in named_handlers(self._analysis.documents, frameworks.entries):
            if self._conditions.hold_somewhere(handler.record):
                for ref in self._in_files(handler.candidates, handler.function):
                    found.setdefault(ref, Registered(handler.record, handler.label))
        for setting in frameworks.entries.matching("setting"):
            for ref in self._in_settings(setting):
                found.setdefault(ref, Registered(setting))
        for ref, entered in self._by_text():
            found.setdefault(ref, Registered(entered.entry, entered.label))
        lists: list[EntryPoint | Hook] = [
            *frameworks.hooks.matching("class-attribute"),
            *frameworks.entries.matching("class-attribute"),
        ]
        for record in lists:
            for ref in self._in_classes(record):
                found.setdefault(ref, Registered(record))
        return found

    # Documents

    def _in_files(self, candidates: tuple[str, ...], name: str) -> Iterator[FunctionRef]:
        """The function of that name in the first of the files there is, else in the only one whose path ends so."""
        path = next((c for c in candidates if c in self._program.files), None)
        if path is None:
            ends = [p for p in self._program.files for c in candidates if p.endswith(f"/{c}")]
            path = ends[0] if len(set(ends)) == 1 else None
        index = self._program.members(path, -1).get(name) if path is not None else None
        if path is None or index is None:
            return
        if self._program.files[path].skeleton.heads[index].kind == "function":
            yield FunctionRef(path, index)

    # Calls

    def _by_text(self) -> Iterator[tuple[FunctionRef, Entered]]:
        """Calls that name their handler in a text, in files that import the library."""
        entries = self._analysis.knowledge.frameworks.entries
        records = [r for match in ("call", "decorator") for r in entries.matching(match)]
        for record in records:
            roots = {name.partition(".")[0] for name in (*record.names, *record.receivers)}
            if not record.by_text or roots.isdisjoint(self._conditions.project_imports):
                continue
            words = {name.rpartition(".")[2] for name in (*record.names, *record.attrs)}
            for path, file in self._program.files.items():
                if roots.isdisjoint(self._conditions.imports(path)):
                    continue
                renamed = {i.bound for i in file.skeleton.imports if i.name in words}
                for number in range(len(file.skeleton.units)):
                    if self._program.words.calls(path, number, words | renamed):
                        yield from self._texts_in(path, number, words | renamed)

    def _texts_in(
        self, path: str, unit: int, words: set[str]
    ) -> Iterator[tuple[FunctionRef, Entered]]:
        summary = self._program.unit(path, unit)
        for number, function in enumerate(summary.functions if summary is not None else ()):
            at = FunctionId(path, unit, number)
            for event in function.graph.events:
                if not isinstance(event, CallEvent) or last_of(event.func) not in words:
                    continue
                for index, argument in enumerate(event.arguments):
                    text = argument.value
                    if not isinstance(text, Literal) or not isinstance(text.value, str):
                        continue
                    dotted = text.value.replace(":", ".")
                    entered = self._passing.as_what(event, index, at)
                    if isinstance(entered, Entered) and entered.entry.by_text:
                        for ref in self._by_name(dotted, path):
                            yield ref, entered

    def _by_name(self, dotted: str, importer: str) -> Iterator[FunctionRef]:
        value = self.resolve(dotted, importer)
        if isinstance(value, FunctionRef):
            yield value._replace(bound=False)
        elif value is None:
            module, _, name = dotted.rpartition(".")
            stem = module.replace(".", "/")
            yield from self._in_files((f"{stem}.py", f"{stem}/__init__.py"), name)

    # Settings

    def _in_settings(self, record: EntryPoint) -> Iterator[FunctionRef]:
        for path in self._program.files:
            if not lies_in(path, record.files) or not self._conditions.hold_somewhere(record):
                continue
            if not self._program.words.mentions(path, 0, set(record.variables)):
                continue
            for text in self._texts(path, record.variables):
                yield from self._named(self.resolve(text, path), record)

    def _texts(self, path: str, variables: tuple[str, ...]) -> Iterator[str]:
        function = self._program.function(FunctionId(path, 0, 0))
        for event in function.graph.events if function is not None else ():
            parts: tuple[Expr, ...] = ()
            match event:
                case AssignEvent(target=target, value=value) if target in variables:
                    parts = (value,)
                case CallEvent(func=Attribute(value=Name(id=name), attr=attr)) if (
                    name in variables and attr in _ADDS
                ):
                    parts = tuple(argument.value for argument in event.arguments)
                case _:
                    pass
            for part in parts:
                for item in walk(part):
                    if isinstance(item, Literal) and isinstance(item.value, str):
                        yield item.value

    def _named(self, value: Value | None, record: EntryPoint) -> Iterator[FunctionRef]:
        """A class stands for its methods, a factory for the function that it makes."""
        match value:
            case ClassRef():
                yield from self._matcher.methods(value, record)
            case FunctionRef() if not record.methods:
                yield value
            case FunctionRef(path=path, head=head):
                for index in self._program.members(path, head).values():
                    yield FunctionRef(path, index)
            case _:
                pass

    def resolve(self, dotted: str, importer: str) -> Value | None:
        """What a dotted name in a text stands for in the project."""
        parts = dotted.split(".")
        if len(parts) < 2 or not all(part.isidentifier() for part in parts):
            return None
        for count in range(len(parts) - 1, 0, -1):
            module = self._program.modules.absolute(".".join(parts[:count]), importer)
            if module is not None and module.path is not None:
                value: Value | None = ModuleRef(module.path, module.folder)
                for part in parts[count:]:
                    value = self._analysis.types.attributes.of(value, part)
                return value
        return None

    # Lists in classes

    def _in_classes(self, record: Recognition) -> Iterator[FunctionRef]:
        for path, file in self._program.files.items():
            if not self._conditions.hold(record, path):
                continue
            for index, head in enumerate(file.skeleton.heads):
                if head.kind != "class" or not fits(head.name, record.names):
                    continue
                cls = ClassRef(path, index)
                for variable in record.variables:
                    for at, value, _ in self._analysis.types.attributes.assignments(cls, variable):
                        yield from self._listed(value, at)

    def _listed(self, value: Expr, at: FunctionId) -> Iterator[FunctionRef]:
        """Functions in a list, alone, wrapped in a call, or named by a text."""
        if isinstance(value, Container):
            for item in value.items:
                yield from self._listed(item, at)
            return
        maker = self._analysis.types.maker(value, at)
        if isinstance(maker, CallEvent):
            for argument in maker.arguments[:1]:
                yield from self._listed(argument.value, at)
            return
        found = (
            self.resolve(value.value, at.path)
            if isinstance(value, Literal) and isinstance(value.value, str)
            else self._analysis.types.infer(value, at)
        )
        if isinstance(found, FunctionRef):
            yield found._replace(bound=False)
