"""Module bodies that run again and again, and loops that run once for each message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conn_lint.analyze.conditions import Conditions, fits
from conn_lint.analyze.labels import Entered, Registration, entry_label
from conn_lint.link.values import External, FunctionId, FunctionRef, Instance, ModuleRef, Value
from conn_lint.model.expression import Attribute, Expr
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import EntryPoint

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Scripts:
    """Answers for a file, or for the loops of a function."""

    def __init__(self, analysis: Analysis, conditions: Conditions) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._conditions = conditions
        self._records = analysis.knowledge.frameworks.entries.matching("script")
        self._loops = analysis.knowledge.frameworks.entries.matching("iteration")
        self._scripts: dict[str, Entered | None] = {}
        self._imported: frozenset[str] | None = None

    def of(self, path: str) -> Entered | None:
        """The entry point that the body of the module is."""
        if path not in self._scripts:
            self._scripts[path] = None
            for record in self._records:
                if self._is_script(record, path):
                    label = entry_label(record, path, "", Registration())
                    self._scripts[path] = Entered(record, label)
        return self._scripts[path]

    def _is_script(self, record: EntryPoint, path: str) -> bool:
        if not self._conditions.hold(record, path):
            return False
        roots = {name.partition(".")[0] for name in record.names}
        if roots and roots.isdisjoint(self._conditions.imports(path)):
            return False
        return self._uses(record, path) and path not in self.imported_files

    def _uses(self, record: EntryPoint, path: str) -> bool:
        """The body calls one of the names, or a function of the file in which that may be."""
        at = FunctionId(path, 0, 0)
        function = self._program.function(at)
        bound = {
            item.bound
            for item in self._program.files[path].skeleton.imports
            if fits(f"{item.module}.{item.name or ''}", record.names)
            or fits(f"{item.module}.", record.names)
        }
        skeleton = self._program.files[path].skeleton
        for head in skeleton.heads:
            for text in head.decorators if head.parent < 0 else ():
                callee = self._analysis.types.module_name(path, text.partition("(")[0].strip())
                if isinstance(callee, External) and callee.name in record.names:
                    return True
        for event in function.graph.events if function is not None else ():
            if not isinstance(event, CallEvent):
                continue
            callee = self._analysis.types.infer(event.func, at)
            if isinstance(callee, External) and self._is_use(callee.name, record):
                return True
            if not isinstance(callee, FunctionRef) or callee.path != path:
                continue
            if self._program.mentions(callee, bound):
                return True
        return False

    def _is_use(self, name: str, record: EntryPoint) -> bool:
        memo = self._analysis.knowledge.frameworks.memo(name)
        return fits(name, record.names) and memo is None

    @property
    def imported_files(self) -> frozenset[str]:
        """The files that another one imports: they run once, whatever stands in them."""
        if self._imported is None:
            found: set[str] = set()
            for path, file in self._program.files.items():
                if file.is_test:
                    continue
                for item in file.skeleton.imports:
                    for module in self._modules(item.module, item.name, item.level, path):
                        if module is not None and module.path not in (None, path):
                            found.add(module.path or "")
            self._imported = frozenset(found)
        return self._imported

    def _modules(
        self, dotted: str, name: str | None, level: int, path: str
    ) -> tuple[ModuleRef | None, ...]:
        modules = self._program.modules
        module = modules.relative(dotted, level, path) if level else modules.absolute(dotted, path)
        if module is None or name is None:
            return (module,)
        return (module, modules.member(module, name))

    def message_loops(self, at: FunctionId) -> dict[int, Entered]:
        """The loops of the function over messages of a broker, by their number."""
        function = self._program.function(at)
        found: dict[int, Entered] = {}
        if function is None or not function.loops:
            return found
        for number, loop in enumerate(function.loops):
            if loop.iterable is not None and loop.kind != "comprehension":
                self._note(found, number, self._record(loop.iterable, None, at))
        for event in function.graph.events:
            match event:
                case CallEvent(func=Attribute(value=owner, attr=method), loop=loop_number):
                    if loop_number >= 0 and loop_number not in found:
                        self._note(found, loop_number, self._record(owner, method, at))
                case _:
                    pass
        return found

    def _note(self, found: dict[int, Entered], loop: int, record: EntryPoint | None) -> None:
        if record is not None:
            found[loop] = Entered(record, entry_label(record, "", "", Registration()))

    def _record(self, expr: Expr, method: str | None, at: FunctionId) -> EntryPoint | None:
        if not self._loops:
            return None
        if method is not None and not any(method in record.methods for record in self._loops):
            return None
        value: Value | None = self._analysis.types.infer(expr, at)
        if not isinstance(value, Instance):
            return None
        names = self._analysis.knowledge.mro(value.type)
        canonical = self._analysis.knowledge.canonical
        for record in self._loops:
            if (method is None or method in record.methods) and any(
                canonical(receiver) in names for receiver in record.receivers
            ):
                return record
        return None
