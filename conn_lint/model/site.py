"""A place where a function gets hold of a resource, and what becomes of it."""

from __future__ import annotations

import enum

import msgspec

from conn_lint.model.finding import Step
from conn_lint.model.location import Location
from conn_lint.model.resource import Resource


class Fate(enum.Enum):
    """What becomes of a resource in the function that owns it."""

    NEVER = "never"  # released on no path
    NOT_ON_ERROR = "not-on-error"  # released, but some way out skips it
    ALWAYS = "always"
    HANDED_OVER = "handed-over"  # the duty passes to somebody else
    UNKNOWN = "unknown"  # it cannot be told; rules stay silent


class Skip(msgspec.Struct, frozen=True):
    """How a release is skipped: `how` is raise, return, break, continue, yield, rebind or fall-through."""

    how: str
    location: Location
    text: str  # the call or statement, short


class Use(msgspec.Struct, frozen=True):
    """How a function goes on with what it got, as far as a fix must know it.

    `statement` is the kind of the statement in which the call stands (assign, with, return...), `end_line` its last
    line. `names` are those that refer to the resource, or to something derived from it; `last_line` is
    the last one that reads one of them. `releases` are the calls that release it. `given`: unknown code
    was given it. `returned`: the function returns or keeps it, or what needs it. `passed_on`: the project's function
    that gives it may have been given it itself. `replaced`: the object that keeps it is given another one.
    `started`: the function opens it by a call of its own, behind the one that makes it.
    """

    statement: str
    end_line: int
    awaited: bool
    names: tuple[str, ...]
    last_line: int
    releases: tuple[Location, ...]
    given: bool
    returned: bool = False
    passed_on: bool = False
    replaced: bool = False
    started: bool = False


class Site(msgspec.Struct, frozen=True):
    """One acquisition. `call` is the callee as written; `function` the qualified name of the owner."""

    location: Location
    statement: tuple[int, int]
    call: str
    function: str
    module: str
    resource: Resource
    fate: Fate
    skip: Skip | None = None
    release_line: int = 0  # a line that releases it, 0 if none does
    ended_by_with: bool = False  # a `with` ended its transaction and did not close it
    with_line: int = 0
    closed_not_returned: tuple[Location, str] | None = None  # where a pooled one is closed
    at_module_level: bool = False
    in_loop: bool = False
    process_ends: bool = False  # the process ends with the function
    on_request: bool = False  # it is kept on an object that each request has anew
    chain: tuple[Step, ...] = ()
    use: Use | None = None  # where its release is missing on some way
