"""Statements and patterns of a unit's tree; see `nodes`."""

from __future__ import annotations

from collections.abc import Sequence

from conn_lint.syntax.nodes import (
    Annotation,
    Arg,
    AsName,
    Expression,
    From,
    Name,
    Node,
    Parameters,
    Suite,
    TypeParameters,
)


class Pass(Node):
    """`pass`."""


class Break(Node):
    """`break`."""


class Continue(Node):
    """`continue`."""


class Expr(Node):
    value: Expression


class Assert(Node):
    test: Expression
    msg: Expression | None


class AssignTarget(Node):
    target: Expression


class Assign(Node):
    targets: Sequence[AssignTarget]
    value: Expression


class AnnAssign(Node):
    target: Expression
    annotation: Annotation
    value: Expression | None


class AugAssign(Node):
    """`operator` is that of the operation, without the `=`."""

    target: Expression
    operator: str
    value: Expression


class Del(Node):
    target: Expression


class Return(Node):
    value: Expression | None


class Raise(Node):
    exc: Expression | None
    cause: From | None


class NameItem(Node):
    name: Name


class Global(Node):
    names: Sequence[NameItem]


class Nonlocal(Node):
    names: Sequence[NameItem]


class ImportAlias(Node):
    name: Expression
    asname: AsName | None


class Import(Node):
    names: Sequence[ImportAlias]


class ImportStar(Node):
    """The `*` of an import."""


class ImportFrom(Node):
    """`relative` is the number of points in front of the module."""

    module: Expression | None
    names: Sequence[ImportAlias] | ImportStar
    relative: int


class Else(Node):
    body: Suite


class Finally(Node):
    body: Suite


class If(Node):
    test: Expression
    body: Suite
    orelse: If | Else | None


class While(Node):
    test: Expression
    body: Suite
    orelse: Else | None


class For(Node):
    target: Expression
    iter: Expression
    body: Suite
    orelse: Else | None
    asynchronous: bool


class WithItem(Node):
    item: Expression
    asname: AsName | None


class With(Node):
    items: Sequence[WithItem]
    body: Suite
    asynchronous: bool


class Handler(Node):
    body: Suite
    type: Expression | None
    name: AsName | None


class ExceptHandler(Handler):
    """`except A as b:`."""


class ExceptStarHandler(Handler):
    """`except* A as b:`."""


class Tried(Node):
    body: Suite
    handlers: Sequence[Handler]
    orelse: Else | None
    finalbody: Finally | None


class Try(Tried):
    """`try:`, perhaps with `except`."""


class TryStar(Tried):
    """`try:` with `except*`."""


class Decorator(Node):
    decorator: Expression


class FunctionDef(Node):
    name: Name
    params: Parameters
    body: Suite
    decorators: Sequence[Decorator]
    returns: Annotation | None
    asynchronous: bool
    type_parameters: TypeParameters | None


class ClassDef(Node):
    name: Name
    body: Suite
    bases: Sequence[Arg]
    keywords: Sequence[Arg]
    decorators: Sequence[Decorator]
    type_parameters: TypeParameters | None


class TypeVar(Node):
    name: Name
    bound: Expression | None


class TypeVarTuple(Node):
    name: Name


class ParamSpec(Node):
    name: Name


class TypeAlias(Node):
    name: Name
    value: Expression
    type_parameters: TypeParameters | None


class MatchPattern(Node):
    """What a case is compared with."""


class MatchCase(Node):
    pattern: MatchPattern
    body: Suite
    guard: Expression | None


class Match(Node):
    subject: Expression
    cases: Sequence[MatchCase]


class MatchValue(MatchPattern):
    value: Expression


class MatchSingleton(MatchPattern):
    value: Name


class MatchAs(MatchPattern):
    pattern: MatchPattern | None
    name: Name | None


class MatchOrElement(Node):
    pattern: MatchPattern


class MatchOr(MatchPattern):
    patterns: Sequence[MatchOrElement]


class MatchSequenceElement(Node):
    value: MatchPattern


class MatchStar(Node):
    name: Name | None


class MatchSequence(MatchPattern):
    patterns: Sequence[MatchSequenceElement | MatchStar]


class MatchList(MatchSequence):
    """With or without square brackets."""


class MatchTuple(MatchSequence):
    """With or without round brackets."""


class MatchMappingElement(Node):
    key: Expression
    pattern: MatchPattern


class MatchMapping(MatchPattern):
    elements: Sequence[MatchMappingElement]
    rest: Name | None


class MatchKeywordElement(Node):
    key: Name
    pattern: MatchPattern


class MatchClass(MatchPattern):
    cls: Expression
    patterns: Sequence[MatchSequenceElement]
    kwds: Sequence[MatchKeywordElement]
