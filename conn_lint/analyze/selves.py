"""Whose methods a chain of calls runs: an object of one class does not come upon those of its sibling.

A walk up that takes the step `self.open()` has learned something of the object: its class looks `open` up as the
function that the walk came from. Such *needs* go with a place for as long as the object stays the same. Where it
is made, or has a type, a class must be found that meets all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from conn_lint.analyze.indirect import Caller
from conn_lint.analyze.walking import Place
from conn_lint.link.values import ClassRef, FunctionId, FunctionRef, ObjectRef
from conn_lint.model.expression import Attribute, Expr, Name, walk
from conn_lint.model.flow import CallEvent, Event, WithEnterEvent, expressions
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

Needs: TypeAlias = frozenset[FunctionRef]

NOTHING: Needs = frozenset()

_MAX_NEEDS = 6
_CONSTRUCTOR = "__init__"
_DETACHED = ("decorate", "wrap", "made", "inject")


class Selves:
    """Answers for steps up, and for calls of an object's own methods."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._types = analysis.types
        self._below: dict[ClassRef, tuple[ClassRef, ...]] = {}
        self._names: dict[ClassRef, frozenset[str]] = {}
        self._several: dict[tuple[ClassRef, str], bool] = {}
        self._replaced: dict[tuple[ClassRef, ClassRef], bool] = {}
        self._needs: dict[tuple[object, Needs, Caller], Needs | None] = {}

    # Up

    def needs(self, place: Place, caller: Caller) -> Needs | None:
        """What is known of the caller's own object; None if no object could take the step."""
        key = (place.at, place.needs, caller)
        if key not in self._needs:
            self._needs[key] = self._find(place, caller)
        return self._needs[key]

    def _find(self, place: Place, caller: Caller) -> Needs | None:
        event = self._program.event(caller.at, caller.node)
        if caller.how in _DETACHED:
            return NOTHING
        if isinstance(place.at, FunctionId) and place.at.number != 0:
            # an inner function has the object of the one around it
            near = (place.at.path, place.at.unit) == (caller.at.path, caller.at.unit)
            return place.needs if near else NOTHING
        if event is None:
            return NOTHING
        if caller.how == "construct":
            return self._made(place, caller, event)
        if isinstance(place.at, ClassRef):
            return NOTHING
        ref = self._program.ref_of(place.at)
        if self._program.class_of(place.at) is None or not isinstance(ref, FunctionRef):
            return NOTHING
        receivers = set(self._receivers(event, self._program.head(ref).name, caller))
        if len(receivers) != 1:
            return NOTHING
        return self._on(receivers.pop(), ref, place.needs, caller.at)

    def _on(self, receiver: Expr, ref: FunctionRef, needs: Needs, at: FunctionId) -> Needs | None:
        """The step is a call on the receiver."""
        mine = self.around(at)
        if mine is not None and receiver == Name(self.own_name(at)):
            return self._met(mine, self._with(needs, ref, mine))
        maker = self._types.maker(receiver, at)
        if isinstance(maker, CallEvent) and maker.func == Name("super"):
            return needs if mine is None else self._met(mine, needs)
        owner = self._types.infer(receiver, at)
        if isinstance(owner, ObjectRef):
            made = isinstance(maker, CallEvent) and isinstance(
                self._analysis.calls.callee(maker, at), ClassRef
            )
            wanted = self._with(needs, ref, owner.cls)
            return None if self._met(owner.cls, wanted, exactly=made) is None else NOTHING
        return NOTHING

    def _made(self, place: Place, caller: Caller, event: Event) -> Needs | None:
        """An object is made there: its class is known."""
        made = (
            self._analysis.calls.callee(event, caller.at) if isinstance(event, CallEvent) else None
        )
        if not isinstance(made, ClassRef):
            return NOTHING
        needs = place.needs
        ref = None if isinstance(place.at, ClassRef) else self._program.ref_of(place.at)
        if isinstance(ref, FunctionRef) and self._program.head(ref).name == _CONSTRUCTOR:
            needs = self._with(needs, ref, made)
        own = isinstance(event, CallEvent) and event.func == Name(self.own_name(caller.at))
        return None if self._met(made, needs, exactly=not own) is None else NOTHING

    def _receivers(self, event: Event, name: str, caller: Caller) -> list[Expr]:
        """On what the event takes the method."""
        if caller.how == "enter" and isinstance(event, WithEnterEvent):
            return [event.value]
        if caller.how == "call" and isinstance(event, CallEvent):
            if name == "__call__":
                return [event.func]
            return [event.func.value] if isinstance(event.func, Attribute) else []
        return [
            part.value
            for expr in expressions(event)
            for part in walk(expr)
            if isinstance(part, Attribute) and part.attr == name
        ]

    def _with(self, needs: Needs, ref: FunctionRef, cls: ClassRef) -> Needs:
        """The method is looked up on the object as well, if that says anything."""
        ref = ref._replace(bound=False)
        if len(needs) >= _MAX_NEEDS or not self._is_several(cls, self._program.head(ref).name):
            return needs
        return needs | {ref}

    def _met(self, cls: ClassRef, needs: Needs, *, exactly: bool = False) -> Needs | None:
        """The needs, if the class or (unless `exactly` it is meant) one below it meets them all."""
        if not needs:
            return needs
        classes = (cls,) if exactly else (cls, *self._subclasses(cls))
        return needs if any(all(self._has(c, ref) for ref in needs) for c in classes) else None

    def _has(self, cls: ClassRef, ref: FunctionRef) -> bool:
        found = self._types.attributes.method(cls, self._program.head(ref).name)
        if found is None or found == ref:
            return True
        # Two bases with one base: what the second replaces comes first as well.
        own, other = (ClassRef(r.path, self._program.head(r).parent) for r in (ref, found))
        ancestry = self._types.attributes.ancestry
        return own in ancestry(cls) and other in ancestry(own)

    def _is_several(self, cls: ClassRef, name: str) -> bool:
        """The family of the class has more than one method of the name."""
        key = (cls, name)
        if key not in self._several:
            ancestry = self._types.attributes.ancestry(cls)
            family = {c for c in ancestry if isinstance(c, ClassRef)} | set(self._subclasses(cls))
            self._several[key] = sum(name in self._defined(c) for c in family) > 1
        return self._several[key]

    def _subclasses(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        if cls not in self._below:
            self._below[cls] = self._analysis.mentions.subclasses(cls)
        return self._below[cls]

    def _defined(self, cls: ClassRef) -> frozenset[str]:
        if cls not in self._names:
            self._names[cls] = frozenset(self._program.members(cls.path, cls.head))
        return self._names[cls]

    # Down

    def receiver(
        self, func: Expr | None, target: FunctionId, at: FunctionId, mine: ClassRef | None
    ) -> ClassRef | None:
        """The class of the object with which a method is entered, if it says more than the method's own.

        `mine` is what is known of the object whose method `at` is.
        """
        if not isinstance(func, Attribute):
            return None
        home = self._program.class_of(target)
        cls = self.known(func.value, at, mine)
        if home is None or cls is None or cls == home:
            return None
        return cls if self._replaces(cls, home) else None

    def known(self, receiver: Expr, at: FunctionId, mine: ClassRef | None) -> ClassRef | None:
        """The class of the object that a method is called on."""
        maker = self._types.maker(receiver, at)
        is_super = isinstance(maker, CallEvent) and maker.func == Name("super")
        if is_super or self.is_own(receiver, at):
            return mine or self.around(at)
        owner = self._types.infer(receiver, at)
        return owner.cls if isinstance(owner, ObjectRef) else None

    def is_own(self, receiver: Expr, at: FunctionId) -> bool:
        """It is the object whose method the function is, or is written in."""
        return isinstance(receiver, Name) and receiver.id == self.own_name(at)

    def method(self, func: Expr, at: FunctionId, mine: ClassRef | None) -> FunctionRef | None:
        """The method that `self.name` is on an object of the class `mine`."""
        if mine is None or not isinstance(func, Attribute) or not self.is_own(func.value, at):
            return None
        found = self._types.attributes.of(ObjectRef(mine.path, mine.head), func.attr)
        return found if isinstance(found, FunctionRef) else None

    def _replaces(self, cls: ClassRef, base: ClassRef) -> bool:
        """The class has methods of its own in place of those that the base has."""
        key = (cls, base)
        if key not in self._replaced:
            ancestry = [c for c in self._types.attributes.ancestry(cls) if isinstance(c, ClassRef)]
            nearer = ancestry[: ancestry.index(base)] if base in ancestry else []
            above = (c for c in self._types.attributes.ancestry(base) if isinstance(c, ClassRef))
            promised = {name for c in above for name in self._defined(c)}
            self._replaced[key] = any(not promised.isdisjoint(self._defined(c)) for c in nearer)
        return self._replaced[key]

    # Names

    def around(self, at: FunctionId) -> ClassRef | None:
        """The class whose method the function is, or is written in."""
        return self._program.class_of(at._replace(number=0))

    def own_name(self, at: FunctionId) -> str:
        """The name that the function has for the object whose method it is, or is written in."""
        method = self._function(at._replace(number=0))
        if method is None or self.around(at) is None or not method.parameters:
            return ""
        if Name("staticmethod") in method.decorators:
            return ""
        name = method.parameters[0].name
        function = self._function(at)
        hidden = at.number != 0 and function is not None and name in function.locals
        return "" if hidden else name

    def _function(self, at: FunctionId) -> Function | None:
        return self._program.function(at)
