"""Roles of values towards a followed resource, beyond it itself: all that analysis tells apart."""

from __future__ import annotations

from conn_lint.flow.world import BOX, OWN, PART, PENDING

DERIVED = "derived"  # a cursor or result of the resource
KEPT = "kept"  # something made with it, which uses it from then on
INSIDE = "inside"  # a container with the resource in it
CLOSING = "closing:"  # contextlib.closing and its like, with the method they call
WRAP = "wrap:"  # an object of a project class that keeps it on an attribute
LENT = "lent"  # a context manager of the project that was given it and gives it on
ROW = "row"  # an object read through a session, which reads itself anew after a commit
BOUND = "bound:"  # a method of it, not called

__all__ = [
    "BOUND",
    "BOX",
    "CLOSING",
    "DERIVED",
    "INSIDE",
    "KEPT",
    "LENT",
    "OWN",
    "PART",
    "PENDING",
    "ROW",
    "WRAP",
]
