"""The tree of a unit: LibCST's nodes with those of their fields that mean something, and nothing of how it is written.

Kinds and fields are named as LibCST names them, but for operators, which are their text, and marks (`asynchronous`,
`comma`, `relative`), which are plain values. `quick` makes trees from Python's own, `convert` from LibCST's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from conn_lint.model.location import Span


class Places(Protocol):
    """Tells where the nodes of a tree stand."""

    def span(self, node: Node) -> Span:
        """Where the node's own syntax stands; `NOWHERE` if it has none of its own."""

    def line(self, node: Node) -> int:
        """The line on which the node's syntax begins."""


class Tree(NamedTuple):
    """A unit's tree. `extra_lines` stand above its text: an indented unit is parsed below an `if 1:`."""

    module: Module
    places: Places
    extra_lines: int = 0


class Node(msgspec.Struct, eq=False, gc=False):
    """Any node. Two are never equal: they are known by where they stand."""


class Expression(Node):
    """What has a value."""


class Block(Node):
    """Statements."""

    body: Sequence[Node]


class Module(Block):
    """A whole text."""


class Suite(Block):
    """What a compound statement holds."""


class IndentedBlock(Suite):
    """In lines of its own."""


class SimpleStatementSuite(Suite):
    """Behind the colon."""


class SimpleStatementLine(Block):
    """Statements in a line."""


class Name(Expression):
    value: str


class Attribute(Expression):
    value: Expression
    attr: Name


class Arg(Node):
    value: Expression
    keyword: Name | None
    star: str


class Call(Expression):
    func: Expression
    args: Sequence[Arg]


class Slice(Node):
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Index(Node):
    value: Expression
    star: str | None


class SubscriptElement(Node):
    slice: Slice | Index
    comma: bool


class Subscript(Expression):
    value: Expression
    slice: Sequence[SubscriptElement]


class Await(Expression):
    expression: Expression


class From(Node):
    item: Expression


class Yield(Expression):
    value: Expression | From | None


class NamedExpr(Expression):
    target: Expression
    value: Expression


class IfExp(Expression):
    test: Expression
    body: Expression
    orelse: Expression


class UnaryOperation(Expression):
    operator: str
    expression: Expression


class BinaryOperation(Expression):
    left: Expression
    operator: str
    right: Expression


class BooleanOperation(Expression):
    left: Expression
    operator: str
    right: Expression


class ComparisonTarget(Node):
    operator: str
    comparator: Expression


class Comparison(Expression):
    left: Expression
    comparisons: Sequence[ComparisonTarget]


class Number(Expression):
    value: str


class Integer(Number):
    """Of any base."""


class Float(Number):
    """With a point or an exponent."""


class Imaginary(Number):
    """With a `j`."""


class Ellipsis(Expression):
    """`...`."""


class SimpleString(Expression):
    value: str


class ConcatenatedString(Expression):
    left: Expression
    right: Expression


class TextPart(Node):
    value: str


class FieldPart(Node):
    expression: Expression
    format_spec: Sequence[Node] | None


class FormattedStringText(TextPart):
    """What stands between the fields of an f-string."""


class FormattedStringExpression(FieldPart):
    """A field of an f-string."""


class FormattedString(Expression):
    parts: Sequence[Node]


class TemplatedStringText(TextPart):
    """What stands between the fields of a t-string."""


class TemplatedStringExpression(FieldPart):
    """A field of a t-string."""


class TemplatedString(Expression):
    parts: Sequence[Node]


class Element(Node):
    value: Expression


class StarredElement(Expression):
    value: Expression


class Sequenced(Expression):
    elements: Sequence[Element | StarredElement]


class Tuple(Sequenced):
    """With or without brackets."""


class List(Sequenced):
    """`[a, b]`."""


class Set(Sequenced):
    """`{a, b}`."""


class DictElement(Node):
    key: Expression
    value: Expression


class StarredDictElement(Node):
    value: Expression


class Dict(Expression):
    elements: Sequence[DictElement | StarredDictElement]


class CompIf(Node):
    test: Expression


class CompFor(Node):
    target: Expression
    iter: Expression
    ifs: Sequence[CompIf]
    inner_for_in: CompFor | None
    asynchronous: bool


class Comprehension(Expression):
    for_in: CompFor


class SimpleComprehension(Comprehension):
    elt: Expression


class GeneratorExp(SimpleComprehension):
    """`(a for b in c)`."""


class ListComp(SimpleComprehension):
    """`[a for b in c]`."""


class SetComp(SimpleComprehension):
    """`{a for b in c}`."""


class DictComp(Comprehension):
    key: Expression
    value: Expression


class StarredDictComp(Comprehension):
    value: Expression


class Annotation(Node):
    annotation: Expression


class Param(Node):
    name: Name
    annotation: Annotation | None
    default: Expression | None


class Parameters(Node):
    params: Sequence[Param]
    star_arg: Param | None
    kwonly_params: Sequence[Param]
    star_kwarg: Param | None
    posonly_params: Sequence[Param]


class Lambda(Expression):
    params: Parameters
    body: Expression


class TypeParam(Node):
    """`param` has a name, and perhaps a bound."""

    param: Any
    default: Expression | None


class TypeParameters(Node):
    params: Sequence[TypeParam]


class AsName(Node):
    name: Expression
