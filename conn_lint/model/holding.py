"""A wait during which a connection, checkout or transaction is held."""

from __future__ import annotations

from typing import Literal

import msgspec

from conn_lint.model.finding import Step
from conn_lint.model.location import Location
from conn_lint.model.resource import Resource


class Capacity(msgspec.Struct, frozen=True):
    """How many can be held at once, as the project itself says: `text` is "10+20" or "5"."""

    text: str
    total: int
    location: Location


class Holding(msgspec.Struct, frozen=True):
    """One wait, and who holds what meanwhile.

    `call` is the callee as written at `location`; `waits` the library's call at the end of the `chain`,
    or the same. `timeout` is in seconds, -1 for none, None where it is not known. `entry` names the entry
    point that leads here ("POST /chat"), "" where none is known; `reach` are all of them (see `Finding.reach`).
    """

    category: Literal["external", "pause"]
    location: Location
    statement: tuple[int, int]
    call: str
    function: str
    waits: str
    timeout: float | None
    resource: Resource
    holder: str  # the call or parameter through which it is held
    since: Location | None  # what began the holding
    begun_by: str  # ... as written
    chain: tuple[Step, ...] = ()
    callers: tuple[Step, ...] = ()  # from who holds it first down to the caller of `function`
    capacity: Capacity | None = None
    entry: str = ""
    process_ends: bool = False  # a script: the process ends with the function
    cached: bool = False  # on the way lies a cache: most calls do not wait
    streams: bool = False  # what is waited for goes into the database as it comes
    rare: bool = False  # the entry point is a job of a timetable
    opened: Location | None = (
        None  # the call that opened it, where that stands in the same function
    )
    names: tuple[str, ...] = ()  # what this function calls it, and what was got through it
    last_line: int = 0  # of the function's last use of one of them, releases apart
    reach: tuple[str, ...] = ()
    releases: tuple[Location, ...] = ()  # calls of this function that release what was opened
