"""Which except clauses can be entered, and what passes all of them, by the names of the types."""

from __future__ import annotations

from conn_lint.model.expression import Attribute, Expr, Name
from conn_lint.model.flow import Handler, Unmatched

_ALL = frozenset({"BaseException"})
_ORDINARY = frozenset({"Exception", "BaseException"})
_NOT_ORDINARY = frozenset({"GeneratorExit", "KeyboardInterrupt", "SystemExit", "CancelledError"})


def _names(types: tuple[Expr, ...]) -> frozenset[str]:
    return frozenset(
        t.attr if isinstance(t, Attribute) else t.id if isinstance(t, Name) else "?" for t in types
    )


def catches(handler: Handler) -> bool:
    """Whether the clause can be entered with an ordinary exception (or GeneratorExit, if it is `base`)."""
    before, names = _names(handler.before), _names(handler.types)
    if handler.base:
        return not before & _ALL and (not names or bool(names & (_ALL | {"GeneratorExit"})))
    return not before & _ORDINARY and (not names or not names <= _NOT_ORDINARY)


def lets_through(unmatched: Unmatched) -> bool:
    """Whether an exception can pass all clauses of the try."""
    names = _names(unmatched.types)
    if unmatched.bare or names & _ALL:
        return False
    return unmatched.base or not names & _ORDINARY
