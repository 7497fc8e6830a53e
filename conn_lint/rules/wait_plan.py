"""How to hold nothing during a wait, told from what is known of the holding."""

from __future__ import annotations

from conn_lint.model.fix import Applicability, FixPlan
from conn_lint.model.holding import Holding


def wait_plan(holding: Holding) -> FixPlan | None:
    """The block ends before the wait where nothing needs it afterwards; else a way to end the transaction, to be shown.

    Whether a transaction may end there, only the author knows: its writes would stay if the wait fails, its locks
    go, and objects read before are read anew.
    """
    names = (("names", " ".join(holding.names)),)
    spans = (holding.location, *((holding.opened,) if holding.opened is not None else ()))
    here = holding.opened is not None and holding.opened.path == holding.location.path
    if here and 0 < holding.last_line < holding.location.span.line:
        atomic = holding.resource.kind == "transaction"
        level = Applicability.DISPLAY_ONLY if atomic else Applicability.UNSAFE
        title = "release it before the wait, which needs nothing of it"
        return FixPlan("end-before-wait", title, level, (*spans, *holding.releases), names)
    if holding.resource.lazy and holding.names and "commit" in holding.resource.ends:
        release = f"{'await ' if holding.resource.is_async else ''}{holding.names[0]}.commit()"
        return FixPlan(
            "end-before-wait",
            f"end the transaction before the wait, if it may end there: {release}",
            Applicability.DISPLAY_ONLY,
            spans[:1],
            (*names, ("release", release)),
        )
    return None
