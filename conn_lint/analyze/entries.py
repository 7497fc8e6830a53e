"""Where requests, jobs and messages enter the program, where start-up code runs, and what is made once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from conn_lint.analyze.conditions import Conditions
from conn_lint.analyze.decorators import Decorators
from conn_lint.analyze.labels import Entered, Registration, entry_label
from conn_lint.analyze.matching import Found, Matcher, is_called
from conn_lint.analyze.passing import Passing
from conn_lint.analyze.registered import Registry
from conn_lint.analyze.scripts import Scripts
from conn_lint.link.values import ClassRef, External, FunctionId, FunctionRef, ObjectRef, Value
from conn_lint.model.expression import Call, Expr
from conn_lint.model.flow import CallEvent
from conn_lint.model.framework import EntryPoint, Hook, Memo, NotEntry

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis


class Entries:
    """Answers for each function once, and cheaply: most are told by words in skeletons to be nothing of it."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._program = analysis.program
        self._frameworks = analysis.knowledge.frameworks
        self._decorators = Decorators(analysis)
        self._conditions = Conditions(analysis)
        parts = (self._decorators, self._conditions)
        self._entries = Matcher(analysis, self._frameworks.entries, *parts)
        self._hooks = Matcher(analysis, self._frameworks.hooks, *parts)
        self._not_entries = Matcher(analysis, self._frameworks.not_entries, *parts)
        self._passing = Passing(analysis, self._conditions)
        self._registry = Registry(analysis, self._conditions, self._entries, self._passing)
        self._scripts = Scripts(analysis, self._conditions)
        self._entered: dict[FunctionRef, Entered | None] = {}
        self._hooked: dict[FunctionRef, Hook | None] = {}
        self._memos: dict[FunctionRef | ClassRef, Memo | None] = {}

    def of(self, ref: FunctionRef) -> Entered | None:
        """The entry point that the function is: by decorator, base class, name, a file that names it, or the user."""
        ref = ref._replace(bound=False)
        if ref not in self._entered:
            self._entered[ref] = None
            self._entered[ref] = self._enter(ref)
        return self._entered[ref]

    def _enter(self, ref: FunctionRef) -> Entered | None:
        registered = self._registry.of(ref)
        if registered is not None and isinstance(registered.record, EntryPoint):
            if registered.label:
                return Entered(registered.record, registered.label)
            return self._labelled(Found(registered.record, Registration()), ref)
        found = self._entries.find(ref)
        if found is None or self._is_hook_by_name(ref):
            return None
        return self._labelled(found, ref)

    def _is_hook_by_name(self, ref: FunctionRef) -> bool:
        """A decorator of entry points is that of a hook on functions of this name."""
        found = self._hooks.find(ref)
        return found is not None and bool(found.record.functions)

    def _labelled(self, found: Found[EntryPoint], ref: FunctionRef) -> Entered:
        head = self._program.head(ref)
        heads = self._program.files[ref.path].skeleton.heads
        around = heads[head.parent] if head.parent >= 0 else None
        class_name = around.name if around is not None and around.kind == "class" else ""
        return Entered(found.record, entry_label(found.record, head.name, class_name, found.how))

    def hook(self, ref: FunctionRef) -> Hook | None:
        """The start-up or shutdown code that the function is."""
        ref = ref._replace(bound=False)
        if ref not in self._hooked:
            registered = self._registry.of(ref)
            if registered is not None and isinstance(registered.record, Hook):
                self._hooked[ref] = registered.record
            else:
                found = self._hooks.find(ref)
                self._hooked[ref] = None if found is None else found.record
        return self._hooked[ref]

    def is_not_entry(self, ref: FunctionRef) -> bool:
        """It looks like an entry point, but runs once per process, or in tests."""
        return self.of(ref) is None and self.not_entry(ref) is not None

    def not_entry(self, ref: FunctionRef) -> NotEntry | None:
        """Why it may be none."""
        found = self._not_entries.find(ref._replace(bound=False))
        return None if found is None else found.record

    # Calls that are given a callable

    def passed(self, event: CallEvent, index: int, at: FunctionId) -> Entered | Hook | None:
        """What a callable is registered as that is argument number `index` of the call."""
        return self._passing.as_what(event, index, at)

    def passed_outside(self, call: Call, index: int, at: FunctionId) -> Entered | Hook | None:
        """The same for a call outside any graph: in a default, an annotation, a decorator's arguments."""
        return self._passing.as_what(call, index, at)

    def registered_class(self, value: Expr, at: FunctionId) -> ClassRef | None:
        """The class of the project that `V.as_view()` or `V` stands for."""
        return self._passing.registered_class(value, at)

    def handlers(self, value: Value | None, entry: EntryPoint) -> tuple[FunctionRef, ...]:
        """The functions that are entered where this value is registered: of a class or object, its methods."""
        match value:
            case FunctionRef():
                return (value._replace(bound=False),)
            case ClassRef() | ObjectRef():
                cls = ClassRef(value.path, value.head)
                found = self._entries.methods(cls, entry) if entry.methods else ()
                entered = [m for m in self._methods(cls) if self.of(m) is not None]
                if found or entered:
                    return tuple(dict.fromkeys((*found, *entered)))
                name = "__call__" if isinstance(value, ObjectRef) else "__init__"
                method = self._analysis.types.attributes.method(cls, name)
                return () if method is None else (method,)
            case _:
                return ()

    def _methods(self, cls: ClassRef) -> list[FunctionRef]:
        ancestry = self._analysis.types.attributes.ancestry(cls)
        return [m for c in ancestry if isinstance(c, ClassRef) for m in self._program.methods(c)]

    def referenced(self, dotted: str, importer: str) -> Value | None:
        """The function or class of the project that a text names: "app.views.index"."""
        return self._registry.resolve(dotted, importer)

    # Modules, loops and classes

    def script(self, path: str) -> Entered | None:
        """The module's body is run again and again: a page of a data app, a file of workflows."""
        return self._scripts.of(path)

    def script_hook(self, path: str) -> Hook | None:
        """The module's body is start-up code: wsgi.py."""
        records = self._frameworks.hooks.matching("script")
        return next((r for r in records if self._conditions.hold(r, path)), None)

    def message_loops(self, at: FunctionId) -> dict[int, Entered]:
        """The loops of a function that run once for each message of a broker."""
        return self._scripts.message_loops(at)

    def instance(self, cls: ClassRef) -> str:
        """How often an entry class is made: "per-request", "once"...; "" if it is none."""
        records = self._entries.records_of(cls)
        return next((record.instance for record in records if record.instance), "")

    # Made once

    def memo(self, ref: FunctionRef | ClassRef) -> Memo | None:
        """The decorator that keeps what the function or class gives, or the user's word that it is made once."""
        if isinstance(ref, FunctionRef):
            ref = ref._replace(bound=False)
        if ref not in self._memos:
            self._memos[ref] = None
            self._memos[ref] = self._singleton(ref) or self._memoised(ref)
        return self._memos[ref]

    def memo_of(self, dotted: str) -> Memo | None:
        """The way of making something once that a name outside the project stands for."""
        return self._frameworks.memo(dotted)

    @functools.cached_property
    def has_user_sessions(self) -> bool:
        """The project imports a library that keeps things for each user's session."""
        return not self._conditions.project_imports.isdisjoint(self._frameworks.session_keepers)

    def decorated_by(self, ref: FunctionRef | ClassRef) -> list[Value]:
        """What its decorators stand for, those that can be told."""
        found = [self._decorators.resolve(ref, d).value for d in self._decorators.of(ref)]
        return [value for value in found if value is not None]

    def _singleton(self, ref: FunctionRef | ClassRef) -> Memo | None:
        refs = [ref]
        head = self._program.head(ref)
        if (
            isinstance(ref, FunctionRef)
            and head.name in ("__init__", "__new__")
            and head.parent >= 0
        ):
            refs.append(ClassRef(ref.path, head.parent))
        for memo in self._frameworks.singletons:
            if any(is_called(self._analysis, own, memo.names) for own in refs):
                return memo
        return None

    def _memoised(self, ref: FunctionRef | ClassRef) -> Memo | None:
        for decoration in self._decorators.of(ref):
            last = self._conditions.original(ref.path, decoration.last)
            by_word = self._frameworks.memo_by_word(last)
            if by_word is None and last not in self._frameworks.memo_last_names:
                continue
            value = self._decorators.resolve(ref, decoration).value
            known = self._frameworks.memo(value.name) if isinstance(value, External) else None
            if known is not None or by_word is not None:
                return known or by_word
        return None
