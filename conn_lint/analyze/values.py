"""The values that settings have: literals, constants where they are defined, defaults of environment variables.

Texts may have holes (`HOLE`) where a part cannot be told: a password, a host that the environment decides. What
cannot be told at all is unknown; a variable of the environment that decides it is named all the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from conn_lint.analyze.changed import Changed
from conn_lint.analyze.found import (
    HOLE,
    UNKNOWN,
    Found,
    Table,
    calculated,
    either,
    joined,
    same,
    unpacked,
)
from conn_lint.analyze.ini_settings import IniSettings
from conn_lint.analyze.parameters import Parameters
from conn_lint.analyze.places import Places
from conn_lint.analyze.readings import Readings
from conn_lint.analyze.stated import Stated
from conn_lint.link.symbols import Assigned
from conn_lint.link.values import (
    ClassRef,
    External,
    FunctionId,
    FunctionRef,
    Instance,
    ModuleRef,
    ObjectRef,
)
from conn_lint.model.expression import (
    Argument,
    Attribute,
    Call,
    Conditional,
    Container,
    Expr,
    FString,
    Literal,
    Name,
    Operator,
    Subscript,
    Temp,
    walk,
)
from conn_lint.model.flow import (
    AssignEvent,
    AwaitEvent,
    CallEvent,
    ImportEvent,
    ReturnEvent,
)
from conn_lint.model.pool import Source
from conn_lint.model.summary import Function

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis

_MAX_DEPTH = 25


class Values:
    """Follows expressions to what they are.

    `surroundings`: the variables of the environment as one of the project's settings files has them.
    """

    def __init__(self, analysis: Analysis, surroundings: Mapping[str, Found] | None = None) -> None:
        self._analysis = analysis
        self._surroundings = surroundings or {}
        self._types = analysis.types
        self._program = analysis.program
        self._knowledge = analysis.knowledge
        self._places = Places(analysis.program)
        self._readings = Readings(analysis, self)
        self._parameters = Parameters(analysis, self)
        self._changed = Changed(analysis.types, self.of)
        self._depth = 0
        self._names: dict[tuple[FunctionId, str], Found] = {}
        self._fields: dict[tuple[ClassRef, str], Found] = {}
        self._returns: dict[FunctionRef, Found] = {}

    def of(self, expr: Expr, at: FunctionId) -> Found:
        """The value that the expression has inside the function `at`."""
        if self._depth > _MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        try:
            return self._of(expr, at)
        finally:
            self._depth -= 1

    def _of(self, expr: Expr, at: FunctionId) -> Found:
        match expr:
            case Literal(kind="ellipsis" | "complex" | "bytes"):
                return UNKNOWN
            case Literal(kind=kind, value=value):
                return UNKNOWN if value is None and kind != "none" else Found(value, "argument")
            case Name(id=name):
                return self._name(name, at)
            case Attribute():
                return self._attribute(expr, at)
            case Temp():
                return self._result(expr, at)
            case Call():
                return self._readings.call(expr.func, expr.arguments, at)
            case FString(parts=parts):
                return joined([self.of(part, at) for part in parts])
            case Operator(op=op, operands=operands):
                return self._operator(op, operands, at)
            case Conditional(body=body, orelse=orelse):
                return same([self.of(body, at), self.of(orelse, at)])
            case Container(kind="dict", items=items, keys=keys):
                return self._table(items, keys, at)
            case Subscript(value=value, index=index):
                return self._item(value, index, at)
            case _:
                return UNKNOWN

    @functools.cached_property
    def stated(self) -> Stated:
        """What the project's settings say by names that a framework reads."""
        return Stated(self._analysis, self, self._analysis.surroundings.keyed)

    @functools.cached_property
    def files(self) -> tuple[IniSettings, ...]:
        """What the project's INI files say where a framework reads them by itself."""
        found = self._analysis.surroundings.sections
        return tuple(IniSettings(self._analysis, self, *one) for one in found)

    def whole(self, dotted: str) -> Found | None:
        """All settings of a file, where a call or an attribute of this name gives them."""
        found = (file.gives(dotted) for file in self.files)
        return next((one for one in found if one is not None), None)

    def may_be_whole(self, expr: Expr) -> Found | None:
        """The same for what is only known by how it is written."""
        found = (file.may_give(expr) for file in self.files)
        return next((one for one in found if one is not None), None)

    def variable(self, name: str) -> Found | None:
        """What the surroundings say of a variable of the environment."""
        return self._surroundings.get(name)

    def arguments(self, arguments: Iterable[Argument], at: FunctionId) -> tuple[list[Found], Table]:
        """What a call is given by position, and by keyword; `**` is looked into."""
        given: list[Found] = []
        named: dict[str, Found] = {}
        whole = True
        for argument in arguments:
            if argument.keyword is None and whole:
                given.append(self.of(argument.value, at))
            elif argument.keyword == "*":
                whole = False
            elif argument.keyword == "**":
                more = unpacked(self.of(argument.value, at))
                named.update(more.items)
                whole = whole and more.whole
            elif argument.keyword is not None:
                named[argument.keyword] = self.of(argument.value, at)
        return given, Table(named, whole)

    # Names

    def _name(self, name: str, at: FunctionId) -> Found:
        owner = self._program.local_to(name, at)
        if owner is not None and (function := self._program.function(owner)) is not None:
            return self._bound(name, owner, function)
        return self._settled(self._types.symbols.in_module(at.path, name))

    def _settled(self, found: object) -> Found:
        if isinstance(found, External) and not found.name.startswith("builtins."):
            return Found(found, "constant")
        if not isinstance(found, Assigned) or self.is_set_elsewhere(found):
            return UNKNOWN
        module = FunctionId(found.path, 0, 0)
        function = self._program.function(module)
        return UNKNOWN if function is None else self._bound(found.name, module, function)

    def is_set_elsewhere(self, found: Assigned) -> bool:
        """A function may set the module's variable, through `global`."""
        return any(True for _ in self._program.setting(found.path, found.name))

    def _bound(self, name: str, at: FunctionId, function: Function) -> Found:
        """What the assignments to a name of this scope agree on; asked for in a circle, nothing."""
        key = (at, name)
        if key not in self._names:
            self._names[key] = UNKNOWN
            self._names[key] = self._assigned(name, at, function)
        return self._names[key]

    def _assigned(self, name: str, at: FunctionId, function: Function) -> Found:
        is_parameter = any(parameter.name == name for parameter in function.parameters)
        found = [self._parameters.of(name, at, function)] if is_parameter else []
        for event in function.graph.events:
            match event:
                case AssignEvent(target=target, value=value) if target == name:
                    before = found[-1] if found else UNKNOWN
                    again = len(found) == 1 and self._names_itself(value, name, at)
                    self._names[at, name] = before if again else UNKNOWN
                    now = self._placed(self.of(value, at), at, event)
                    found = [now] if again and now.is_known else [*found, now]
                case ImportEvent(imports=imports):
                    for item in imports:
                        if item.bound == name:
                            given = self._types.symbols.imported(item, at.path)
                            found.append(self._settled(given))
                case _:
                    pass
        return self._changed.of(same(found), name, at, function)

    def _names_itself(self, value: Expr, name: str, at: FunctionId) -> bool:
        """`url = url.strip()`: made of what the name stood for before."""
        todo = [value]
        while todo:
            for part in walk(todo.pop()):
                if part == Name(name):
                    return True
                maker = self._types.maker(part, at) if isinstance(part, Temp) else None
                if isinstance(maker, CallEvent):
                    todo.append(maker.func)
        return False

    def _placed(self, found: Found, at: FunctionId, event: AssignEvent) -> Found:
        """The value, which has a name now: where that is defined is where it is written."""
        source: Source = "constant" if found.source == "argument" else found.source
        where = found.location or self._places.location(at, event.span)
        return found._replace(source=source, location=where)

    # Attributes

    def _attribute(self, expr: Attribute, at: FunctionId) -> Found:
        owner = self._types.infer(expr.value, at)
        match owner:
            case ModuleRef():
                return self._settled(self._types.symbols.member(owner, expr.attr))
            case ClassRef():
                return self.field(owner, expr.attr)
            case ObjectRef():
                return self.field(owner.cls, expr.attr)
            case External(name=name):
                reader = self._knowledge.settings.reader(name)
                if reader is not None and reader.settings and not reader.mapping:
                    return self.stated.of(expr.attr) or UNKNOWN
                whole = self.whole(f"{name}.{expr.attr}")
                return whole or Found(External(f"{name}.{expr.attr}"), "constant")
            case Instance(type=name):
                return self.whole(f"{name}.{expr.attr}") or UNKNOWN
            case None:
                return self.may_be_whole(expr) or UNKNOWN
            case _:
                return UNKNOWN

    def field(self, cls: ClassRef, attr: str) -> Found:
        """An attribute of a class of the project or of its objects; asked for in a circle, nothing."""
        key = (cls, attr)
        if key not in self._fields:
            self._fields[key] = UNKNOWN
            self._fields[key] = self._in_class(cls, attr)
        return self._fields[key]

    def _in_class(self, cls: ClassRef, attr: str) -> Found:
        ancestry = self._types.attributes.ancestry(cls)
        declared = [
            record
            for base in ancestry
            if isinstance(base, External)
            and (record := self._knowledge.settings.settings_class(base.name)) is not None
        ]
        for base in ancestry:
            if not isinstance(base, ClassRef):
                continue
            method = self._program.members(base.path, base.head).get(attr)
            if method is not None:
                return self._returned(FunctionRef(base.path, method))
            assigned = self._types.attributes.assignments(base, attr)
            if not assigned:
                continue
            if not declared and self._is_filled_in(base):
                return UNKNOWN
            found = same([self._of_field(value, where, attr) for where, value, _ in assigned])
            if declared:
                prefix = self._readings.prefix(base, declared[0])
                name = found.variable or f"{prefix}{attr}".upper()
                given = self.variable(name)
                if given is not None:
                    return given
                source: Source = "environment" if found.is_known else "unknown"
                return found._replace(source=source, variable=name)
            return found
        return UNKNOWN

    def _of_field(self, value: Expr, at: FunctionId, attr: str) -> Found:
        found = self._readings.field(value, at)
        function = self._program.function(at)
        for event in function.graph.events if function is not None else ():
            if isinstance(event, AssignEvent) and event.target == attr and event.value == value:
                return self._placed(found, at, event)
        return found._replace(source="constant") if found.source == "argument" else found

    def _is_filled_in(self, cls: ClassRef) -> bool:
        """Its constructor is given what its fields hold: a dataclass, a model, a named tuple."""
        if "dataclass" in " ".join(self._program.head(cls).decorators):
            return True
        bases = self._types.attributes.ancestry(cls)[1:]
        return any(isinstance(base, External) and base.name != "builtins.object" for base in bases)

    # Calls and operators

    def _result(self, expr: Temp, at: FunctionId) -> Found:
        match self._types.maker(expr, at):
            case CallEvent(func=func, arguments=arguments):
                return self._readings.call(func, arguments, at)
            case AwaitEvent(value=value):
                return self.of(value, at)
            case _:
                return UNKNOWN

    def returned(self, func: Expr, at: FunctionId) -> Found:
        """What a call of a function of the project gives, where its returns agree."""
        callee = self._types.infer(func, at)
        return self._returned(callee) if isinstance(callee, FunctionRef) else UNKNOWN

    def _returned(self, ref: FunctionRef) -> Found:
        ref = ref._replace(bound=False)
        if ref not in self._returns:
            self._returns[ref] = UNKNOWN
            self._returns[ref] = self._of_returns(ref)
        return self._returns[ref]

    def _of_returns(self, ref: FunctionRef) -> Found:
        at = self._program.function_id(ref)
        function = self._program.function(at) if at is not None else None
        if at is None or function is None or function.is_generator:
            return UNKNOWN
        found = [
            self.of(event.value, at)
            for event in function.graph.events
            if isinstance(event, ReturnEvent) and event.value is not None
        ]
        whole = same(found)
        return whole._replace(source="constant") if whole.source == "argument" else whole

    def _operator(self, op: str, operands: tuple[Expr, ...], at: FunctionId) -> Found:
        parts = [self.of(part, at) for part in operands]
        if op == "or":
            return either(parts)
        if op == "+" and any(part.text is not None for part in parts):
            return joined(parts)
        if op == "%" and len(parts) == 2 and parts[0].text is not None:
            return self._readings.percent(parts[0], operands[1], at)
        return calculated(op, parts)

    def _table(
        self, items: tuple[Expr, ...], keys: tuple[Expr | None, ...], at: FunctionId
    ) -> Found:
        found: dict[str, Found] = {}
        whole = True
        for key, item in zip(keys, items, strict=False):
            if key is None:
                more = unpacked(self.of(item, at))
                found.update(more.items)
                whole = whole and more.whole
                continue
            name = self.of(key, at).text
            if name is None or HOLE in name:
                whole = False
            else:
                found[name] = self.of(item, at)
        return Found(Table(found, whole), "argument")

    def _item(self, value: Expr, index: Expr, at: FunctionId) -> Found:
        name = self.of(index, at).text
        if name is None:
            return UNKNOWN
        owner = self._types.infer(value, at)
        if isinstance(owner, External):
            reader = self._knowledge.settings.reader(owner.name)
            if reader is None or not reader.mapping:
                return UNKNOWN
            if reader.settings:
                return self.stated.of(name) or UNKNOWN
            return self.variable(name) or UNKNOWN._replace(variable=name)
        return unpacked(self.of(value, at)).items.get(name, UNKNOWN)
