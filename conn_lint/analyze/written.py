"""Whether the way a unit writes a name can mean a given function: a question to its text, before it is parsed."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING

from conn_lint.analyze.mentions import OWN_NAMES
from conn_lint.link.symbols import is_builtin
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, Instance, ObjectRef
from conn_lint.link.words import UnitKey
from conn_lint.model.expression import Attribute, Expr, Name
from conn_lint.syntax.spelled import BARE, UNKNOWN

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_GIVEN_ON = frozenset({"Depends", "Security", "Provide", "Inject", "inject"}) | OWN_NAMES
_OWN = frozenset({"self", "cls"})
# Decorators that give a function no arguments.
_PLAIN_NAMES = """
    abstractmethod asynccontextmanager cache cached_property classmethod contextmanager final lru_cache
    overload override property staticmethod wraps
"""
_PLAIN = frozenset(_PLAIN_NAMES.split())
_BUILTINS = frozenset(dir(builtins))


class Written:
    """Answers from texts and skeletons; where they leave it open, the unit may mean the function."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program

    def may_mean(
        self, key: UnitKey, names: Iterable[str], ref: FunctionRef, cls: ClassRef | None
    ) -> bool:
        """The unit may refer to the function by one of the names; `cls` is the class whose method it is."""
        if self._analysis.demand.everything:
            return True
        return any(
            self._may_come_from(key, receiver, name, ref, cls)
            for name in names
            if self._program.words.mentions(*key, {name})
            for receiver in self._program.receivers(key, name)
        )

    def may_make(self, key: UnitKey, names: frozenset[str]) -> bool:
        """The unit may make an object of the class with these names, or hand the class on.

        What is decorated or has dependencies may be given objects by its annotations.
        """
        words = self._program.words
        if self._analysis.demand.everything:
            return True
        if key[1]:
            if words.mentions(*key, _GIVEN_ON):
                return True
            ref = FunctionRef(key[0], self._program.unit_head(*key))
            if not self._program.decorators(ref) <= _PLAIN:
                return True
        return any(
            words.mentions(*key, {name}) and self._program.is_more_than_type(key, name)
            for name in names
        )

    def _may_come_from(
        self, key: UnitKey, receiver: str, name: str, ref: FunctionRef, cls: ClassRef | None
    ) -> bool:
        if receiver.endswith("()"):
            if cls is not None and self._makes_other(key, receiver[:-2], name, ref, cls):
                return False
            receiver = UNKNOWN
        if cls is None:
            return self._may_be_function(key, receiver, name, ref)
        if receiver == BARE:  # in the body of its class
            return key[0] == ref.path and (key[1] == 0 or self._has_class(key))
        if receiver in _OWN:
            return self._has_class(key) or self._is_related(key, cls, ref)
        is_open = "." in receiver or not self._analysis.mentions.is_common(name)
        if not is_open and not self._gets_one(key, receiver, cls, ref):
            return False
        return receiver == UNKNOWN or not self._is_foreign(key, receiver)

    def _makes_other(
        self, key: UnitKey, maker: str, name: str, ref: FunctionRef, cls: ClassRef
    ) -> bool:
        """What is called gives an object of a class of the project whose method of that name is another one."""
        root = maker.partition(".")[0]
        if not self._program.is_only_asked(key, root):
            return False
        types = self._analysis.types
        made = types.infer(_chain(maker), FunctionId(key[0], 0, 0))
        if not isinstance(made, ClassRef) or made in types.attributes.ancestry(cls):
            return False
        found = types.attributes.of(ObjectRef(made.path, made.head), name)
        return isinstance(found, FunctionRef) and found._replace(bound=False) != ref

    def _gets_one(self, key: UnitKey, receiver: str, cls: ClassRef, ref: FunctionRef) -> bool:
        """An object of the class may come into the unit by a name in it, or from an attribute."""
        if key[1] == 0:
            return True
        words = self._program.words
        roots = self._analysis.mentions.roots(cls).intersection(words.of(*key))
        if any(root not in _BUILTINS or self._is_own(key, root) for root in roots):
            return True
        if receiver == UNKNOWN:
            return words.mentions(*key, {"super"}) and self._is_related(key, cls, ref)
        return not self._program.is_local(key, receiver)

    def _is_own(self, key: UnitKey, name: str) -> bool:
        """What has the name of a builtin is taken from something, or bound where a function's body can see it."""
        if self._program.receivers(key, name) != {BARE}:
            return True
        skeleton = self._program.files[key[0]].skeleton
        inner = (head for head in skeleton.heads if head.name == name and head.parent >= 0)
        if any(skeleton.heads[head.parent].kind == "function" for head in inner) or any(
            item.bound == name for item in skeleton.imports
        ):
            return True
        return not is_builtin(self._analysis.types.symbols.in_module(key[0], name))

    def _may_be_function(self, key: UnitKey, receiver: str, name: str, ref: FunctionRef) -> bool:
        """A function of a module is written alone or after the module's name, or was put on an attribute."""
        if receiver == BARE:
            if key[0] == ref.path:
                return True
            used = key[1] != 0 or self._program.is_more_than_import(key, name)
            return used and self._is_bound(key, name)
        if self._program.words.storing(name):
            return True
        root = receiver.partition(".")[0]
        return self._is_global(key, root) and not self._is_foreign(key, receiver)

    def _is_global(self, key: UnitKey, name: str) -> bool:
        """The file binds the name, by whatever statement, be it in a function for an import."""
        heads = self._program.files[key[0]].skeleton.heads
        return self._is_bound(key, name) or any(head.name == name for head in heads)

    def _is_bound(self, key: UnitKey, name: str) -> bool:
        """The same, and not by a definition: it may be what another file calls so."""
        skeleton = self._program.files[key[0]].skeleton
        imported = any(item.bound in (name, "*") for item in skeleton.imports)
        return imported or self._program.words.binds(key[0], name)

    def _has_class(self, key: UnitKey) -> bool:
        """A class is written in the function: names and `self` may be those of its body."""
        heads = self._program.files[key[0]].skeleton.heads
        return any(head.kind == "class" and head.unit == key[1] for head in heads)

    def _is_related(self, key: UnitKey, cls: ClassRef, ref: FunctionRef) -> bool:
        """The unit's class has the method, inherits it or hands it down, or nobody else can be meant."""
        skeleton = self._program.files[key[0]].skeleton
        head = skeleton.units[key[1]].head
        parent = skeleton.heads[head].parent if head >= 0 else -1
        if parent < 0 or self._analysis.mentions.is_distinctive(ref):
            return True
        own = ClassRef(key[0], parent)
        ancestry = self._analysis.types.attributes.ancestry
        return cls in ancestry(own) or own in ancestry(cls)

    def _is_foreign(self, key: UnitKey, receiver: str) -> bool:
        """The receiver is what a name of the module says, nothing binds that name here, and it is a library's."""
        if not self._program.is_only_read_from(key, receiver.partition(".")[0]):
            return False
        found = self._analysis.types.infer(_chain(receiver), FunctionId(key[0], 0, 0))
        return isinstance(found, External | Instance)


def _chain(text: str) -> Expr:
    """`a.b` as an expression."""
    root, *attributes = text.split(".")
    expr: Expr = Name(root)
    for attribute in attributes:
        expr = Attribute(expr, attribute)
    return expr
