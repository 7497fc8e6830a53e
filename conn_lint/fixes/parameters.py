"""One more parameter of a function, and one more argument of a call: the first."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.model.fix import Edit
from conn_lint.model.location import Span

_OBJECT = "self"


def first_parameter(parsed: Parsed, function: cst.FunctionDef, name: str, kind: str = "") -> Edit:
    """The name, with its type if there is one, as the first parameter, behind a method's object."""
    text = f"{name}: {kind}" if kind else name
    params = function.params
    first = [*params.posonly_params, *params.params]
    if any(name == node.value for node in parsed.mentions(params, None)):
        raise RenderError("one of its parameters has the name")
    if isinstance(parsed.owner(function), cst.ClassDef):
        if not first or first[0].name.value != _OBJECT:
            raise RenderError("its parameters are written in a way of their own")
        end = parsed.span(first[0].name)
        at = Span(end.end_line, end.end_column, end.end_line, end.end_column)
        return Edit(parsed.path, at, f", {text}")
    if not first and not _is_empty(params) and params.star_arg is None:
        raise RenderError("its parameters are written in a way of their own")
    return _behind_bracket(parsed, function.name, text, alone=_is_empty(params))


def first_argument(parsed: Parsed, call: cst.Call, name: str) -> Edit:
    """The name as the first argument."""
    return _behind_bracket(parsed, call.func, name, alone=not call.args)


def _behind_bracket(parsed: Parsed, node: cst.CSTNode, text: str, *, alone: bool) -> Edit:
    """The text as the first thing within the brackets behind a node."""
    span = parsed.span(node)
    line = parsed.lines[span.end_line - 1]
    column = line.find("(", span.end_column) + 1
    if not column or line[span.end_column : column].strip() != "(":
        raise RenderError("its brackets are written in a way of their own")
    if not alone and line[column:].strip() in ("", "\\"):
        following = parsed.lines[span.end_line]
        indent = following[: len(following) - len(following.lstrip())]
        at = Span(span.end_line + 1, 0, span.end_line + 1, 0)
        return Edit(parsed.path, at, f"{indent}{text},\n")
    at = Span(span.end_line, column, span.end_line, column)
    return Edit(parsed.path, at, text if alone else f"{text}, ")


def _is_empty(params: cst.Parameters) -> bool:
    return not (
        params.posonly_params
        or params.params
        or params.kwonly_params
        or params.star_kwarg
        or isinstance(params.star_arg, cst.Param)
    )
