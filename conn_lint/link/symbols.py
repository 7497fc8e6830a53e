"""What a name at module level stands for: a function, a class, an import followed to its end, or assignments."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from conn_lint.link.program import Program
from conn_lint.link.values import ClassRef, External, FunctionRef, ModuleRef, Value
from conn_lint.model.flow import Import

_MAX_DEPTH = 30
_VERSIONS = frozenset({"__version__", "VERSION", "version_info"})


class Assigned(NamedTuple):
    """A module variable: its value is what the module's assignments give."""

    path: str
    name: str


class KnownModules(Protocol):
    """Which modules are known libraries, so that a stray file of that name is not taken for one."""

    def knows_module(self, dotted: str) -> bool: ...


class Symbols:
    """Looks names up across the files of a program."""

    def __init__(self, program: Program, libraries: KnownModules) -> None:
        self._program = program
        self._libraries = libraries
        self._imports: dict[str, dict[str, list[Import]]] = {}
        self._memo: dict[tuple[str, str], Value | Assigned | None] = {}

    def in_module(self, path: str, name: str, depth: int = 0) -> Value | Assigned | None:
        """What `name` stands for at the end of the module; None if it cannot be told."""
        key = (path, name)
        if key not in self._memo:
            if depth > _MAX_DEPTH:
                return None
            self._memo[key] = None
            self._memo[key] = self._in_module(path, name, depth)
        return self._memo[key]

    def _in_module(self, path: str, name: str, depth: int) -> Value | Assigned | None:
        members = self._program.members(path, -1)
        if name in members:
            head = self._program.files[path].skeleton.heads[members[name]]
            make = ClassRef if head.kind == "class" else FunctionRef
            return make(path, members[name])
        imports = self._module_imports(path)
        for found in imports.get(name, ()):
            value = self.imported(found, path, depth + 1)
            if value is not None:
                return value
        if name in imports:
            return None
        if self._is_assigned(path, name):
            return Assigned(path, name)
        for star in imports.get("*", ()):
            module = self._module(star, path)
            if isinstance(module, ModuleRef) and module.path is not None:
                value = self.in_module(module.path, name, depth + 1)
                if value is None or not is_builtin(value):
                    return value
            elif not isinstance(module, ModuleRef):
                return None  # a stranger may define anything
        return External(f"builtins.{name}")

    def imported(self, found: Import, importer: str, depth: int = 0) -> Value | Assigned | None:
        """What an import binds."""
        module = self._module(found, importer)
        if found.name is None:
            if "." in found.module and not found.aliased:
                module = self._module(
                    Import(found.bound, None, found.bound, 0, found.line), importer
                )
            return module
        if isinstance(module, External):
            return External(f"{module.name}.{found.name}")
        if module is None:
            return None
        return self.member(module, found.name, depth)

    def member(self, module: ModuleRef, name: str, depth: int = 0) -> Value | Assigned | None:
        """The attribute `name` of a module of the project."""
        if module.path is not None:
            value = self.in_module(module.path, name, depth + 1)
            if value is not None and not is_builtin(value):
                return value
        return self._program.modules.member(module, name)

    def _module(self, found: Import, importer: str) -> External | ModuleRef | None:
        if found.level:
            return self._program.modules.relative(found.module, found.level, importer)
        module = self._program.modules.absolute(found.module, importer)
        if module is not None and module.path == importer:
            module = None
        if module is not None and self._libraries.knows_module(found.module):
            # A redis.py somewhere beside the importer is not what `import redis` means; one at the root is.
            root = self._program.files[importer].root
            stem = found.module.replace(".", "/")
            own = f"{root}/{stem}" if root else stem
            if module.path not in (f"{own}.py", f"{own}/__init__.py") or self._is_vendored(module):
                module = None
        return module if module is not None else External(found.module)

    def _is_vendored(self, module: ModuleRef) -> bool:
        """A copy of the library itself: it states a version, as libraries do."""
        if module.path is None:
            return False
        return self._program.words.mentions(module.path, 0, _VERSIONS)

    def _module_imports(self, path: str) -> dict[str, list[Import]]:
        """Imports outside functions, by the name they bind; the last one first."""
        if path not in self._imports:
            skeleton = self._program.files[path].skeleton
            inside = [
                (h.def_line, h.end_line)
                for h in skeleton.heads
                if h.kind == "function" and h.parent == -1
            ]
            inside += [
                (h.def_line, h.end_line)
                for h in skeleton.heads
                if h.kind == "class" and h.parent == -1
            ]
            inside.sort()
            found: dict[str, list[Import]] = {}
            for item in skeleton.imports:
                if not any(first <= item.line <= last for first, last in inside):
                    found.setdefault(item.bound, []).insert(0, item)
            self._imports[path] = found
        return self._imports[path]

    def _is_assigned(self, path: str, name: str) -> bool:
        if not self._program.words.binds(path, name):
            # `global name` in a function binds it too, but then the module's own text rarely lacks it.
            return False
        summary = self._program.unit(path, 0)
        return summary is not None and name in summary.functions[0].locals


def is_builtin(value: Value | Assigned | None) -> bool:
    """Python itself brings it."""
    return isinstance(value, External) and value.name.startswith("builtins.")
