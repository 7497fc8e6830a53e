"""From a plan to its edits: one renderer for each kind."""

from __future__ import annotations

from collections.abc import Callable

from conn_lint.fixes import entries
from conn_lint.fixes.borrow import borrow_from_pool
from conn_lint.fixes.handing import hand_to_callee
from conn_lint.fixes.hoist import move_out_of_loop
from conn_lint.fixes.keywords import set_keyword
from conn_lint.fixes.make_one import cache_function, make_one
from conn_lint.fixes.parsed import Files, Parsed, RenderError
from conn_lint.fixes.release import close_in_finally, wrap_in_with
from conn_lint.fixes.settings_key import set_key
from conn_lint.fixes.sharing import pool_in_place
from conn_lint.fixes.suppression import KIND as REMOVE_SUPPRESSION
from conn_lint.fixes.suppression import remove_suppression
from conn_lint.fixes.waiting import end_before_wait
from conn_lint.fixes.with_items import close_after_with, return_to_pool
from conn_lint.model.fix import Edit, Fix, FixPlan, PlanKind

Renderer = Callable[[FixPlan, Parsed], tuple[Edit, ...]]

# Those that change the file of the finding alone.
_RENDERERS: dict[PlanKind, Renderer] = {
    "wrap-in-with": wrap_in_with,
    "close-in-finally": close_in_finally,
    "close-after-with": close_after_with,
    "return-to-pool": return_to_pool,
    "move-out-of-loop": move_out_of_loop,
    "hand-to-callee": hand_to_callee,
    "cache-function": cache_function,
    "pool-in-place": pool_in_place,
    "end-before-wait": end_before_wait,
    "set-key": set_key,
    REMOVE_SUPPRESSION: remove_suppression,
}

# Those that change other files too.
_WIDER: dict[PlanKind, Callable[[FixPlan, Files], tuple[Edit, ...]]] = {
    "borrow-from-pool": borrow_from_pool,
    "make-one": make_one,
    "set-keyword": set_keyword,
    entries.KIND: entries.set_entry,
}


def render(plan: FixPlan, files: Files) -> Fix:
    """The plan's edits; raises RenderError, with the reason, where the code is not as the plan needs it."""
    if plan.detail("why"):
        raise RenderError(plan.detail("why"))
    if plan.kind in _WIDER:
        return Fix(plan, tuple(sorted(set(_WIDER[plan.kind](plan, files)))))
    renderer = _RENDERERS.get(plan.kind)
    if renderer is None:
        raise RenderError("only the author can do this")
    edits = renderer(plan, files[plan.spans[0].path])
    return Fix(plan, tuple(sorted(edits)))
