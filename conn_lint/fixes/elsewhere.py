"""A client that the application of another file keeps, and the request by which a handler gets to it."""

from __future__ import annotations

import libcst as cst

from conn_lint.fixes import imports
from conn_lint.fixes.accessor import names_for
from conn_lint.fixes.lifespan import Kept, Opening, dotted_name, kept_by_application
from conn_lint.fixes.maker import Maker, call_lines
from conn_lint.fixes.parameters import first_parameter
from conn_lint.fixes.parsed import Parsed, RenderError
from conn_lint.fixes.scopes import bindings
from conn_lint.model.fix import Edit, FixPlan

_OPENS = "async with "
_CONSTANTS = ("True", "False", "None")
_REQUESTS = ("request", "http_request")  # what the handler calls it


def kept_elsewhere(plan: FixPlan, parsed: Parsed, made: Maker, app: Parsed) -> Kept | None:
    """It as the application keeps it, and the request in the handler; None where that has no place for it. Raises
    RenderError.
    """
    function = made.function
    if function is None or made.setup or made.slots or made.needs.statements:
        return None
    kept = kept_by_application(
        plan,
        app,
        names_for(parsed, made, "client"),
        _opening(parsed, made.call, app),
        plan.detail("taken").split(),
    )
    if kept is None:
        return None
    request, asked = _request(plan, parsed, function)
    text = f"{request}.app.{plan.detail('holder')}.{kept.text.rpartition('.')[2]}"
    return Kept(text, kept.edits, (*kept.added, *asked))


def _opening(parsed: Parsed, call: cst.Call, app: Parsed) -> Opening:
    """The call as the application's file writes it: it is given nothing that only this file knows."""
    dotted = dotted_name(parsed, call.func)
    given = {name.value for arg in call.args for name in parsed.mentions(arg.value, None)}
    if not dotted or not given <= {*_CONSTANTS}:
        raise RenderError("what it is given belongs to its file")
    written, added = imports.use(app, dotted)
    first, *rest = call_lines(parsed, call, (), _OPENS)
    inside = first.removeprefix(_OPENS + parsed.text(call.func))
    return Opening((f"{_OPENS}{written}{inside}", *rest), added=added)


def _request(
    plan: FixPlan, parsed: Parsed, function: cst.FunctionDef
) -> tuple[str, tuple[Edit, ...]]:
    """The name of the handler's request, with the edits that make it a parameter where it is none."""
    bound = bindings(function)
    known = plan.detail("request")
    if known:
        if bound.count(known) != 1:
            raise RenderError(f"{known} becomes something else there")
        return known, ()
    used = {name.value for name in parsed.mentions(function, None)}
    name = next((name for name in _REQUESTS if name not in used and name not in bound), "")
    if not name:
        raise RenderError("no name is free")
    kind, added = imports.use(parsed, plan.detail("type"))
    return name, (first_parameter(parsed, function, name, kind), *added)
