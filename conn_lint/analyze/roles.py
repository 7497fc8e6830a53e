"""Roles of values towards a followed resource, beyond it itself: all that analysis tells apart."""

from __future__ import annotations

from conn_lint.flow.world import BOX, OWN, PART, PENDING

DERIVED = "derived"  # a cursor or result of the resource
KEPT = "kept"  # something made with it, which uses it from then on
INSIDE = "inside"  # a container with the resource in it
CLOSING = "closing:"  # contextlib.closing and its like, with the method they call
WRAP = "wrap:"  # an object of a project class that keeps it on an attribute
BOUND = "bound:"  # a method of it, not called

__all__ = [
    "BOUND",
    "BOX",
    "CLOSING",
    "DERIVED",
    "INSIDE",
    "KEPT",
    "OWN",
    "PART",
    "PENDING",
    "WRAP",
]
