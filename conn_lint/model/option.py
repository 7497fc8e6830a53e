"""What the knowledge base says of settings: parameters with a meaning, and where programs read values from."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal[
    "connect-timeout",  # seconds; "none": only the operating system limits it
    "wait",  # for a free connection: seconds, "forever", "raises-at-once", "unlimited" (no bound)
    "min-size",  # connections kept or opened at the start
    "size",  # of a pool that may overflow
    "max-size",  # "unlimited" where there is no bound
    "overflow",  # beyond size
    "stale-check",  # how a connection is tested before it is handed out; False or "off": not at all
    "recycle",  # seconds after which a connection is replaced; -1 or "off": never
    "prepared-statements",  # the default of the switch; `off` is what turns them off
    "binds",  # more engines beside the first: a dict with an address, or a dict of options with one, for each
    "pool-class",  # the class that keeps the connections; a `PoolClass` says what it does
    "url",  # the server's address as one text: a URL, or "host=... port=..."
    "scheme",  # the driver, where the address is given in parts; `means` gives the scheme that its URLs would have
    "host",
    "port",
    "database",
]

Keeps: TypeAlias = Literal["none", "one", "per-thread", "pool"]
Scalar: TypeAlias = str | int | float | bool | None


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter with a meaning for configuration rules.

    `parameter` is its keyword ("" where there is none), `also` are others of the same meaning, `position` where it
    may be given by position. `inside` names the parameter whose dict it is a key of (then `position` is that one's;
    dots lead into dicts in it, `*` is the only item, or the one called "default"; of "binds", the `parameter` whose
    dict holds for all engines, and from version `since` on alone, not the dicts that settings have), `url` the
    parameters of a URL's query that give it, `variable` a name in the project's settings that does (or that has the
    dict), `schema` the format of the documents whose data source does. With `calls` it holds for those calls of
    `acquire` alone that end so. `default` is in the role's unit or one of its words, "required", or absent where
    nobody has looked; it holds from version `since` on, and was `before` until then. `means` turns values that are
    given into the role's words: "None=forever", "0=unlimited". `milliseconds`: the argument is in them (the
    defaults here are in seconds all the same).
    """

    role: Role
    parameter: str = ""
    also: tuple[str, ...] = ()
    inside: str = ""
    url: tuple[str, ...] = ()
    variable: str = ""
    schema: str = ""
    calls: tuple[str, ...] = ()
    default: Scalar = None
    since: str = ""
    before: Scalar = None
    position: int | None = None
    means: tuple[str, ...] = ()
    milliseconds: bool = False
    limit: str = ""  # keywords that set it right, a line each; `{}` in them stands for `limit_name`
    limit_name: str = ""
    off: str = ""  # prepared statements: what turns them off behind a transaction pooler
    note: str = ""


class PoolClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Classes that may be given as a pool's class; `keeps` is what stays open between two uses."""

    names: tuple[str, ...]
    keeps: Keeps


class Reader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that read a variable of the environment (or of a settings file), and mappings of them.

    `names` are dotted. The variable's name stands at `argument`, what holds without it at `default` or at the keyword
    of that name; `mapping`: they are subscripted. `settings`: not the environment, but the settings that a framework
    collects from the project's modules and classes; their names are attributes too.
    """

    names: tuple[str, ...]
    argument: str = "0"
    default: str = ""  # the position
    keyword: str = "default"
    mapping: bool = False
    settings: bool = False


class Unpacker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that take what another one is given by keyword out of a dict: from keys that begin with a prefix.

    `argument` and `prefix` are the keywords of the two, which may stand first and second; `default` is the prefix.
    """

    names: tuple[str, ...]
    argument: str
    prefix: str
    default: str


class SettingsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sections of INI files that a framework gives to the program as one dict.

    `sections` are their names, or begin them where they end with a colon. One that has `base` goes on from what that
    names: `config:other.ini`, another section, or (`call:pkg:make`, `egg:dist#name`) the function that is given the
    dict in its `**` parameter; so does the key `factory`, and `group` is that of entry points which tell the function
    of a distribution. `whole` are dotted names of calls and attributes that give the dict, on objects of unknown type
    those that end with one of `ends`. Where the program itself gives the dict to one of `takers`, by the keyword
    `argument`, that is what `whole` gives. `setters` are methods that give one another value.
    """

    sections: tuple[str, ...]
    base: str = ""
    factory: str = ""
    group: str = ""
    whole: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    takers: tuple[str, ...] = ()
    argument: str = ""
    setters: tuple[str, ...] = ()


class SettingsClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bases of classes whose fields are read from the environment, and calls that declare such a field.

    `prefix` is the keyword (or key) that gives what all variables begin with.
    """

    bases: tuple[str, ...]
    fields: tuple[str, ...] = ()
    prefix: str = ""


class AddressMaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that make a server's address of its parts, by keyword or in this order; or of a text (`parts` is "url")."""

    names: tuple[str, ...]
    parts: tuple[str, ...] = ("url",)


class Limiter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that limit how long what they are given may take, or (context managers) what their block does."""

    names: tuple[str, ...]
    argument: str = ""  # of what is limited, "" for a block
