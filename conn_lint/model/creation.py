"""A place where a program creates a connection, client or pool, and how often it comes to that."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.finding import Step
from conn_lint.model.framework import Home
from conn_lint.model.location import Location
from conn_lint.model.resource import Resource, StandIn
from conn_lint.model.site import Use

Inputs: TypeAlias = Literal["fixed", "object", "varies", "asked"]
Lifetime: TypeAlias = Literal["each", "local", "object", "request", "thread", "process"]


class EntryWay(msgspec.Struct, frozen=True):
    """How an entry point leads to a creation.

    `label` names the entry point ("GET /orders"), `per` what it is entered for, `steps` are the calls from it down.
    `count` entry points lead there; `sure` is False where a method's name alone is the evidence for a step.
    """

    label: str
    per: str
    framework: str
    location: Location
    function: str
    steps: tuple[Step, ...]
    count: int
    sure: bool


class LoopWay(msgspec.Struct, frozen=True):
    """How a loop repeats a creation.

    `location` (and `statement`, first and last line) are those of the call in the loop, `call` its text; `direct`:
    it is the creation itself. `line` is the loop's (0: the call maps a function over items), `items` what it runs
    over, `steps` the calls below that call, `reach` the entry points that lead to the loop (see `Finding.reach`).
    `outer` is the line of the outermost loop that repeats a direct one.
    """

    location: Location
    statement: tuple[int, int]
    call: str
    function: str
    line: int
    items: str
    steps: tuple[Step, ...]
    direct: bool
    reach: tuple[str, ...] = ()
    outer: int = 0


class Lender(msgspec.Struct, frozen=True):
    """A pool whose connections go back to it when they are closed: its name, the keyword of its size, how it lends."""

    pool: str
    size: str
    take: str


class Making(msgspec.Struct, frozen=True):
    """What one that is shared from now on must allow for.

    `inputs`: what the call is given is the same each time, or belongs to the object, or to the call of its function.
    `frameworks` are those whose entry points lead there, `per` what they are entered for. `kept`: on an object;
    `given`: unknown code gets it; `closed`: somebody else closes it; `changed`: its attributes are set;
    `wrapped`: the callee, as it is written, of the one call that makes a factory of sessions of it;
    `personal`: it keeps cookies, and is made with some, asks hosts that callers name, or asks in a caller's name.
    `commits`: it is told to; `ends`: a `with` ends its transaction, and does not close it; `tried`: what it raises in
    a loop is caught there, `caught`: something in that loop is; `yields`: its function is a generator.
    `loop_lines`: how long that loop is.
    `on_loop`: all that leads there runs on an event loop. `early`: it may be made when its file is imported, which
    no test does. `factory`: its function does nothing but make and return
    it; `plain`: that has no parameters but such as can be keys.
    """

    use: Use
    inputs: Inputs
    frameworks: tuple[str, ...]
    per: tuple[str, ...]
    on_loop: bool
    early: bool
    kept: bool
    given: bool
    closed: bool
    changed: bool
    wrapped: str
    personal: bool
    commits: bool
    ends: bool
    tried: bool
    caught: bool
    yields: bool
    loop_lines: int
    factory: bool
    plain: bool
    lender: Lender | None


class Application(msgspec.Struct, frozen=True):
    """The project's only application, which alone leads to a creation, and so may keep what that makes.

    `path` is its file. Where that is another one, the creation stands in a handler, which gets to the application by
    its parameter `request` ("" where it has none yet), and `taken` are names that the application may keep others by.
    """

    home: Home
    path: str
    request: str = ""
    taken: tuple[str, ...] = ()


class Held(msgspec.Struct, frozen=True):
    """One that the project has made once, and others can ask for.

    `name` is that of its variable, or of the function that gives it (`called`); it is imported from `module`, as the
    asking file would write it ("" for the file itself). `same`: it was made in the same way, else for the same server
    only. `serves`: requests enter in its file, which others should not need to import. `opens`: tests that do without
    it so far would open it. `waits`: of a pool, who comes when all are lent waits for his turn.
    """

    location: Location
    module: str
    name: str
    called: bool
    same: bool
    serves: bool
    opens: bool = False
    waits: bool = False


class Borrower(msgspec.Struct, frozen=True):
    """A call by which a function gets a connection, the names that refer to it there, and the calls that release it;
    none where a block does.
    """

    location: Location
    names: tuple[str, ...]
    releases: tuple[Location, ...]


class Borrowing(msgspec.Struct, frozen=True):
    """How a pool can take the place of a connection that is opened each time.

    `pool` is its dotted name, `take` its method that lends; `gives` says how a connection goes back: by its method
    `give`, by the connection's own, or at the end of a `with`, which may end the transaction first (`commits`).
    `limit` is the keyword of `take` that ends a wait which would have no end otherwise.
    `waits`: who comes when all are lent waits for his turn. `sizes` are the keywords of its sizes (none where they
    come first), `stands_in` says how else it is made, `home` which application may keep it. `foreign`: the pool comes
    from this other package, which the project is not known to have. `users` get the connection and release it: by the
    creation itself, or by a call of `maker`, which only opens it and returns it. `held` is such a pool that the project
    has already.
    """

    pool: str
    is_async: bool
    take: str
    limit: str
    gives: Literal["call", "close", "with"]
    give: str
    commits: bool
    waits: bool
    sizes: tuple[str, ...]
    stands_in: StandIn | None
    home: Home | None
    foreign: str
    maker: str
    users: tuple[Borrower, ...]
    held: Held | None = None


class Handing(msgspec.Struct, frozen=True):
    """All the calls that lead to a function that opens something: those in loops, and the one in between, if any.

    `links` is the one in between: the loops call its function. `tried` and `caught` as in `Making`, of any of them;
    `loop_lines` of the longest loop.
    """

    links: tuple[Location, ...]
    calls: tuple[Location, ...]
    is_async: bool
    tried: bool
    caught: bool
    loop_lines: int


class Creation(msgspec.Struct, frozen=True):
    """One creating call. `lifetime` is how long its function keeps what it makes; `differs`: entry points lead there,
    but what decides the connection comes from the request.
    """

    location: Location
    statement: tuple[int, int]
    call: str
    function: str
    module: str
    resource: Resource
    lifetime: Lifetime
    at_import: bool
    only_result: bool = False  # what is kept so long is what came of it, not the connection itself
    entry: EntryWay | None = None
    differs: bool = False
    loops: tuple[LoopWay, ...] = ()
    loops_always: bool = False
    makers: tuple[
        Location, ...
    ] = ()  # places that get one each of what the function hands out or keeps
    users: tuple[Step, ...] = ()  # who uses the one that is shared, at the same time
    making: Making | None = None
    reach: tuple[
        str, ...
    ] = ()  # the labels of all entry points that lead there; see `Finding.reach`
    ways: tuple[Location, ...] = ()  # the calls by which they do; see `Finding.ways`
