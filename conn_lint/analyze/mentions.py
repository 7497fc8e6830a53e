"""Which units can mean a given function or class when they mention its name: a question to skeletons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from sys import intern
from typing import TYPE_CHECKING

from conn_lint.link.values import ClassRef, FunctionId, FunctionRef
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Expr, Name, walk
from conn_lint.model.flow import expressions
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

BUILTIN_METHODS = frozenset(
    name
    for kind in (str, bytes, list, dict, set, tuple, int, type(open), type(lambda: 0))
    for name in dir(kind)
)
"""Names that methods of builtin types have: of a call on something unknown they tell nothing."""


_FEW = 4
_MANY = 40

_GIVING = frozenset({"return", "yield", "lambda"})
"""What is in every function that gives something back; its name may be given an object of what it mentions."""

OWN_NAMES = frozenset({"cls", "__class__"})
"""How methods call their own class."""


class Mentions:
    """Answers from skeletons alone; nothing is parsed for it."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._givers: dict[ClassRef, frozenset[str]] = {}
        self._roots: dict[ClassRef, frozenset[str]] = {}
        self._nodes: dict[FunctionId, dict[str, tuple[int, ...]]] = {}
        self._same_nodes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._only: dict[tuple[str, int], bool] = {}
        self._imports_of: dict[str, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {}
        self._says: dict[tuple[UnitKey, frozenset[str]], bool] = {}

    @cached_property
    def _aliases(self) -> dict[str, frozenset[str]]:
        """Names under which imports bind another name."""
        found: dict[str, set[str]] = defaultdict(set)
        for file in self._program.files.values():
            for item in file.skeleton.imports:
                if item.name is not None and item.bound not in (item.name, "*"):
                    found[item.name].add(item.bound)
        return {name: frozenset(bound) for name, bound in found.items()}

    @cached_property
    def _heads(self) -> dict[str, list[tuple[str, int]]]:
        """The heads of each name."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for path, file in self._program.files.items():
            if not file.is_stub:
                for index, head in enumerate(file.skeleton.heads):
                    found[head.name].append((path, index))
        return found

    def nodes(self, at: FunctionId, names: Iterable[str]) -> list[int]:
        """The nodes of a function whose events mention one of the names."""
        if at not in self._nodes:
            found: dict[str, list[int]] = defaultdict(list)
            function = self._program.function(at)
            for node, event in enumerate(function.graph.events if function is not None else ()):
                for word in _words(expressions(event) if event is not None else ()):
                    found[word].append(node)
            same = self._same_nodes  # most names are mentioned once, so that few tuples are all
            self._nodes[at] = {
                word: same.setdefault(nodes := tuple(on), nodes) for word, on in found.items()
            }
        by_name = self._nodes[at]
        return sorted({node for name in names for node in by_name.get(name, ())})

    def saying(self, keys: Iterable[UnitKey], names: frozenset[str]) -> list[UnitKey]:
        """The units that refer to one of the names and not only define it. They are read for it.

        Where many classes have a method of one name, each of these units else is looked through for each of them.
        """
        return [key for key in keys if self._is_said(key, names)]

    def _is_said(self, key: UnitKey, names: frozenset[str]) -> bool:
        asked = (key, names)
        if asked not in self._says:
            summary = self._program.unit(*key)
            self._says[asked] = any(
                self.nodes(FunctionId(*key, index), names)
                or not names.isdisjoint(_around(function))
                for index, function in enumerate(summary.functions if summary is not None else ())
            )
        return self._says[asked]

    def names_of(self, name: str) -> frozenset[str]:
        """The name and those that imports give it."""
        return frozenset({name}) | self._aliases.get(name, frozenset())

    def subclasses(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        """Classes of the project that inherit from it, at any distance; not the class itself."""
        found: list[ClassRef] = []
        todo = [cls]
        while todo:
            name = self._program.head(todo.pop()).name
            for spelling in self.names_of(name):
                for sub in self._program.classes_by_base.get(spelling, ()):
                    known = sub in found or sub == cls
                    if not known and cls in self._analysis.types.attributes.ancestry(sub):
                        found.append(sub)
                        todo.append(sub)
        return tuple(found)

    def named_below(self, base: str) -> set[str]:
        """The names of classes that are written with a base of this last name, as imports call it."""
        return {
            self._program.head(ref).name
            for spelling in self.names_of(base)
            for ref in self._program.classes_by_base.get(spelling, ())
        }

    def class_names(self, cls: ClassRef) -> frozenset[str]:
        """The names of the class and of its subclasses, as anybody may write them."""
        refs = (cls, *self.subclasses(cls))
        return frozenset(n for ref in refs for n in self.names_of(self._program.head(ref).name))

    def of_function(self, ref: FunctionRef) -> list[UnitKey]:
        """The units that may refer to a function of a module by its name."""
        return self.of_variable(self._program.head(ref).name, ref.path)

    def of_variable(self, name: str, home: str) -> list[UnitKey]:
        """The units that may refer to what a module calls so."""
        stem = home.rpartition("/")[2].removesuffix(".py")
        module = home.rpartition("/")[0].rpartition("/")[2] if stem == "__init__" else stem
        found = []
        for spelling in self.names_of(name):
            for path, number in self._analysis.mentioning(spelling):
                if path == home or self._imports(path, spelling, module):
                    found.append((path, number))
        return sorted(set(found))

    def _imports(self, path: str, name: str, module: str) -> bool:
        bound, names, parts = self._imported(path)
        return (
            name in bound or "*" in bound or not names.isdisjoint((name, module)) or module in parts
        )

    def _imported(self, path: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """What the imports of a file bind, what they name, and the parts of modules' names in them."""
        if path not in self._imports_of:
            imports = self._program.files[path].skeleton.imports
            self._imports_of[path] = (
                frozenset(item.bound for item in imports),
                frozenset(item.name for item in imports if item.name is not None),
                frozenset(intern(part) for item in imports for part in item.module.split(".")),
            )
        return self._imports_of[path]

    def of_method(self, ref: FunctionRef, cls: ClassRef) -> list[UnitKey]:
        """The units that may refer to a method: their files mention its class, or somebody who gives one."""
        name = self._program.head(ref).name
        units = self._analysis.mentioning(name)
        if self.is_distinctive(ref):
            return units
        files = {path for root in self.roots(cls) for path in self._program.words.files_with(root)}
        return [key for key in units if key[0] in files]

    def roots(self, cls: ClassRef) -> frozenset[str]:
        """The names by which code gets an object of the class: its own, its relatives', its givers'."""
        if cls not in self._roots:
            self._roots[cls] = self._related(cls) | self._givers_of(cls)
        return self._roots[cls]

    def of_class(self, cls: ClassRef) -> list[UnitKey]:
        """The units that mention the class or a subclass; its own methods may call it `cls`."""
        units = {key for name in self.class_names(cls) for key in self._analysis.mentioning(name)}
        for own in (cls, *self.subclasses(cls)):
            for base in self._analysis.types.attributes.ancestry(own):
                if isinstance(base, ClassRef):
                    for method in self._program.methods(base):
                        if self._program.mentions(method, OWN_NAMES):
                            units.add((base.path, self._program.head(method).unit))
        return sorted(units)

    def _related(self, cls: ClassRef) -> frozenset[str]:
        """Its own names and those of its bases in the project: an object may be known as one of them."""
        bases = self._analysis.types.attributes.ancestry(cls)
        names = {
            name
            for base in bases
            if isinstance(base, ClassRef)
            for name in self.names_of(self._program.head(base).name)
        }
        return frozenset(names) | self.class_names(cls)

    def _givers_of(self, cls: ClassRef) -> frozenset[str]:
        """Functions and classes in whose units an object of the class is mentioned: they may hand it on."""
        if cls not in self._givers:
            found: set[str] = set()
            for name in self._related(cls):
                for path, number in self._analysis.mentioning(name):
                    skeleton = self._program.files[path].skeleton
                    head = skeleton.units[number].head
                    if head < 0:
                        continue
                    if self._program.words.mentions(path, number, _GIVING):
                        found.add(skeleton.heads[head].name)
                    parent = skeleton.heads[head].parent
                    if parent >= 0:
                        found.add(skeleton.heads[parent].name)
            self._givers[cls] = frozenset(
                name for name in found if not name.startswith("__") and name not in BUILTIN_METHODS
            )
        return self._givers[cls]

    def is_distinctive(self, ref: FunctionRef) -> bool:
        """So few methods bear the name that a call of it on something unknown may be asked after."""
        name = self._program.head(ref).name
        return name not in BUILTIN_METHODS and len(self._heads[name]) <= _FEW

    def is_common(self, name: str) -> bool:
        """So many have a method of the name that a call of it on something unknown tells nothing."""
        return name in BUILTIN_METHODS or len(self._heads[name]) > _MANY

    def is_alone(self, ref: FunctionRef, given: int = -1) -> bool:
        """The method's name is defined by one class, or one family of classes, and no builtin type has it.

        Of several the one counts that alone takes as many arguments as are `given`.
        """
        key = (self._program.head(ref).name, given)
        if key not in self._only:
            self._only[key] = self._is_alone(*key)
        return self._only[key] and (given < 0 or self._accepts(ref, given))

    def _is_alone(self, name: str, given: int) -> bool:
        if name.startswith("__") or self.is_common(name):
            return False
        others: list[tuple[FunctionRef, ClassRef]] = []
        for path, index in self._heads[name]:
            head = self._program.files[path].skeleton.heads[index]
            if head.parent < 0 or self._program.files[path].is_test:
                continue
            if self._program.files[path].skeleton.heads[head.parent].kind != "class":
                return False
            others.append((FunctionRef(path, index), ClassRef(path, head.parent)))
        if len(others) == 1 or self._one_family([cls for _, cls in others]):
            return True
        fitting = [cls for other, cls in others if given >= 0 and self._accepts(other, given)]
        return len(fitting) == 1 or self._one_family(fitting)

    def _accepts(self, ref: FunctionRef, given: int) -> bool:
        """The method can be called with so many arguments, besides its object."""
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        if function is None:
            return True
        kinds = [p.kind for p in function.parameters]
        plain = [p for p in function.parameters if p.kind in ("positional", "normal")][1:]
        needed = sum(1 for p in plain if p.default is None)
        most = len(plain) + (len(function.parameters) if "*" in kinds or "**" in kinds else 0)
        return needed <= given <= most + kinds.count("keyword")

    def _one_family(self, classes: list[ClassRef]) -> bool:
        """One of the classes, which is written in the project, is a base of all the others."""
        if not classes or len(classes) > _MANY:
            return False
        ancestry = self._analysis.types.attributes.ancestry
        common = set(ancestry(classes[0]))
        for cls in classes[1:]:
            common &= set(ancestry(cls))
        return any(cls in common for cls in classes)


def _words(exprs: Iterable[Expr]) -> set[str]:
    return {
        part.attr if isinstance(part, Attribute) else part.id
        for expr in exprs
        for part in walk(expr)
        if isinstance(part, Name | Attribute)
    }


def _around(function: Function) -> set[str]:
    """What the decorators, defaults and annotations of a function mention."""
    given = [part for p in function.parameters for part in (p.default, p.annotation)]
    return _words([*function.decorators, *(part for part in given if part is not None)])
