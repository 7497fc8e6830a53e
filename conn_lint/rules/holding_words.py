"""The message and the severity of what is held during a wait."""

from __future__ import annotations

from conn_lint.model.finding import Severity
from conn_lint.model.holding import Holding
from conn_lint.model.location import Location


def message(holding: Holding) -> str:
    """Who holds what, what waits and for how long, since when, how it ends, what to do."""
    who = holding.entry or holding.function or "the module"
    path = f": {_path(holding)}" if holding.chain or holding.callers or holding.entry else ""
    return (
        f"{who} holds {_noun(holding)} while {holding.waits} waits{_limit(holding)}{path}; "
        f"{_since(holding)}. {_end(holding)}{advice(holding)}"
    )


def advice(holding: Holding) -> str:
    """What to do."""
    resource = holding.resource
    if resource.kind == "transaction":
        return "Wait outside its block."
    if resource.lazy:
        return "End the transaction first, if it may end there, or read before and write after it."
    return "Give the connection back first, and get one again afterwards."


def severity_of(holding: Holding, default: Severity) -> Severity:
    """A note where little harm is done: in scripts, jobs of a timetable, behind a cache, where data streams in."""
    if holding.process_ends or holding.rare or holding.cached or holding.streams:
        return Severity.NOTE
    return default


def _noun(holding: Holding) -> str:
    resource = holding.resource
    if resource.kind == "transaction":
        return "a transaction"
    return "a pooled connection" if _is_pooled(holding) else "a connection"


def _is_pooled(holding: Holding) -> bool:
    return holding.resource.kind in ("checkout", "factory")


def _limit(holding: Holding) -> str:
    """` (timeout=60, chat.py:705)`, or that there is none."""
    place = ""
    if holding.chain:
        place = _place(holding, holding.chain[-1].location)
    words = [place] if place else []
    if holding.timeout is not None:
        seconds = f"{holding.timeout:g}"
        words.insert(0, "no timeout" if holding.timeout < 0 else f"timeout={seconds}")
    return f" ({', '.join(words)})" if words else ""


def _path(holding: Holding) -> str:
    """The functions between this one and the wait."""
    above = []
    for number, step in enumerate(holding.callers):
        place = f" ({_place(holding, step.location)})" if number == 0 else ""
        above.append(f"{step.function}{place}")
    here = holding.function or "the module"
    return " -> ".join([*above, here, *(step.function for step in holding.chain)])


def _place(holding: Holding, location: Location) -> str:
    """`:12` within the file, else with its path."""
    line = f":{location.span.line}"
    return line if location.path == holding.location.path else f"{location.path}{line}"


def _since(holding: Holding) -> str:
    """What is in use, and what began it."""
    what = f"{holding.holder} is in use"
    if holding.since is None:
        return what
    place = _place(holding, holding.since)
    by = (
        f"{holding.begun_by} "
        if holding.begun_by and not holding.holder.startswith(holding.begun_by)
        else ""
    )
    return f"{what} since {by}({place})"


def _end(holding: Holding) -> str:
    resource = holding.resource
    if holding.category == "pause":
        return ""
    if holding.capacity is not None:
        at = holding.capacity.location
        return (
            f"{holding.capacity.total} such calls at once empty the pool ({holding.capacity.text}, "
            f'{at.path}:{at.span.line}), then "{_error(resource.name)}". '
        )
    if _is_pooled(holding):
        return f'A few such calls at once empty the pool, then "{_error(resource.name)}". '
    if resource.kind == "transaction":
        return "Its locks and its connection are kept as long as that takes. "
    return 'With many at once the server has none left ("too many clients already"). '


def _error(name: str) -> str:
    return (
        "QueuePool limit reached"
        if "sqlalchemy" in name or "sqlmodel" in name
        else "the pool is exhausted"
    )
