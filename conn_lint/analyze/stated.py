"""Names in a project's settings that a framework reads by itself: what modules and classes say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.found import UNKNOWN, Found, same
from conn_lint.analyze.schemas import address
from conn_lint.analyze.values import Values
from conn_lint.link.values import ClassRef, FunctionId
from conn_lint.model.expression import Name
from conn_lint.model.resource import Resource

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Stated:
    """Answers for names, each looked for once all over the program."""

    def __init__(self, analysis: Analysis, values: Values, written: dict[str, bool]) -> None:
        """`written` keeps which names are written as keys: that is the same whatever the values are."""
        self._types = analysis.types
        self._program = analysis.program
        self._values = values
        self._documents = analysis.documents
        self._found: dict[str, Found | None] = {}
        self._schemas: dict[str, Found | None] = {}
        self._written = written

    def options(self, resource: Resource) -> Mapping[str, Found | None]:
        """What is said of a resource's options, by the name or schema that they are read from."""
        names = [option.variable for option in resource.options if option.variable]
        schemas = [option.schema for option in resource.options if option.schema]
        return {**{n: self.of(n) for n in names}, **{s: self._schema(s) for s in schemas}}

    def _schema(self, name: str) -> Found | None:
        if name not in self._schemas:
            self._schemas[name] = address(self._documents, name, self._values)
        return self._schemas[name]

    def of(self, name: str) -> Found | None:
        """What all agree on; None where nobody says anything.

        Where the name is written in another way, as a key for instance, what it has then is not known.
        """
        if name not in self._found:
            found = list(self._bound(name))
            if self._is_key(name) or (not found and self._program.says(f"{name}=")):
                found.append(UNKNOWN)
            self._found[name] = same(found) if found else None
        return self._found[name]

    def _is_key(self, name: str) -> bool:
        if name not in self._written:
            self._written[name] = self._program.says(f'"{name}"', f"'{name}'")
        return self._written[name]

    def _bound(self, name: str) -> Iterator[Found]:
        for path, file in self._program.files.items():
            if file.is_test or name not in file.skeleton.bound:
                continue
            module = FunctionId(path, 0, 0)
            function = self._program.function(module)
            if function is not None and name in function.locals:
                yield self._values.of(Name(name), module)
            for index, head in enumerate(file.skeleton.heads):
                cls = ClassRef(path, index)
                if head.kind == "class" and self._types.attributes.assignments(cls, name):
                    yield self._values.field(cls, name)
