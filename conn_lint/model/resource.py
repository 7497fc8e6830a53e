"""What the knowledge base says of a library: frozen records that the TOML tables are read into."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from conn_lint.model.engine import DatabaseEngine, DatabaseHandle, DatabaseMaker, SettingsReader
from conn_lint.model.evidence import Evidence
from conn_lint.model.framework import (
    EntryPoint,
    Hook,
    Injection,
    Memo,
    NotEntry,
    Place,
    Process,
)
from conn_lint.model.launcher import Launcher, Product
from conn_lint.model.option import (
    AddressMaker,
    Keeps,
    Limiter,
    Option,
    PoolClass,
    Reader,
    SettingsClass,
    SettingsFile,
    Unpacker,
)
from conn_lint.model.passage import KnownPooler, Offer, Prepared, SessionState

Kind: TypeAlias = Literal[
    "connection",  # one session with a server, not to be shared between requests
    "client",  # owns its pool, lives as long as the process (engines too)
    "pool",  # an explicit pool
    "checkout",  # borrowed from a pool, engine or client (ORM sessions too)
    "embedded",  # a connection to a local file or to memory
    "target-session",  # one conversation with one target; no pool exists
    "factory",  # opens nothing itself, only hands out resources
    "cursor",  # derived from a connection, owns nothing by itself
    "transaction",  # a block on a connection that somebody else owns
    "config",  # settings only
]

WithMeaning: TypeAlias = Literal[
    "closes",
    "commits-then-closes",
    "returns",
    "ends-transaction",  # the connection stays open
    "ends-transaction-then-returns",
    "shuts-down",
    "absent",  # no context manager
    "raises",
]

CallForm: TypeAlias = Literal[
    "plain", "await", "await-or-async-with", "with-only", "async-with-only", "decorator-or-with"
]
Opens: TypeAlias = Literal[
    "at-call", "at-await", "on-enter", "first-use", "background", "explicit", "none"
]
Share: TypeAlias = Literal["never", "threads", "tasks", "process", "undocumented", "disputed"]
MustRelease: TypeAlias = Literal["yes", "advised", "no"]


class StandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a pool is made in place of single connections, where it is not just given their arguments behind its sizes.

    `given`: "named", the same if it is given by name; "nested", in one dict named `nested`, but for the first, which
    may be named `first`; "creator", behind the module that connects. `also` are further arguments as they are written;
    `waits`: with them it lets others wait when all are lent, though by itself it raises. `then` is a method of it that
    must be awaited. `own`: keywords that are for the pool itself, and mean nothing to its connections.
    """

    given: Literal["named", "nested", "creator"]
    nested: str = ""
    first: str = ""
    also: tuple[str, ...] = ()
    waits: bool = False
    then: str = ""
    own: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """One thing a program can open or borrow.

    `acquire` are the dotted names of calls that give one: functions, classes, and `Type.method` for
    methods of a value whose type is known (`Type.__call__` for a call of the value); none where the
    library opens it unasked. `value` is the type of what is got; left out, it is the class named
    in `acquire` (look-ups fill it in). Methods may be chains ("transport.close").
    """

    name: str
    kind: Kind
    acquire: tuple[str, ...]
    evidence: Evidence
    # what is at the other end, where the kind does not say: a connection's is a database, a client's is not
    server: Literal["", "database", "broker", "other"] = ""
    slots: bool = (
        False  # the server has few places for connections, and a process or thread for each
    )
    value: str = ""
    is_async: bool = False
    call: CallForm = "plain"
    opens: Opens = "at-call"
    release: tuple[str, ...] = ()  # methods of the value
    release_awaited: tuple[str, ...] = ()  # those of them that must be awaited
    release_on_owner: tuple[str, ...] = ()  # methods of the pool that take the value back
    release_by: tuple[str, ...] = ()  # functions (dotted) that release it, given it or its name
    loses_slot: tuple[str, ...] = ()  # methods of the value that close it but lose the pool's slot
    with_: WithMeaning = "absent"
    async_with: WithMeaning = "absent"
    async_with_awaited: WithMeaning | None = None  # where it differs once the call was awaited
    must_release: MustRelease = "yes"
    lazy: bool = False  # holds nothing until the first of `begins`
    begins: tuple[str, ...] = ()  # methods that make a lazy one busy ("*": all but the next two)
    enter_begins: bool = (
        False  # entering its block does the first of them, which must not be done twice
    )
    ends: tuple[str, ...] = ()  # methods that make it idle again, without releasing it
    expiring: tuple[
        str, ...
    ] = ()  # methods that give objects which `ends` makes read themselves anew
    idle_methods: tuple[str, ...] = ()  # methods that leave an idle lazy one idle
    open_checks: tuple[str, ...] = ()  # methods or attributes that tell that it is open
    closed_checks: tuple[str, ...] = ()  # methods or attributes that tell that it is closed
    elsewhere: tuple[str, ...] = ()  # those of acquire that only other versions or builds have
    # keywords ("pool", or "poolclass=NullPool" for one value) that make the call no acquisition
    not_owned_if: tuple[str, ...] = ()
    key_of: tuple[str, ...] = ()  # mappings whose key it is: that opens nothing
    borrows: tuple[str, ...] = ()  # keyword or position ("0") of what it uses and does not own
    around: tuple[str, ...] = ()  # calls that make one around a pool which they are given
    makers: tuple[str, ...] = ()  # keyword or position of the function that makes what it keeps
    takes: tuple[str, ...] = ()  # keyword or position of what it owns from then on
    share: Share = "undocumented"
    per_request: Literal["report", "low", "skip"] = "report"
    needs_loop: bool = False
    loop_bound: bool = False
    fork: Literal["", "after", "unsafe"] = ""
    cookies: bool = False  # it keeps the cookies that servers set, and sends them again
    network_at_creation: bool = False
    cost_ms: float | None = None
    timeout_s: float | None = None  # default; -1: none
    keeps: Keeps = "pool"  # what stays open between two uses, where no option says otherwise
    options: tuple[Option, ...] = ()
    instead: str = ""  # the pool or client to use in its place
    stands_in: StandIn | None = None  # a pool's
    borrows_within: tuple[
        str, ...
    ] = ()  # a pool's methods that wait for a connection, and borrow it for their call
    advice: str = ""
    since: str = ""  # first version of which these facts hold, where they changed
    changed: str = ""  # what held before, in words
    docs: str = ""
    notes: tuple[str, ...] = ()
    example: str = ""  # a call that acquires one; tests are generated from it


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A function, method or attribute that gives a value of a known type and acquires nothing.

    `name` is dotted (`Type.method`, `Type.attribute`, function). `same`: it gives the receiver
    itself; `attribute`: it is read, not called.
    """

    name: str
    returns: str = ""
    same: bool = False
    attribute: bool = False


class Alias(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other dotted names of one type, as people import and annotate it, and its known bases."""

    type: str
    also: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()


WrapEffect: TypeAlias = Literal["closes-on-exit", "takes-ownership", "borrows", "same", "binds"]


class Wrap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that is given a resource.

    It takes over the duty, only borrows, closes it at a block's end (`contextlib.closing`), hands the same thing on
    (`asyncio.wait_for`), or the same function with some of its arguments (`binds`). `argument` is a position or
    keyword; `method` what is called on the value (closing: close), or "bound": a release of the value is passed instead
    of it. `name` is dotted, or `.method` for a method of anything.
    """

    name: str
    effect: WrapEffect
    argument: str = "0"
    method: str = ""
    note: str = ""


class Convenience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that open (or hide) a connection for each call."""

    names: tuple[str, ...]
    opens: Literal["connection-per-call", "shared-hidden-client", "client-per-call"]
    evidence: Evidence
    cost_ms: float | None = None
    better: str = ""
    timeout_s: float | None = None
    note: str = ""


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that wait for something outside the database: external, or pause (sleep, a lock...).

    `receivers` are types, with `*` as in file names where their names are made up; `methods` may be
    chains ("messages.create") and hold `*` too; those in `other_methods` do not wait all the same.
    """

    group: str
    category: Literal["external", "pause"]
    functions: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    other_methods: tuple[str, ...] = ()
    timeout_s: float | None = None
    note: str = ""


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that run what they are given: a function by name, or a coroutine.

    `names` are dotted, or `.method` for a method of anything; `argument` is a position or keyword, "*"
    for all. `waits`: they return when it is done; if not, it runs on its own.
    """

    names: tuple[str, ...]
    argument: str = "0"
    waits: bool = True


class Bulk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that load what they read into the database as it comes: dotted names, or `.method`."""

    names: tuple[str, ...]


class Inject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Marks of dependency injection: a default or an annotation's extra that gives what it is passed.

    What its function gives is shared by all that ask for the same one within a request.
    """

    names: tuple[str, ...]
    argument: str = "0"
    keyword: str = "dependency"


class Handler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Functions that a framework calls, with the types of their parameters (without self).

    They are known by a decorator (dotted; `.method` for a method of anything) or by a base of their
    class; where `functions` are given, by their name too.
    """

    types: tuple[str, ...]
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What begins and ends holding a connection or an open transaction, in words and names."""

    object: str
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    does_not_end: tuple[str, ...] = ()
    evidence: str = ""
    notes: tuple[str, ...] = ()


class Harmless(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that in practice do not raise: dotted names, or `.method` for a method of anything."""

    names: tuple[str, ...]


class Detached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Methods whose result stands for itself: it needs what it was read through no more."""

    names: tuple[str, ...]


class FreshName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that give a file or place that did not exist before: what is opened there is another thing each time."""

    names: tuple[str, ...]


class ExitCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that never return: sys.exit and the like."""

    names: tuple[str, ...]


class Swallow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Context managers that suppress exceptions."""

    names: tuple[str, ...]


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One distribution: the modules users import, and where its facts were read.

    `also` are other requirements that bring it ("name[extra]").
    """

    package: str
    version: str
    imports: tuple[str, ...]
    verified: str = "source"
    also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file of the knowledge base."""

    library: tuple[Library, ...] = ()
    resource: tuple[Resource, ...] = ()
    operation: tuple[Operation, ...] = ()
    alias: tuple[Alias, ...] = ()
    wrap: tuple[Wrap, ...] = ()
    convenience: tuple[Convenience, ...] = ()
    wait: tuple[Wait, ...] = ()
    run: tuple[Run, ...] = ()
    bulk: tuple[Bulk, ...] = ()
    inject: tuple[Inject, ...] = ()
    handler: tuple[Handler, ...] = ()
    hold: tuple[Hold, ...] = ()
    harmless: tuple[Harmless, ...] = ()
    detached: tuple[Detached, ...] = ()
    fresh_name: tuple[FreshName, ...] = ()
    exit_call: tuple[ExitCall, ...] = ()
    swallow: tuple[Swallow, ...] = ()
    pool_class: tuple[PoolClass, ...] = ()
    reader: tuple[Reader, ...] = ()
    unpacker: tuple[Unpacker, ...] = ()
    settings_file: tuple[SettingsFile, ...] = ()
    settings_class: tuple[SettingsClass, ...] = ()
    address_maker: tuple[AddressMaker, ...] = ()
    limiter: tuple[Limiter, ...] = ()
    entry: tuple[EntryPoint, ...] = ()
    hook: tuple[Hook, ...] = ()
    not_entry: tuple[NotEntry, ...] = ()
    di: tuple[Injection, ...] = ()
    place: tuple[Place, ...] = ()
    memo: tuple[Memo, ...] = ()
    process: tuple[Process, ...] = ()
    launcher: tuple[Launcher, ...] = ()
    product: tuple[Product, ...] = ()
    pooler: tuple[KnownPooler, ...] = ()
    offer: tuple[Offer, ...] = ()
    prepared: tuple[Prepared, ...] = ()
    session_state: tuple[SessionState, ...] = ()
    database_engine: tuple[DatabaseEngine, ...] = ()
    database_maker: tuple[DatabaseMaker, ...] = ()
    settings_reader: tuple[SettingsReader, ...] = ()
    database_handle: tuple[DatabaseHandle, ...] = ()
