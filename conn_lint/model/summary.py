"""What phase one knows of a file: its skeleton (lexical), the summaries of its units (from the tree), documents."""

from __future__ import annotations

import msgspec

from conn_lint.model.expression import Argument, Expr
from conn_lint.model.flow import FlowGraph, Import
from conn_lint.model.location import Span


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`kind` is positional, normal, keyword, "*" or "**"."""

    name: str
    kind: str
    annotation: Expr | None = None
    default: Expr | None = None


class Loop(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`kind` is for, while or comprehension. `parent` is the loop around it in the same function, or -1.

    `iterable` is as in the graph, with `Temp`s; `condition` lies outside it and holds whole `Call`s.
    """

    kind: str
    targets: tuple[str, ...]
    iterable: Expr | None
    condition: Expr | None
    is_async: bool
    parent: int
    span: Span


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A suite. `kind` is body, orelse, finally, handler or case; `owner` its statement, -1 for a function's body."""

    kind: str
    owner: int


class Statement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`kind` is the statement's name in LibCST's terms, lower case: if, for, try, with, assign, expr, return..."""

    kind: str
    span: Span
    block: int


class Function(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function, lambda, class body or module body of one unit.

    `kind` is function, lambda, class or module; `name` is "" for a lambda and a module; `qualname` is dotted within
    the unit. `parent` indexes the function it is written in (-1: the unit itself). `locals` are the names bound here;
    `captures` the names read here or deeper that are bound further out (global ones too).
    Decorators, defaults, annotations and bases belong to the scope around it and hold whole calls.
    """

    kind: str
    name: str
    qualname: str
    span: Span
    parent: int
    parameters: tuple[Parameter, ...]
    decorators: tuple[Expr, ...]
    returns: Expr | None
    bases: tuple[Argument, ...]
    is_async: bool
    is_generator: bool
    locals: tuple[str, ...]
    global_names: tuple[str, ...]
    nonlocal_names: tuple[str, ...]
    captures: tuple[str, ...]
    blocks: tuple[Block, ...]
    statements: tuple[Statement, ...]
    loops: tuple[Loop, ...]
    graph: FlowGraph


class UnitSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One unit, lowered. `functions[0]` is the unit itself; inner functions, lambdas and classes follow.

    The unit that is "the rest of the file" has the module body first, then the class bodies; the functions and
    methods that are units of their own appear in it as DefineEvents with function -1.
    """

    functions: tuple[Function, ...]
    error: str | None = None


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The head of a function or class. Lines are absolute; `line` is that of its first decorator.

    `kind` is function or class. `qualname` is dotted within the file, as "Class.method" or "function.inner". `bases`
    (keyword arguments too) and `decorators` (without the @) are source text. `unit` is the unit its body lies in;
    `parent` the head it is written in, or -1. `colon` is the place (line, column) behind the colon that ends the head.
    """

    kind: str
    name: str
    qualname: str
    parent: int
    unit: int
    line: int
    def_line: int
    end_line: int
    is_async: bool
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    colon: tuple[int, int]


class Unit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A slice of a file: number 0 is the rest of the file, then its outermost functions and methods in order.

    `head` indexes the skeleton's heads (-1 for the rest). `line` is that of its first decorator. `names` are the
    identifiers it mentions, and such keywords as `global` and `raise`, sorted; heads of functions, with decorators
    and defaults, count for the rest as well. `calls` are those of them that a bracket follows, and "" where something
    without a name is called, as in `f()()`. `stores` are the attributes that may be assigned in it.
    `digest` is that of its text, as `syntax.slices` tells.
    """

    head: int
    line: int
    end_line: int
    names: tuple[str, ...]
    calls: tuple[str, ...]
    stores: tuple[str, ...]
    digest: str


class Directive(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A comment addressed to the linter: `kind` is noqa, file-noqa, off or on. No codes means all of them.

    `codes` are rule codes in upper case, or names of rules. A noqa holds for the lines `first_line` to `line`: more
    than one where a string or a backslash carries a line over, as in flake8.
    """

    kind: str
    line: int
    codes: tuple[str, ...]
    first_line: int


class Skeleton(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a lexical pass knows of a file. `statements` are spans (first, last line) of logical lines over several.

    `bound` are names that a statement of unit 0 (in the module or in a class body) may bind, heads and imports apart.
    `error`: the file cannot be read (brackets or a string never end, or brackets nest too deep); the rest may be wrong.
    """

    lines: int
    imports: tuple[Import, ...]
    heads: tuple[Head, ...]
    units: tuple[Unit, ...]
    directives: tuple[Directive, ...]
    statements: tuple[tuple[int, int], ...]
    bound: tuple[str, ...] = ()
    error: str | None = None


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value in a document: `keys` is its path, `span` where the value stands."""

    keys: tuple[str | int, ...]
    value: str | int | float | bool | None
    span: Span


class DocumentSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A settings file: `format` is one of those that `syntax/documents` reads."""

    path: str
    format: str
    entries: tuple[Entry, ...]
    error: str | None = None
